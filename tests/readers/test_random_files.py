"""Random files of genes and gene sets are read correctly or refused, in every format.

tests/benchmarks/random_files.py reads many more of them.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from helpers.random_files import FORMATS, File, Gene, gene_pool, make, read, remembering
from hypothesis import HealthCheck, given, settings, strategies

from coexpr.database.categories import look_up
from coexpr.database.connection import open_readonly
from coexpr.readers.category_file import Lookup

pytestmark = pytest.mark.long


class Inputs:
    """A lookup, genes to draw from and a folder; one object, because Hypothesis prints the arguments of a test."""

    def __init__(self, lookup: Lookup, folder: Path) -> None:
        self.lookup = lookup
        self.pool = gene_pool(lookup)
        self.folder = folder


@pytest.fixture(scope="module")
def inputs(synthetic_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inputs]:
    with open_readonly(synthetic_database) as connection:
        yield Inputs(remembering(partial(look_up, connection)), tmp_path_factory.mktemp("random"))


@pytest.mark.parametrize("made", FORMATS)
def test_a_file_is_read_as_it_was_written(made: str, inputs: Inputs) -> None:
    wrong = []
    for seed in range(80):
        file = make(made, seed, inputs.pool)
        outcome = read(file, inputs.folder, inputs.lookup)
        if outcome.verdict == "WRONG":
            wrong.append(f"--format {made} --seed {seed}: {outcome.reason}\n{file.dress}\n{file.content[:500]!r}")
    assert not wrong, "\n\n".join(wrong)


@strategies.composite
def files(draw: strategies.DrawFn, made: str, pool: list[Gene]) -> File:
    return FORMATS[made](lambda bound: draw(strategies.integers(0, bound - 1)), pool)


@pytest.mark.parametrize("made", FORMATS)
@settings(max_examples=30, database=None, suppress_health_check=list(HealthCheck), report_multiple_bugs=False)
@given(data=strategies.data())
def test_the_same_with_small_examples(made: str, inputs: Inputs, data: strategies.DataObject) -> None:
    """Hypothesis finds fewer kinds of files than the seeds do, but reduces those that fail to small examples."""
    outcome = read(data.draw(files(made, inputs.pool)), inputs.folder, inputs.lookup)
    assert outcome.verdict != "WRONG", outcome.reason

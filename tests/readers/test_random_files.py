"""Files of genes and gene sets in random dress are read right or refused, whatever the format.

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


class World:
    """A lookup, genes to draw from and a folder; one object, because Hypothesis writes out the arguments of a test."""

    def __init__(self, lookup: Lookup, folder: Path) -> None:
        self.lookup = lookup
        self.pool = gene_pool(lookup)
        self.folder = folder


@pytest.fixture(scope="module")
def world(synthetic_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with open_readonly(synthetic_database) as connection:
        yield World(remembering(partial(look_up, connection)), tmp_path_factory.mktemp("random"))


@pytest.mark.parametrize("made", FORMATS)
def test_what_is_read_is_what_was_written(made: str, world: World) -> None:
    wrong = []
    for seed in range(80):
        file = make(made, seed, world.pool)
        outcome = read(file, world.folder, world.lookup)
        if outcome.verdict == "WRONG":
            wrong.append(f"--format {made} --seed {seed}: {outcome.reason}\n{file.dress}\n{file.content[:500]!r}")
    assert not wrong, "\n\n".join(wrong)


@strategies.composite
def files(draw: strategies.DrawFn, made: str, pool: list[Gene]) -> File:
    return FORMATS[made](lambda bound: draw(strategies.integers(0, bound - 1)), pool)


@pytest.mark.parametrize("made", FORMATS)
@settings(max_examples=30, database=None, suppress_health_check=list(HealthCheck), report_multiple_bugs=False)
@given(data=strategies.data())
def test_the_same_with_small_examples(made: str, world: World, data: strategies.DataObject) -> None:
    """Hypothesis finds fewer kinds of files than plain numbers do, but makes those that fail small."""
    outcome = read(data.draw(files(made, world.pool)), world.folder, world.lookup)
    assert outcome.verdict != "WRONG", outcome.reason

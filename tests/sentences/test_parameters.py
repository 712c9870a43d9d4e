"""Sentences name parameters, and the command line prints its options in their place."""

import inspect
import re
from dataclasses import fields, replace

import pytest
from helpers.command import run
from helpers.folders import PACKAGE

from coexpr.analysis.gene_probes import Alternative, Recommendation
from coexpr.atlas import Atlas
from coexpr.cli.options import OPTION_OF, with_options
from coexpr.options import MIN_SAMPLES, OPTIONS, CorrelationMethod, GeneFilter
from coexpr.sentences.correlates import describe_correlates
from coexpr.sentences.pair import describe_pair
from coexpr.sentences.probes import describe_probes, recommend_probe
from coexpr.sentences.structures import describe_structures

CATEGORY = "nervous system development"
# The parameters that sentences name; the docstring of the package names its modules likewise.
NAMED = sorted(
    {
        name
        for path in (PACKAGE / "sentences").glob("*.py")
        if path.stem != "__init__"
        for name in re.findall(r"`([a-z_]+)`", path.read_text(encoding="utf-8"))
    }
)


def translated(sentences: list[str]) -> list[str]:
    return [with_options(sentence) for sentence in sentences]


@pytest.mark.parametrize("name", NAMED)
def test_a_parameter_exists_and_has_an_option(name: str) -> None:
    methods = [method for _, method in inspect.getmembers(Atlas, inspect.isfunction)]
    parameters = {parameter for method in methods for parameter in inspect.signature(method).parameters}
    parameters |= {field.name for kind in OPTIONS.values() for field in fields(kind)}
    assert name in parameters
    assert name in OPTION_OF


def test_of_several_lists_of_genes(atlas: Atlas) -> None:
    result = atlas.correlates("NTRK2", top=3, gene_filter=GeneFilter((CATEGORY,), ("BDNF",)))
    sentences = describe_correlates(result)
    assert "Genes in any of these; `match` all keeps only those in all." in sentences
    done = run("query", "NTRK2", "--top", 3, "--category", CATEGORY, "--genes", "BDNF", "--db", atlas.path)
    assert done.stderr.splitlines() == translated(sentences)
    assert "Genes in any of these; --match all keeps only those in all." in done.stderr


def test_of_an_adjusted_pair(atlas: Atlas) -> None:
    sentences = describe_pair(atlas.pair("NTRK2", "BDNF", method=CorrelationMethod(adjust="donor")))
    assert "The comparison of scales is without `adjust`." in sentences
    done = run("pair", "NTRK2", "BDNF", "--adjust", "donor", "--db", atlas.path)
    assert done.stderr.splitlines() == translated(sentences)
    assert "The comparison of scales is without --adjust." in done.stderr


def test_of_structures_with_few_samples(atlas: Atlas) -> None:
    (sentence,) = describe_structures(atlas.structures(min_samples=MIN_SAMPLES))
    assert sentence.endswith(f"with fewer than {MIN_SAMPLES} samples (`min_samples`).")
    assert run("structures", "--db", atlas.path).stderr.endswith(f"with fewer than {MIN_SAMPLES} samples (--all).\n")


def test_of_structures_that_do_not_exist(atlas: Atlas) -> None:
    assert describe_structures(atlas.structures("nowhere")) == ["No structure with samples matches 'nowhere'."]


def test_of_a_better_probe(atlas: Atlas) -> None:
    found = Recommendation("P1", 9, 0, 0.1, 3, agrees=False, alternative=Alternative("P2", 0.8, ["pc-loading"]))
    *_, last = recommend_probe(replace(atlas.probes("NTRK2").provenance, recommendation=found))
    assert last.endswith(": add `rule` pc-loading or `probe` P2 to a query.")
    assert with_options(last).endswith(": add --rule pc-loading or --probe P2 to a query.")


def test_of_probes_over_some_samples(atlas: Atlas) -> None:
    about = "Only r is over these samples; "
    assert not any(sentence.startswith(about) for sentence in describe_probes(atlas.probes("NTRK2")))
    result = atlas.probes("TRKB", sample_filter="Cx")
    sentences = [*recommend_probe(result.provenance), *describe_probes(result)]
    assert sentences[0] == "TRKB is another name for NTRK2."
    assert any(sentence.startswith(about) for sentence in sentences)
    assert run("probes", "TRKB", "--structure", "Cx", "--db", atlas.path).stderr.splitlines() == translated(sentences)

"""The question in the provenance of a result: which arguments, of which database, asked by whom."""

import dataclasses
import inspect
import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from coexpr.atlas import Atlas
from coexpr.errors import OptionError
from coexpr.loading.downloads import ingest
from coexpr.options import CorrelationMethod, GeneFilter, ProbeSelection, SampleFilter
from coexpr.question import current_question, current_sources, is_question, question
from coexpr.result import Provenance, Result, json_text

QUESTIONS = {
    "correlates", "correlates_of_set", "curve", "curve_of_correlates", "map", "enrich", "enrich_map", "coexpression",
    "expression_by_structure", "probes", "why", "pair", "expression", "correlation_matrix", "network", "network_part",
    "structures", "categories", "members", "resolve", "contents", "verify", "verify_deep", "verify_download",
    "stream_sql", "stream_sql_as_arrow",
}  # fmt: skip


def arguments_of(result: Any) -> dict[str, Any]:
    question = result.provenance.question
    assert json.loads(json_text(question))["arguments"] == question.arguments  # plain values
    return question.arguments


def test_questions_are_the_public_methods_that_return_results() -> None:
    assert {name for name, _ in inspect.getmembers(Atlas) if is_question(getattr(Atlas, name))} == QUESTIONS
    assert not any(name.startswith("_") for name in QUESTIONS)


def test_defaults_are_left_out(atlas: Atlas) -> None:
    result = atlas.correlates(
        "NTRK2",
        top=20,
        probe_selection=ProbeSelection(),
        sample_filter=[],
        gene_filter=GeneFilter(),
        method="pearson",
        mark=[],
        by_donor=False,
    )
    assert result.provenance.question.method == "correlates"
    assert arguments_of(result) == {"seed": "NTRK2"}
    assert arguments_of(atlas.correlates("NTRK2", top=None)) == {"seed": "NTRK2", "top": None}


@pytest.mark.parametrize(
    ("given", "recorded"),
    [
        ([{"probe_selection": "average"}, {"probe_selection": ProbeSelection("average")}],
         {"probe_selection": {"rule": "average"}}),
        ([{"sample_filter": "Cx"}, {"sample_filter": ["Cx"]}, {"sample_filter": SampleFilter(["Cx"])}],
         {"sample_filter": {"structures": ["Cx"]}}),
        ([{"gene_filter": "synapse organization"}, {"gene_filter": GeneFilter(categories=["synapse organization"])}],
         {"gene_filter": {"categories": ["synapse organization"]}}),
        ([{"method": "bicor"}, {"method": CorrelationMethod("bicor")}], {"method": {"name": "bicor"}}),
        ([{"method": CorrelationMethod("bicor", 0.05, "donor")}],
         {"method": {"name": "bicor", "max_p_outliers": 0.05, "adjust": "donor"}}),
        ([{"mark": "synapse organization"}, {"mark": ["synapse organization"]}], {"mark": ["synapse organization"]}),
    ],
)  # fmt: skip
def test_each_way_to_give_an_option_is_recorded_alike(
    atlas: Atlas, given: list[dict[str, Any]], recorded: dict[str, Any]
) -> None:
    for options in given:
        assert arguments_of(atlas.correlates("NTRK2", **options)) == {"seed": "NTRK2", **recorded}


def test_each_way_to_give_names_is_recorded_alike(atlas: Atlas) -> None:
    names = ["NTRK2", "BDNF"]
    given = [names, tuple(names), iter(names), np.array(names), pd.Index(names), pd.Series(names), dict.fromkeys(names)]
    for items in given:
        result = atlas.correlation_matrix(items)
        assert list(result.names) == names
        assert arguments_of(result) == {"items": names}
    assert len(atlas.resolve(name for name in names)) == 2
    assert arguments_of(atlas.expression("NTRK2")) == arguments_of(atlas.expression(["NTRK2"])) == {"items": ["NTRK2"]}


def test_an_entrez_id_is_recorded_as_text(atlas: Atlas) -> None:
    for seed in (4915, np.int64(4915), "4915"):
        assert arguments_of(atlas.correlates(seed)) == {"seed": "4915"}
    assert arguments_of(atlas.pair(4915, 627)) == {"a": "4915", "b": "627"}
    assert arguments_of(atlas.why()) == {}


def test_names_of_arguments_are_recorded_however_they_are_passed(atlas: Atlas) -> None:
    assert arguments_of(atlas.pair("NTRK2", b="BDNF")) == arguments_of(atlas.pair(b="BDNF", a="NTRK2"))
    assert arguments_of(atlas.structures("cortex", min_samples=2)) == {"search": "cortex", "min_samples": 2}
    with pytest.raises(TypeError):
        atlas.pair("NTRK2")
    with pytest.raises(OptionError):
        atlas.correlates("NTRK2", probe_selection=5)
    assert current_question() is None


def test_paths_and_parameters_are_recorded_as_text_and_values(atlas: Atlas, tmp_path: Path) -> None:
    network = atlas.network(tmp_path / "n.parquet", ["NTRK2", "BDNF"], top=1)
    assert arguments_of(network) == {"items": ["NTRK2", "BDNF"], "top": 1}  # not where it is written
    statement = "SELECT $n + 1 AS n"
    for method in (atlas.stream_sql, atlas.stream_sql_as_arrow):
        with_parameters = method(statement, {"n": 1})
        if method == atlas.stream_sql:
            assert arguments_of(with_parameters) == {"statement": statement, "parameters": {"n": 1}}
        else:
            recorded = json.loads(with_parameters.schema.metadata[b"provenance"])["question"]
            assert recorded == {
                "method": "stream_sql",
                "arguments": {"statement": statement, "parameters": {"n": 1}},
            }
            with_parameters.close()


def test_numbers_of_numpy_are_recorded_as_numbers(atlas: Atlas) -> None:
    result = atlas.stream_sql("SELECT $n AS n", {"n": np.float64(0.5)})
    assert arguments_of(result) == {"statement": "SELECT $n AS n", "parameters": {"n": 0.5}}
    assert arguments_of(atlas.correlation_matrix(["NTRK2", "BDNF"], max_rows=np.int64(100)))["max_rows"] == 100


def test_a_nested_question_records_the_outer_one(atlas: Atlas) -> None:
    class Twice(Atlas):
        @question
        def twice(self, names: list[str]) -> tuple[Any, Any]:
            return self.resolve(names), self.correlates("NTRK2")

    with Twice(atlas.path) as asking:
        for result in asking.twice(names=["BDNF"]):
            assert dataclasses.asdict(result.provenance.question) == {
                "method": "twice",
                "arguments": {"names": ["BDNF"]},
            }
            assert result.provenance.sources == atlas.sources


def test_sources_are_those_of_the_database(atlas: Atlas, synthetic_zips: list[Path]) -> None:
    sources = atlas.correlates("NTRK2").provenance.sources
    assert sorted(download.name for download in sources.downloads) == sorted(path.name for path in synthetic_zips)
    assert set(sources.releases) == {"Gene Ontology", "NCBI gene names", "annotations of genes"}


def test_results_outside_questions_have_no_question(atlas: Atlas) -> None:
    atlas.correlates("NTRK2")
    assert (current_question(), current_sources()) == (None, None)
    result = Result(["a"], [(1,)], Provenance(database="x"))
    assert (result.provenance.question, result.provenance.sources) == (None, None)
    with pytest.raises(LookupError):
        atlas.correlates("NOSUCH")
    assert (current_question(), current_sources()) == (None, None)


@pytest.mark.long
def test_threads_do_not_mix(synthetic_database: Path, synthetic_zips: list[Path], prepared_database: Path) -> None:
    one_donor = prepared_database
    ingest(synthetic_zips[:1], one_donor)
    found: dict[str, list[Any]] = {}
    barrier = threading.Barrier(2)

    def ask(path: Path, seed: str) -> None:
        with Atlas(path, threads=1) as atlas:
            barrier.wait()
            found[seed] = [atlas.correlates(seed, top=top).provenance for top in range(1, 16)]

    threads = [
        threading.Thread(target=ask, args=given) for given in [(synthetic_database, "NTRK2"), (one_donor, "BDNF")]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed, downloads in (("NTRK2", 6), ("BDNF", 1)):
        for top, provenance in enumerate(found[seed], start=1):
            assert provenance.question.arguments == {"seed": seed, "top": top}
            assert len(provenance.sources.downloads) == downloads

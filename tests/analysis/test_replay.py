"""How rows of two results are compared, in Python."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import coexpr
from coexpr.analysis.replay import ReplayProvenance, replay
from coexpr.atlas import Atlas
from coexpr.errors import ResultFileError
from coexpr.result import Provenance, Result

Rows = list[dict[str, Any]]
Replay = Callable[..., Result[ReplayProvenance]]


@pytest.fixture
def compare(tmp_path: Path) -> Replay:
    """A function that replays a file with these rows as a question that returns others."""

    def compare(before: Rows, now: Rows, provenance: dict[str, Any] | None = None) -> Result[ReplayProvenance]:
        path = tmp_path / "r.json"
        asked = {"method": "query", "arguments": {"seed": "A"}}
        content = {"provenance": {"coexpr_version": coexpr.__version__, "question": asked, **(provenance or {})}}
        path.write_text(json.dumps({**content, "rows": before}))
        columns = list(now[0]) if now else ["name"]
        result = Result(columns, [list(row.values()) for row in now], Provenance(database="d"))
        return replay(path, lambda name, arguments: result, "d")

    return compare


def counts(result: Result[ReplayProvenance]) -> tuple[int, int, int]:
    provenance = result.provenance
    assert provenance.is_identical == (not any((provenance.rows_changed, provenance.rows_gone, provenance.rows_new)))
    return provenance.rows_changed, provenance.rows_gone, provenance.rows_new


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ([], [], (0, 0, 0)),
        ([{"name": "a", "r": 0.5}], [{"name": "a", "r": 0.5 + 1e-15}], (0, 0, 0)),
        ([{"name": "a", "r": 0.5}], [{"name": "a", "r": 0.5 + 1e-9}], (1, 0, 0)),
        ([{"name": "a", "t": 1e6}], [{"name": "a", "t": 1e6 + 1e-9}], (0, 0, 0)),
        ([{"name": "a", "t": 1e6}], [{"name": "a", "t": 1e6 + 1e-3}], (1, 0, 0)),
        ([{"name": "a", "r": math.nan}], [{"name": "a", "r": None}], (1, 0, 0)),
        ([{"name": "a", "r": None}], [{"name": "a", "r": math.nan}], (0, 0, 0)),
        ([{"name": "a", "r": math.nan}], [{"name": "a", "r": 0.5}], (1, 0, 0)),
        ([{"name": "a", "r": 0.5}], [{"name": "a", "r": None}], (1, 0, 0)),
        ([{"name": "a", "r": 0.5}], [{"name": "a", "r": "0.5"}], (1, 0, 0)),
        ([{"name": "a", "n": 1}], [{"name": "a", "n": True}], (0, 0, 0)),
        ([{"name": "a", "n": 1}], [{"name": "a", "n": 10**400}], (1, 0, 0)),
        ([{"name": "a", "n": 0.5}], [{"name": "a", "n": 10**400}], (1, 0, 0)),
        ([{"name": "a", "r": [0.5, None]}], [{"name": "a", "r": [0.5 + 1e-15, None]}], (0, 0, 0)),
        ([{"name": "a", "r": [0.5]}], [{"name": "a", "r": [0.5, 1]}], (1, 0, 0)),
        ([{"name": "a", "r": {"x": 1}}], [{"name": "a", "r": {"x": 2}}], (1, 0, 0)),
        ([{"name": "a"}, {"name": "b"}], [{"name": "b"}, {"name": "a"}], (0, 0, 0)),
        ([{"name": "a"}, {"name": "b"}], [{"name": "b"}, {"name": "c"}], (0, 1, 1)),
        ([{"name": "a"}], [], (0, 1, 0)),
        ([], [{"name": "a"}], (0, 0, 1)),
        ([{"r": 0.5}, {"r": 0.4}, {"r": 0.3}], [{"r": 0.5}, {"r": 0.2}], (1, 1, 0)),
        ([{"a": "x", "r": 1.0}, {"a": "x", "r": 2.0}], [{"a": "x", "r": 1.0}, {"a": "x", "r": 3.0}], (1, 0, 0)),
        ([{"name": "a", "r": 0.5}], [{"name": "a"}], (1, 0, 0)),  # a column that is gone
        ([{"name": "a"}], [{"name": "a", "r": 0.5}], (0, 0, 0)),  # a new column
        ([{"name": "a"}], [{"title": "a"}], (1, 0, 0)),
        ([{"x_id": 1.5, "r": 1}], [{"x_id": 1.5, "r": 1}], (0, 0, 0)),
        ([{"x_id": [1], "r": 1}], [{"x_id": [2], "r": 1}], (0, 1, 1)),
    ],
)  # fmt: skip
def test_rows(compare: Replay, before: Rows, now: Rows, expected: tuple[int, int, int]) -> None:
    assert counts(compare(before, now)) == expected


def test_rows_are_matched_by_what_they_have_in_common(compare: Replay) -> None:
    """A gene that another probe represents, or that has a new name, is still the same gene."""
    before = [{"probe_id": 1, "gene_symbol": "A", "r": 0.5}, {"probe_id": 2, "gene_symbol": "B", "r": 0.4}]
    other_probes = [{"probe_id": 3, "gene_symbol": "A", "r": 0.6}, {"probe_id": 4, "gene_symbol": "B", "r": 0.4}]
    result = compare(before, other_probes)
    assert counts(result) == (2, 0, 0)
    assert result.rows == [("probe_id of A", "1", "3"), ("r of A", "0.5", "0.6")]
    assert result.provenance.largest_difference == pytest.approx(0.1)
    other_names = [{"probe_id": 1, "gene_symbol": "C", "r": 0.5}, {"probe_id": 2, "gene_symbol": "B", "r": 0.4}]
    assert compare(before, other_names).rows == [("gene_symbol of A", "A", "C")]


def test_examples_are_in_the_order_of_rows_and_short(compare: Replay) -> None:
    names = [f"gene{number}" for number in range(500)]
    result = compare([{"name": name} for name in names], [])
    ((what, before, now),) = result.rows
    assert (what, now, counts(result)) == ("rows gone", "", (0, 500, 0))
    assert before.startswith("gene0; gene1; gene2; ")
    assert (len(before), before[-1]) == (201, "…")


@pytest.mark.long
def test_many_rows_without_names(compare: Replay) -> None:
    rows = [{"r": number / 50_000} for number in range(50_000)]
    assert counts(compare(rows, [*rows[:-1], {"r": 0.5}])) == (1, 0, 0)


def test_changes_of_the_provenance(compare: Replay) -> None:
    result = compare([], [], {"data": {"n": 1, "of": [{"a": 1}]}, "cache_problem": "x", "database": "elsewhere"})
    assert result.rows == [("data", '{"n": 1, "of": [{"a": 1}]}', "")]
    assert result.provenance.is_identical
    sources = {"downloads": [{"name": "a.zip", "sha256": "1"}], "releases": {"Gene Ontology": "1"}}
    assert compare([], [], {"sources": sources}).rows == []  # the result of today does not say what it is from


def test_parts_within_parts(atlas: Atlas, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    result = atlas.correlates("NTRK2", gene_filter="synapse organization")
    from coexpr.output.text import write_json

    with path.open("w", encoding="utf-8") as stream:
        write_json(result, stream)
    content = json.loads(path.read_text())
    content["provenance"]["gene_filter"]["categories"][0]["genes"] += 1
    content["provenance"]["data"]["donors"].pop()
    content["provenance"]["sources"]["releases"]["Gene Ontology"] = "2020"
    content["provenance"]["sources"]["downloads"][0] |= {"sha256": "0", "name": "old.zip"}
    path.write_text(json.dumps(content))
    changes = {what: (before, now) for what, before, now in atlas.replay(path)}
    assert changes["download removed"] == ("old.zip", "")
    assert changes["download added"][1].startswith("normalized_microarray_donor")
    assert changes["release of Gene Ontology"] == ("2020", "2022-07-01")
    genes = result.provenance.gene_filter.categories[0].genes
    assert changes["gene_filter.categories[0].genes"] == (str(genes + 1), str(genes))
    assert len(changes) == 5
    assert "data.donors" in changes
    assert atlas.replay(path).provenance.asked == (
        "correlates(seed='NTRK2', gene_filter={'categories': ['synapse organization']})"
    )


def test_a_frame_that_a_user_wrote(atlas: Atlas, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    for number, result in enumerate([atlas.correlates("NTRK2"), atlas.expression(["NTRK2"]), atlas.structures()]):
        path = tmp_path / f"{number}.parquet"
        pq.write_table(result.to_arrow(), path)
        assert atlas.replay(path).provenance.is_identical
    network = atlas.network(tmp_path / "n.parquet", ["NTRK2", "BDNF", "SMN1"], top=2)
    assert atlas.replay(tmp_path / "n.parquet").provenance.is_identical
    pq.write_table(network.to_arrow(), tmp_path / "one_row.parquet")  # what was written, and not the network
    assert not atlas.replay(tmp_path / "one_row.parquet").provenance.is_identical


def test_an_error_of_the_question_is_chained(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    question = {"method": "query", "arguments": {"x": "y" * 1000}}
    path.write_text(json.dumps({"provenance": {"coexpr_version": "0.0.1", "question": question}, "rows": []}))

    def ask(name: str, arguments: dict[str, Any]) -> Any:
        raise TypeError(f"{name}: wrong\n\x1b type")

    with pytest.raises(ResultFileError, match=r"cannot be asked \(TypeError: query: wrong\)\. The file") as raised:
        replay(path, ask, "d")
    assert isinstance(raised.value.__cause__, TypeError)

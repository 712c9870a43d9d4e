"""What every query returns."""

import json
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

import coexpr
from coexpr.atlas import Atlas
from coexpr.result import LazyRows, MatrixResult, MatrixTable, Provenance, Result, json_text, number_or_none


@dataclass(frozen=True, kw_only=True)
class Example(Provenance):
    numbers: list[float]


PROVENANCE = Example(database="a.duckdb", numbers=[1.5, float("nan")])
RESULT = Result(["gene", "rank", "r"], [("BDNF", 1, 0.5), ("<b>", None, None)], PROVENANCE)


def test_a_result_has_a_length_rows_columns_and_a_short_repr() -> None:
    assert len(RESULT) == 2
    assert [row[0] for row in RESULT] == ["BDNF", "<b>"]
    assert RESULT.column("r") == [0.5, None]
    assert repr(RESULT) == "<Result: 2 rows of gene, rank, r>"
    with pytest.raises(KeyError, match="no such"):
        RESULT.column("no such")


def test_a_notebook_shows_escaped_rows_and_how_many_are_left() -> None:
    shown = RESULT._repr_html_()
    assert "<td>&lt;b&gt;</td>" in shown
    assert "<th>rank</th>" in shown
    long = Result(["n"], [(number,) for number in range(25)], PROVENANCE)
    assert "5 more rows" in long._repr_html_()
    assert long._repr_html_().count("<tr>") == 21


class Tables(HTMLParser):
    """The text of the cells of tables, by row, and the text outside of them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.outside = ""
        self._is_cell = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._is_cell = tag in ("td", "th")
        if tag == "tr":
            self.rows.append([])
        elif self._is_cell:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self._is_cell = False

    def handle_data(self, data: str) -> None:
        if self._is_cell:
            self.rows[-1][-1] += data
        else:
            self.outside += data


def test_a_notebook_shows_the_cells_of_a_result() -> None:
    result = Result(["a<b", "r"], [("<script>", 1 / 3), ('"&amp;', None), (["x", "<i>"], True)], PROVENANCE)
    assert Tables(result._repr_html_()).rows == [
        ["a<b", "r"],
        ["<script>", "0.333333"],
        ['"&amp;', ""],
        ["['x', '<i>']", "True"],
    ]
    assert Tables(Result(["a"], [], PROVENANCE)._repr_html_()).rows == [["a"]]
    exactly = Result(["n"], [(number,) for number in range(20)], PROVENANCE)
    assert "more" not in exactly._repr_html_()


def test_a_notebook_shows_what_a_database_contains(synthetic_database: Path, atlas: Atlas) -> None:
    shown = Tables(atlas._repr_html_())
    with duckdb.connect(synthetic_database, read_only=True) as connection:
        donors = connection.execute("select donor_id, donor_name from donors order by donor_id").fetchall()
        (probes,) = connection.execute("select count(distinct probe_id) from expression").fetchone() or ()
    assert shown.outside.startswith(f"Atlas('{synthetic_database}'): 6 donors, 90 samples, {probes} probes, ")
    assert [(int(row[0]), row[1]) for row in shown.rows[1:]] == donors


def test_the_database_of_a_notebook_is_escaped(synthetic_database: Path, tmp_path: Path) -> None:
    path = tmp_path / "<b>&.duckdb"
    path.write_bytes(synthetic_database.read_bytes())
    with Atlas(path) as atlas:
        assert Tables(atlas._repr_html_()).outside.startswith(f"Atlas('{path}'): ")


def test_rows_are_made_once_when_they_are_first_read() -> None:
    made = []

    def make() -> list[tuple[int]]:
        made.append(True)
        return [(number,) for number in range(3)]

    rows = LazyRows(3, make)
    result = Result(["n"], rows, PROVENANCE)
    assert (len(rows), len(result), repr(result)) == (3, 3, "<Result: 3 rows of n>")
    assert not made
    assert rows[1] == (1,)
    assert rows[-1] == (2,)
    assert rows[:2] == [(0,), (1,)]
    assert list(rows) == list(result) == [(0,), (1,), (2,)]
    assert (2,) in rows
    assert result.column("n") == result.to_arrow().column("n").to_pylist() == [0, 1, 2]
    assert made == [True]
    with pytest.raises(IndexError):
        rows[3]


def test_polars_has_the_same_values_and_types() -> None:
    pl = pytest.importorskip("polars", reason="polars is not installed")
    result = Result(
        ["gene", "rank", "r", "evidence"], [("BDNF", 1, 1 / 3, ["IDA", "IEA"]), (None, None, None, None)], PROVENANCE
    )
    frame = result.to_polars()
    assert frame.rows() == [("BDNF", 1, 1 / 3, ["IDA", "IEA"]), (None, None, None, None)]
    assert frame.schema == {"gene": pl.String, "rank": pl.Int64, "r": pl.Float64, "evidence": pl.List(pl.String)}
    assert Result(["a"], [], PROVENANCE).to_polars().columns == ["a"]


def test_polars_has_the_rows_of_the_atlas(atlas: Atlas) -> None:
    pytest.importorskip("polars", reason="polars is not installed")
    for result in (atlas.correlates("NTRK2", by_donor=True), atlas.probes("NTRK2"), atlas.pair("NTRK2", "BDNF").donors):
        assert result.to_polars().to_dicts() == [dict(zip(result.columns, row, strict=True)) for row in result]
    matrix = atlas.correlation_matrix(["NTRK2", "BDNF"])
    assert matrix.to_polars().rows() == list(matrix)


def test_pandas_keeps_whole_numbers_and_the_provenance() -> None:
    frame = RESULT.to_pandas()
    assert frame["rank"].dtype == "Int64"
    assert frame["rank"].isna().tolist() == [False, True]
    assert frame.attrs["provenance"]["database"] == "a.duckdb"
    assert Result(["a"], [], PROVENANCE).to_pandas().columns.tolist() == ["a"]


def test_arrow_keeps_types_and_the_provenance() -> None:
    table = RESULT.to_arrow()
    assert table.to_pylist()[0] == {"gene": "BDNF", "rank": 1, "r": 0.5}
    assert json.loads(table.schema.metadata[b"provenance"]) == {
        "database": "a.duckdb",
        "coexpr_version": coexpr.__version__,
        "numbers": [1.5, None],
    }
    assert Result(["a"], [], PROVENANCE).to_arrow().num_rows == 0


def test_a_matrix_is_a_table_and_a_labelled_frame() -> None:
    names, r = ["A", "B"], np.array([[1, np.nan], [np.nan, 1]])
    matrix = MatrixResult(["name", *names], MatrixTable(names, r), PROVENANCE, names, r)
    assert list(matrix) == [("A", 1.0, None), ("B", None, 1.0)]
    assert matrix.rows[:1] == [("A", 1.0, None)]
    pd.testing.assert_frame_equal(matrix.to_pandas(), pd.DataFrame(r, index=names, columns=names))
    assert matrix.to_arrow().column_names == ["name", "A", "B"]


def test_json_of_numbers_that_are_not_finite() -> None:
    assert json_text([float("inf"), float("nan"), 0.1]) == "[null, null, 0.1]"
    assert (number_or_none(np.float64("nan")), number_or_none(np.int32(3))) == (None, 3)

"""What every query returns."""

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

import coexpr
from coexpr.result import MatrixResult, MatrixTable, Provenance, Result, json_text, number_or_none


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

import csv
import datetime
import io
import json
import math
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

import coexpr
from coexpr.errors import OptionError, OutputError
from coexpr.output import formats, text
from coexpr.output.files import write_file
from coexpr.result import Provenance, Result, json_text

ALL = set(formats.ENDINGS.values())
PROVENANCE = Provenance(database="atlas.duckdb")
RESULT = Result(
    ["rank", "name", "r", "list"],
    [(1, 'a "b", c', 0.1 + 0.2, [1.5, None]), (None, None, math.nan, None)],
    PROVENANCE,
)


def written(write: Callable[[Result[Provenance], IO[str]], None], result: Result[Provenance] = RESULT) -> str:
    stream = io.StringIO()
    write(result, stream)
    return stream.getvalue()


def tables_of(markdown: str) -> list[list[str]]:
    """Return the cells of a Markdown table as another program reads them."""
    rows: list[list[str]] = []
    for token in MarkdownIt("commonmark").enable("table").parse(markdown):
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append("".join(part.content for part in token.children or []))
    return rows


def test_csv() -> None:
    rows = list(csv.reader(io.StringIO(written(text.write_csv))))
    assert rows == [
        ["rank", "name", "r", "list"],
        ["1", 'a "b", c', "0.30000000000000004", "[1.5, null]"],
        ["", "", "nan", ""],
    ]


def test_tsv() -> None:
    rows = list(csv.reader(io.StringIO(written(text.write_tsv)), delimiter="\t"))
    assert [len(row) for row in rows] == [4, 4, 4]


def test_json() -> None:
    assert json.loads(written(text.write_json)) == {
        "provenance": {"database": "atlas.duckdb", "coexpr_version": coexpr.__version__},
        "rows": [
            {"rank": 1, "name": 'a "b", c', "r": 0.1 + 0.2, "list": [1.5, None]},
            {"rank": None, "name": None, "r": None, "list": None},
        ],
    }


def test_jsonl() -> None:
    lines = written(text.write_jsonl).splitlines()
    assert [json.loads(line)["rank"] for line in lines] == [1, None]


def test_other_types_are_text_in_json() -> None:
    moment = datetime.datetime(2026, 1, 2, 3, 4)
    assert json.loads(json_text({"at": moment, "path": Path("a")})) == {"at": "2026-01-02 03:04:00", "path": "a"}


def test_an_empty_result() -> None:
    empty = Result(["a"], [], PROVENANCE)
    assert written(text.write_csv, empty) == "a\n"
    assert json.loads(written(text.write_json, empty)) == {"provenance": PROVENANCE.as_dict(), "rows": []}
    assert written(text.write_jsonl, empty) == ""
    assert written(text.write_csv, Result([], [], PROVENANCE)) == ""


def test_markdown_is_a_table_with_the_digits_of_a_terminal() -> None:
    assert tables_of(written(text.write_markdown)) == [
        ["rank", "name", "r", "list"],
        ["1", 'a "b", c', "0.300", "[1.5, null]"],
        ["", "", "nan", ""],
    ]
    assert tables_of(written(text.write_markdown, Result(["a"], [], PROVENANCE))) == [["a"]]


@given(st.lists(st.tuples(st.text(), st.none() | st.text() | st.floats() | st.lists(st.text())), max_size=4))
def test_every_row_of_a_markdown_table_has_as_many_cells(rows: list[tuple[str, object]]) -> None:
    lines = written(text.write_markdown, Result(["a|b", "c\nd"], rows, PROVENANCE)).split("\n")
    assert len(lines) == len(rows) + 3
    for line in lines[:-1]:
        unescaped = re.sub(r"\\.", "", line)
        assert unescaped.count("|") == 3, line


@given(st.lists(st.text("ab1 |\\\t\n\r#-:=+,.;"), min_size=1, max_size=4))
def test_text_is_the_same_in_a_markdown_table_but_for_white_space(names: list[str]) -> None:
    rows = tables_of(written(text.write_markdown, Result(["name", "n"], [(name, 1) for name in names], PROVENANCE)))
    assert rows == [["name", "n"], *([" ".join(name.split()), "1"] for name in names)]


def test_booleans_are_true_and_false_in_csv_and_json() -> None:
    result = Result(["holds"], [(True,), (False,)], PROVENANCE)
    assert written(text.write_csv, result).split() == ["holds", "true", "false"]
    assert [json.loads(line) for line in written(text.write_jsonl, result).split("\n")[:-1]] == [
        {"holds": True},
        {"holds": False},
    ]


@given(st.floats(-1, 1))
def test_r_is_written_at_full_precision(r: float) -> None:
    result = Result(["r"], [(r,)], PROVENANCE)
    assert float(written(text.write_csv, result).split()[1]) == r
    assert json.loads(written(text.write_jsonl, result))["r"] == r


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.csv", "csv"),
        ("a.TSV", "tsv"),
        ("a.json", "json"),
        ("a.jsonl", "jsonl"),
        ("a.ndjson", "jsonl"),
        ("a.txt", "table"),
        ("a.md", "markdown"),
        ("a.parquet", "parquet"),
        ("a.Arrow", "arrow"),
        ("a.b.xlsx", "xlsx"),
        ("a.npz", "npz"),
    ],
)
def test_the_format_of_a_file_name(name: str, expected: str) -> None:
    assert formats.format_of_file(Path(name), ALL) == expected


def test_an_unknown_ending_is_refused() -> None:
    with pytest.raises(OptionError, match=r"a\.xyz: unknown file name ending; use one of \.csv"):
        formats.format_of_file(Path("a.xyz"), ALL)


@pytest.mark.parametrize(("name", "possible"), [("a.npz", {"csv", "tsv"}), ("a.txt", {"csv", "npz"}), ("csv", ALL)])
def test_the_ending_of_another_format_is_refused_with_those_that_are_possible(name: str, possible: set[str]) -> None:
    endings = ", ".join(ending for ending, known in formats.ENDINGS.items() if known in possible)
    with pytest.raises(OptionError, match=rf"unknown file name ending; use one of {re.escape(endings)}, or `format`"):
        formats.format_of_file(Path(name), possible)


def test_every_format_with_an_ending_has_a_writer() -> None:
    assert {*formats.MATRIX_WRITERS, "table"} == ALL
    assert set(formats.WRITERS) == ALL - {"table", "npz"}


def test_a_file_is_written_completely_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("before")

    def fail(stream: IO[str]) -> None:
        stream.write("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OutputError, match=r"r\.csv cannot be written: No space left"):
        write_file(path, fail)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]
    write_file(path, partial(text.write_csv, RESULT))
    assert path.read_text() == written(text.write_csv)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="there is no folder"):
        write_file(tmp_path / "nowhere" / "r.csv", partial(text.write_csv, RESULT))

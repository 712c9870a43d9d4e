import csv
import datetime
import io
import json
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO

import pytest
from hypothesis import given
from hypothesis import strategies as st

import coexpr
from coexpr.errors import OptionError, OutputError
from coexpr.output import formats
from coexpr.output.files import write_file
from coexpr.result import Provenance, Result, json_text

PROVENANCE = Provenance(database="atlas.duckdb")
RESULT = Result(
    ["rank", "name", "r", "list"],
    [(1, 'a "b", c', 0.1 + 0.2, [1.5, None]), (None, None, math.nan, None)],
    PROVENANCE,
)


def written(write: Callable[[Result, IO[str]], None], result: Result = RESULT) -> str:
    stream = io.StringIO()
    write(result, stream)
    return stream.getvalue()


def test_csv() -> None:
    rows = list(csv.reader(io.StringIO(written(formats.write_csv))))
    assert rows == [
        ["rank", "name", "r", "list"],
        ["1", 'a "b", c', "0.30000000000000004", "[1.5, null]"],
        ["", "", "nan", ""],
    ]


def test_tsv() -> None:
    rows = list(csv.reader(io.StringIO(written(formats.write_tsv)), delimiter="\t"))
    assert [len(row) for row in rows] == [4, 4, 4]


def test_json() -> None:
    assert json.loads(written(formats.write_json)) == {
        "provenance": {"database": "atlas.duckdb", "coexpr_version": coexpr.__version__},
        "rows": [
            {"rank": 1, "name": 'a "b", c', "r": 0.1 + 0.2, "list": [1.5, None]},
            {"rank": None, "name": None, "r": None, "list": None},
        ],
    }


def test_jsonl() -> None:
    lines = written(formats.write_jsonl).splitlines()
    assert [json.loads(line)["rank"] for line in lines] == [1, None]


def test_other_types_are_text_in_json() -> None:
    moment = datetime.datetime(2026, 1, 2, 3, 4)
    assert json.loads(json_text({"at": moment, "path": Path("a")})) == {"at": "2026-01-02 03:04:00", "path": "a"}


def test_an_empty_result() -> None:
    empty = Result(["a"], [], PROVENANCE)
    assert written(formats.write_csv, empty) == "a\n"
    assert json.loads(written(formats.write_json, empty)) == {"provenance": PROVENANCE.as_dict(), "rows": []}
    assert written(formats.write_jsonl, empty) == ""
    assert written(formats.write_csv, Result([], [], PROVENANCE)) == ""


@given(st.floats(-1, 1))
def test_r_is_written_at_full_precision(r: float) -> None:
    result = Result(["r"], [(r,)], PROVENANCE)
    assert float(written(formats.write_csv, result).split()[1]) == r
    assert json.loads(written(formats.write_jsonl, result))["r"] == r


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a.csv", "csv"), ("a.TSV", "tsv"), ("a.json", "json"), ("a.ndjson", "jsonl"), ("a.txt", "table")],
)
def test_the_format_of_a_file_name(name: str, expected: str) -> None:
    assert formats.format_of_file(Path(name)) == expected


def test_an_unknown_ending_is_refused() -> None:
    with pytest.raises(OptionError, match=r"a\.xyz: unknown file name ending; use one of \.csv"):
        formats.format_of_file(Path("a.xyz"))


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
    write_file(path, partial(formats.write_csv, RESULT))
    assert path.read_text() == written(formats.write_csv)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="there is no folder"):
        write_file(tmp_path / "nowhere" / "r.csv", partial(formats.write_csv, RESULT))

"""Map files: what is read, how columns are found, and what is refused with which words."""

import contextlib
import csv
import gzip
import hashlib
import io
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coexpr.errors import CoexprError, DownloadError, MapError
from coexpr.readers.brain_map import BrainMap, map_of, read_map


def written(folder: Path, text: str, name: str = "map.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def read(folder: Path, text: str, column: str | int | None = None, name: str = "map.csv") -> BrainMap:
    return read_map(written(folder, text, name), column)


@pytest.mark.parametrize(
    ("text", "kind", "keys"),
    [
        ("acronym,value\nFL,1\nCbCx,2.5\n", "structures", ["FL", "CbCx"]),
        ('structure,t\n"frontal lobe, left",1\nbrain,2.5\n', "structures", ["frontal lobe, left", "brain"]),
        ("structure_id,acronym,value\n4009,FL,1\n4697.0,CbCx,2.5\n", "structures", ["4009", "4697"]),
        ("\ufeffRegion;Density\r\nFL;1\r\nCbCx;2.5\r\n", "structures", ["FL", "CbCx"]),
        ('"","acronym","value"\n"1","FL",1\n"2","CbCx",2.5\n', "structures", ["FL", "CbCx"]),  # R's row numbers
        ("# a comment\nfoo\tbar\nFL\t1\n\nCbCx\t2.5\n", "structures", ["FL", "CbCx"]),  # by contents
        ("FL,1\nCbCx,2.5\n", "structures", ["FL", "CbCx"]),  # without a header
        ("x,y,z,t\n-5,10,20,1\n5,-10,2.5,2.5\n", "coordinates", ["-5, 10, 20", "5, -10, 2.5"]),
        ("value,MNI.X,MNI.Y,MNI.Z\n1,-5,10,20\n2.5,5,-10,3\n", "coordinates", ["-5, 10, 20", "5, -10, 3"]),
        ("well_id,value\n594,1\n12,2.5\n", "samples", ["594", "12"]),
        ("sample_id,donor,acronym,mni_x,mni_y,mni_z,v\n9,1,A,1,2,3,1\n8,1,A,1,2,4,2.5\n", "samples", ["9", "8"]),
        ("id,value\n594,1\n12,2.5\n", "ids", ["594", "12"]),
        ("594,1\n12,2.5\n", "ids", ["594", "12"]),
        ("A;L,1\nB;L,2.5\n", "structures", ["A;L", "B;L"]),
    ],
)
def test_columns_are_found_by_headers_or_contents(tmp_path: Path, text: str, kind: str, keys: list[str]) -> None:
    found = read(tmp_path, text)
    assert (found.kind, found.keys, found.values.tolist(), found.name) == (kind, keys, [1, 2.5], "map.csv")
    assert (found.points is not None) == (kind == "coordinates")
    assert found.sha256 == hashlib.sha256((tmp_path / "map.csv").read_bytes()).hexdigest()


def test_rows_have_their_numbers_in_the_file(tmp_path: Path) -> None:
    found = read(tmp_path, "# comment\nacronym,value\n\nFL,1\nCbCx,2\nFL,1\n")
    assert (found.keys, found.rows) == (["FL", "CbCx"], [4, 5])  # the same row twice is one


def test_a_compressed_file(tmp_path: Path) -> None:
    (tmp_path / "map.csv.gz").write_bytes(gzip.compress(b"acronym,value\nFL,1\nCbCx,2\n"))
    assert read_map(tmp_path / "map.csv.gz").keys == ["FL", "CbCx"]


@pytest.mark.parametrize("column", ["b", "B", 3, "3"])
def test_one_of_several_columns_of_numbers(tmp_path: Path, column: str | int) -> None:
    text = "acronym,a,b\nFL,1,3\nCbCx,2,4\n"
    with pytest.raises(MapError, match=r"map.csv has several columns of numbers: a, b. Name the one .* with `column`"):
        read(tmp_path, text)
    found = read(tmp_path, text, column)
    assert (found.column, found.values.tolist()) == ("b", [3, 4])


HEAD = "acronym,value\nFL,1\n"
VOXELS = "x,y,z,t\n91,109,91,1\n45,120,30,2\n"


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        (f"{HEAD}CbCx,high\nBr,2\n", None, "row 3, column value: expected a number, found 'high'"),
        (f"{HEAD}CbCx,nan\nBr,2\n", None, "row 3, column value: expected a finite number, found 'nan'"),
        (f"{HEAD}CbCx,-inf\nBr,2\n", None, "row 3, column value: expected a finite number, found '-inf'"),
        (f"{HEAD}CbCx,\nBr,2\n", None, "row 3, column value: expected a finite number, found ''"),
        (f"{HEAD}CbCx,1e999\n", None, "row 3, column value: expected a number, found '1e999'"),
        ("acronym;value\nFL;0,5\nCbCx;1,5\n", None, "row 2, column value: expected a number with a decimal point"),
        ("FL,NaN\nCbCx,1\nBr,2\n", None, "row 1, column 2: expected a finite number, found 'NaN'"),
        ("FL;0,5\nCbCx;1,5\n", None, "row 1, column 2: expected a number with a decimal point, found '0,5'"),
        (f"{HEAD}CbCx,2\nFL,3\n", None, r"row 4: FL has the value 3, and 1 in row 2\. Expected one value for each"),
        (f"{HEAD}CbCx,1\n", None, "all 2 values are 1, and r with a constant is undefined"),
        (f"{HEAD}CbCx,2,3\n", None, "row 3: expected 2 cells between commas, as in the first row, found 3"),
        (f"{HEAD},2\n", None, r"column acronym: blank in row 3"),
        (f'{HEAD}"CbCx,2\n', None, "a quote is missing"),
        ("acronym,value\n", None, "has a header but no rows"),
        ("acronym\nFL\n", None, "expected a table with a column of structures, coordinates or samples"),
        ("a,a\nFL,1\n", None, "the header has a twice"),
        ("p,q,r,s\n1,2,3,4\n5,6,7,9\n", None, r"expected a column of structures .* found p, q, r, s"),
        ("acronym,note\nFL,good\nCbCx,bad\n", None, "row 2, column note: expected a number, found 'good'"),
        ("acronym,p,q\nFL,a,b\nCbCx,c,d\n", None, "expected a column of numbers besides acronym"),
        (f"{HEAD}CbCx,2\n", "mean", r"has no column 'mean'\. Its columns are acronym, value"),
        (f"{HEAD}CbCx,2\n", "acronym", "column acronym says what a row is about"),
        (f"{HEAD}CbCx,2\n", 3, "has no column '3'"),
        ("sample_id,v\n1.5,2\n3,4\n", None, r"row 2, column sample_id: expected an id, .*, found '1.5'"),
        (VOXELS, None, "whole numbers from 30 to 120, none negative: they are voxels, not mm"),
        ("x,y,z,t\n-5,1,2,1\n-1,-1,-1,2\n-1,-1,-1,3\n", None, r"mean that there are none, in rows 3, 4\. Leave"),
        ("x,y,z,t\n-5,1,2,1\n-5,-136,2,3\n", None, r"row 3, column y: expected an MNI coordinate from -135 to 100 mm"),
        ("x,y,z,t\n-5,1,2,1\n-5,1,0.5,3\n5,1,x,3\n", None, "row 4, column z: expected a number, found 'x'"),
        ("x,y,z,t\n-5,1,2,1\n-5.0,1,2,3\n", None, "row 3: -5.0, 1, 2 has the value 3, and 1 in row 2"),
    ],
)
def test_a_map_that_is_refused(tmp_path: Path, text: str, column: str | int | None, message: str) -> None:
    with pytest.raises(MapError, match=message) as caught:
        read(tmp_path, text, column)
    assert str(tmp_path / "map.csv") in str(caught.value)


def test_files_that_are_no_text(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="cannot be read"):
        read_map(tmp_path / "absent.csv")
    with pytest.raises(DownloadError, match="is empty"):
        read(tmp_path, "\n")
    with pytest.raises(DownloadError, match="binary"):
        read(tmp_path, "a\0,1\n")


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({}, "is empty"),
        ({"FL": 1, "CbCx": math.nan}, "expected finite numbers, found none for CbCx"),
        ({"FL": 1, "CbCx": "high"}, "expected a number for each"),
        ({"FL": 1, "CbCx": 1}, "all 2 values are 1"),
    ],
)
def test_numbers_that_are_refused(numbers: dict, message: str) -> None:
    with pytest.raises(MapError, match=f"`map`.*{message}"):
        map_of(numbers)


def test_numbers_by_id_or_name() -> None:
    assert map_of({4009: 1, 4697: 2}).kind == map_of({"4009": 1, "4697": 2}).kind == "ids"
    assert map_of({"FL": 1, 4697: 2}).kind == "structures"


NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=32)
NAMES = st.text("abcXYZ ,;\"'éß", min_size=1).map(str.strip).filter(lambda name: name and not name.startswith("#"))


@pytest.mark.long
@given(
    rows=st.dictionaries(NAMES, NUMBERS, min_size=2).filter(lambda rows: len(set(rows.values())) > 1),
    separator=st.sampled_from(",;\t"),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_whatever_a_program_writes_is_read_as_it_is(
    tmp_path_factory: pytest.TempPathFactory, rows: dict[str, float], separator: str, end: str
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator=end, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerows([("name", "value"), *rows.items()])
    path = tmp_path_factory.getbasetemp() / "given.csv"
    path.write_bytes(text.getvalue().encode())
    found = read_map(path)
    assert found.kind == "structures"
    assert dict(zip(found.keys, found.values.tolist(), strict=True)) == rows


@given(text=st.text(alphabet='xyz,;\t"\n#0123456789.-eaNIf ', max_size=80) | st.binary(max_size=60))
def test_any_file_is_read_or_refused_in_words(tmp_path_factory: pytest.TempPathFactory, text: str | bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with contextlib.suppress(CoexprError):
        found = read_map(path)
        assert np.isfinite(found.values).all()
        assert len(found.keys) == len(found.values) == len(found.rows) > 1

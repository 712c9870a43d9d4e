"""Downloads that are damaged, too large, or made to do harm are refused by an error, in little time and memory.

`python -m hostile` runs the command line on many more of them, and measures it.
"""

import gzip
import os
import socket
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.allen import Files, donor_folder, full_donor, heatmap, replace_cell, write_folder, write_zip

from coexpr.errors import CoexprError, DownloadError
from coexpr.readers import find_correlates, tables
from coexpr.readers.category_file import WrongFormatError
from coexpr.readers.cells import split_rows
from coexpr.readers.characters import decimals_of_lines
from coexpr.readers.donors import donor_of_option
from coexpr.readers.matrices import read_log2
from coexpr.readers.place import File, Folder
from coexpr.readers.recognise import find_downloads
from coexpr.readers.spreadsheet import symbols_of_date
from coexpr.readers.workbook import first_sheet
from coexpr.readers.zips import folders_in_zip

DONOR = "normalized_microarray_donor9861"


def read_all(path: Path) -> list[str]:
    """Read the downloads under a path, as ingest does; return what was skipped."""
    found, skipped = find_downloads([path])
    for download in found:
        download.digests()
        download.read()
    return [one.reason for one in skipped]


def assert_refused(path: Path, message: str) -> None:
    with pytest.raises(CoexprError, match=message):
        read_all(path)


# --- tables ---


@pytest.mark.parametrize(
    "cell", ["a\0b", "a\x1b[2Jb", "a\nb", "\u202eabc", "\x85", "\x7f", "a\u200bb", "\ufeffa", "a\xad", "\U000e0061"]
)
def test_control_characters_in_names(tmp_path: Path, cell: str) -> None:
    expected = "null character" if "\0" in cell else "row [34], column probe_name: expected printable text"
    assert_refused(donor_folder(tmp_path, files=replace_cell(full_donor(), "Probes.csv", 3, 2, cell)), expected)


@pytest.mark.parametrize(
    "cell", ["1e999", "0x10", "1_000", "\u0661", "\uff11", "\u00b2", "inf", "nan", "9" * 5000, "1e1_0"]
)
@pytest.mark.parametrize(
    ("file", "column", "message"),
    [
        ("SampleAnnot.csv", 3, "row 3, column well_id: expected a whole number"),
        ("SampleAnnot.csv", 11, "row 3, column mni_x: expected a number"),
        ("MicroarrayExpression.csv", 3, "row 3, column 3: expected a log2 intensity"),
        ("MicroarrayExpression.csv", 1, "row 3, column 1: expected a probe id"),
        ("PACall.csv", 3, "row 3, column 3: expected 0 or 1"),
    ],
)
def test_only_ascii_digits_are_numbers(tmp_path: Path, file: str, column: int, message: str, cell: str) -> None:
    assert_refused(donor_folder(tmp_path, files=replace_cell(full_donor(), file, 3, column, cell)), message)


def test_a_number_is_parsed_in_linear_time() -> None:
    with pytest.raises(ValueError, match="a number"):
        tables.decimal_number("1" * 2_000_000 + "x")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xef\xbb\xbf", "is empty"),
        (b"\xef\xbb\xbf \n", "is empty"),
        (b'""\n' * 2, "the header lacks"),
        (b"," * 10_000_000, "has 10,000,001 columns"),
        (b"x" * 25_000_001, "is too large: expected at most 25,000,000 bytes"),
        (b'"' + b"a,b\n" * 100_000, "a quote is missing or a cell is too long"),
    ],
)
def test_a_table_of_an_impossible_form(tmp_path: Path, content: bytes, message: str) -> None:
    folder = donor_folder(tmp_path)
    (folder / "Probes.csv").write_bytes(content)
    assert_refused(folder, rf"Probes\.csv.*{message}")


@pytest.mark.long
def test_a_table_with_too_many_rows(tmp_path: Path) -> None:
    header = full_donor()["Probes.csv"].splitlines()[0]
    rows = "".join(f"{number},p{number},,,,,\n" for number in range(250_001))
    folder = donor_folder(tmp_path, files=full_donor() | {"Probes.csv": f"{header}\n{rows}"})
    assert_refused(folder, "is too long: expected at most 250,000 rows")


def test_probes_without_any_gene_are_read(tmp_path: Path) -> None:
    files = full_donor()
    header, *rows = files["Probes.csv"].splitlines()
    files["Probes.csv"] = "\n".join([header, *(",".join(row.split(",")[:2]) + ",,,,," for row in rows)]) + "\n"
    read_all(donor_folder(tmp_path, files=files))


def with_ontology(rows: list[tuple[int, object]]) -> Files:
    text = full_donor()["Ontology.csv"]
    for node, parent in rows:
        text += f"{node},S{node},name {node},{parent},,{node},/{parent}/{node}/,E8CD59\n"
    return full_donor() | {"Ontology.csv": text}


@pytest.mark.parametrize("rows", [[(1, 1)], [(1, 2), (2, 1)], [(1, 2), (2, 3), (3, 4), (4, 2)]])
def test_a_circle_of_structures(tmp_path: Path, rows: list[tuple[int, object]]) -> None:
    folder = donor_folder(tmp_path, files=with_ontology(rows))
    assert_refused(
        folder, r"Ontology\.csv, column parent_structure_id: expected a tree .* lead to themselves, in a circle"
    )


@pytest.mark.parametrize("order", [1, -1])
def test_a_tree_of_thousands_of_levels(tmp_path: Path, order: int) -> None:
    rows: list[tuple[int, object]] = [(10**6 + level, 10**6 + level - 1 if level else 4005) for level in range(3000)]
    assert_refused(donor_folder(tmp_path, files=with_ontology(rows[::order])), "lead to more than 30 levels")


@pytest.mark.parametrize("name", ["Probes.csv", "Ontology.csv"])
def test_two_files_that_differ_in_case(tmp_path: Path, name: str) -> None:
    folder = donor_folder(tmp_path)
    (folder / name.upper()).write_text(full_donor()[name])
    assert_refused(folder, f"holds {name} twice")
    assert_refused(write_zip(tmp_path / f"{DONOR}.zip", full_donor() | {name.upper(): "x"}), f"holds {name} twice")


# --- matrices ---


def matrix_folder(folder: Path, text: bytes) -> Folder:
    (folder / "m.csv").write_bytes(text)
    return Folder(folder)


@pytest.mark.parametrize(
    ("probes", "samples", "size", "message"),
    [
        (10**6, 1000, 10**9, "1,000,000 probes and 1,000 samples are too many"),
        (1, 10**6, 10**7, "1 probes and 1,000,000 samples are too many"),
        (100, 10, 10**12, "is too long: 1,000,000,000,000 bytes"),
    ],
)
def test_a_matrix_of_impossible_size(tmp_path: Path, probes: int, samples: int, size: int, message: str) -> None:
    (tmp_path / "m.csv").touch()
    os.truncate(tmp_path / "m.csv", size)
    with pytest.raises(DownloadError, match=message):
        read_log2(Folder(tmp_path), "m.csv", np.arange(probes), samples)


def test_a_line_without_an_end(tmp_path: Path) -> None:
    place = matrix_folder(tmp_path, b"1" * 3_100_000)
    with pytest.raises(DownloadError, match="row 1: no end of line in 2,000,000 bytes"):
        read_log2(place, "m.csv", np.arange(1000), 50)


def test_digits_after_the_last_line_are_not_left_out() -> None:
    line = b"103,8.81689488411,5.96623025731\n"
    assert decimals_of_lines(line * 2, 2) is not None
    assert decimals_of_lines(line * 2 + b"2147483647", 2) is None


# --- files that change, and what is not a file ---


@pytest.mark.parametrize("content", ["x", full_donor()["Probes.csv"] * 2])
def test_a_file_that_changes_while_it_is_read(tmp_path: Path, content: str) -> None:
    place = Folder(donor_folder(tmp_path))

    def read_and_change() -> None:
        with place.open("Probes.csv") as stream:
            stream.read(10)
            (place.location / "Probes.csv").write_text(content)

    with pytest.raises(DownloadError, match=r"Probes\.csv was changed while it was read"):
        read_and_change()


def test_a_file_that_changes_after_its_fingerprint(tmp_path: Path) -> None:
    ((download,), _) = find_downloads([donor_folder(tmp_path)])
    download.digests()
    (tmp_path / DONOR / "Probes.csv").write_text("x")
    with pytest.raises(DownloadError, match=r"Probes\.csv was changed while it was read"):
        download.read()


@pytest.mark.parametrize("then", ["digests", "read"])
def test_a_file_that_vanishes(tmp_path: Path, then: str) -> None:
    ((download,), _) = find_downloads([donor_folder(tmp_path)])
    (tmp_path / DONOR / "MicroarrayExpression.csv").unlink()
    with pytest.raises(DownloadError, match=r"MicroarrayExpression\.csv cannot be read: No such file"):
        getattr(download, then)()


def make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(os.path.relpath(path))  # the path of a socket is short


OTHER_FILES: dict[str, Callable[[Path], object]] = {
    "pipe": os.mkfifo,
    "socket": make_socket,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "nothing": lambda path: path.symlink_to("nothing"),
    "itself": lambda path: path.symlink_to(path.name),
}


@pytest.mark.parametrize("what", OTHER_FILES)
def test_what_is_not_a_regular_file_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    folder = donor_folder(tmp_path)
    monkeypatch.chdir(folder)
    names = ["other.zip", "table.csv", "table.csv.gz", "table.xlsx"]
    for name in names:
        OTHER_FILES[what](folder / name)
    skipped = read_all(folder)
    assert [reason for reason in skipped if "is not a regular file" not in reason] == []
    assert len(skipped) == len(names)
    OTHER_FILES[what](folder / "README.txt")
    read_all(tmp_path)


@pytest.mark.parametrize("what", ["pipe", "socket", "device"])
@pytest.mark.parametrize("name", ["donor9861.zip", "table.csv"])
def test_what_is_not_a_regular_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    OTHER_FILES[what](tmp_path / name)
    assert_refused(tmp_path / name, "is not a regular file|cannot be read: No such device")


def test_paths_that_are_too_long(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="cannot be read: File name too long"):
        find_downloads([tmp_path / ("x" * 5000)])
    with pytest.raises(DownloadError, match="cannot be read: File name too long"):
        find_correlates.read(tmp_path / ("x" * 5000))


# --- zips ---


def as_zip(path: Path, members: list[tuple[str, str | bytes]], method: int = zipfile.ZIP_DEFLATED) -> Path:
    """Write a zip with names that `zipfile` would change."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members:
            info = zipfile.ZipInfo("x")
            info.filename = name
            info.compress_type = method
            archive.writestr(info, content)
    return path


GOOD: list[tuple[str, str | bytes]] = list(full_donor().items())


@pytest.mark.parametrize("name", ["", "/", "//", ".", "x" * 60_000, "a/" * 20_000 + "b", "\x1b[2J.csv"])
def test_other_names_in_a_zip_change_nothing(tmp_path: Path, name: str) -> None:
    if name.startswith("//") or name == "/":
        assert_refused(as_zip(tmp_path / f"{DONOR}.zip", [*GOOD, (name, "x")]), "a file outside of it")
    else:
        assert read_all(as_zip(tmp_path / f"{DONOR}.zip", [*GOOD, (name, "x")])) == []


@pytest.mark.parametrize("name", ["../Probes.csv", "/etc/Probes.csv", "a/../../b", ".."])
def test_a_name_that_leads_out_of_a_zip(tmp_path: Path, name: str) -> None:
    assert_refused(as_zip(tmp_path / f"{DONOR}.zip", [*GOOD, (name, "x")]), "a zip with a file outside of it")


def test_a_name_with_a_null_character(tmp_path: Path) -> None:
    members = [("Probes.csv\0.txt" if name == "Probes.csv" else name, text) for name, text in GOOD]
    assert_refused(as_zip(tmp_path / f"{DONOR}.zip", members), "a null character in a name")


FIELDS = {
    "version 9.9": (b"PK\x01\x02", 6, "<H", 99, "damaged zip .zip file version 9.9"),
    "encrypted": (b"PK\x01\x02", 8, "<H", 1, "is encrypted"),
    "patch": (b"PK\x01\x02", 8, "<H", 0x20, "by a method that few programs use"),
    "unknown compression": (b"PK\x01\x02", 10, "<H", 12345, r"by a method that few programs use \(12345\)"),
    "said to be LZMA": (b"PK\x01\x02", 10, "<H", 14, r"by a method that few programs use \(14\)"),
    "said to be stored": (b"PK\x01\x02", 10, "<H", 0, "is damaged"),
    "checksum": (b"PK\x01\x02", 16, "<I", 1, "is damaged"),
    "compressed size": (b"PK\x01\x02", 20, "<I", 0x7FFFFFFF, "is damaged .the data of .* end too early"),
    "too small": (b"PK\x01\x02", 24, "<I", 10, "is longer than the zip states|is too short"),
    "too large": (b"PK\x01\x02", 24, "<I", 0x7FFFFFFF, "is compressed that much|is too long"),
    "offset": (b"PK\x01\x02", 42, "<I", 0x7FFFFFFF, "is not where the zip states"),
    "other offset": (b"PK\x01\x02", 42, "<I", 1, "is not where the zip states"),
    "signature": (b"PK\x03\x04", 0, "<I", 0, "is not where the zip states"),
    "name": (b"PK\x03\x04", 26, "<H", 3, "is not where the zip states"),
    "directory": (b"PK\x05\x06", 12, "<I", 0xFFFFFFFE, "is not a zip|cut short|with a directory of"),
}


@pytest.mark.parametrize("what", FIELDS)
def test_a_zip_whose_headers_lie(tmp_path: Path, what: str) -> None:
    signature, offset, form, value, message = FIELDS[what]
    path = as_zip(tmp_path / f"{DONOR}.zip", GOOD)
    content = bytearray(path.read_bytes())
    struct.pack_into(form, content, content.index(signature) + offset, value)
    path.write_bytes(content)
    assert_refused(path, message)


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_an_unusual_compression_says_what_to_do(tmp_path: Path, method: int) -> None:
    path = as_zip(tmp_path / f"{DONOR}.zip", GOOD, method)
    assert_refused(path, "few programs use .* Unpack it with another program, and load the folder")


@pytest.mark.long
@pytest.mark.parametrize("ending", [".txt", "/"])
def test_a_zip_of_many_members_is_refused_before_they_are_listed(tmp_path: Path, ending: str) -> None:
    path = as_zip(tmp_path / "many.zip", [(f"{number}{ending}", "") for number in range(10_001)], zipfile.ZIP_STORED)
    assert_refused(path, "is a zip of 10,001 files. Expected at most 10,000")
    path = as_zip(tmp_path / "more.zip", [(f"{number}{'x' * 60_000}", "") for number in range(70)], zipfile.ZIP_STORED)
    assert_refused(path, "is a zip with a directory of 4,2.* bytes")


def test_the_directory_of_a_zip_is_not_read_for_each_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    members = [(f"page{page}/{name}", text) for page in range(30) for name, text in heatmap().items()]
    path = as_zip(tmp_path / "pages.zip", members)
    read: list[object] = []
    real = zipfile.ZipFile

    class Counted(real):  # type: ignore[valid-type,misc]
        def __init__(self, *arguments: object, **more: object) -> None:
            read.append(arguments)
            super().__init__(*arguments, **more)

    monkeypatch.setattr(zipfile, "ZipFile", Counted)
    read_all(path)
    assert len(read) == 2  # to see whether it is a workbook, and to list its folders


def bomb(path: Path, name: str, size: int, files: Files) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for file, text in files.items():
            if file != name:
                archive.writestr(file, text)
        with archive.open(name, "w", force_zip64=True) as stream:
            for _ in range(size // 10**6):
                stream.write(b"\n" * 10**6)
    return path


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Probes.csv", "no download is compressed that much|is too large: expected at most 25,000,000"),
        ("MicroarrayExpression.csv", "is too long: 150,000,000 bytes"),
    ],
)
def test_a_zip_bomb(tmp_path: Path, name: str, message: str) -> None:
    assert_refused(bomb(tmp_path / f"{DONOR}.zip", name, 150_000_000, full_donor()), message)


def test_a_gzip_bomb(tmp_path: Path) -> None:
    header = b"probe_name,gene_symbol,entrez_id,allen_entrez_id,compare\n"
    path = tmp_path / "reannotated.csv.gz"
    with gzip.open(path, "wb", compresslevel=1) as stream:
        stream.write(header)
        for _ in range(100):
            stream.write(b"\n" * 10**6)
    assert_refused(path, "is too large: expected at most 25,000,000 bytes")


def test_a_member_is_read_to_its_stated_size_and_no_further(tmp_path: Path) -> None:
    path = as_zip(tmp_path / "m.zip", [("m.csv", b"x" * 10_000_000)])
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, content.index(b"PK\x01\x02") + 24, 100)
    path.write_bytes(content)
    (place,) = folders_in_zip(path)
    with pytest.raises(DownloadError, match="is longer than the zip states"), place.open("m.csv") as stream:
        stream.read()


# --- workbooks ---

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SHEET, STRINGS = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"


def workbook(path: Path, rows: str = "", changes: dict[str, str | bytes] | None = None) -> Path:
    """Write a workbook of one sheet."""
    relations = f'<Relationship Id="rId1" Type="{LINKS}/worksheet" Target="worksheets/sheet1.xml"/>'
    relations += f'<Relationship Id="rId2" Type="{LINKS}/sharedStrings" Target="/xl/sharedStrings.xml"/>'
    sheet = '<sheets><sheet name="a" r:id="rId1"/></sheets>'
    runs = "<r><t>t</t></r><rPh><t>x</t></rPh><r><t>wo</t></r>"
    parts: dict[str, str | bytes] = {
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{LINKS}">{sheet}</workbook>',
        "xl/_rels/workbook.xml.rels": f"<Relationships>{relations}</Relationships>",
        STRINGS: f'<sst xmlns="{MAIN}"><si><t>one</t></si><si>{runs}</si></sst>',
        SHEET: f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>',
    }
    return as_zip(path, list((parts | (changes or {})).items()))


def test_the_cells_of_a_workbook(tmp_path: Path) -> None:
    rows = '<row r="2"><c r="B2" t="s"><v>1</v></c><c><f>1+1</f><v>2.50</v></c></row>'
    rows += '<row><c t="inlineStr"><is><t>a</t></is></c><c t="b"><v>1</v></c><c t="e"><v>#N/A</v></c>'
    rows += '<c t="s"><v>0</v></c></row>'
    path = workbook(tmp_path / "a.xlsx", rows)
    assert first_sheet(path) == [[], ["", "two", "2.50"], ["a", "1", "#N/A", "one"]]
    assert first_sheet(path, 2) == [[], ["", "two", "2.50"]]


DTD = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
WORKBOOKS: dict[str, tuple[str, dict[str, str | bytes], str]] = {
    "entities": ("", {SHEET: f"{DTD}<worksheet>&b;</worksheet>"}, "declares a document type"),
    "entities in texts": ("", {STRINGS: f"{DTD}<sst><si><t>&b;</t></si></sst>"}, "declares a document type"),
    "an external entity": ("", {SHEET: '<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>'}, "declares a document type"),
    "an unknown encoding": ("", {SHEET: b'<?xml version="1.0" encoding="nonsense"?><x>\xff</x>'}, "is damaged"),
    "a distant row": ('<row r="1048576"/>', {}, "row 1048576 after row 0 is out of order, or beyond 250,000 rows"),
    "a row of 20 digits": (f'<row r="{"9" * 20}"/>', {}, "row 0 after row 0 is out of order"),
    "rows in the wrong order": ('<row r="2"/><row r="1"/>', {}, "row 1 after row 2"),
    "a distant column": ('<row><c r="XFD1"/></row>', {}, "cell 'XFD1' after row 1 is out of order, or beyond"),
    "columns in the wrong order": ('<row><c r="B1"/><c r="A1"/></row>', {}, "cell 'A1' after row 1"),
    "a place that is none": ('<row><c r="-"/></row>', {}, "cell '-' after row 1"),
    "too many rows": ("<row/>" * 250_001, {}, "row 250001 after row 250000"),
    "an absent text": ('<row><c t="s"><v>2</v></c></row>', {}, "expected the number of one of 2 texts, found '2'"),
    "a negative text": ('<row><c t="s"><v>-1</v></c></row>', {}, "found '-1'"),
    "no sheet": ("", {"xl/workbook.xml": "<workbook/>"}, "is a workbook without a sheet"),
    "no relations": ("", {"xl/_rels/workbook.xml.rels": "<Relationships/>"}, "is a workbook without a sheet"),
    "a sheet elsewhere": (
        "",
        {"xl/_rels/workbook.xml.rels": '<R><Relationship Id="rId1" Type="x" Target="../../../etc/passwd"/></R>'},
        "is a workbook without etc/passwd",
    ),
    "cells far to the right": (
        "".join(f'<row><c r="ALK{row}"/></row>' for row in range(1, 3001)), {}, "expected at most 1,500,000 cells",
    ),
    "many texts": ("", {STRINGS: f"<sst>{'<si/>' * 2_500_001}</sst>"}, "expected at most 2,500,000 elements"),
    "a large part": ("", {SHEET: b" " * 25_000_001}, "is too large: expected at most 25,000,000 bytes"),
}  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("what", WORKBOOKS)
def test_a_hostile_workbook(tmp_path: Path, what: str) -> None:
    rows, changes, message = WORKBOOKS[what]
    path = workbook(tmp_path / "a.xlsx", rows, changes)
    with pytest.raises(DownloadError, match=message):
        first_sheet(path)
    with pytest.raises(CoexprError):
        read_all(path)
    write_folder(tmp_path / "folder" / DONOR, full_donor())
    path.rename(tmp_path / "folder" / "a.xlsx")
    read_all(tmp_path / "folder")


def test_other_parts_of_a_workbook_are_not_read(tmp_path: Path) -> None:
    parts: dict[str, str | bytes] = {
        "xl/vbaProject.bin": b"\xd0",
        "xl/links/link1.xml": "<",
        "xl/styles.xml": DTD,
    }
    assert first_sheet(workbook(tmp_path / "a.xlsm", "<row><c><v>1</v></c></row>", parts)) == [["1"]]


# --- words ---


def test_dates_with_letters_that_only_look_alike() -> None:
    assert symbols_of_date("2-Sep") == ["SEPT2"]
    assert symbols_of_date("2-\u017fep") == []
    assert symbols_of_date("1-D\u0130C") == []
    assert symbols_of_date("\u0662-Sep") == []


@pytest.mark.parametrize("option", ["9" * 5000, "\u0669\u0668\u0666\u0661", "-1", "0", "2147483648"])
def test_a_donor_that_is_no_id(option: str) -> None:
    with pytest.raises(CoexprError, match="expected a donor id or name"):
        donor_of_option(option)


def test_a_folder_in_a_zip_with_thousands_of_digits(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "brain.zip", full_donor(), folder=f"donor{'9' * 5000}/")
    assert_refused(path, "does not name its donor")


@pytest.mark.parametrize("text", ['""', '" "', "''", "\t"])
def test_a_list_of_empty_names(text: str) -> None:
    with pytest.raises(WrongFormatError):
        split_rows(text, lambda names: {})


@pytest.mark.parametrize("title", ["\x1b[2JAllen", "Al\ufefflen", "\u202eAllen"])
def test_a_title_that_is_not_printable_is_no_title(tmp_path: Path, title: str) -> None:
    files = full_donor() | {"Readme.txt": f"=====\n{title}\n=====\n"}
    ((download,), _) = find_downloads([donor_folder(tmp_path, files=files)])
    assert download.read().title is None
    files = heatmap() | {"Contents.txt": f"=====\n{title}\n=====\nshow?seed=101\n"}
    header, *rows = files["Probes.csv"].splitlines()
    files["Probes.csv"] = "\n".join([f"{header},r", *(f"{row},0.5" for row in rows)])
    found = find_correlates.read(write_folder(tmp_path / "correlates", files))
    assert found.title is None


def test_a_file_of_one_line_is_recognised_by_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.touch()
    os.truncate(path, 10**11)
    assert File(path).first_line() == "\0" * 4096

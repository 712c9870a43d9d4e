"""Spreadsheets, as another program reads them."""

import datetime
import gc
import io
import math
import os
import re
import subprocess
import sys
import tempfile
import tracemalloc
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import IO, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coexpr.database.adhoc_sql import SqlProvenance, Stream
from coexpr.errors import CoexprError, LimitError, OutputError
from coexpr.output.files import write_binary_file
from coexpr.output.spreadsheet import Formula, Sheet, write_workbook, write_xlsx
from coexpr.result import Provenance, Result

openpyxl = pytest.importorskip("openpyxl", reason="openpyxl, which reads spreadsheets, is not installed")
pytest.importorskip("xlsxwriter", reason="xlsxwriter, which writes spreadsheets, is not installed")
unescape = pytest.importorskip("openpyxl.utils.escape").unescape

PROVENANCE = Provenance(database="a.duckdb")
# The limits of the file format, from Microsoft's "Excel specifications and limits".
MOST_ROWS, MOST_COLUMNS, MOST_CHARACTERS = 1_048_576, 16_384, 32_767
FORMULA_STARTS = "=+-@\t\r"
# Text that XML can hold, also as an escape: everything but halves of surrogate pairs.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
formulas = st.builds("".join, st.tuples(st.sampled_from(FORMULA_STARTS), texts | st.just('HYPERLINK("http://a","b")')))
numbers = st.floats(-1e6, 1e6) | st.integers(-(2**53), 2**53)
dates = st.datetimes(datetime.datetime(1900, 3, 1), datetime.datetime(2200, 1, 1)).map(
    lambda moment: moment.replace(microsecond=0)
)


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for temporary files."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def unraisable(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What Python prints of errors that nothing catches, such as those of destructors."""
    found: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda error: found.append(error.exc_value))
    return found


def written(columns: Sequence[str], rows: Iterable[Sequence[Any]], provenance: Provenance = PROVENANCE) -> IO[bytes]:
    stream = io.BytesIO()
    write_xlsx(Stream(list(columns), iter(rows), provenance), stream)  # type: ignore[arg-type]
    return stream


def read(stream: IO[bytes], sheet: str = "result") -> Any:
    return openpyxl.load_workbook(stream)[sheet]


def cell_of(value: Any, name: str = "value") -> Any:
    """Write a value, and return its cell."""
    return read(written([name], [(value,)]))["A2"]


def text_in(cell: Any) -> str:
    """Return the text of a cell; openpyxl leaves characters escaped that spreadsheets unescape."""
    assert cell.data_type == "s", cell.value
    text: str = unescape(cell.value)
    return text


def xml_of(stream: IO[bytes]) -> str:
    """Return all sheets as XML."""
    with zipfile.ZipFile(stream) as archive:
        names = [name for name in archive.namelist() if name.startswith("xl/worksheets/")]
        return "".join(archive.read(name).decode() for name in names)


@pytest.mark.parametrize("value", [0, 1, -7, 2**53, -(2**53), 0.5, -1e-7, 1 / 3, 0.1 + 0.2, 2 / 3 * 1e5, 1.5e300])
def test_a_number_is_a_number_at_full_precision(value: float) -> None:
    cell = cell_of(value)
    assert (cell.data_type, cell.value) == ("n", value)


@settings(max_examples=20)
@given(st.lists(st.floats(-1, 1), min_size=1))
def test_r_is_a_number_at_full_precision_and_shown_with_three_decimals(values: list[float]) -> None:
    cells = read(written(["r"], [(r,) for r in values]))["A"][1:]
    assert [cell.value for cell in cells] == values
    assert {(cell.data_type, cell.number_format) for cell in cells} == {("n", "0.000")}


@pytest.mark.parametrize(
    "name", ["r", "r_H0351.2001", "mean_r", "random_r", "ci95_low", "naive_ci95_high", "lowest_without_one"]
)
def test_columns_of_r_have_three_decimals_and_others_the_general_format(name: str) -> None:
    sheet = read(written([name, "n", "rank"], [(0.5, 90, 1)]))
    assert [cell.number_format for cell in sheet[2]] == ["0.000", "General", "General"]


@pytest.mark.parametrize("value", [2**53 + 1, -(2**53) - 1, 2**80])
def test_a_whole_number_that_is_not_exact_in_double_precision_is_text(value: int) -> None:
    assert text_in(cell_of(value)) == str(value)


@pytest.mark.parametrize("value", [Decimal("1.25"), Decimal("-0.001"), Decimal(10)])
def test_a_decimal_is_a_number(value: Decimal) -> None:
    cell = cell_of(value)
    assert (cell.data_type, cell.value) == ("n", float(value))


def test_a_decimal_that_is_not_exact_in_double_precision_is_text() -> None:
    assert text_in(cell_of(Decimal("12345678901234567890.123"))) == "12345678901234567890.123"


@pytest.mark.parametrize("value", [True, False])
def test_a_boolean_is_a_boolean(value: bool) -> None:
    cell = cell_of(value)
    assert (cell.data_type, cell.value) == ("b", value)


@pytest.mark.parametrize("value", [None, math.nan, Decimal("NaN")])
def test_a_missing_value_is_blank(value: Any) -> None:
    sheet = read(written(["a", "b"], [(value, 1)]))
    assert sheet["A2"].value is None
    assert '<row r="2"><c r="B2">' in xml_of(written(["a", "b"], [(value, 1)]))


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_infinity_is_text(value: float) -> None:
    assert float(text_in(cell_of(value))) == value


MOMENT = datetime.datetime(2026, 1, 2, 3, 4, 5)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (MOMENT, MOMENT),
        (datetime.date(2026, 1, 2), datetime.datetime(2026, 1, 2)),
        (MOMENT.replace(tzinfo=datetime.UTC), MOMENT),
        (
            MOMENT.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=2))),
            MOMENT - datetime.timedelta(hours=2),
        ),
        (datetime.date(1900, 1, 1), datetime.datetime(1900, 1, 1)),
        (datetime.date(1900, 3, 1), datetime.datetime(1900, 3, 1)),
        (datetime.date(9999, 12, 31), datetime.datetime(9999, 12, 31)),
    ],
)
def test_a_date_is_a_date_and_in_utc(value: datetime.date, expected: datetime.datetime) -> None:
    cell = cell_of(value)
    assert (cell.data_type, cell.value, cell.is_date) == ("d", expected, True)


@pytest.mark.parametrize("value", [datetime.date(1899, 12, 30), datetime.datetime(1, 1, 1, 2, 3)])
def test_a_date_before_those_of_spreadsheets_is_text(value: datetime.date) -> None:
    assert text_in(cell_of(value)) == str(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(["a", "b"], "a, b"), ([1.5, None], "[1.5, null]"), ({"a": 1}, '{"a": 1}'), ([], ""), (["=1"], "=1")],
)
def test_lists_and_structs_are_text(value: Any, expected: str) -> None:
    assert text_in(cell_of(value)) == expected


@pytest.mark.parametrize("symbol", ["SEPT2", "MARCH1", "1E5", "00123", "TRUE", "1-2", "3/4", "12:30", "NaN", "#N/A"])
def test_a_symbol_stays_text(symbol: str) -> None:
    cell = cell_of(symbol)
    assert text_in(cell) == symbol
    assert cell.number_format == "@"  # editing the cell does not turn it into a date or a number either


@pytest.mark.long
@settings(max_examples=40)
@given(formulas | texts)
def test_text_is_never_a_formula(text: str) -> None:
    @dataclass(frozen=True, kw_only=True)
    class Statement(Provenance):
        statement: str
        by_name: dict[str, str]

    stream = io.BytesIO()
    provenance = Statement(database=text, statement=text, by_name={text: text})
    write_workbook([Sheet("result", [text, "n"], [(text, 1), ([text], 2)])], provenance.as_dict(), stream)
    assert "<f" not in re.sub(r"<t[ >].*?</t>", "", xml_of(stream), flags=re.DOTALL)
    sheet, about = openpyxl.load_workbook(stream)
    for cell in [sheet["A1"], sheet["A2"], sheet["A3"], *about["A"], *about["B"]]:
        assert cell.data_type == "s"
    assert [text_in(sheet[place]) for place in ("A1", "A2", "A3")] == [text] * 3
    assert [text_in(cell) for cell in about["B"][1:]] == [text, provenance.coexpr_version, text, text]


@pytest.mark.parametrize("start", FORMULA_STARTS)
def test_editing_text_that_looks_like_a_formula_does_not_make_it_one(start: str) -> None:
    assert cell_of(f"{start}1+1").quotePrefix
    assert not cell_of("BDNF").quotePrefix


@pytest.mark.parametrize("text", ["a\x00b", "\x01", "_x0041_", "a\r\nb", " a ", "\ufffe", "<&>\"'", "é😀"])
def test_characters_that_xml_does_not_have_survive(text: str) -> None:
    assert text_in(cell_of(text)) == text


def test_the_header_is_bold_and_stays_in_view_and_the_rows_can_be_filtered() -> None:
    sheet = read(written(["gene_symbol", "r"], [("BDNF", 0.5), ("NTF3", None), (None, 0.25)]))
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:B4"
    assert [cell.font.bold for cell in sheet[1]] == [True, True]
    assert not any(cell.font.bold for cell in sheet[2])


def test_columns_are_as_wide_as_their_text_within_limits() -> None:
    columns, row = ["n", "a_rather_long_name", "name", "sentence"], (1, 2, "x" * 30, "y" * 500)
    widths = read(written(columns, [row])).column_dimensions
    width_of = {name: widths[letter].width for name, letter in zip(columns, "ABCD", strict=True)}
    assert len("n") < width_of["n"] < 10
    assert width_of["a_rather_long_name"] > len("a_rather_long_name")
    assert 30 < width_of["name"] < 40
    assert 30 < width_of["sentence"] < 60


@pytest.mark.parametrize("columns", [[], ["a"]])
def test_a_result_without_rows(columns: list[str]) -> None:
    sheet = read(written(columns, []))
    assert [cell.value for cell in sheet[1] if cell.value is not None] == columns
    assert sheet.max_row == 1


@dataclass(frozen=True, kw_only=True)
class Nested(Provenance):
    donors: list[str] = field(default_factory=lambda: ["H0351.2001", "H0351.2002"])
    samples_by_donor: dict[str, int] = field(default_factory=lambda: {"H0351.2001": 26, "H0351.2002": 21})
    terms: list[dict[str, Any]] = field(default_factory=lambda: [{"name": "GO", "n": 1}, {"name": "mine", "n": None}])
    threshold: float | None = None
    stored: bool = True
    nothing: dict[str, int] = field(default_factory=dict)
    statement: str = "SELECT '" + "abc" * 20_000 + "'"


def test_the_provenance_is_a_sheet_of_names_and_values() -> None:
    provenance = Nested(database="a.duckdb")
    sheet = read(written(["a"], [(1,)], provenance), "provenance")
    assert (sheet.freeze_panes, [cell.value for cell in sheet[1]]) == ("A2", ["name", "value"])
    rows = [(row[0], row[1]) for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert [row for row in rows if row[0] != "statement"] == [
        ("database", "a.duckdb"),
        ("coexpr_version", provenance.coexpr_version),
        ("donors", "H0351.2001, H0351.2002"),
        ("samples_by_donor.H0351.2001", 26),
        ("samples_by_donor.H0351.2002", 21),
        ("terms.1.name", "GO"),
        ("terms.1.n", 1),
        ("terms.2.name", "mine"),
        ("terms.2.n", None),
        ("threshold", None),
        ("stored", True),
        ("nothing", ""),
    ]
    parts = [value for name, value in rows if name == "statement"]
    assert "".join(parts) == provenance.statement  # longer than a cell can be
    assert max(map(len, parts)) <= MOST_CHARACTERS


def test_a_formula_has_no_value_until_a_spreadsheet_computes_it() -> None:
    stream = io.BytesIO()
    write_workbook([Sheet("r", ["a", "sum"], [(1, Formula("=A2+1"))], {"sum": "0.0"})], {}, stream)
    cell = read(stream, "r")["B2"]
    assert (cell.data_type, cell.value, cell.number_format) == ("f", "=A2+1", "0.0")
    assert openpyxl.load_workbook(stream, data_only=True)["r"]["B2"].value is None


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], list[list[Any]]]:
    """Return the names of columns, and rows of values of any types."""
    columns = draw(st.lists(texts, min_size=1, max_size=4))
    cell = st.one_of(numbers, texts, formulas, st.booleans(), dates, st.none())
    return columns, draw(st.lists(st.lists(cell, min_size=len(columns), max_size=len(columns)), max_size=5))


@pytest.mark.long
@settings(max_examples=40)
@given(tables())
def test_a_table_of_any_values_is_read_back_equal(table: tuple[list[str], list[list[Any]]]) -> None:
    columns, rows = table
    width = len(columns)
    cells = list(read(written(columns, rows)).iter_rows(max_col=width))
    assert [text_in(cell) for cell in cells[0]] == columns
    found = [[unescape(cell.value) if cell.data_type == "s" else cell.value for cell in row] for row in cells[1:]]
    found += [[None] * width] * (len(rows) - len(found))  # blank rows at the end are not cells
    assert found == rows
    for row, of_row in zip(rows, cells[1:], strict=False):
        for value, cell in zip(row, of_row, strict=True):
            assert isinstance(value, bool) == (cell.data_type == "b")


# --- limits ---


def write_into(folder: Path, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a spreadsheet file into a folder; if it fails, there must be no file."""
    folder.mkdir()
    result = Stream(list(columns), map(tuple, rows), SqlProvenance(database="a.duckdb", statement=""))
    write_binary_file(folder / "a.xlsx", partial(write_xlsx, result))


def fail_after(rows: int) -> Iterator[tuple[int]]:
    yield from ((number,) for number in range(rows))
    raise OutputError("the rows end early")


@pytest.mark.parametrize(
    ("columns", "rows", "error", "message"),
    [
        (["c"] * (MOST_COLUMNS + 1), [], LimitError, r"at most 16,384 columns, and the result has 16,385\. Use CSV"),
        (
            ["a"],
            [("",), ("x" * (MOST_CHARACTERS + 1),)],
            OutputError,
            r"row 2, column a: .* 32,767 .* has 32,768\. Use",
        ),
        (["x" * (MOST_CHARACTERS + 1)], [(1,)], OutputError, "32,767"),
        (["a"], fail_after(3), OutputError, "the rows end early"),
    ],
    ids=["columns", "characters", "header", "rows that fail"],
)
def test_what_a_spreadsheet_cannot_hold_is_refused_and_leaves_nothing(
    tmp_path: Path,
    scratch: Path,
    columns: list[str],
    rows: Iterable[Sequence[Any]],
    error: type[CoexprError],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        write_into(tmp_path / "results", columns, rows)
    assert list((tmp_path / "results").iterdir()) == []
    assert list(scratch.iterdir()) == []


def test_more_rows_than_a_sheet_has_are_refused_and_leave_nothing(tmp_path: Path, scratch: Path) -> None:
    rows: Iterator[tuple[None]] = ((None,) for _ in range(MOST_ROWS))
    with pytest.raises(LimitError, match=r"at most 1,048,575 rows below its header\. Use CSV or Parquet"):
        write_into(tmp_path / "results", ["a"], rows)
    assert next(rows, "none left") == "none left"
    assert list((tmp_path / "results").iterdir()) == []
    assert list(scratch.iterdir()) == []


@pytest.mark.long
def test_the_largest_sheet_is_written(tmp_path: Path) -> None:
    row = [None] * (MOST_COLUMNS - 1) + ["x" * MOST_CHARACTERS]
    blank = ([None] for _ in range(MOST_ROWS - 2))
    rows = (of_row for part in ([row], blank) for of_row in part)
    write_into(tmp_path / "results", [f"c{number}" for number in range(MOST_COLUMNS)], rows)
    with (tmp_path / "results" / "a.xlsx").open("rb") as stream:
        xml = xml_of(stream)
    assert f'<autoFilter ref="A1:XFD{MOST_ROWS}"/>' in xml
    assert f">{row[-1]}</t></is></c></row>" in xml


@pytest.mark.long
def test_rows_are_written_as_they_arrive(tmp_path: Path, scratch: Path) -> None:
    def peak_of(rows: int, folder: str) -> int:
        tracemalloc.start()
        try:
            write_into(tmp_path / folder, ["n", "name"], ((number, f"gene {number}") for number in range(rows)))
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak_of(10, "imports")
    assert peak_of(20_000, "many") < peak_of(1_000, "few") + 100_000
    assert list(scratch.iterdir()) == []


class FullDisk(io.RawIOBase):
    """A file on a disk that is full."""

    def writable(self) -> bool:
        return True

    def write(self, block: Any) -> int:
        raise OSError(28, "No space left on device")


def test_a_full_disk_is_an_error_of_the_system_and_leaves_nothing(scratch: Path, unraisable: list[object]) -> None:
    found: list[str] = []
    try:
        write_xlsx(Result(["a"], [(1,)], PROVENANCE), FullDisk())  # type: ignore[arg-type]
    except Exception as error:
        found = [type(error).__name__, str(error)]
    gc.collect()  # an open zip file writes again when it is collected
    assert found == ["OSError", "[Errno 28] No space left on device"]
    assert unraisable == []
    assert list(scratch.iterdir()) == []


# Sheets of which each fits into a file of that size, but not all of them into one archive.
LIMITED = """
import gc, io, random, resource
from coexpr.output.spreadsheet import Sheet, write_workbook
def rows():
    return [(random.random(),) for _ in range(500)]
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, resource.RLIM_INFINITY))
try:
    write_workbook([Sheet(f"sheet {number}", ["value"], rows()) for number in range(30)], {}, io.BytesIO())
except OSError as error:
    print(error)
gc.collect()
"""


def test_an_archive_that_cannot_be_written_is_one_error_and_leaves_nothing(scratch: Path) -> None:
    run = [sys.executable, "-c", LIMITED]
    done = subprocess.run(run, capture_output=True, text=True, env={**os.environ, "TMPDIR": str(scratch)}, check=True)
    assert done.stdout.startswith(f"{scratch}/")
    assert done.stdout.endswith(
        " cannot be written: File too large. Check the folder, or set TMPDIR to another folder for temporary files.\n"
    )
    assert done.stderr == ""
    assert list(scratch.iterdir()) == []

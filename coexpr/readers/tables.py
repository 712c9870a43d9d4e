"""Small CSV files with a header, checked cell by cell: probes, samples, structures and columns.

Rows are numbered as in a spreadsheet: the header is row 1.
"""

import codecs
import csv
import io
import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from coexpr.errors import DownloadError
from coexpr.readers.place import Place
from coexpr.readers.printable import has_control

# The largest of these files, Probes.csv of the whole atlas, has 5 MB and 58,692 rows of 7 columns.
_MOST_BYTES = 25_000_000
_MOST_ROWS = 250_000
_MOST_COLUMNS = 1000
INT32_MAX = 2**31 - 1
# Missing values as written by various programs; a missing id may also be 0.
_MISSING = {"", "n/a", "NA", "NaN", "NULL", "#N/A"}
_MISSING_ID = _MISSING | {"nan", "null", "None", "0", "0.0"}
_WHOLE_NUMBER = re.compile(r"(-?\d{1,10})(\.0*)?", re.ASCII)
# Python's float also reads 1_000 and the digits of other scripts.
_DECIMAL_NUMBER = re.compile(r" *[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)? *", re.ASCII | re.I)

_DAMAGED = "The file is damaged, or is not a text file."

ParseCell = Callable[[str], Any]


def whole_number(cell: str) -> int:
    """Parse a whole number that fits 32 bits, possibly written with decimals, as in 9865.0."""
    digits = _WHOLE_NUMBER.fullmatch(cell)
    if digits is None or abs(int(digits[1])) > INT32_MAX:
        raise ValueError(f"a whole number up to {INT32_MAX}")
    return int(digits[1])


def decimal_number(cell: str) -> float:
    """Parse a finite number."""
    if not _DECIMAL_NUMBER.fullmatch(cell) or not math.isfinite(number := float(cell)):
        raise ValueError("a number")
    return number


def text(cell: str) -> str:
    """Return a cell that must be printable, and not blank."""
    if not cell:
        raise ValueError("some text")
    if has_control(cell):
        raise ValueError("printable text")
    return cell


def optional_text(cell: str) -> str | None:
    """Return a printable cell; None if it is missing: blank, n/a, NA, NaN or NULL."""
    return None if cell in _MISSING else text(cell)


def optional_whole_number(cell: str) -> int | None:
    """Parse a whole number; None if it is missing."""
    return None if cell in _MISSING else whole_number(cell)


def optional_id(cell: str) -> int | None:
    """Parse an id; None if it is missing, which may also be written as 0."""
    return None if cell in _MISSING_ID else whole_number(cell)


def plain_header(header: str) -> str:
    """Return a header in lower case without punctuation, because R changes gene-id into gene.id."""
    return re.sub(r"[^a-z0-9]", "", header.lower())


def read_bytes(place: Place, file_name: str) -> bytes:
    """Return the bytes of a small file."""
    with place.open(file_name) as stream:
        content = stream.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise DownloadError(f"{place.locate(file_name)} is too large: expected at most {_MOST_BYTES:,} bytes.")
    return content


def read_text(place: Place, file_name: str) -> str:
    """Return a small file as text, without a byte order mark."""
    where = place.locate(file_name)
    content = read_bytes(place, file_name)
    if not content.removeprefix(codecs.BOM_UTF8).strip():
        raise DownloadError(f"{where} is empty.", remedy="Download it again.")
    if b"\0" in content:
        row = content.count(b"\n", 0, content.index(b"\0")) + 1
        raise DownloadError(f"{where}, row {row}: a null character, which no text has. {_DAMAGED}")
    try:
        return content.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        raise DownloadError(
            f"{where}, row {row}: not UTF-8 text. The file was saved by another program.",
            remedy="Use the original download.",
        ) from None


def read_table(place: Place, file_name: str, columns: Mapping[str, tuple[str, ParseCell]]) -> dict[str, list[Any]]:
    """Read a CSV file with a header into lists of checked values.

    Parameters
    ----------
    place : Place
        The folder of the file.
    file_name : str
        Name of the file.
    columns : mapping of str to (str, callable)
        For each column to read, by our name for it: its header in the file, and a function that parses a cell, or
        raises ValueError with what it expected. The file may have the columns in any order, and other columns.

    Returns
    -------
    dict of str to list
        The values of each column by our name for it, in the order of the file.

    Raises
    ------
    DownloadError
        If the file is not as expected; the message names file, row and column.
    """
    where = place.locate(file_name)
    rows = _rows(read_text(place, file_name), where)
    _, header = next(rows, (1, []))
    if len(header) > _MOST_COLUMNS:
        raise DownloadError(f"{where}: the header has {len(header):,} columns. Expected at most {_MOST_COLUMNS:,}.")
    expected = [spelling for spelling, _ in columns.values()]
    header = _as_expected(header, expected)
    missing = [spelling for spelling in expected if spelling not in header]
    if len(header) == 1 and (separator := next((mark for mark in ";\t" if mark in header[0]), None)):
        raise DownloadError(
            f"{where}: cells are separated by {separator!r}, not by commas. The file was saved by another program.",
            remedy="Use the original download.",
        )
    if missing:
        raise DownloadError(
            f"{where}: the header lacks {', '.join(missing)}. Expected {','.join(expected)}; "
            f"found {','.join(header)[:200]}."
        )
    if repeated := [spelling for spelling in expected if header.count(spelling) > 1]:
        raise DownloadError(f"{where}: the header has {repeated[0]} twice.")
    wanted = [(name, spelling, header.index(spelling), parse) for name, (spelling, parse) in columns.items()]
    table: dict[str, list[Any]] = {name: [] for name in columns}
    for count, (number, row) in enumerate(rows):
        if count == _MOST_ROWS:
            raise DownloadError(f"{where} is too long: expected at most {_MOST_ROWS:,} rows.")
        if len(row) != len(header):
            raise DownloadError(
                f"{where}, row {number}: expected {len(header)} cells as in the header, found {len(row)}."
            )
        for name, spelling, index, parse in wanted:
            try:
                table[name].append(parse(row[index]))
            except ValueError as error:
                raise DownloadError(
                    f"{where}, row {number}, column {spelling}: expected {error}, found {row[index]!r:.60}."
                ) from None
    if not table[next(iter(columns))]:
        raise DownloadError(f"{where} has a header but no rows.", remedy="Download it again.")
    return table


def _as_expected(header: list[str], expected: list[str]) -> list[str]:
    """Return a header with the expected spelling of columns that differ from it only in case or punctuation."""
    plain = {plain_header(spelling): spelling for spelling in expected}
    found = [plain_header(cell) for cell in header]
    return [
        plain[name] if name in plain and plain[name] not in header and found.count(name) == 1 else cell
        for cell, name in zip(header, found, strict=True)
    ]


def refuse_duplicates(place: Place, file_name: str, header: str, values: list[Any]) -> None:
    """Raise DownloadError if a value occurs twice in a column of unique values."""
    first_rows: dict[Any, int] = {}
    for row, value in enumerate(values, start=2):
        if (first := first_rows.setdefault(value, row)) != row:
            raise DownloadError(
                f"{place.locate(file_name)}, row {row}, column {header}: {value} is already in row {first}."
            )


def _rows(content: str, where: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and cells of each row that is not blank."""
    reader = csv.reader(io.StringIO(content, newline=""), strict=True)
    try:
        for row in reader:
            if row:
                yield reader.line_num, row
    except csv.Error as error:
        raise DownloadError(
            f"{where}, row {reader.line_num}: a quote is missing or a cell is too long ({error}).",
            remedy="Download it again.",
        ) from None

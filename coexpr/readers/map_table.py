"""The cells of a map file: text with a comma, semicolon or tab between cells, with or without a header."""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from coexpr.errors import MapError
from coexpr.readers import limits
from coexpr.readers.printable import first_with_control

_SEPARATORS = "\t;,"
_NAMES = {"\t": "tabs", ";": "semicolons", ",": "commas"}
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_NAMED_IN_MESSAGES = 5
_LONGEST_TITLE = 60
_NOT_FINITE = ("nan", "inf", "infinity", "na", "n/a", "null", "none")

Rows = list[tuple[int, list[str]]]


@dataclass(frozen=True)
class MapTable:
    """The cells of a map file.

    Parameters
    ----------
    where : str
        Path of the file.
    names : list of str
        The headers; the numbers of the columns, from 1, in a file without a header.
    cells : list of list of str
    rows : list of int
        The number of each row in the file, from 1.
    has_header : bool
    """

    where: str
    names: list[str]
    cells: list[list[str]]
    rows: list[int]
    has_header: bool

    def __len__(self) -> int:
        return len(self.cells)

    def column(self, place: int) -> list[str]:
        """Return the cells of a column."""
        return [row[place] for row in self.cells]

    def title(self, place: int) -> str:
        """Return the header or number of a column, for messages."""
        return self.names[place][:_LONGEST_TITLE]


def read_map_table(text: str, where: str) -> MapTable:
    """Split the text of a map file into cells. Lines that begin with # are comments.

    Raises
    ------
    MapError
        If it is not a table of at least two columns, or its rows differ in length.
    """
    if max(text.count(mark) for mark in f"{_SEPARATORS}\n") > limits.MAP_CELLS:
        raise MapError(
            f"{where} has more than {limits.MAP_CELLS:,} cells. Expected a row for each structure, point or sample of "
            "the atlas, which has 3,702 samples. Give only these rows and the column of the map."
        )
    found: dict[str, Rows] = {}
    errors: list[MapError] = []
    for separator in _SEPARATORS:
        try:
            rows = _split(text, separator, where)
        except MapError as error:
            errors.append(error)
        else:
            if rows and len(rows[0][1]) > 1:
                found[separator] = rows
    even = [rows for rows in found.values() if len({len(row) for _, row in rows}) == 1]
    if not even:
        raise errors[0] if errors and not found else _uneven(found, where)
    rows = max(even, key=_count_numeric)
    has_header = not any(map(_is_of_data, rows[0][1]))
    names = rows[0][1] if has_header else [str(number) for number in range(1, len(rows[0][1]) + 1)]
    if (strange := first_with_control(names)) is not None:
        raise MapError(f"{where}: the header {strange!r:.60} has characters that are not printed. Write it again.")
    if repeated := sorted(name for name, times in Counter(names).items() if name and times > 1):
        raise MapError(f"{where}: the header has {repeated[0]:.60} twice. Give every column a name of its own.")
    data = rows[has_header:]
    if not data:
        raise MapError(f"{where} has a header but no rows.")
    return MapTable(where, names, [row for _, row in data], [number for number, _ in data], has_header)


def is_number(cell: str) -> bool:
    """Return whether a cell is a finite number with a decimal point."""
    return _NUMBER.fullmatch(cell) is not None


def is_missing(cell: str) -> bool:
    """Return whether a cell has no number, or one that is not finite."""
    return not cell or cell.lower().lstrip("+-") in _NOT_FINITE


def has_decimal_comma(cell: str) -> bool:
    """Return whether a cell is a number with a decimal comma."""
    return not is_number(cell) and cell.count(",") == 1 and is_number(cell.replace(",", "."))


def first_of(names: Sequence[object]) -> str:
    """Return the first of some names or numbers, for a message: "3, 7, 12, 13, 20 and 5 more"."""
    more = len(names) - _NAMED_IN_MESSAGES
    return ", ".join(f"{name!s:.60}" for name in names[:_NAMED_IN_MESSAGES]) + (
        f" and {more:,} more" if more > 0 else ""
    )


def _split(text: str, separator: str, where: str) -> Rows:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    rows: Rows = []
    try:
        for row in reader:
            if row and any(cell.strip() for cell in row) and not row[0].startswith("#"):
                rows.append((reader.line_num, [cell.strip() for cell in row]))
    except csv.Error as error:
        explanation = str(error).replace("\t", "tab")
        raise MapError(
            f"{where}, row {reader.line_num}: a quote is missing or a cell is too long ({explanation})."
        ) from None
    return rows


def _is_of_data(cell: str) -> bool:
    """Return whether a cell is a number, or a sign that there is none; headers have neither."""
    return is_number(cell) or has_decimal_comma(cell) or (bool(cell) and is_missing(cell))


def _count_numeric(rows: Rows) -> int:
    """Return how many columns are of numbers, apart from the first row, which may be a header."""
    columns = zip(*(row for _, row in rows[1:] or rows), strict=True)
    return sum(all(is_number(cell) or has_decimal_comma(cell) for cell in column) for column in columns)


def _uneven(found: dict[str, Rows], where: str) -> MapError:
    """Return the error for a text that no separator splits into rows of the same length."""
    if not found:
        return MapError(
            f"{where}: expected a table with a column of structures, coordinates or samples and a column of values, "
            "with commas, semicolons or tabs between them; found one column."
        )
    separator = next(iter(found))
    (_, first), *others = found[separator]
    number, row = next((number, row) for number, row in others if len(row) != len(first))
    return MapError(
        f"{where}, row {number}: expected {len(first)} cells between {_NAMES[separator]}, as in the first row, found "
        f"{len(row)}. Put names with {_NAMES[separator]} in quotes."
    )

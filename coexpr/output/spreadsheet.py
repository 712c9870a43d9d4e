"""Spreadsheets (.xlsx): typed cells, a header that stays in view, filters, and the provenance on a sheet of its own.

Text is always written as text: SEPT2 is no date, and a name that begins with "=" is no formula.
"""

import datetime
import math
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from coexpr.errors import LimitError, OutputError
from coexpr.extras import require
from coexpr.output.columns import is_r, shown
from coexpr.output.files import explained
from coexpr.output.text import FORMULA
from coexpr.result import Provenance, Table

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

# Limits of the file format: rows below the header and columns of a sheet, and characters of a cell.
MAX_ROWS, _MAX_COLUMNS, _MAX_CHARACTERS = 1_048_575, 16_384, 32_767
# Larger whole numbers are not exact in a spreadsheet, which has only double precision.
_MAX_EXACT = 2**53
# Characters of the narrowest and the widest column.
_NARROW, _WIDE = 6, 50
_TEXT_FORMAT = "@"
_OTHER_FOLDER = "set TMPDIR to another folder for temporary files"
_FIRST_DATE = datetime.date(1900, 1, 1)


@dataclass(frozen=True)
class Formula:
    """A formula, such as "=CORREL(A2:A9,B2:B9)".

    It is written without a value, so what a spreadsheet shows is what it has computed itself.
    """

    text: str


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook.

    Parameters
    ----------
    name : str
        At most 31 characters.
    columns : sequence of str
    rows : iterable of sequences
        One value per column: text, numbers, dates, None, or formulas.
    number_formats : mapping of str to str
        The format of numbers of a column; by default r has three decimals.
    """

    name: str
    columns: Sequence[str]
    rows: Iterable[Sequence[Any]]
    number_formats: Mapping[str, str] = field(default_factory=dict)


def write_xlsx(result: Table[Provenance], stream: IO[bytes]) -> None:
    """Write a result as a workbook with two sheets, the rows and the provenance."""
    write_workbook([Sheet("result", result.columns, result.rows)], result.provenance.as_dict(), stream)


def write_workbook(sheets: Sequence[Sheet], provenance: Mapping[str, Any], stream: IO[bytes]) -> None:
    """Write sheets as a workbook, followed by a sheet with the provenance.

    Raises
    ------
    LimitError
        If a sheet has more rows or columns than a spreadsheet can have.
    OutputError
        If a text is longer than a cell can be.
    """
    require("xlsxwriter")
    # xlsxwriter leaves temporary files and half a workbook behind if it fails: they are in a folder that is removed.
    with ExitStack() as stack:
        with explained(Path("a temporary file"), _OTHER_FOLDER):
            folder = stack.enter_context(tempfile.TemporaryDirectory())
        workbook = Path(folder) / "workbook"
        with explained(Path(folder), _OTHER_FOLDER), workbook.open("wb") as whole:
            _write_sheets([*sheets, Sheet("provenance", ("name", "value"), _flat(provenance))], folder, whole)
        with workbook.open("rb") as whole:
            shutil.copyfileobj(whole, stream)


def _write_sheets(sheets: Sequence[Sheet], folder: str, whole: IO[bytes]) -> None:
    from xlsxwriter import Workbook
    from xlsxwriter.exceptions import FileCreateError

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "tmpdir": folder}
    try:
        with Workbook(_WorkbookFile(whole), options) as workbook:
            for sheet in sheets:
                _SheetWriter(workbook, sheet).write()
    except FileCreateError as error:
        raise error.args[0] from None


class _WorkbookFile:
    """The file of a workbook, which ignores whatever is written after it was closed.

    xlsxwriter does not close its archive if writing fails, so that zipfile writes the rest when the archive is deleted.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._position = 0

    def write(self, block: bytes) -> int:
        self._position += len(block)
        return len(block) if self._stream.closed else self._stream.write(block)

    def seek(self, offset: int) -> int:
        self._position = offset
        return offset if self._stream.closed else self._stream.seek(offset)

    def tell(self) -> int:
        return self._position

    def flush(self) -> None:
        if not self._stream.closed:
            self._stream.flush()


class _Exact(float):
    """A number that is formatted with as many digits as it needs; xlsxwriter formats numbers with 16 digits."""

    def __format__(self, spec: str) -> str:
        return float.__repr__(self)


class _SheetWriter:
    """Writes the cells of a sheet from top to bottom."""

    def __init__(self, workbook: "Workbook", sheet: Sheet) -> None:
        self._sheet = sheet
        self._target: Worksheet = workbook.add_worksheet(sheet.name)
        self._header = workbook.add_format({"bold": True, "bottom": 1, "num_format": _TEXT_FORMAT})
        self._text = workbook.add_format({"num_format": _TEXT_FORMAT})
        # Without it, editing a cell that begins with "=" would turn it into a formula.
        self._quoted = workbook.add_format({"num_format": _TEXT_FORMAT, "quote_prefix": True})
        self._date = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        by_column = {name: "0.000" for name in sheet.columns if is_r(name)} | dict(sheet.number_formats)
        formats = {text: workbook.add_format({"num_format": text}) for text in set(by_column.values())}
        self._numbers = [formats.get(by_column.get(name, "")) for name in sheet.columns]
        self._widths = [len(name) + 3 for name in sheet.columns]

    def write(self) -> None:
        """Write header and rows."""
        columns = len(self._sheet.columns)
        if columns > _MAX_COLUMNS:
            raise LimitError(
                f"a spreadsheet has at most {_MAX_COLUMNS:,} columns, and the result has {columns:,}. Use CSV or "
                "Parquet."
            )
        for column, name in enumerate(self._sheet.columns):
            self._check_length(0, column, name)
            self._target.write_string(0, column, name, self._header)
        last = 0
        for last, row in enumerate(self._sheet.rows, start=1):
            if last > MAX_ROWS:
                raise LimitError(f"a spreadsheet has at most {MAX_ROWS:,} rows below its header. Use CSV or Parquet.")
            for column, value in enumerate(row):
                self._write_cell(last, column, value)
        self._target.freeze_panes(1, 0)
        if columns:
            self._target.autofilter(0, 0, last, columns - 1)
        for column, width in enumerate(self._widths):
            self._target.set_column(column, column, max(_NARROW, min(width, _WIDE)))

    def _write_cell(self, row: int, column: int, value: Any) -> None:
        if isinstance(value, Decimal) and not (value.is_finite() and abs(value) > _MAX_EXACT):
            value = float(value)
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return
        if isinstance(value, Formula):
            self._target.write_formula(row, column, value.text, self._numbers[column], "")
            self._fit(column, 12)
        elif isinstance(value, bool):
            self._target.write_boolean(row, column, value)
        elif _is_exact(value):
            self._target.write_number(row, column, _Exact(value), self._numbers[column])
            self._fit(column, len(shown(self._sheet.columns[column], value)))
        elif isinstance(value, datetime.date) and _naive(value).isoformat() >= _FIRST_DATE.isoformat():
            self._target.write_datetime(row, column, _naive(value), self._date)
            self._fit(column, 19)
        else:
            self._write_text(row, column, shown("", value) if isinstance(value, list | dict) else str(value))

    def _check_length(self, row: int, column: int, text: str) -> None:
        if len(text) > _MAX_CHARACTERS:
            raise OutputError(
                f"row {row:,}, column {self._sheet.columns[column]:.80}: a cell of a spreadsheet has at most "
                f"{_MAX_CHARACTERS:,} characters, and this text has {len(text):,}. Use CSV or Parquet."
            )

    def _write_text(self, row: int, column: int, text: str) -> None:
        self._check_length(row, column, text)
        self._target.write_string(row, column, text, self._quoted if text.startswith(FORMULA) else self._text)
        self._fit(column, len(text))

    def _fit(self, column: int, characters: int) -> None:
        self._widths[column] = max(self._widths[column], characters + 1)


def _is_exact(value: Any) -> bool:
    """Return whether a spreadsheet can hold a value as a number."""
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and abs(value) <= _MAX_EXACT


def _naive(value: datetime.date) -> datetime.date:
    """Return a time in UTC without its time zone, which a spreadsheet does not have."""
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        return value.astimezone(datetime.UTC).replace(tzinfo=None)
    return value


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield nested provenance as names and values: data.donors, data.samples_by_donor.H0351.2001."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _flat(item, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list | tuple) and any(isinstance(item, Mapping) for item in value):
        for number, item in enumerate(value, start=1):
            yield from _flat(item, f"{name}.{number}")
    elif isinstance(value, list | tuple | Mapping | str):
        text = value if isinstance(value, str) else ", ".join(map(str, value))
        for start in range(0, max(1, len(text)), _MAX_CHARACTERS):
            yield name, text[start : start + _MAX_CHARACTERS]
    else:
        yield name, value

"""Additional file 8 of Miller et al. 2014 (doi 10.1186/1471-2164-15-154): agreement of probes with RNA-seq.

A workbook with a banner in row 1, a header in row 2 whose first two cells (probe and gene) are blank, and one row per
probe. A spreadsheet program damaged gene symbols in it, so only the probe names are used.
"""

import math
import re
from collections.abc import Callable
from typing import Any

import pyarrow as pa

from coexpr.errors import DownloadError
from coexpr.readers.place import File
from coexpr.readers.printable import has_control
from coexpr.readers.published_table import PublishedTable
from coexpr.readers.tables import decimal_number
from coexpr.readers.workbook import first_sheet

KIND = "agreement of probes with RNA-seq"
# Our names and those of the header.
_NUMBERS = {"slope": "m", "intercept": "b", "r": "R", "p": "P-value", "q": "Q-value"}
_PASSES = "Pass?"
_REQUIRED = ("R", "P-value", "Q-value", _PASSES)
# The header is in row 2, or in row 1 of edited copies; it is searched for in this number of rows.
_HEADER_AMONG = 5
_PROBE_NAME = re.compile(r"A_\d+_P\d+|CUST_\d+_PI\d+")
_RANGES = {"r": (-1, 1), "p": (0, 1), "q": (0, 1)}
_ORIGINAL = "Use the original file from the journal."


def recognises(file: File) -> bool:
    """Return whether a workbook has the columns of Additional file 8."""
    return _header_row(first_sheet(file.location, _HEADER_AMONG)) is not None


def read(file: File) -> PublishedTable:
    """Read Additional file 8.

    Raises
    ------
    DownloadError
        If it is another workbook, or a cell is not as expected; the message names row and column.
    """
    cells = first_sheet(file.location)
    top = _header_row(cells)
    if top is None:
        found = ", ".join(cell for cell in (cells[1] if len(cells) > 1 else []) if cell) or "nothing"
        raise DownloadError(
            f"{file.location} is a workbook, but not Additional file 8 of Miller et al. 2014: expected "
            f"{', '.join(_REQUIRED)} in row 2, found {found:.200}.",
            remedy=_ORIGINAL,
        )
    header = [cell.strip() for cell in cells[top]]
    wanted: dict[str, tuple[int, Callable[[str], Any]]] = {"probe_name": (0, _name)}
    wanted |= {name: (header.index(cell), _number(name)) for name, cell in _NUMBERS.items() if cell in header}
    wanted["passes"] = (header.index(_PASSES), _truth)
    columns: dict[str, list[Any]] = {name: [] for name in wanted}
    rows: dict[str, int] = {}
    for number, row in enumerate(cells[top + 1 :], start=top + 2):
        if not any(map(str.strip, row)):
            continue
        for name, (index, parse) in wanted.items():
            try:
                columns[name].append(parse(_cell(row, index)))
            except ValueError as error:
                raise DownloadError(
                    f"{file.location}, row {number}, column {header[index] or index + 1}: expected {error}, found "
                    f"{_cell(row, index)!r:.60}.",
                    remedy=_ORIGINAL,
                ) from None
        probe = columns["probe_name"][-1]
        if (first := rows.setdefault(probe, number)) != number:
            raise DownloadError(f"{file.location}, row {number}: probe {probe} is already in row {first}.")
    if not rows:
        raise DownloadError(f"{file.location} has a header but no rows.", remedy="Download it again.")
    if not any(map(_PROBE_NAME.fullmatch, rows)):
        raise DownloadError(
            f"{file.location}: expected names of probes such as A_23_P216779 in the first column, found "
            f"{next(iter(rows))!r:.60}.",
            remedy=_ORIGINAL,
        )
    types = {"probe_name": pa.string(), "passes": pa.bool_()}
    return PublishedTable(
        "rnaseq_agreement",
        pa.table({name: pa.array(columns[name], types.get(name, pa.float64())) for name in wanted}),
    )


def _header_row(cells: list[list[str]]) -> int | None:
    for number, row in enumerate(cells[:_HEADER_AMONG]):
        if set(_REQUIRED) <= set(map(str.strip, row)):
            return number
    return None


def _cell(row: list[str], index: int) -> str:
    return row[index].strip() if index < len(row) else ""


def _name(cell: str) -> str:
    if not cell or has_control(cell):
        raise ValueError("the name of a probe")
    return cell


def _number(name: str) -> Callable[[str], float | None]:
    low, high = _RANGES.get(name, (-math.inf, math.inf))
    what = f"a number from {low} to {high}" if name in _RANGES else "a number"

    def parse(cell: str) -> float | None:
        if cell in ("", "NA", "NaN"):
            return None
        try:
            number = decimal_number(cell)
        except ValueError:
            raise ValueError(what) from None
        if not low <= number <= high:
            raise ValueError(what)
        return number

    return parse


def _truth(cell: str) -> bool | None:
    """Parse TRUE or FALSE as written by several programs; None if blank, for a probe that could not be tested."""
    truths = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False, "": None, "na": None}
    try:
        return truths[cell.lower()]
    except KeyError:
        raise ValueError("TRUE, FALSE or blank") from None

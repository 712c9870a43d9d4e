"""Tables that may have a column of genes: their cells, headers and columns."""

import re
from dataclasses import dataclass

from coexpr.readers import limits
from coexpr.readers.category_file import Lookup, WrongFormatError
from coexpr.readers.cells import PROSE_HEADERS, SET_HEADERS, SPECIES_HEADERS, SYMBOL_HEADERS, is_id_header, split_rows
from coexpr.readers.gene_cells import is_column_number, is_missing
from coexpr.readers.tables import plain_header
from coexpr.readers.text import split_lines

_HUMAN = re.compile(r"\b(human|hs|hsa|homo sapiens|h\. ?sapiens|9606)\b", re.I)
_LONGEST_TITLE = 60
NAMED_IN_MESSAGES = 12
_SEPARATORS = "\t;,"


@dataclass(frozen=True)
class Table:
    """The cleaned cells of a table.

    Parameters
    ----------
    header : list of str or None
    rows : list of list of str
        Each as long as the header.
    """

    header: list[str] | None
    rows: list[list[str]]

    @property
    def width(self) -> int:
        """The number of columns."""
        return len(self.rows[0]) if self.rows else len(self.header or [])

    def column(self, number: int) -> list[str]:
        """Return the cells of a column."""
        return [row[number] for row in self.rows]

    def title(self, number: int) -> str:
        """Return the header of a column, or its number, for messages."""
        header = self.header[number] if self.header else ""
        return repr(header[:_LONGEST_TITLE]) if header else f"column {number + 1}"

    def kind(self, number: int) -> str:
        """Return the kind of a column by its header: "id", "symbol", "prose" or "other"."""
        plain = plain_header(self.header[number]) if self.header else ""
        if is_id_header(plain):
            return "id"
        if plain in SYMBOL_HEADERS:
            return "symbol"
        return "prose" if plain in PROSE_HEADERS else "other"

    def find(self, wanted: str) -> int:
        """Return the index of a column given by its header, or by its number counted from 1.

        Raises
        ------
        WrongFormatError
            If there is no such column, or several.
        """
        found = [
            number for number, name in enumerate(self.header or []) if plain_header(name) == plain_header(wanted) != ""
        ]
        exact = [number for number in found if self.header and self.header[number] == wanted]
        found = exact or found
        if not found and is_column_number(wanted) and 1 <= int(wanted) <= self.width:
            found = [int(wanted) - 1]
        if len(found) != 1:
            names = ", ".join(self.title(number) for number in range(min(self.width, NAMED_IN_MESSAGES)))
            raise WrongFormatError(
                f"it has {'no' if not found else 'more than one'} column {wanted!r:.60}; its columns are {names}"
            )
        return found[0]

    def find_set_column(self) -> int | None:
        """Return the index of the column of gene sets, found by its header; None if there is none."""
        plain = [plain_header(name) for name in self.header or []]
        return next((plain.index(name) for name in SET_HEADERS if name in plain), None)

    def of_humans(self) -> tuple["Table", int]:
        """Return the table without rows of other species, and the number of rows left out.

        Raises
        ------
        WrongFormatError
            If no row is human.
        """
        plain = [plain_header(name) for name in self.header or []]
        number = next((number for number, name in enumerate(plain) if name in SPECIES_HEADERS), None)
        if number is None:
            return self, 0
        kept = [row for row in self.rows if is_missing(row[number]) or _HUMAN.search(row[number])]
        if not kept:
            raise WrongFormatError(f"no row of its column {self.title(number)} is human")
        return Table(self.header, kept), len(self.rows) - len(kept)


def read_table(text: str, lookup: Lookup) -> Table:
    """Split a text into the cells of a table.

    Raises
    ------
    WrongFormatError
        If it is not a table, or too large.
    """
    if any(len(line) > limits.COLUMNS and _width(line) > limits.COLUMNS for line in split_lines(text)):
        raise WrongFormatError(
            f"it has lines of more than {limits.COLUMNS:,} cells: make a file of the column of genes alone"
        )
    if max(map(text.count, _SEPARATORS)) > limits.TABLE_CELLS or text.count("\n") > limits.TABLE_ROWS:
        raise WrongFormatError(
            f"it has more than {limits.TABLE_ROWS:,} rows or {limits.TABLE_CELLS:,} cells: make a file of the column "
            "of genes alone"
        )
    return Table(*split_rows(text, lookup))


def _width(line: str) -> int:
    return max(map(line.count, _SEPARATORS)) + 1

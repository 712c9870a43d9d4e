"""Tables with a column of genes: CSV, TSV and lists, with or without a header, as other programs write them.

Which column holds the genes is decided by evidence: its header, and the share of its cells that name genes. A choice
that the evidence does not support is refused.
"""

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from coexpr.readers.category_file import Lookup, WrongFormatError
from coexpr.readers.gene_cells import clean_cell, is_id, is_missing, is_number, names_in, parts_of, share_of_names
from coexpr.readers.spreadsheet import is_date
from coexpr.readers.tables import plain_header
from coexpr.readers.text import split_lines

# Headers without case and punctuation.
_SYMBOL_HEADERS = {
    "gene", "genes", "genesymbol", "genesymbols", "symbol", "symbols", "hgncsymbol", "hgnc", "approvedsymbol",
    "genename", "genenames", "genenamesprimary", "externalgenename", "officialgenesymbol", "officialsymbol",
    "associatedgenename", "geneshortname", "hgncgenesymbol", "probename", "probe", "markergene", "targetgene",
}  # fmt: skip
_ID_HEADERS = {"ncbigene", "ncbigeneid", "ncbiid", "locuslink", "locuslinkid", "probeid"}
_SET_HEADERS = (
    "gsname", "geneset", "genesetname", "setname", "pathwayname", "pathway", "termname", "term", "cellname",
    "celltype", "celltypename", "category", "module", "cluster", "signature", "set", "ont", "goterm",
)  # fmt: skip
_SPECIES_HEADERS = {"species", "speciestype", "organism", "taxid", "taxonid", "taxon"}
_OTHER_HEADERS = {
    "rank", "index", "score", "logfc", "log2fc", "log2foldchange", "foldchange", "pvalue", "pval", "padj", "fdr",
    "qvalue", "basemean", "description", "chromosome", "ensembl", "ensemblid", "ensemblgeneid", "genestableid", "id",
    "name", "geneid", "weight", "count", "counts", "nhits", "r", "n", "p", "q", "type", "nicknames",
}  # fmt: skip
_HUMAN = re.compile(r"\b(human|hs|homo sapiens|h\. ?sapiens|9606)\b", re.I)
_ENOUGH = 0.5
_ENOUGH_OF_ONLY_COLUMN = 0.2
# Two columns that name other genes in a larger share of rows than this contradict each other.
_DISAGREEMENT = 0.2
# Numbers without a telling header are Entrez ids if nearly all are, and chance would give that once in a million times.
# Chance is how many of the numbers next to them are Entrez ids.
_NEARLY_ALL = 0.95
_DECADES = 6
_STEPS = (-7, -5, -3, -2, 2, 3, 5, 7)


@dataclass(frozen=True)
class Table:
    """The cells of a table, cleaned.

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
        """Return the header of a column for a message."""
        header = self.header[number] if self.header else ""
        return repr(header) if header else f"column {number + 1}"

    def find(self, wanted: str) -> int:
        """Return the column with a header, or with a number from 1.

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
        if not found and wanted.isdecimal() and 1 <= int(wanted) <= self.width:
            found = [int(wanted) - 1]
        if len(found) != 1:
            names = ", ".join(self.title(number) for number in range(self.width))
            raise WrongFormatError(f"it has {'no' if not found else 'more than one'} column {wanted!r}; it has {names}")
        return found[0]

    def species_column(self) -> int | None:
        """Return the column that says of which species a row is, if there is one."""
        for number, name in enumerate(self.header or []):
            if plain_header(name) in _SPECIES_HEADERS:
                return number
        return None

    def of_humans(self) -> tuple["Table", int]:
        """Return the rows that are not of other species only, and how many were left out."""
        number = self.species_column()
        if number is None or not any(_HUMAN.search(cell) for cell in self.column(number)):
            return self, 0
        kept = [row for row in self.rows if is_missing(row[number]) or _HUMAN.search(row[number])]
        return Table(self.header, kept), len(self.rows) - len(kept)


@dataclass(frozen=True)
class GeneColumn:
    """The column that holds the genes of a table.

    Parameters
    ----------
    number : int
    known : collection of str
        The names in the table that mean a gene.
    why : str
        Why this column was chosen, for the report.
    """

    number: int
    known: Mapping[str, Hashable]
    why: str

    def names(self, row: Sequence[str]) -> list[str]:
        """Return the names of genes in one row."""
        cell = row[self.number]
        return [] if is_missing(cell) else names_in(cell, self.known)


def read_table(text: str) -> Table:
    """Split a text into the cells of a table; lines that begin with # are comments.

    Raises
    ------
    WrongFormatError
        If rows have different numbers of cells.
    """
    lines = [line for line in split_lines(text) if line.strip()]
    first = next((number for number, line in enumerate(lines) if not line.startswith("#")), len(lines))
    data = [line for line in lines[first:] if not line.startswith("#")]
    if not data:
        raise WrongFormatError("it holds no names")
    separator = _separator(data)
    commented = lines[first - 1].lstrip("#") if first else ""
    if separator and first and commented.count(separator) == data[0].count(separator):
        data.insert(0, commented)  # a header behind a comment sign
    rows, has_header = _even(_cells(data, separator))
    return Table(rows[0], rows[1:]) if has_header or _is_header(rows) else Table(None, rows)


def _separator(lines: Sequence[str]) -> str | None:
    """Return what separates cells: the first of tab, semicolon and comma that gives all lines as many cells."""
    for separator in "\t;,":
        widths = [len(row) for row in _cells(lines, separator)]
        if max(widths) > 1 and min(widths) > 1 and (separator == "\t" or len(set(widths[1:])) <= 1):
            return separator
    return "\t" if any("\t" in line for line in lines) else None


def _cells(lines: Sequence[str], separator: str | None) -> list[list[str]]:
    if separator is None:
        return [[clean_cell(line)] for line in lines]
    text = "\n".join(lines)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error:  # a quotation mark that is part of a cell
        rows = [line.split(separator) for line in lines]
    return [[clean_cell(cell) for cell in row] for row in rows if row]


def _even(rows: list[list[str]]) -> tuple[list[list[str]], bool]:
    """Return rows of one length, and whether the first one is a header that lacks the cell over the row names.

    Raises
    ------
    WrongFormatError
        If a row is longer than most.
    """
    lengths = [len(row) for row in rows]
    usual = Counter(lengths[1:] or lengths).most_common(1)[0][0]
    if len(rows) > 1 and lengths[0] == usual - 1 and set(lengths[1:]) == {usual}:
        return [["", *rows[0]], *rows[1:]], True  # R leaves out the header of row names
    width = max(usual, lengths[0])
    for number, row in enumerate(rows, start=1):
        if any(row[width:]) or (number > 1 and any(row[usual:]) and lengths[0] < width):
            raise WrongFormatError(f"row {number} has {len(row)} cells, and most rows have {usual}")
    rows = [row[:width] + [""] * (width - len(row)) for row in rows]
    while width > 1 and not any(row[width - 1] for row in rows):
        width -= 1
    return [row[:width] for row in rows], False


def _is_header(rows: Sequence[Sequence[str]]) -> bool:
    """Say whether the first row is a header: a known word, a blank cell, or text above numbers."""
    first, rest = rows[0], rows[1:]
    plain = [plain_header(cell) for cell in first]
    if any(name in _SYMBOL_HEADERS or _is_id_header(name) for name in plain):
        return True
    if len(first) == 1 or not rest:
        return plain == ["geneid"]
    if any(name in _OTHER_HEADERS or name in _SET_HEADERS or name in _SPECIES_HEADERS for name in plain):
        return True
    for number, cell in enumerate(first):
        below = [row[number] for row in rest if not is_missing(row[number])]
        if not is_number(cell) and not is_missing(cell) and below and all(map(is_number, below)):
            return True
    return False


def _is_id_header(plain: str) -> bool:
    return plain in _ID_HEADERS or "entrez" in plain


def find_set_column(table: Table) -> int | None:
    """Return the column that names the set of each row, by its header; None if there is none."""
    plain = [plain_header(name) for name in table.header or []]
    return next((plain.index(name) for name in _SET_HEADERS if name in plain), None)


def look_up_cells(table: Table, lookup: Lookup) -> Mapping[str, Hashable]:
    """Return what the cells of a table that may be names mean."""
    cells = {
        cell for row in table.rows for cell in row if not is_missing(cell) and (is_id(cell) or not is_number(cell))
    }
    return lookup({part for cell in cells for part in parts_of(cell)})


def choose_gene_column(
    table: Table, lookup: Lookup, *, named: str | None = None, apart_from: int | None = None
) -> GeneColumn:
    """Return the column that holds the genes.

    Parameters
    ----------
    table : Table
    lookup : Lookup
    named : str, optional
        The column to use, whatever the evidence.
    apart_from : int, optional
        The column of sets, which is not one of genes.

    Raises
    ------
    WrongFormatError
        If no column holds genes, or several do and they name other genes.
    """
    known = look_up_cells(table, lookup)
    if named is not None:
        number = table.find(named)
        return GeneColumn(number, known, f"genes are read from {table.title(number)}, as requested")
    shares = {number: _share(table, number, known) for number in range(table.width) if number != apart_from}
    enough = _ENOUGH_OF_ONLY_COLUMN if table.width == 1 else _ENOUGH
    good = [number for number, share in shares.items() if share >= enough]
    titled = [number for number in good if _kind(table, number) != "other"]
    good = titled or good or [number for number in shares if _are_ids_beyond_chance(table, number, lookup)]
    if not good:
        raise WrongFormatError(f"no column holds names of genes. {_described(table, shares)}")
    best = max(good, key=lambda number: (round(shares[number], 2), _kind(table, number) == "id", -number))
    for other in good:
        if other != best and _disagree(table, best, other, known):
            raise WrongFormatError(
                f"{table.title(best)} and {table.title(other)} name different genes. {_described(table, shares)}"
            )
    share = shares[best] or share_of_names(table.column(best), known)
    is_id = all(is_id_or_missing(cell) for cell in table.column(best))
    why = f"{'Entrez ids' if is_id else 'genes'} are read from {table.title(best)}; {share:.0%} of its cells name genes"
    return GeneColumn(best, known, why)


def is_id_or_missing(cell: str) -> bool:
    """Say whether a cell can be an Entrez id, or has no value."""
    return is_missing(cell) or is_id(cell)


def _kind(table: Table, number: int) -> str:
    """Return what the header says of a column: "id", "symbol" or "other"."""
    plain = plain_header(table.header[number]) if table.header else ""
    if _is_id_header(plain):
        return "id"
    return "symbol" if plain in _SYMBOL_HEADERS else "other"


def _share(table: Table, number: int, known: Mapping[str, Hashable]) -> float:
    """Return the share of the cells of a column that name genes; numbers do only where they are expected."""
    cells = [cell for cell in table.column(number) if not is_missing(cell)]
    if not cells:
        return 0.0
    if _kind(table, number) == "id":
        return share_of_names(cells, known)
    if table.width == 1 and all(map(is_id, cells)):
        return 0.0 if _count_rows(cells) else share_of_names(cells, known)
    # A date in a column of symbols is a symbol that a spreadsheet changed.
    return sum(is_date(cell) or (not is_number(cell) and share_of_names([cell], known) > 0) for cell in cells) / len(
        cells
    )


def _count_rows(cells: Sequence[str]) -> bool:
    """Say whether cells are the numbers of rows: each one more than the one before."""
    if len(cells) < 2 or not all(map(is_id, cells)):
        return False
    numbers = [int(float(cell)) for cell in cells]
    return all(after - before == 1 for before, after in pairwise(numbers))


def _are_ids_beyond_chance(table: Table, number: int, lookup: Lookup) -> bool:
    """Say whether whole numbers without a telling header are Entrez ids: many more are than numbers next to them."""
    cells = {cell for cell in table.column(number) if not is_missing(cell)}
    if not cells or not all(map(is_id, cells)):
        return False
    numbers = {int(float(cell)) for cell in cells}
    neighbours = {one + step for one in numbers for step in _STEPS} - numbers
    known = lookup({str(one) for one in numbers | neighbours})
    found = sum(str(one) in known for one in numbers)
    chance = (1 + sum(str(one) in known for one in neighbours)) / (2 + len(neighbours))
    return found >= _NEARLY_ALL * len(numbers) and found * math.log10(chance) < -_DECADES


def _disagree(table: Table, one: int, other: int, known: Mapping[str, Hashable]) -> bool:
    """Say whether two columns name other genes in many of the rows in which both name some."""
    both = 0
    different = 0
    for row in table.rows:
        keys = [{known[name] for name in names_in(row[number], known) if name in known} for number in (one, other)]
        if keys[0] and keys[1]:
            both += 1
            different += not keys[0] & keys[1]
    return different > _DISAGREEMENT * both


def _described(table: Table, shares: Mapping[int, float]) -> str:
    if table.width == 1 and table.header is None:
        return f"{shares[0]:.0%} of its lines are names that are known"
    columns = ", ".join(f"{table.title(number)} {share:.0%}" for number, share in list(shares.items())[:12])
    return f"Cells that name genes: {columns}. Name the column with --gene-column"

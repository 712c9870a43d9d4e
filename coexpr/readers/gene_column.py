"""The column of genes of a table: CSV, TSV and lists, with or without a header.

It is found by its header and by the fraction of its cells that name genes. A table in which this is inconclusive is
refused.
"""

import math
from collections import Counter
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass

from coexpr.readers.category_file import Lookup, WrongFormatError
from coexpr.readers.gene_cells import (
    count_rows,
    holds_names,
    is_id,
    is_missing,
    is_number,
    names_in,
    parts_of,
    without_weight,
)
from coexpr.readers.gene_table import NAMED_IN_MESSAGES, Table
from coexpr.readers.spreadsheet import is_date

_ENOUGH = 0.5
_ENOUGH_WITHOUT_TITLE = 0.7
_ENOUGH_OF_ONLY_COLUMN = 0.2
# Two columns contradict each other if they name the same gene in a smaller fraction of rows.
_AGREEMENT = 0.8
# Whole numbers without a header of ids are read as Entrez ids if nearly all of them are Entrez ids, and this would
# happen by chance once in a million times. The chance of one number is the fraction of Entrez ids among numbers close
# to it, at the distances _STEPS.
_NEARLY_ALL = 0.95
_DECADES = 6
_STEPS = (-7, -5, -3, -2, 2, 3, 5, 7)


@dataclass(frozen=True)
class GeneColumn:
    """The column of genes of a table.

    Parameters
    ----------
    number : int
    others : sequence of int
        Columns that name the same genes, used for rows in which the column does not name one.
    known : mapping of str
        The names in the table that mean a gene, with the key of the gene.
    why : str
        How the column was found, for the report.
    """

    number: int
    others: Sequence[int]
    known: Mapping[str, Hashable]
    why: str

    def names(self, row: Sequence[str]) -> list[str]:
        """Return the names of genes in one row."""
        cell = row[self.number]
        if not holds_names(cell, self.known):
            cell = next((row[other] for other in self.others if holds_names(row[other], self.known)), cell)
        return [] if is_missing(cell) else names_in(cell, self.known)


def look_up_cells(table: Table, lookup: Lookup) -> Mapping[str, Hashable]:
    """Look up all cells of a table that may be names."""
    cells: set[str] = set()
    for number in range(table.width):
        are_ids = table.kind(number) == "id"
        found = set(table.column(number))
        cells |= {cell for cell in found if not is_missing(cell) and (are_ids or is_id(cell) or not is_number(cell))}
    return lookup({part for cell in cells for part in parts_of(cell)})


def choose_gene_column(
    table: Table, lookup: Lookup, *, named: str | None = None, apart_from: int | None = None
) -> GeneColumn:
    """Find the column of genes.

    Parameters
    ----------
    table : Table
    lookup : Lookup
    named : str, optional
        Header or number of the column to use, without regard to its contents.
    apart_from : int, optional
        Index of the column of gene sets, which is not considered.

    Raises
    ------
    WrongFormatError
        If no column contains genes, or several do and name different genes.
    """
    known = look_up_cells(table, lookup)
    if named is not None:
        number = table.find(named)
        return GeneColumn(number, (), known, f"genes are read from {table.title(number)}, as requested")
    candidates = [number for number in range(table.width) if number != apart_from and table.kind(number) != "prose"]
    shares = {number: _share(table, number, known) for number in candidates}
    good = [number for number, share in shares.items() if share >= _enough(table, number)]
    if not good:
        good = [number for number in shares if _are_ids_beyond_chance(table, number, lookup)]
        good += [number for number in shares if good and number not in good and _may_be_ids(table, number, known)]
    titled = [number for number in good if table.kind(number) != "other"] or good
    if not good:
        raise WrongFormatError(f"no column holds names of genes. {_described(table, shares)}")
    best = max(titled, key=lambda number: (_coverage(table, number, known), table.kind(number) == "id", -number))
    for other in titled:
        if other != best and _agreement(table, best, other, known) < _AGREEMENT:
            raise WrongFormatError(
                f"{table.title(best)} and {table.title(other)} name different genes. {_described(table, shares)}"
            )
    _refuse_labels(table, best, known, shares)
    _refuse_weights(table, best)
    are_ids = all(is_missing(cell) or is_id(cell) for cell in table.column(best))
    share = shares[best] or _coverage(table, best, known)
    why = (
        f"{'Entrez ids' if are_ids else 'genes'} are read from {table.title(best)}; {share:.0%} of its cells name genes"
    )
    others = [number for number in good if number in titled or _agreement(table, best, number, known) >= _AGREEMENT]
    return GeneColumn(best, others, known, why)


def _enough(table: Table, number: int) -> float:
    """Return the fraction of the cells that must name genes for a column to be accepted."""
    if table.width == 1:
        return _ENOUGH_OF_ONLY_COLUMN
    return _ENOUGH if table.kind(number) != "other" else _ENOUGH_WITHOUT_TITLE


def _share(table: Table, number: int, known: Mapping[str, Hashable]) -> float:
    """Return the fraction of the cells of a column that name genes; numbers count only where ids are expected."""
    counts = Counter(table.column(number))  # cells that repeat are examined once
    cells = [cell for cell in counts if not is_missing(cell)]
    if not cells:
        return 0.0
    if table.kind(number) == "id":
        holds = [cell for cell in cells if holds_names(cell, known)]
    elif table.width == 1 and all(map(is_id, cells)):
        holds = [] if count_rows(_given(table, number)) else [cell for cell in cells if holds_names(cell, known)]
    else:  # a date in a column of symbols is a symbol that a spreadsheet changed
        holds = [cell for cell in cells if is_date(cell) or (not is_number(cell) and holds_names(cell, known))]
    return sum(map(counts.__getitem__, holds)) / sum(map(counts.__getitem__, cells))


def _given(table: Table, number: int) -> list[str]:
    """Return the cells of a column that have a value."""
    return [cell for cell in table.column(number) if not is_missing(cell)]


def _coverage(table: Table, number: int, known: Mapping[str, Hashable]) -> float:
    """Return the fraction of rows in which a column names genes, rounded to two decimals."""
    counts = Counter(table.column(number))
    return round(sum(counts[cell] for cell in counts if holds_names(cell, known)) / max(1, len(table.rows)), 2)


def _are_ids_beyond_chance(table: Table, number: int, lookup: Lookup) -> bool:
    """Return whether whole numbers without a header of ids are Entrez ids, more often than numbers close to them."""
    cells = {cell for cell in table.column(number) if not is_missing(cell)}
    if not cells or not all(map(is_id, cells)):
        return False
    numbers = {int(float(cell)) for cell in cells}
    neighbours = {one + step for one in numbers for step in _STEPS} - numbers
    known = lookup({str(one) for one in numbers | neighbours})
    found = sum(str(one) in known for one in numbers)
    chance = (1 + sum(str(one) in known for one in neighbours)) / (2 + len(neighbours))
    return found >= _NEARLY_ALL * len(numbers) and found * math.log10(chance) < -_DECADES


def _may_be_ids(table: Table, number: int, known: Mapping[str, Hashable]) -> bool:
    """Return whether nearly all cells of a column are Entrez ids, possibly by chance, and not row numbers."""
    cells = _given(table, number)
    are_known = [is_id(cell) and cell in known for cell in cells]
    return bool(cells) and sum(are_known) >= _NEARLY_ALL * len(cells) and not count_rows(cells)


def _agreement(table: Table, one: int, other: int, known: Mapping[str, Hashable]) -> float:
    """Return the fraction of rows in which two columns name the same gene, among the rows in which both name a gene.

    NaN if there is no such row.
    """
    same = []
    for row in table.rows:
        keys = [{known[name] for name in names_in(row[number], known) if name in known} for number in (one, other)]
        if keys[0] and keys[1]:
            same.append(not keys[0].isdisjoint(keys[1]))
    return sum(same) / len(same) if same else math.nan


def _refuse_labels(table: Table, number: int, known: Mapping[str, Hashable], shares: Mapping[int, float]) -> None:
    """Raise WrongFormatError if a column without a header of genes repeats few names, and another may contain ids.

    Such names may be labels: "up", for example, is an alias of a gene too.
    """
    cells = _given(table, number)
    if table.kind(number) != "other" or len(set(cells)) > max(1, len(cells) / 2):
        return
    for other in shares:
        ids = _given(table, other)
        if other != number and ids and all(holds_names(cell, known) and _holds_ids(cell, known) for cell in ids):
            raise WrongFormatError(
                f"{table.title(number)} repeats few names, and {table.title(other)} may contain Entrez ids. "
                f"{_described(table, shares)}"
            )


def _refuse_weights(table: Table, number: int) -> None:
    """Raise WrongFormatError if the cells of a column without a header of genes have numbers after names."""
    cells = _given(table, number)
    weighted = sum(without_weight(cell) != cell for cell in cells)
    if table.width > 1 and table.kind(number) == "other" and weighted > len(cells) / 2:
        raise WrongFormatError(
            f"the cells of {table.title(number)} have numbers after names, as in gene sets with weights. Use `format` "
            "gmt for gene sets, or name the column with `gene_column`",
            is_ambiguous=True,
        )


def _holds_ids(cell: str, known: Collection[str]) -> bool:
    return all(map(is_id, names_in(cell, known)))


def _described(table: Table, shares: Mapping[int, float]) -> str:
    if table.width == 1 and table.header is None:
        return f"{shares[0]:.0%} of its lines name genes"
    columns = ", ".join(
        f"{table.title(number)} {share:.0%}" for number, share in list(shares.items())[:NAMED_IN_MESSAGES]
    )
    return f"Cells that name genes: {columns}. Name the column with `gene_column`"

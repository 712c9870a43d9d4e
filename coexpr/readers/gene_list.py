"""Lists and tables of genes as categories: one list of genes, or one gene set per value of another column.

A long table has one row per set and gene, as in PanglaoDB, CellMarker and the TERM2GENE tables of clusterProfiler.
"""

from collections.abc import Callable, Collection, Sequence
from itertools import chain
from pathlib import Path
from typing import Literal

from coexpr.readers.category_file import Category, CategoryFile, Lookup, WrongFormatError
from coexpr.readers.gene_cells import holds_alternatives, is_id, is_missing, is_number, tokens_of, without_weight
from coexpr.readers.gene_column import GeneColumn, choose_gene_column, look_up_cells
from coexpr.readers.gene_table import Table
from coexpr.readers.text_file import STDIN

_LONGEST_NAME = 60

ReadTable = Callable[[], Table]


def read_list(
    read_table: ReadTable,
    text: str,
    path: Path,
    lookup: Lookup,
    *,
    gene_column: str | None = None,
    layout: Literal["list", "table"] | None = None,
) -> CategoryFile:
    """Read a list of genes: one or several names per line, or a column of a table.

    Parameters
    ----------
    read_table : callable
        Returns the table of the text; see `coexpr.readers.gene_table.read_table`.
    text : str
    path : path
    lookup : Lookup
    gene_column : str, optional
        Header or number of the column of genes. By default, it is found by its contents.
    layout : {"list", "table"}, optional
        Whether all cells are names, or those of one column. By default, recognised by the contents.

    Raises
    ------
    WrongFormatError
        If it does not contain names of genes, or the column of genes is ambiguous.
    """
    table, left_out = read_table().of_humans()
    what = "list of genes" if table.width == 1 else "table with a column of genes"
    notes: Sequence[str]
    if gene_column is None and (names := _all_names(table, text, lookup, layout)):
        notes, what = [], "list of genes"
    else:
        column = choose_gene_column(table, lookup, named=gene_column)
        names = [name for row in table.rows for name in column.names(row)]
        notes = _notes(table, column, left_out)
    members = list(dict.fromkeys(names))
    if not members:
        raise WrongFormatError("it contains no names")
    if invalid := next((name for name in members if len(name) > _LONGEST_NAME or not name.isprintable()), None):
        raise WrongFormatError(f"{invalid!r:.60} is not the name of a gene")
    name = "stdin" if path == STDIN else path.name.partition(".")[0] or path.name
    return CategoryFile(what, [Category(name, members)], source="list", notes=tuple(notes))


def read_long(
    read_table: ReadTable,
    path: Path,
    lookup: Lookup,
    *,
    gene_column: str | None = None,
    set_column: str | None = None,
    is_forced: bool = False,
) -> CategoryFile:
    """Read a long table, with one row per gene set and gene.

    Raises
    ------
    WrongFormatError
        If it has no column of gene sets, or no column of genes.
    """
    table, left_out = read_table().of_humans()
    number = table.find(set_column) if set_column else table.find_set_column()
    if number is None and is_forced and table.width == 2:
        if len(set(table.column(0))) > len(set(table.column(1))):
            raise WrongFormatError("its second column repeats more names than its first: give `set_column` 1 or 2")
        number = 0
    if number is None or table.width < 2:
        raise WrongFormatError("no column has a header of gene sets, such as gs_name, term, pathway or cell type")
    column = choose_gene_column(table, lookup, named=gene_column, apart_from=number)
    sets: dict[str, dict[str, None]] = {}
    without_set = 0
    for row in table.rows:
        if is_missing(row[number]):
            without_set += 1
        else:
            sets.setdefault(row[number], {}).update(dict.fromkeys(column.names(row)))
    notes = [f"each value of {table.title(number)} is a gene set", *_notes(table, column, left_out)]
    if without_set:
        notes.append(f"rows without a gene set, left out: {without_set:,}")
    categories = [Category(name, list(members)) for name, members in sets.items()]
    return CategoryFile("long table", categories, source=path.name.partition(".")[0], notes=tuple(notes))


def refuse_headerless_sets(read_table: ReadTable, lookup: Lookup) -> None:
    """Raise WrongFormatError for two columns without a header that may be gene sets and their genes.

    They are if one column repeats names, and the other contains genes.
    """
    table = read_table()
    if table.header is not None or table.width != 2:
        return
    known = look_up_cells(table, lookup)
    for sets, cells in ((table.column(0), table.column(1)), (table.column(1), table.column(0))):
        repeat = (len(sets) == 1 or len(set(sets)) < len(sets)) and not any(map(is_number, sets))
        genes = [cell for cell in cells if not is_missing(cell)]
        if repeat and genes and all(cell in known and not is_number(cell) for cell in genes):
            raise WrongFormatError(
                "its two columns may be gene sets and their genes. Use `format` long if the first column contains gene "
                "sets, or `format` table for one list",
                is_ambiguous=True,
            )


def _all_names(table: Table, text: str, lookup: Lookup, layout: str | None) -> list[str]:
    """Return the names of a text that contains only names; an empty list for any other text.

    Raises
    ------
    WrongFormatError
        If tab-separated lines may be gene sets, or only some words of a line are names.
    """
    if table.header is not None or layout == "table":
        return []
    different = {cell for cell in set(chain.from_iterable(table.rows)) if not is_missing(cell)}
    cells = [cell for row in table.rows for cell in row if cell in different]
    if table.width == 1:
        return _names_between_spaces(cells, lookup)
    if layout == "list":
        return cells
    known = lookup(set(map(without_weight, different)))
    if "\t" in text and _may_be_sets(table, known):
        raise WrongFormatError(
            "its cells name genes: it may be a list, a table or gene sets. Use `format` list, `format` table or "
            "`format` gmt",
            is_ambiguous=True,
        )
    if not known.keys() >= different:
        return []
    if any(map(is_number, different)) and not (len(table.rows) == 1 and _are_listed_ids(cells)):
        return []
    return cells


def _are_listed_ids(cells: Sequence[str]) -> bool:
    """Return whether the numbers of one line are a list of Entrez ids, not the scores and ids in a row of a table."""
    return len(cells) > 2 and all(cell.isascii() and cell.isdecimal() and len(cell) > 2 for cell in cells)


def _may_be_sets(table: Table, known: Collection[str]) -> bool:
    """Return whether rows may be names of gene sets, descriptions and genes, as in a GMT file."""
    if len(table.rows) == 1:
        first, second = table.rows[0][:2]
        return (is_missing(second) or second == first) and all(
            without_weight(cell) in known for cell in table.rows[0] if not is_missing(cell)
        )
    members = [without_weight(cell) for row in table.rows for cell in row[2:] if not is_missing(cell)]
    if not members:  # two columns; numbers and names together are a table
        return not any(is_number(cell) for row in table.rows for cell in row) and all(
            cell in known for row in table.rows for cell in row if not is_missing(cell)
        )
    are_symbols = not any(map(is_number, members))
    return all(member in known for member in members) and (are_symbols or table.width > 3)


def _names_between_spaces(lines: Sequence[str], lookup: Lookup) -> list[str]:
    """Return the names in lines of several names separated by spaces; an empty list for any other lines.

    Raises
    ------
    WrongFormatError
        If some words of such lines are names of genes, and others are not.
    """
    several = [line for line in lines if len(tokens_of(line)) > 1 and "," not in line and ";" not in line]
    known = lookup({part for line in lines for part in (line, *tokens_of(line))})
    several = [line for line in several if line not in known]
    if not several:
        return []
    of_lines = [{known[token] for token in tokens_of(line) if token in known} for line in several]
    if all(len(genes) < 2 for genes in of_lines):
        return []  # other names of one gene, or words
    if not all(token in known for line in several for token in tokens_of(line)):
        raise WrongFormatError("some lines contain both names of genes and other words, separated by spaces")
    return [name for line in lines for name in ([line] if line in known else tokens_of(line))]


def _notes(table: Table, column: GeneColumn, left_out: int) -> list[str]:
    cells = [cell for cell in table.column(column.number) if not is_missing(cell)]
    notes = [column.why] if table.width > 1 else ["its numbers are read as Entrez ids"] * all(map(is_id, cells))
    if blank := sum(not column.names(row) for row in table.rows):
        notes.append(f"rows without a gene: {blank:,}")
    if several := sum(holds_alternatives(cell, column.known) for cell in cells):
        notes.append(f"cells with several names between bars, slashes or spaces, reduced to the first: {several:,}")
    if left_out:
        notes.append(f"rows of species other than human, left out: {left_out:,}")
    return notes

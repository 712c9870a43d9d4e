"""Lists and tables of genes as categories: one list of genes, or a set for every value of another column.

A long table has one row per set and gene, as PanglaoDB, CellMarker and the TERM2GENE of clusterProfiler have.
"""

from pathlib import Path

from coexpr.readers.category_file import Category, CategoryFile, Lookup, WrongFormatError
from coexpr.readers.gene_cells import is_id, is_missing
from coexpr.readers.gene_table import (
    GeneColumn,
    Table,
    choose_gene_column,
    find_set_column,
    look_up_cells,
    read_table,
)
from coexpr.readers.text import STDIN

_LONGEST_NAME = 60


def read_list(text: str, path: Path, lookup: Lookup, *, gene_column: str | None = None) -> CategoryFile:
    """Read a list of genes: one or several names per line, or a column of a table.

    Raises
    ------
    WrongFormatError
        If it does not hold names of genes, or it is doubtful which column does.
    """
    table, left_out = read_table(text).of_humans()
    if gene_column is None and _is_all_names(table, lookup):
        names = [name for row in table.rows for name in row if not is_missing(name)]
        notes = []
        what = "list of genes"
    else:
        column = choose_gene_column(table, lookup, named=gene_column)
        names = [name for row in table.rows for name in column.names(row)]
        notes = _notes(table, column, left_out)
        what = "list of genes" if table.width == 1 else "table with a column of genes"
    members = list(dict.fromkeys(names))
    if not members:
        raise WrongFormatError("it holds no names")
    if strange := next((name for name in members if len(name) > _LONGEST_NAME or not name.isprintable()), None):
        raise WrongFormatError(f"{strange!r:.60} is no name of a gene")
    name = "stdin" if path == STDIN else path.name.partition(".")[0] or path.name
    return CategoryFile(what, [Category(name, members)], source="list", notes=tuple(notes))


def read_long(
    text: str,
    path: Path,
    lookup: Lookup,
    *,
    gene_column: str | None = None,
    set_column: str | None = None,
    is_forced: bool = False,
) -> CategoryFile:
    """Read a long table: a row per set and gene.

    Raises
    ------
    WrongFormatError
        If no column names sets, or none genes.
    """
    table, left_out = read_table(text).of_humans()
    number = table.find(set_column) if set_column else find_set_column(table)
    if number is None and is_forced and table.width == 2:
        number = 0
    if number is None or table.width < 2:
        raise WrongFormatError("no column has a header of sets, such as gs_name, term, pathway or cell type")
    column = choose_gene_column(table, lookup, named=gene_column, apart_from=number)
    sets: dict[str, dict[str, None]] = {}
    nameless = 0
    for row in table.rows:
        if is_missing(row[number]):
            nameless += 1
        else:
            sets.setdefault(row[number], {}).update(dict.fromkeys(column.names(row)))
    notes = [f"each value of {table.title(number)} is a set", *_notes(table, column, left_out)]
    if nameless:
        notes.append(f"rows without a set, left out: {nameless:,}")
    categories = [Category(name, list(members)) for name, members in sets.items()]
    return CategoryFile("long table", categories, source=path.name.partition(".")[0], notes=tuple(notes))


def _is_all_names(table: Table, lookup: Lookup) -> bool:
    """Say whether a text without a header holds nothing but names, in lines of several."""
    if table.header is not None or table.width == 1:
        return False
    cells = {cell for row in table.rows for cell in row if not is_missing(cell)}
    return cells <= lookup(cells).keys()


def _notes(table: Table, column: GeneColumn, left_out: int) -> list[str]:
    cells = [cell for cell in table.column(column.number) if not is_missing(cell)]
    notes = [column.why] if table.width > 1 else ["its numbers are read as Entrez ids"] * all(map(is_id, cells))
    if blank := len(table.rows) - len(cells):
        notes.append(f"rows without a gene: {blank:,}")
    if left_out:
        notes.append(f"rows of other species than human, left out: {left_out:,}")
    return notes


def refuse_headerless_sets(text: str, lookup: Lookup) -> None:
    """Raise WrongFormatError for two columns without a header that may be sets and their genes.

    The first column must repeat names that are not genes, and the second must hold genes.
    """
    table = read_table(text)
    if table.header is not None or table.width != 2:
        return
    known = look_up_cells(table, lookup)
    first, second = table.column(0), table.column(1)
    if (
        len(set(first)) < len(first)
        and not any(cell in known for cell in first)
        and all(cell in known for cell in second)
    ):
        raise WrongFormatError(
            "its two columns may be sets and their genes. Use --format long if they are, or --format table for one list"
        )

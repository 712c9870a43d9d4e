"""Files of categories into the database, and categories out of it: one transaction each.

The names in a file are kept as they are given, and matched to genes whenever genes are loaded (see `name_matching`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa

from coexpr.database.bundled import fill_with_shipped
from coexpr.database.categories import find_category, look_up, match_names
from coexpr.database.connection import open_for_writing, open_readonly, refuse_missing, transaction
from coexpr.database.name_matching import match_names_again
from coexpr.database.queries import query, run, single
from coexpr.errors import AmbiguousNameError, DownloadError, NotFoundError, OptionError
from coexpr.readers.categories import ReadingOptions, read_categories
from coexpr.readers.category_file import CategoryFile
from coexpr.resources import database_path

_PARTS = ("category_names", "category_edges", "category_genes", "categories")


@dataclass(frozen=True)
class Added:
    """What became of a file of categories.

    Parameters
    ----------
    what : str
        The format that was recognised.
    source, release : str or None
    names_of_categories : list of str
    replaced : int
        How many replaced a category of the same source and name.
    names : int
        Different names of genes in the file.
    matched : dict of str to int
        How many names were matched in each way.
    genes, genes_on_chip, genes_with_expression_data : int
        Genes that the names mean, and how many of these are in the database.
    problems, notes : list of str
        Names without a gene; how the file was read.
    """

    what: str
    source: str
    release: str | None
    names_of_categories: list[str]
    replaced: int
    names: int
    matched: dict[str, int]
    genes: int
    genes_on_chip: int
    genes_with_expression_data: int
    problems: list[str]
    notes: list[str]

    @property
    def categories(self) -> int:
        """How many categories the file has."""
        return len(self.names_of_categories)


def add_categories(
    paths: Sequence[Path],
    database: Path | str | None = None,
    *,
    name: str | None = None,
    source: str | None = None,
    release: str | None = None,
    options: ReadingOptions | None = None,
    dry_run: bool = False,
) -> Added:
    """Add the categories of a file to the database; those of the same source and name are replaced.

    Parameters
    ----------
    paths : sequence of path
        One file, or the pages of one category of the atlas's site; see
        `coexpr.readers.categories.read_categories`.
    database : path, optional
        The database, which is created if there is none; see `coexpr.resources.database_path`.
    name, source, release : str, optional
        Instead of what the file says.
    options : ReadingOptions, optional
        How to read the file, where its contents do not say.
    dry_run : bool
        Only report what would be added.

    Raises
    ------
    CoexprError
        If the file is damaged or of no known format, or none of its names is that of a gene.
        Nothing is added then.
    """
    for what, text in (("name", name), ("source", source)):
        if text is not None and not (text.strip() and text.isprintable()):
            raise OptionError(f"--{what} {text!r}: expected text in one line.")
    path = database_path(database)
    if dry_run:
        refuse_missing(path)
        with open_readonly(path) as connection:
            file, _ = _read(connection, paths, name, options)
            return _report(connection, file, source, release)
    with open_for_writing(path) as connection:
        fill_with_shipped(connection)
        file, tables = _read(connection, paths, name, options)
        added = _report(connection, file, source, release)
        with transaction(connection):
            _write(connection, tables, added)
    return added


def remove_categories(
    database: Path | str | None = None, *, name: str | None = None, source: str | None = None
) -> list[str]:
    """Remove the category called `name`, or every added one of a source; return their names.

    Raises
    ------
    NotFoundError
        If there is none.
    AmbiguousNameError
        If several categories have the name, or several sources differ only in case.
    """
    path = database_path(database)
    refuse_missing(path)
    with open_for_writing(path) as connection:
        found = (
            [find_category(connection, name)] if name else run(connection, "categories_of_source", {"source": source})
        )
        if not found:
            raise NotFoundError(f"no category was added from source {source!r}.")
        if len(spellings := sorted({category["source"] for category in found})) > 1:
            raise AmbiguousNameError(f"several sources are spelled so, in other cases: {', '.join(spellings)}.")
        if name and (shipped := [category for category in found if category["is_shipped"]]):
            raise OptionError(
                f"{shipped[0]['name']} ({shipped[0]['accession']}) ships with coexpr and cannot be removed. To remove "
                "an added category of that name, give its id: coexpr categories list NAME"
            )
        with transaction(connection):
            _remove(connection, [category["category_id"] for category in found])
    return [category["name"] for category in found]


def _read(
    connection: duckdb.DuckDBPyConnection, paths: Sequence[Path], name: str | None, options: ReadingOptions | None
) -> tuple[CategoryFile, dict[str, pa.Table]]:
    """Read the files; return also what the queries see as added_categories, added_members and added_edges."""
    file = read_categories(paths, partial(look_up, connection), name=name, options=options)
    return file, _tables(file, single(connection, "next_category_id"))


def _report(
    connection: duckdb.DuckDBPyConnection, file: CategoryFile, source: str | None, release: str | None
) -> Added:
    """Return what is added, before it is.

    Raises
    ------
    DownloadError
        If none of the names means a gene.
    """
    source = source or file.source or "added"
    if source.strip().lower() in ("", "id"):
        raise OptionError(f"--source {source!r}: choose another word, which can stand before the name of a category.")
    names = list(dict.fromkeys(name for category in file.categories for name in category.members))
    matches = match_names(connection, names)
    if names and not look_up(connection, names):
        raise DownloadError(
            f"none of the {len(names):,} names of the {file.what} is that of a human gene or a probe. "
            f"{'; '.join(problem[:300] for problem in matches.problems())}."
        )
    connection.register("added_categories", pa.table({"name": [category.name for category in file.categories]}))
    replaced = run(connection, "categories_replaced", {"source": source})
    connection.unregister("added_categories")
    entrez_ids = {meaning.entrez_id for meaning in matches.genes.values() if meaning.entrez_id is not None}
    connection.register("matched_genes", pa.table({"entrez_id": pa.array(entrez_ids, pa.int32())}))
    (counts,) = run(connection, "count_matched_genes")
    connection.unregister("matched_genes")
    notes = list(file.notes)
    if entrez_ids and not counts["with_expression_data"]:
        notes.append(
            f"none of its {len(entrez_ids):,} genes has expression data in this database. Load downloads that hold "
            "them."
        )
    return Added(
        what=file.what,
        source=source,
        release=release or file.release,
        names_of_categories=[category.name for category in file.categories],
        replaced=len(replaced),
        names=len(names),
        matched=matches.ways,
        genes=len(entrez_ids),
        genes_on_chip=counts["on_chip"],
        genes_with_expression_data=counts["with_expression_data"],
        problems=matches.problems(),
        notes=notes,
    )


def _remove(connection: duckdb.DuckDBPyConnection, category_ids: list[int]) -> None:
    connection.register("removed_categories", pa.table({"category_id": pa.array(category_ids, pa.int32())}))
    for part in _PARTS:
        connection.execute(query(f"delete_{part}"))
    connection.unregister("removed_categories")


def _write(connection: duckdb.DuckDBPyConnection, tables: dict[str, pa.Table], added: Added) -> None:
    """Write the categories in place of those that they replace, and match their names."""
    for name, table in tables.items():
        connection.register(name, table)
    replaced = run(connection, "categories_replaced", {"source": added.source})
    _remove(connection, [row["category_id"] for row in replaced])
    connection.execute(query("insert_categories"), {"source": added.source, "release": added.release})
    connection.execute(query("insert_category_names"))
    connection.execute(query("insert_category_edges"))
    for name in tables:
        connection.unregister(name)
    match_names_again(connection)


def _tables(file: CategoryFile, first: int) -> dict[str, pa.Table]:
    """Return what the queries see as added_categories, added_members and added_edges."""
    ids = range(first, first + len(file.categories))
    members = [
        (number, name, sorted(category.evidence[name]) if name in category.evidence else None)
        for number, category in zip(ids, file.categories, strict=True)
        for name in category.members
    ]
    return {
        "added_categories": pa.table(
            {
                "category_id": pa.array(ids, pa.int32()),
                "name": pa.array([category.name for category in file.categories], pa.string()),
                "accession": pa.array([category.accession for category in file.categories], pa.string()),
                "aspect": pa.array([category.aspect for category in file.categories], pa.string()),
            }
        ),
        "added_members": pa.table(
            {
                "category_id": pa.array([number for number, _, _ in members], pa.int32()),
                "name": pa.array([name for _, name, _ in members], pa.string()),
                "evidence": pa.array([codes for _, _, codes in members], pa.list_(pa.string())),
            }
        ),
        "added_edges": pa.table(
            {
                "child_id": pa.array([first + child for child, _, _ in file.edges], pa.int32()),
                "parent_id": pa.array([first + parent for _, parent, _ in file.edges], pa.int32()),
                "relation": pa.array([relation for _, _, relation in file.edges], pa.string()),
            }
        ),
    }

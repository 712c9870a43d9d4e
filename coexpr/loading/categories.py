"""Add category files to the database, and remove categories, each in one transaction.

The names in a file are stored as given, and matched to genes whenever genes are loaded (see
`coexpr.database.name_matching`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import duckdb
import pyarrow as pa

from coexpr.database.bundled import fill_with_shipped
from coexpr.database.categories import find_category, look_up, match_names, note_on
from coexpr.database.connection import open_readonly, refuse_missing
from coexpr.database.name_matching import match_names_again
from coexpr.database.queries import query, registered, run, single, transaction
from coexpr.database.writing import open_for_writing
from coexpr.errors import AmbiguousNameError, DownloadError, NotFoundError, OptionError
from coexpr.readers.categories import ReadingOptions, read_categories
from coexpr.readers.category_file import CategoryFile
from coexpr.resources import database_path
from coexpr.result import Provenance, Result

_PARTS = ("category_names", "category_edges", "category_genes", "categories")
_COLUMNS = ("name", "accession", "names")


@dataclass(frozen=True, kw_only=True)
class CategoryFileProvenance(Provenance):
    """How a category file was read, and which genes its names mean.

    Parameters
    ----------
    format : str
        The format that was recognised, such as "GMT file".
    source : str
    release : str, optional
    replaced : int
        Number of categories that replaced one with the same source and name.
    names : int
        Number of different names of genes in the file.
    matched : dict of str to int
        Number of names matched as each kind of name, such as an alias.
    genes, on_chip, with_expression : int
        Number of genes that the names mean: all, on the chip, and with expression data.
    notes : list of str
        How the file was read, and names without a gene.
    """

    format: str
    source: str
    release: str | None
    replaced: int
    names: int
    matched: dict[str, int]
    genes: int
    on_chip: int
    with_expression: int
    notes: list[str]


def add_categories(
    paths: Sequence[Path],
    database: Path | str | None = None,
    *,
    name: str | None = None,
    source: str | None = None,
    release: str | None = None,
    options: ReadingOptions | None = None,
    dry_run: bool = False,
) -> Result[CategoryFileProvenance]:
    """Add the categories of a file to the database, replacing those with the same source and name.

    Parameters
    ----------
    paths : sequence of path
        One file, or the pages of one category of the atlas's site; see
        `coexpr.readers.categories.read_categories`.
    database : path, optional
        The database, which is created if it does not exist; see `coexpr.resources.database_path`.
    name, source, release : str, optional
        Used in place of the values in the file.
    options : ReadingOptions, optional
        How to read the file.
    dry_run : bool
        Only report what would be added.

    Returns
    -------
    Result
        One row per category: name, accession, and its number of names of genes.

    Raises
    ------
    CoexprError
        If the file is damaged or has no known format, or none of its names means a gene. Nothing is added then.
    """
    for parameter, text in (("name", name), ("source", source)):
        if text is not None and not (text.strip() and text.isprintable()):
            raise OptionError(f"`{parameter}` {text!r}: expected text on one line.")
    path = database_path(database)
    if dry_run:
        refuse_missing(path)
        with open_readonly(path) as connection:
            return _report(connection, path, _read(connection, paths, name, options), source, release)
    with open_for_writing(path) as connection:
        fill_with_shipped(connection)
        file = _read(connection, paths, name, options)
        report = _report(connection, path, file, source, release)
        with transaction(connection):
            _write(connection, file, report.provenance)
    return report


def remove_categories(
    database: Path | str | None = None, *, name: str | None = None, source: str | None = None
) -> list[str]:
    """Remove the category called `name`, or every added category of a source; return their names.

    Raises
    ------
    NotFoundError
        If there is no such category.
    AmbiguousNameError
        If several categories have the name, or several sources differ only in case.
    OptionError
        If the category ships with coexpr.
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
            raise AmbiguousNameError(f"several sources differ only in case: {', '.join(spellings)}. Use one of them.")
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
) -> CategoryFile:
    return read_categories(paths, partial(look_up, connection), name=name, options=options)


def _report(
    connection: duckdb.DuckDBPyConnection, path: Path, file: CategoryFile, source: str | None, release: str | None
) -> Result[CategoryFileProvenance]:
    """Describe what will be added.

    Raises
    ------
    DownloadError
        If none of the names means a gene.
    """
    source = source or file.source or "added"
    if source.strip().lower() in ("", "id"):
        raise OptionError(f"`source` {source!r}: expected a word other than id, to precede the names of categories.")
    names = list(dict.fromkeys(name for category in file.categories for name in category.members))
    matches = match_names(connection, names)
    notes = [*file.notes, *matches.notes()]
    if without_id := matches.without_entrez_id():
        notes.append(note_on("genes without Entrez id, left out", without_id))
    if names and not look_up(connection, names):
        raise DownloadError(
            f"none of the {len(names):,} names of the {file.what} is that of a human gene or a probe. "
            f"{'; '.join(note[:300] for note in matches.notes())}."
        )
    with registered(connection, added_categories=pa.table({"name": [category.name for category in file.categories]})):
        replaced = run(connection, "categories_replaced", {"source": source})
    entrez_ids = {meaning.entrez_id for meaning in matches.genes.values() if meaning.entrez_id is not None}
    with registered(connection, matched_genes=pa.table({"entrez_id": pa.array(entrez_ids, pa.int32())})):
        (counts,) = run(connection, "count_matched_genes")
    if entrez_ids and not counts["with_expression"]:
        notes.append(
            f"none of its {len(entrez_ids):,} genes has expression data in this database. Load downloads that contain "
            "them."
        )
    provenance = CategoryFileProvenance(
        database=str(path),
        format=file.what,
        source=source,
        release=release or file.release,
        replaced=len(replaced),
        names=len(names),
        matched=matches.matched_by,
        genes=len(entrez_ids),
        notes=notes,
        **counts,
    )
    rows = [(category.name, category.accession, len(category.members)) for category in file.categories]
    return Result(_COLUMNS, rows, provenance)


def _remove(connection: duckdb.DuckDBPyConnection, category_ids: list[int]) -> None:
    removed = pa.table({"category_id": pa.array(category_ids, pa.int32())})
    with registered(connection, removed_categories=removed):
        for part in _PARTS:
            connection.execute(query(f"delete_{part}"))


def _write(connection: duckdb.DuckDBPyConnection, file: CategoryFile, provenance: CategoryFileProvenance) -> None:
    """Write the categories, remove those that they replace, and match their names to genes."""
    with registered(connection, **_tables(file, single(connection, "next_category_id"))):
        replaced = run(connection, "categories_replaced", {"source": provenance.source})
        _remove(connection, [row["category_id"] for row in replaced])
        origin = {"source": provenance.source, "release": provenance.release}
        connection.execute(query("insert_categories"), origin)
        connection.execute(query("insert_category_names"))
        connection.execute(query("insert_category_edges"))
    match_names_again(connection)


def _tables(file: CategoryFile, first: int) -> dict[str, pa.Table]:
    """Return the tables that the queries read: added_categories, added_members and added_edges."""
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

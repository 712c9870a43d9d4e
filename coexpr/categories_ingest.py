"""Files of categories into the database, and categories out of it: one transaction each.

The names in a file are matched to genes once, when it is added; what each name became is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from coexpr.categories import Matches, find_category, match_names
from coexpr.database import open_for_writing, refuse_missing, transaction
from coexpr.errors import NotFoundError
from coexpr.queries import query, run, single
from coexpr.readers.categories import read_categories
from coexpr.readers.category_file import CategoryFile
from coexpr.resources import database_path
from coexpr.shipped import fill_with_shipped

_PARTS = ("category_names", "category_edges", "category_genes", "categories")


@dataclass(frozen=True)
class Added:
    """What became of a file of categories."""

    what: str
    source: str
    release: str | None
    categories: int
    replaced: int
    names: int
    matched: dict[str, int]
    genes_on_chip: int
    problems: list[str]
    notes: list[str]


def add_categories(
    paths: Sequence[Path],
    database: Path | str | None = None,
    *,
    name: str | None = None,
    source: str | None = None,
    release: str | None = None,
    ontology: Path | None = None,
) -> Added:
    """Add the categories of a file to the database; those of the same source and name are replaced.

    Parameters
    ----------
    paths : sequence of path
        One file, or the pages of one category of the atlas's site; see
        `coexpr.readers.categories.read_categories`.
    database : path, optional
        The database; see `coexpr.resources.database_path`.
    name, source, release : str, optional
        Instead of what the file tells.
    ontology : path, optional
        The OBO file that a GAF or gene2go goes with.

    Raises
    ------
    CoexprError
        If the file is damaged or of no known format, or none of its names is a gene of the atlas.
        Nothing is added then.
    """
    path = database_path(database)
    refuse_missing(path)
    file = read_categories(paths, name=name, ontology=ontology)
    source = source or file.source or "added"
    with open_for_writing(path) as connection:
        fill_with_shipped(connection)
        matches = match_names(connection, [name for category in file.categories for name in category.members])
        with transaction(connection):
            replaced, on_chip = _write(connection, file, matches, source, release or file.release)
    return Added(
        what=file.what,
        source=source,
        release=release or file.release,
        categories=len(file.categories),
        replaced=replaced,
        names=len(matches),
        matched=matches.ways,
        genes_on_chip=on_chip,
        problems=matches.problems(),
        notes=list(file.notes),
    )


def remove_categories(
    database: Path | str | None = None, *, name: str | None = None, source: str | None = None
) -> list[str]:
    """Remove the category called `name`, or every one of a source; return their names.

    Raises
    ------
    NotFoundError
        If there is none.
    """
    path = database_path(database)
    refuse_missing(path)
    with open_for_writing(path) as connection:
        found = (
            [find_category(connection, name)] if name else run(connection, "categories_of_source", {"source": source})
        )
        if not found:
            raise NotFoundError(f"there is no category of source {source!r}.")
        with transaction(connection):
            _remove(connection, [category["category_id"] for category in found])
    return [category["name"] for category in found]


def _remove(connection: duckdb.DuckDBPyConnection, category_ids: list[int]) -> None:
    connection.register("removed_categories", pa.table({"category_id": pa.array(category_ids, pa.int32())}))
    for part in _PARTS:
        connection.execute(query(f"delete_{part}"))
    connection.unregister("removed_categories")


def _write(
    connection: duckdb.DuckDBPyConnection, file: CategoryFile, matches: Matches, source: str, release: str | None
) -> tuple[int, int]:
    """Write the categories; return how many replaced others, and how many genes of theirs the atlas has."""
    first = single(connection, "next_category_id")
    tables = _tables(file, matches, first)
    for name, table in tables.items():
        connection.register(name, table)
    ((matched, genes),) = connection.execute(query("count_genes_on_chip")).fetchall()
    if genes and not matched:
        raise NotFoundError(
            f"none of the {len(matches):,} names of the file is a gene of this atlas. "
            f"{'; '.join(problem[:300] for problem in matches.problems())}"
        )
    replaced = [row["category_id"] for row in run(connection, "categories_replaced", {"source": source})]
    _remove(connection, replaced)
    connection.execute(query("insert_categories"), {"source": source, "release": release})
    for part in reversed(_PARTS[:-1]):
        connection.execute(query(f"insert_{part}"))
    connection.execute(query("insert_inherited_members"), {"first_category_id": first})
    for name in tables:
        connection.unregister(name)
    return len(replaced), matched


def _tables(file: CategoryFile, matches: Matches, first: int) -> dict[str, pa.Table]:
    """Return what the queries see as added_categories, added_members, added_edges and matched_names."""
    ids = range(first, first + len(file.categories))
    members = [
        (number, name) for number, category in zip(ids, file.categories, strict=True) for name in category.members
    ]
    told = {name: (matches.way_of[name], entrez_id) for name, (entrez_id, _) in matches.genes.items()}
    told |= dict.fromkeys(matches.ambiguous, ("ambiguous", None)) | dict.fromkeys(
        matches.unmatched, ("unmatched", None)
    )
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
                "category_id": pa.array([number for number, _ in members], pa.int32()),
                "name": pa.array([name for _, name in members], pa.string()),
            }
        ),
        "added_edges": pa.table(
            {
                "child_id": pa.array([first + child for child, _, _ in file.edges], pa.int32()),
                "parent_id": pa.array([first + parent for _, parent, _ in file.edges], pa.int32()),
                "relation": pa.array([relation for _, _, relation in file.edges], pa.string()),
            }
        ),
        "matched_names": pa.table(
            {
                "name": pa.array(list(told), pa.string()),
                "matched_by": pa.array([way for way, _ in told.values()], pa.string()),
                "entrez_id": pa.array([entrez_id for _, entrez_id in told.values()], pa.int32()),
            }
        ),
    }

"""Gene names, and the terms and annotations of the Gene Ontology: those bundled with coexpr, and newer ones."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from coexpr.database.members import insert_members
from coexpr.database.queries import query, registered, single, transaction
from coexpr.database.stored_tables import store_genes_of_atlas, store_names_of_ncbi
from coexpr.resources import package_folder

ONTOLOGY_SOURCE = "GO"
ONTOLOGY, GENE_NAMES, ANNOTATIONS = "Gene Ontology", "NCBI gene names", "annotations of genes"

_NAMES = ("genes", "aliases")
_TERMS = ("terms", "edges", "annotations")


@dataclass(frozen=True)
class Release:
    """A release of gene names, terms or annotations; a file has a fingerprint."""

    release: str
    sha256: str | None = None


_BUNDLED = {
    ONTOLOGY: Release("2022-07-01"),
    GENE_NAMES: Release("2022-09-12"),
    ANNOTATIONS: Release("2022-09-12"),
}


@contextmanager
def shipped_tables(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let queries read the bundled tables as shipped_terms, shipped_edges and so on, within the `with` block."""
    with registered(connection, **{f"shipped_{name}": _table(name) for name in (*_NAMES, *_TERMS)}):
        yield


@cache
def _table(name: str) -> pa.Table:
    with (package_folder("data") / f"{name}.parquet").open("rb") as stream:
        return pq.read_table(stream)


def fill_with_shipped(connection: duckdb.DuckDBPyConnection) -> None:
    """Insert the bundled categories and gene names into a database, unless it has categories."""
    if single(connection, "count_categories") != 0:
        return
    with transaction(connection), shipped_tables(connection):
        connection.execute(query("insert_shipped_aliases"))
        _insert_terms(connection, _BUNDLED[ONTOLOGY])
        connection.execute(query("follow_retired_ids"))
        store_names_of_ncbi(connection)
        store_genes_of_atlas(connection)
        _record(connection, _BUNDLED)


def replace_gene_names(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, pa.Table], release: Release) -> None:
    """Replace the names of genes by those in the tables genes and aliases, in the caller's transaction."""
    connection.execute(query("delete_gene_aliases"))
    with registered(connection, **{f"shipped_{name}": tables[name] for name in _NAMES}):
        connection.execute(query("insert_shipped_aliases"))
    connection.execute(query("restore_given_ids"))
    store_names_of_ncbi(connection)
    _record(connection, {GENE_NAMES: release})


def replace_terms(
    connection: duckdb.DuckDBPyConnection, tables: Mapping[str, pa.Table], ontology: Release, annotations: Release
) -> None:
    """Replace the terms by those in the tables terms, edges and annotations, in the caller's transaction.

    A term keeps its category_id.
    """
    connection.execute(query("keep_ids_of_shipped_categories"))
    for name in ("category_genes", "category_edges", "categories"):
        connection.execute(query(f"delete_shipped_{name}"))
    with registered(connection, **{f"shipped_{name}": tables[name] for name in _TERMS}):
        _insert_terms(connection, ontology)
    _record(connection, {ONTOLOGY: ontology, ANNOTATIONS: annotations})


def _insert_terms(connection: duckdb.DuckDBPyConnection, ontology: Release) -> None:
    connection.execute(query("create_kept_ids"))
    connection.execute(query("insert_shipped_categories"), {"source": ONTOLOGY_SOURCE, "release": ontology.release})
    connection.execute(query("insert_shipped_edges"))
    connection.execute(query("create_direct_members_of_shipped_categories"))
    insert_members(connection, shipped=True)
    connection.execute(query("drop_kept_ids"))


def _record(connection: duckdb.DuckDBPyConnection, releases: Mapping[str, Release]) -> None:
    for name, release in releases.items():
        connection.execute(query("record_release"), {"name": name, **vars(release)})

"""The tables bundled with coexpr: Gene Ontology terms and annotations, and names of human genes from NCBI."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from coexpr.database.queries import query, registered, single, transaction
from coexpr.resources import package_folder

ONTOLOGY_SOURCE = "GO"
ONTOLOGY_RELEASE = "2022-07-01"

_TABLES = ("terms", "edges", "annotations", "genes", "aliases")


@contextmanager
def shipped_tables(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let queries read the bundled tables as shipped_terms, shipped_edges and so on, within the `with` block."""
    with registered(connection, **{f"shipped_{name}": _table(name) for name in _TABLES}):
        yield


@cache
def _table(name: str) -> pa.Table:
    with (package_folder("data") / f"{name}.parquet").open("rb") as stream:
        return pq.read_table(stream)


def fill_with_shipped(connection: duckdb.DuckDBPyConnection) -> None:
    """Insert the bundled categories and gene names into a database, unless it has categories."""
    if single(connection, "count_categories") != 0:
        return
    release = {"source": ONTOLOGY_SOURCE, "release": ONTOLOGY_RELEASE}
    with transaction(connection), shipped_tables(connection):
        connection.execute(query("insert_shipped_aliases"))
        connection.execute(query("insert_shipped_categories"), release)
        connection.execute(query("insert_shipped_edges"))
        connection.execute(query("create_direct_members_of_shipped_categories"))
        connection.execute(query("insert_members"), {"is_shipped": True})
        connection.execute(query("drop_direct_members"))
        connection.execute(query("follow_retired_ids"))

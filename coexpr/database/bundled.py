"""The tables that ship with coexpr: Gene Ontology terms and annotations, NCBI's names of human genes."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from coexpr.database.connection import transaction
from coexpr.database.queries import query, single
from coexpr.resources import room

ONTOLOGY_SOURCE = "GO"
ONTOLOGY_RELEASE = "2022-07-01"

_TABLES = ("terms", "edges", "annotations", "genes", "aliases")


@contextmanager
def shipped_tables(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let queries see the tables as shipped_terms, shipped_edges and so on."""
    for name in _TABLES:
        connection.register(f"shipped_{name}", _table(name))
    try:
        yield
    finally:
        for name in _TABLES:
            connection.unregister(f"shipped_{name}")


@cache
def _table(name: str) -> pa.Table:
    with (room("data") / f"{name}.parquet").open("rb") as stream:
        return pq.read_table(stream)


def fill_with_shipped(connection: duckdb.DuckDBPyConnection) -> None:
    """Put the shipped categories and gene names into a database, unless they are there."""
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

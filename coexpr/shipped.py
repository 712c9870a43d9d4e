"""The tables that ship with coexpr: Gene Ontology terms and annotations, NCBI's names of human genes."""

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import pyarrow.parquet as pq

from coexpr.resources import room

_TABLES = ("terms", "edges", "annotations", "genes", "aliases")


@contextmanager
def shipped_tables(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let queries see the tables as shipped_terms, shipped_edges and so on."""
    for name in _TABLES:
        with (room("data") / f"{name}.parquet").open("rb") as stream:
            connection.register(f"shipped_{name}", pq.read_table(stream))
    try:
        yield
    finally:
        for name in _TABLES:
            connection.unregister(f"shipped_{name}")

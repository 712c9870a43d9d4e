"""Rows of DuckDB as Arrow batches, as they are found: none of them sits in memory when it has been used."""

from collections.abc import Iterator, Mapping
from typing import Any

import duckdb
import pyarrow as pa


def batches(
    connection: duckdb.DuckDBPyConnection, statement: str, parameters: Mapping[str, Any] | None, rows: int
) -> pa.RecordBatchReader:
    """Run a statement and return a reader of what it gives, `rows` at a time.

    DuckDB 1.4 streams only what was executed, and needs ten times the memory for a relation with
    parameters; later versions stream relations, and copy what was executed.

    Raises
    ------
    duckdb.Error
        If it cannot be run. What fails on the way is raised by the reader, as OSError.
    """
    parameters = dict(parameters) if parameters else None
    if hasattr(duckdb.DuckDBPyRelation, "to_arrow_reader"):
        return connection.sql(statement, params=parameters).to_arrow_reader(rows)
    executed: Any = connection.execute(statement, parameters)
    return executed.fetch_record_batch(rows)


def checked(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """Yield the batches of a reader.

    Raises
    ------
    duckdb.Error
        For what failed in DuckDB, which Arrow makes an OSError of.
    """
    try:
        yield from reader
    except OSError as error:
        raise duckdb.Error(str(error)) from None

"""Arrow between DuckDB and numpy: results as batches, and rows of lists as matrices.

A row of `expression` is one list of fixed length. A null in a list is NaN in a matrix of floats, and -1 in a matrix of
calls.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from coexpr.database.engine import reason_of
from coexpr.errors import DatabaseError

# Rows per Arrow batch: about 30 MB for the donor with the most samples.
_BATCH_ROWS = 8192


def open_reader(
    connection: duckdb.DuckDBPyConnection, statement: str, parameters: Mapping[str, Any] | None, batch_rows: int
) -> pa.RecordBatchReader:
    """Run a statement and return a reader of its result, `batch_rows` rows at a time.

    DuckDB 1.4 streams only executed statements, and needs ten times the memory for a relation with parameters; later
    versions stream relations, and materialise executed statements.

    Raises
    ------
    duckdb.Error
        If the statement cannot be run. An error during the run is raised by the reader, as OSError.
    """
    parameters = dict(parameters) if parameters else None
    if hasattr(duckdb.DuckDBPyRelation, "to_arrow_reader"):
        return connection.sql(statement, params=parameters).to_arrow_reader(batch_rows)
    executed: Any = connection.execute(statement, parameters)
    return executed.fetch_record_batch(batch_rows)


def batches_of(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """Yield the batches of a reader.

    Raises
    ------
    duckdb.Error
        For errors in DuckDB, which Arrow turns into OSError.
    """
    try:
        yield from reader
    except OSError as error:
        raise duckdb.Error(str(error)) from None


def read_matrices(
    connection: duckdb.DuckDBPyConnection, statement: str, parameters: Mapping[str, Any] | None = None
) -> Iterator[tuple[NDArray[np.generic], ...]]:
    """Run a statement whose last column holds lists, and yield its rows in batches.

    Parameters
    ----------
    connection : DuckDBPyConnection
    statement : str
        Its columns are numbers, the last of them lists.
    parameters : mapping, optional

    Yields
    ------
    tuple of arrays
        Each column but the last as (b,), the last as (b, n), for runs of b rows whose lists have the same length n.
    """
    for batch in _batches(connection, statement, parameters):
        *columns, lists = batch.columns
        ends = np.flatnonzero(np.diff(_to_numpy(lists.value_lengths()))) + 1
        for start, end in zip([0, *ends], [*ends, len(lists)], strict=True):
            if start < end:
                rows = slice(start, end)
                yield *(_to_numpy(column)[rows] for column in columns), _to_matrix(lists[rows])


def to_lists(matrix: NDArray[np.generic]) -> pa.ListArray:
    """Return the rows of a matrix as lists, with null for NaN and for -1 in a matrix of int8 calls."""
    rows, width = matrix.shape
    flat = np.ascontiguousarray(matrix).reshape(-1)
    if flat.dtype == np.int8:
        missing = flat == -1
        values = pa.array(flat == 1, mask=missing if missing.any() else None)
    else:
        values = pa.array(flat, from_pandas=bool(np.isnan(flat).any()))
    return pa.ListArray.from_arrays(pa.array(np.arange(rows + 1, dtype=np.int32) * width), values)


def _batches(
    connection: duckdb.DuckDBPyConnection, statement: str, parameters: Mapping[str, Any] | None
) -> Iterator[pa.RecordBatch]:
    try:
        yield from batches_of(open_reader(connection, statement, parameters, _BATCH_ROWS))
    except duckdb.Error as error:
        raise DatabaseError(
            f"the database cannot be read ({reason_of(error)}). Load the downloads into a new one."
        ) from None


def _to_matrix(lists: pa.ListArray) -> NDArray[np.generic]:
    values = lists.flatten()
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.int8())
    if values.null_count:
        values = values.fill_null(-1 if pa.types.is_integer(values.type) else np.nan)
    return _to_numpy(values).reshape(len(lists), -1)


def _to_numpy(array: pa.Array) -> NDArray[np.generic]:
    """Return an array without nulls, uncopied. Arrow's own to_numpy would import pandas, a third of a second."""
    return np.from_dlpack(array)

"""SQL statements of the user: results as relations, rows or Arrow batches, and errors as QueryError.

A connection for such statements has locked settings, so a statement can change none. Statements of some kinds are not
run at all.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np

from coexpr.database.interruption import Interruptible, close_unless_running
from coexpr.errors import QueryError
from coexpr.result import Provenance, json_text

if TYPE_CHECKING:
    import pyarrow as pa

# Rows fetched at a time, and rows per Arrow batch.
_ROWS = 2048
_ARROW_ROWS = 16_384
_NO_ROWS = "there is no statement to run that returns rows."
# Kinds of statements that are run. What they could change is open for reading only, or temporary, or locked.
_KINDS = frozenset(
    ("SELECT", "EXPLAIN", "CREATE", "INSERT", "UPDATE", "DELETE", "MERGE_INTO", "ALTER", "DROP", "MULTI", "TRANSACTION")
) | {"PREPARE", "EXECUTE", "SET", "RELATION"}


@dataclass(frozen=True, kw_only=True)
class SqlProvenance(Provenance):
    """The provenance of the result of an SQL statement."""

    statement: str


@dataclass(frozen=True)
class Stream:
    """The result of a statement as a stream of rows, which may be larger than memory.

    Parameters
    ----------
    columns : list of str
        Names of the columns; repeated names are made distinct by a number at the end.
    rows : iterator of tuples
        Can be iterated once. Raises QueryError if the statement fails while rows are fetched.
    provenance : SqlProvenance
    """

    columns: list[str]
    rows: Iterator[tuple[Any, ...]]
    provenance: SqlProvenance
    _connection: duckdb.DuckDBPyConnection | None = None

    def close(self) -> None:
        """Release what the statement holds: its temporary tables, and rows that were not read."""
        if self._connection is not None:
            close_unless_running(self._connection)


@dataclass(frozen=True)
class ArrowStream:
    """The result of a statement as a stream of Arrow batches, which may be larger than memory.

    Parameters
    ----------
    schema : Schema
        Names and types of the columns, with the provenance as JSON in the metadata.
    batches : iterator of RecordBatch
        Can be iterated once. Raises QueryError if the statement fails while batches are fetched.
    """

    schema: "pa.Schema"
    batches: Iterator["pa.RecordBatch"]
    _reader: "pa.RecordBatchReader"
    _calls: Interruptible

    def close(self) -> None:
        """Release the reader: DuckDB 2 cannot open a database again, and waits forever, while it has an open reader."""
        if not self._calls.is_left:
            self._calls.stop()
            self._reader.close()


def relation_of(
    connection: duckdb.DuckDBPyConnection, statement: str, parameters: Mapping[str, Any] | None
) -> duckdb.DuckDBPyRelation:
    """Return the result of the last of one or more statements as a DuckDB relation.

    Raises
    ------
    QueryError
        If DuckDB cannot run a statement, or the last one is not a query.
    """
    with _query_errors():
        _refuse_other_kinds(connection, statement)
        relation = connection.sql(statement, params=dict(parameters) if parameters else None)
    if relation is None:
        raise QueryError(_NO_ROWS)
    return relation


def stream_rows(
    connection: duckdb.DuckDBPyConnection,
    statement: str,
    parameters: Mapping[str, Any] | None,
    provenance: SqlProvenance,
    timeout: float | None = None,
) -> Stream:
    """Run one or more statements; return the columns and rows of the last.

    Raises
    ------
    QueryError
        If DuckDB cannot run a statement, or the last one is not a query.
    LimitError
        If they take longer than `timeout` seconds, here or while rows are fetched.
    """
    calls = Interruptible(connection, timeout)
    with _query_errors():
        _refuse_other_kinds(connection, statement)
        calls.run(lambda: connection.execute(statement, parameters))
    described = connection.description or []
    if not described:
        raise QueryError(_NO_ROWS)
    narrow = {index for index, column in enumerate(described) if str(column[1]) in ("FLOAT", "FLOAT[]")}
    rows = _rows_of(connection, narrow, calls)
    return Stream(_distinct([column[0] for column in described]), rows, provenance, connection)


def stream_arrow(
    connection: duckdb.DuckDBPyConnection,
    statement: str,
    parameters: Mapping[str, Any] | None,
    provenance: SqlProvenance,
    timeout: float | None = None,
) -> ArrowStream:
    """Run one or more statements as `stream_rows` does; return the result of the last as Arrow batches."""
    import pyarrow as pa  # takes a third of the time of a query that does not need it

    from coexpr.database.arrow import batches_of, open_reader

    calls = Interruptible(connection, timeout)
    with _query_errors():
        _refuse_other_kinds(connection, statement)
        reader = calls.run(lambda: open_reader(connection, statement, parameters, _ARROW_ROWS))
    names = _distinct(reader.schema.names)
    fields = [part.with_name(name) for part, name in zip(reader.schema, names, strict=True)]
    schema = pa.schema(fields, metadata={"provenance": json_text(provenance)})

    def renamed() -> Iterator[pa.RecordBatch]:
        found = batches_of(reader)
        with _query_errors():
            while (batch := calls.run(lambda: next(found, None))) is not None:
                yield pa.RecordBatch.from_arrays(batch.columns, schema=schema)

    return ArrowStream(schema, renamed(), reader, calls)


def _refuse_other_kinds(connection: duckdb.DuckDBPyConnection, statement: str) -> None:
    """Raise QueryError for statements that could do more than read this database, or end the process.

    They are written out of DuckDB's kinds; those that it has no name for are refused, too.
    """
    statement.encode()  # DuckDB would raise a TypeError
    for each in connection.extract_statements(statement):
        try:
            kind = each.type.name
        except ValueError:  # DuckDB has kinds that its Python package does not know
            kind = "this kind of statement"
        if kind not in _KINDS:
            raise QueryError(
                f"{kind.replace('_', ' ')} is not run here: only the database itself can be read, and settings cannot "
                "be changed. To do more, use: coexpr shell"
            )


def _distinct(names: list[str]) -> list[str]:
    """Return column names in which a number is appended to repeated names."""
    found: list[str] = []
    for name in names:
        number, new = 1, name
        while new in found or (number > 1 and new in names):
            number += 1
            new = f"{name}_{number}"
        found.append(new)
    return found


@contextmanager
def _query_errors() -> Iterator[None]:
    """Raise QueryError instead of the errors of DuckDB."""
    try:
        yield
    except duckdb.InterruptException:
        raise KeyboardInterrupt from None
    except duckdb.Error as error:
        raise QueryError(_explanation(str(error).strip())) from None
    except UnicodeEncodeError as error:
        raise QueryError(f"the statement is not UTF-8 text: {error}.") from None
    except OverflowError as error:  # Python's dates and intervals have a smaller range than those of DuckDB
        raise QueryError(f"a value is past what Python can hold ({error}). Cast the column to VARCHAR.") from None


def _rows_of(
    connection: duckdb.DuckDBPyConnection, narrow: set[int], calls: Interruptible
) -> Iterator[tuple[Any, ...]]:
    while True:
        with _query_errors():
            rows = calls.run(lambda: connection.fetchmany(_ROWS))
        if not rows:
            return
        if narrow:
            rows = [tuple(_shortest(cell) if i in narrow else cell for i, cell in enumerate(row)) for row in rows]
        yield from rows


def _explanation(message: str) -> str:
    """Return a message of DuckDB with an explanation of frequent errors."""
    if "disabled by configuration" in message:
        return (
            "only the database itself can be read here, no other file. "
            f"To read other files, use: coexpr shell ({message.splitlines()[0]})"
        )
    if "has been locked" in message:
        return "settings cannot be changed here. To change them, use: coexpr shell"
    if "attached in read-only mode" in message:
        return f"the database is open for reading only, and this would write to it. ({message.splitlines()[0]})"
    return message.partition("\n\nStack Trace")[0].removeprefix("Invalid Input Error: ")


def _shortest(value: Any) -> Any:
    """Return a value of type FLOAT as the shortest number with the same float32: 6.5945, not 6.594500064849854."""
    if isinstance(value, list):
        return [_shortest(item) for item in value]
    return None if value is None else float(str(np.float32(value)))

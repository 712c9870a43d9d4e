"""SQL statements of the user: their results as relations, rows or Arrow batches, and their errors in plain words."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import duckdb
import numpy as np

from coexpr.errors import QueryError
from coexpr.result import Provenance, json_text

if TYPE_CHECKING:
    import pyarrow as pa

# Rows that are fetched at a time, and rows of an Arrow batch.
_ROWS = 2048
_ARROW_ROWS = 16_384
_BETWEEN_INTERRUPTS = 0.05  # seconds
_NO_ROWS = "there is no statement to run that returns rows."

_T = TypeVar("_T")


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
        Names of the columns; one that came before has a number behind it.
    rows : iterator of tuples
        Can be gone through once. Raises QueryError where the statement fails on the way.
    provenance : SqlProvenance
    """

    columns: list[str]
    rows: Iterator[tuple[Any, ...]]
    provenance: SqlProvenance


@dataclass(frozen=True)
class ArrowStream:
    """The same as batches of Arrow.

    Parameters
    ----------
    schema : Schema
        Names and types of the columns; its metadata hold the provenance as JSON.
    batches : iterator of RecordBatch
        Can be gone through once. Raises QueryError where the statement fails on the way.
    """

    schema: "pa.Schema"
    batches: Iterator["pa.RecordBatch"]
    _reader: "pa.RecordBatchReader"

    def close(self) -> None:
        """Let go of what was not read: DuckDB 2 waits for ever to open a database of which a reader is left over."""
        self._reader.close()


def relation_of(
    connection: duckdb.DuckDBPyConnection, statement: str, parameters: Mapping[str, Any] | None
) -> duckdb.DuckDBPyRelation:
    """Return what the last of one or more statements gives, as a relation of DuckDB.

    Raises
    ------
    QueryError
        If DuckDB cannot run it, or it gives no rows at all.
    """
    with _in_our_words():
        relation = connection.sql(statement, params=dict(parameters) if parameters else None)
    if relation is None:
        raise QueryError(_NO_ROWS)
    return relation


def stream_rows(
    connection: duckdb.DuckDBPyConnection,
    statement: str,
    parameters: Mapping[str, Any] | None,
    provenance: SqlProvenance,
) -> Stream:
    """Run one or more statements; return the columns and rows of the last.

    Raises
    ------
    QueryError
        If DuckDB cannot run it, or it gives no rows at all.
    """
    with _in_our_words():
        _interruptibly(connection, lambda: connection.execute(statement, parameters))
    described = connection.description or []
    if not described:
        raise QueryError(_NO_ROWS)
    narrow = {index for index, column in enumerate(described) if str(column[1]) in ("FLOAT", "FLOAT[]")}
    return Stream(_distinct([column[0] for column in described]), _rows_of(connection, narrow), provenance)


def stream_arrow(
    connection: duckdb.DuckDBPyConnection,
    statement: str,
    parameters: Mapping[str, Any] | None,
    provenance: SqlProvenance,
) -> ArrowStream:
    """Run one or more statements as `stream_rows` does; return Arrow batches."""
    import pyarrow as pa  # takes a third of the time of a query that needs none

    from coexpr.database.arrow import batches_of, open_reader

    with _in_our_words():
        reader = _interruptibly(connection, lambda: open_reader(connection, statement, parameters, _ARROW_ROWS))
    names = _distinct(reader.schema.names)
    fields = [part.with_name(name) for part, name in zip(reader.schema, names, strict=True)]
    schema = pa.schema(fields, metadata={"provenance": json_text(provenance)})

    def renamed() -> Iterator[pa.RecordBatch]:
        found = batches_of(reader)
        with _in_our_words():
            while (batch := _interruptibly(connection, lambda: next(found, None))) is not None:
                yield pa.RecordBatch.from_arrays(batch.columns, schema=schema)

    return ArrowStream(schema, renamed(), reader)


def _distinct(names: list[str]) -> list[str]:
    """Return column names with a number behind those that came before."""
    found: list[str] = []
    for name in names:
        number, new = 1, name
        while new in found or (number > 1 and new in names):
            number += 1
            new = f"{name}_{number}"
        found.append(new)
    return found


@contextmanager
def _in_our_words() -> Iterator[None]:
    """Raise QueryError for what DuckDB finds wrong with a statement."""
    try:
        yield
    except duckdb.InterruptException:
        raise KeyboardInterrupt from None
    except duckdb.Error as error:
        raise QueryError(_in_words(str(error).strip())) from None
    except OverflowError as error:  # Python's dates and intervals end before those of DuckDB
        raise QueryError(f"a value is past what Python can hold ({error}). Cast the column to VARCHAR.") from None


def _rows_of(connection: duckdb.DuckDBPyConnection, narrow: set[int]) -> Iterator[tuple[Any, ...]]:
    while True:
        with _in_our_words():
            rows = _interruptibly(connection, lambda: connection.fetchmany(_ROWS))
        if not rows:
            return
        if narrow:
            rows = [tuple(_shortest(cell) if i in narrow else cell for i, cell in enumerate(row)) for row in rows]
        yield from rows


def _interruptibly(connection: duckdb.DuckDBPyConnection, call: Callable[[], _T]) -> _T:
    """Return what a call of DuckDB gives, made in another thread: in this one, Ctrl-C may never be seen.

    An interrupt that comes before DuckDB has begun is lost, so it is repeated.
    """
    with ThreadPoolExecutor(1) as pool:
        doing = pool.submit(call)
        try:
            return doing.result()
        except KeyboardInterrupt:
            while not doing.done():
                connection.interrupt()
                wait([doing], timeout=_BETWEEN_INTERRUPTS)
            raise


def _in_words(message: str) -> str:
    if "disabled by configuration" in message:
        return (
            "only the database itself can be read here, no other file. "
            f"Use `coexpr shell` for that. ({message.splitlines()[0]})"
        )
    if "attached in read-only mode" in message:
        return f"the database is open for reading only, and this would write to it. ({message.splitlines()[0]})"
    return message.partition("\n\nStack Trace")[0].removeprefix("Invalid Input Error: ")


def _shortest(value: Any) -> Any:
    """Return a value of DuckDB's FLOAT as the shortest number that means it: 6.5945, not 6.594500064849854."""
    if isinstance(value, list):
        return [_shortest(item) for item in value]
    return None if value is None else float(str(np.float32(value)))

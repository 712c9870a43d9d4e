"""The named queries of sql/.

A file holds the queries about one subject. Each query begins with a line `-- name: some_name`, then comment lines that
say in a sentence what it returns, then one statement with DuckDB's own `$parameters`. No SQL is written in Python.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from importlib.resources.abc import Traversable
from typing import Any

import duckdb

from coexpr.resources import package_folder

_NAME_LINE = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def query(name: str) -> str:
    """Return the text of the query called `name`."""
    return queries()[name]


def run(
    connection: duckdb.DuckDBPyConnection, name: str, parameters: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Run the query called `name` and return its rows by column."""
    connection.execute(query(name), parameters)
    columns = [column[0] for column in connection.description or []]
    return [dict(zip(columns, row, strict=True)) for row in connection.fetchall()]


def single(connection: duckdb.DuckDBPyConnection, name: str, parameters: Mapping[str, Any] | None = None) -> Any:
    """Run the query called `name`, which returns one row of one column, and return that value.

    The whole result is fetched: DuckDB refuses further work on a connection with an unread result.
    """
    ((value,),) = connection.execute(query(name), parameters).fetchall()
    return value


@contextmanager
def registered(connection: duckdb.DuckDBPyConnection, **tables: Any) -> Iterator[None]:
    """Let queries read tables under the names of the keywords, within the `with` block.

    Parameters
    ----------
    connection : DuckDBPyConnection
    **tables : Arrow table, or mapping of str to array
    """
    given: list[str] = []
    try:
        for name, table in tables.items():
            connection.register(name, table)
            given.append(name)
        yield
    finally:
        for name in given:
            # After an interruption the transaction is aborted, and this error would hide the interruption.
            with suppress(duckdb.TransactionException):
                connection.unregister(name)


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit what happens inside, or roll all of it back if anything is raised."""
    connection.begin()
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


@cache
def queries() -> dict[str, str]:
    """Return every query of sql/ by its name.

    Raises
    ------
    ValueError
        If two queries share a name, in one file or in two, or a query is empty.
    """
    return read_queries(package_folder("sql"))


def read_queries(folder: Traversable) -> dict[str, str]:
    """Read the named queries of every .sql file of `folder`; see `queries`."""
    found: dict[str, str] = {}
    sql_files = [file for file in folder.iterdir() if file.name.endswith(".sql")]
    for file in sorted(sql_files, key=lambda file: file.name):
        heading, *parts = _NAME_LINE.split(file.read_text(encoding="utf-8"))
        if any(line.strip() and not line.startswith("--") for line in heading.splitlines()):
            raise ValueError(f"{file.name}: a statement stands before the first '-- name:' line")
        for name, text in zip(parts[::2], parts[1::2], strict=True):
            if name in found:
                raise ValueError(f"{file.name}: the name {name} is taken by another query")
            if all(not line.strip() or line.startswith("--") for line in text.splitlines()):
                raise ValueError(f"{file.name}: the query {name} has no statement")
            found[name] = text.strip()
    return found

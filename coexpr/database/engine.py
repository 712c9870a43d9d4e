"""Connections to DuckDB, for files and in memory."""

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import duckdb

from coexpr.database.queries import query

_IN_MEMORY = Path(":memory:")
_EARLIER = re.compile(r'has been invalidated.*?Original error: "?([^\n]+?)"?$', re.M | re.S)
# What follows is the statement, which may say anything.
_STATEMENT = "\nLINE "


def connect(
    path: Path = _IN_MEMORY, *, read_only: bool = False, config: Mapping[str, str] | None = None
) -> duckdb.DuckDBPyConnection:
    """Open a database without DuckDB's progress bar.

    DuckDB prints it to stdout, among the results, where Python runs without a file, as in `python -c`, in notebooks and
    in workers. It stays on if another connection of this process to the same file has locked the settings.
    """
    connection = duckdb.connect(path, read_only=read_only, config=dict(config or {}))
    try:
        with suppress(duckdb.InvalidInputException):  # they are locked
            connection.execute(query("print_no_progress"))
    except duckdb.Error:  # such as too little memory
        connection.close()
        raise
    return connection


def attach(connection: duckdb.DuckDBPyConnection, statement: str, path: Path) -> None:
    """Run a statement that attaches the database at its `$path`.

    The path is made absolute, because DuckDB takes a relative one such as md:name for the address of a service.
    """
    connection.execute(statement, {"path": str(path.absolute())})


def reason_of(error: Exception) -> str:
    """Return what went wrong in DuckDB, on one line and without a full stop.

    If DuckDB reports that an earlier error has invalidated the database, it is that error.
    """
    text = str(error).partition(_STATEMENT)[0]
    if earlier := _EARLIER.search(text):
        text = earlier[1]
    return (text.splitlines() or [type(error).__name__])[0].rstrip(". ")

"""SQL that a user wrote: what it gives, as a user expects it, and what is wrong with it, in words."""

from collections.abc import Mapping
from typing import Any

import duckdb
import numpy as np

from coexpr.errors import QueryError


def run_statement(
    connection: duckdb.DuckDBPyConnection, statement: str, parameters: Mapping[str, Any] | None
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Run one or more statements; return the columns and rows of the last.

    Parameters
    ----------
    connection : DuckDBPyConnection
    statement : str
    parameters : mapping, optional
        Values for its $parameters.

    Raises
    ------
    QueryError
        If DuckDB cannot run it, or it gives no rows at all.
    """
    try:
        connection.execute(statement, parameters)
        described = connection.description or []
        rows = connection.fetchall() if described else []
    except duckdb.Error as error:
        raise QueryError(_in_words(str(error).strip())) from None
    if not described:
        raise QueryError("there is no statement to run that returns rows.")
    narrow = {index for index, column in enumerate(described) if str(column[1]) in ("FLOAT", "FLOAT[]")}
    if narrow:
        rows = [tuple(_shortest(cell) if i in narrow else cell for i, cell in enumerate(row)) for row in rows]
    return _distinct([column[0] for column in described]), rows


def _in_words(message: str) -> str:
    if "disabled by configuration" in message:
        return (
            "only the database itself can be read here, no other file. "
            f"Use the duckdb shell for that. ({message.splitlines()[0]})"
        )
    if "attached in read-only mode" in message:
        return f"the database is open for reading only, and this would write to it. ({message.splitlines()[0]})"
    return message


def _shortest(value: Any) -> Any:
    """Return a value of DuckDB's FLOAT as the shortest number that means it: 6.5945, not 6.594500064849854."""
    if isinstance(value, list):
        return [_shortest(item) for item in value]
    return None if value is None else float(str(np.float32(value)))


def _distinct(names: list[str]) -> list[str]:
    """Return column names with a number behind those that came before."""
    counted = dict.fromkeys(names, 0)
    found = []
    for name in names:
        counted[name] += 1
        found.append(name if counted[name] == 1 else f"{name}_{counted[name]}")
    return found

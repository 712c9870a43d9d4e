"""Connections to DuckDB, for files and in memory."""

from collections.abc import Mapping
from pathlib import Path

import duckdb

from coexpr.database.queries import query

IN_MEMORY = Path(":memory:")


def connect(
    path: Path = IN_MEMORY, *, read_only: bool = False, config: Mapping[str, str] | None = None
) -> duckdb.DuckDBPyConnection:
    """Open a database without DuckDB's bar of progress.

    DuckDB prints it to stdout, among the results, where Python runs without a file, as in `python -c`, in notebooks and
    in workers.
    """
    connection = duckdb.connect(path, read_only=read_only, config=dict(config or {}))
    connection.execute(query("print_no_progress"))
    return connection

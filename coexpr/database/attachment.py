"""Connections that write a database: DuckDB attaches its file to an in-memory database."""

from pathlib import Path

import duckdb

from coexpr.database.connection import connected, forbid_other_files
from coexpr.database.engine import attach, connect
from coexpr.database.queries import query
from coexpr.database.turns import Waiting

# Memory limit of DuckDB during ingest, which itself keeps one download in memory. Beyond it, DuckDB uses temporary
# files next to the database.
_WRITING_MEMORY = "1GB"


def attach_for_writing(path: Path, waiting: Waiting, *, named: Path | None = None) -> duckdb.DuckDBPyConnection:
    """Attach the file to an in-memory connection, because only ATTACH can set the row group size.

    In messages, the file is `named` otherwise. Statements cannot read or write other files.
    """

    def attached() -> duckdb.DuckDBPyConnection:
        connection = connect(config={"memory_limit": _WRITING_MEMORY, "temp_directory": f"{path}.tmp"})
        try:
            attach(connection, query("attach_atlas"), path)
            connection.execute(query("use_atlas"))
            connection.execute(query("checkpoint_only_when_asked"))
            connection.execute(query("keep_log_when_closed"))
            forbid_other_files(connection)
        except duckdb.Error:
            connection.close()
            raise
        return connection

    return connected(named or path, attached, waiting)


def remedy_after(error: Exception) -> str:
    """Return what to do after an error of DuckDB or the system while a file was written."""
    return "Check the disk" if "Input/output error" in str(error) else "Free some space"

"""Opening of the DuckDB file of a database for reading. `coexpr.database.writing` opens it for writing."""

from pathlib import Path
from weakref import WeakValueDictionary

import duckdb

from coexpr.database.schema import has_current_definitions, pending_migrations
from coexpr.errors import DatabaseError, DatabaseInUseError, NoDatabaseError
from coexpr.resources import DATABASE_VARIABLE, is_duckdb_file

# A connection to each file that may be open for reading, by device and number.
_open_files: WeakValueDictionary[tuple[int, int], duckdb.DuckDBPyConnection] = WeakValueDictionary()


def refuse_missing(path: Path) -> None:
    """Raise NoDatabaseError with instructions for creating a database if there is none at `path`."""
    if not path.exists():
        raise NoDatabaseError(
            f"there is no database at {path}. Load a download with `coexpr ingest PATH`, or try `coexpr demo`."
        )


def open_readonly(path: Path) -> duckdb.DuckDBPyConnection:
    """Open the database at `path` for reading.

    Raises
    ------
    DatabaseError
        If there is none, it is not a database of coexpr, another process writes to it, or its schema is older or newer
        than that of this version of coexpr.
    """
    refuse_missing(path)
    connection = connect_readonly(path)
    try:
        pending = pending_migrations(connection, path)
        if pending or not has_current_definitions(connection):
            raise DatabaseError(
                f"{path} was written by another version of coexpr, whose "
                f"{f'tables lack {pending[0].name}' if pending else 'views and macros differ'}. "
                "To bring it up to date, load any download again: coexpr ingest PATH"
            )
    except duckdb.IOException as error:
        connection.close()
        raise not_opened(path, error) from None
    except BaseException:
        connection.close()
        raise
    return connection


def connect_readonly(path: Path) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB file for reading, whatever it contains.

    Raises
    ------
    DatabaseError
        If it is none, or another process writes to it.
    """
    state = path.stat()
    file = (state.st_dev, state.st_ino)
    # A file that is open here is not opened once more: closing it would release the lock of DuckDB.
    if file not in _open_files and not is_duckdb_file(path):
        # For other types of files, DuckDB may download an extension.
        raise DatabaseError(f"{path} is not a DuckDB database. Choose another `database`, or set {DATABASE_VARIABLE}.")
    try:
        # DuckDB takes a relative path such as md:name for the address of a service.
        connection = duckdb.connect(path.absolute(), read_only=True)
    except duckdb.Error as error:
        raise not_opened(path, error) from None
    _open_files[file] = connection
    return connection


def _is_locked(error: duckdb.Error) -> bool:
    return "Could not set lock" in str(error)


def first_line(error: Exception) -> str:
    """Return the first line of the text of an error, without a full stop."""
    return str(error).splitlines()[0].rstrip(".")


def not_opened(path: Path, error: duckdb.Error) -> DatabaseError:
    """Return the error that explains why DuckDB did not open a file."""
    if "Unique file handle conflict" in str(error) or "different configuration" in str(error):
        return DatabaseInUseError(f"{path} is open in this process already. Close that Atlas or connection first.")
    if _is_locked(error):
        return DatabaseInUseError(f"{path} is in use by another process. Wait until it has finished, then try again.")
    remedy = f"Choose another `database`, or set {DATABASE_VARIABLE}."
    return DatabaseError(f"{path} cannot be opened as a database: {first_line(error)}. {remedy}")

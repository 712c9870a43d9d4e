"""Opening of the DuckDB file of a database for reading. `coexpr.database.writing` opens it for writing."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from weakref import WeakKeyDictionary

import duckdb

from coexpr.database.catalog import refuse_altered, refuse_foreign, tables_and_views
from coexpr.database.checkpoint import has_interrupted_checkpoint, undo_interrupted_checkpoint
from coexpr.database.engine import connect, reason_of
from coexpr.database.queries import query, single
from coexpr.database.schema import has_current_definitions, pending_migrations
from coexpr.database.turns import SECONDS_TO_READ, Say, Waiting, has_locks, holder_in, turn_to_write, wait_for_writer
from coexpr.errors import DatabaseError, DatabaseInUseError, NoDatabaseError, OptionError
from coexpr.progress import ignore_message
from coexpr.resources import DATABASE_VARIABLE, is_duckdb_file

# The connections that may be open for reading, and the device and number of the file of each.
_files_of_connections: WeakKeyDictionary[duckdb.DuckDBPyConnection, tuple[int, int]] = WeakKeyDictionary()

# How DuckDB's message begins about a text with an unpaired surrogate.
_NOT_TEXT = "Python Conversion Failure: cannot encode str as UTF-8, "


def refuse_missing(path: Path) -> None:
    """Raise NoDatabaseError with instructions for creating a database if there is none at `path`."""
    if not path.exists():
        raise NoDatabaseError(
            f"there is no database at {path}. Load a download with `coexpr ingest PATH`, or try `coexpr demo`."
        )


def open_readonly(
    path: Path, *, seconds: float = SECONDS_TO_READ, say: Say = ignore_message
) -> duckdb.DuckDBPyConnection:
    """Open the database at `path` for reading.

    While another process writes it, wait; see `coexpr.database.turns.Waiting`.

    Raises
    ------
    DatabaseError
        If there is none, it is not a database of coexpr, another process writes to it, its schema is older or newer
        than that of this version of coexpr, or it has other tables.
    """
    refuse_missing(path)
    waiting = Waiting(path, seconds, say)
    if not is_open_here(path):
        wait_for_writer(path, waiting)
        if has_interrupted_checkpoint(path):
            with turn_to_write(path, waiting), suppress(OSError):  # then opening says what is wrong
                undo_interrupted_checkpoint(path)
    connection = connect_readonly(path, waiting)
    try:
        found = tables_and_views(connection)
        refuse_foreign(found, path)
        pending = pending_migrations(connection, path)
        if pending or not has_current_definitions(connection):
            raise DatabaseError(
                f"{path} was written by another version of coexpr, whose "
                f"{f'tables lack {pending[0].name}' if pending else 'views and macros differ'}. "
                "To bring it up to date, load any download again: coexpr ingest PATH"
            )
        refuse_altered(found, path, "table", "view")
    except duckdb.Error as error:
        connection.close()
        raise not_opened(path, error) from None
    except BaseException:
        connection.close()
        raise
    return connection


def connect_readonly(path: Path, waiting: Waiting) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB file for reading, whatever it contains. Statements cannot read other files.

    Raises
    ------
    DatabaseError
        If it is none, or another process writes to it.
    """
    # A file that is open here is not opened once more: closing it would release the lock of DuckDB.
    if not is_open_here(path) and not is_duckdb_file(path):
        # For other types of files, DuckDB may download an extension.
        raise DatabaseError(f"{path} is not a DuckDB database. Choose another `database`, or set {DATABASE_VARIABLE}.")
    # DuckDB takes a relative path such as md:name for the address of a service.
    connection = connected(path, lambda: connect(path.absolute(), read_only=True), waiting)
    try:
        forbid_other_files(connection)
    except duckdb.Error as error:  # such as too little memory
        connection.close()
        raise not_opened(path, error) from None
    _files_of_connections[connection] = _identity(path)
    return connection


def connected(
    path: Path, open_file: Callable[[], duckdb.DuckDBPyConnection], waiting: Waiting
) -> duckdb.DuckDBPyConnection:
    """Return a connection, after waiting for other processes that have the file open.

    Raises
    ------
    DatabaseError
        If there is none until the limit, or the file cannot be opened for another reason.
    """
    message = ""

    def attempt() -> duckdb.DuckDBPyConnection | None:
        nonlocal message
        try:
            return open_file()
        except duckdb.Error as error:
            message = str(error)
            if "Conflicting lock" in message and has_locks(path.parent):
                return None
            raise not_opened(path, error) from None

    return waiting.until(attempt, lambda: holder_in(message))


def forbid_other_files(connection: duckdb.DuckDBPyConnection) -> None:
    """Forbid statements to read or write other files, and to load extensions.

    This applies to every connection of this process to the same files, and cannot be undone.
    """
    if single(connection, "can_read_other_files"):
        connection.execute(query("forbid_other_files"))


@contextmanager
def read_errors(path: Path) -> Iterator[None]:
    """Explain errors of DuckDB within the block.

    They come from a damaged file, or from a name that is not text: coexpr's own statements are right.
    """
    try:
        yield
    except duckdb.InterruptException:
        raise
    except duckdb.OutOfMemoryException as error:
        raise DatabaseError(f"{path} cannot be read with this much memory: {reason_of(error)}.") from None
    except duckdb.Error as error:
        if _NOT_TEXT in str(error):
            raise OptionError(f"a name is not UTF-8 text: {reason_of(error).partition(_NOT_TEXT)[2]}.") from None
        raise DatabaseError(
            f"{path} cannot be read: {reason_of(error)}. The file may be damaged, or its macros altered. `coexpr "
            "verify` checks it; without a backup, load the downloads into a new database."
        ) from error


def is_open_here(path: Path) -> bool:
    """Return whether this process has the database open."""
    if not path.exists():
        return False
    file = _identity(path)
    return any(_is_open(connection) for connection, other in list(_files_of_connections.items()) if other == file)


def _is_open(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether a connection was not closed: a closed one is known until it is deleted."""
    try:
        connection.cursor().close()
    except duckdb.ConnectionException:
        return False
    return True


def _identity(path: Path) -> tuple[int, int]:
    state = path.stat()
    return state.st_dev, state.st_ino


def not_opened(path: Path, error: duckdb.Error) -> DatabaseError:
    """Return the error that explains why DuckDB did not open a file."""
    if "Unique file handle conflict" in str(error) or "different configuration" in str(error):
        return DatabaseInUseError(f"{path} is open in this process already. Close that Atlas or connection first.")
    if "Could not set lock" in str(error):
        return DatabaseError(
            f"{path} cannot be locked: files in its folder cannot be, as on some network drives. Copy it to a "
            "local disk."
        )
    remedy = f"Choose another `database`, or set {DATABASE_VARIABLE}."
    return DatabaseError(f"{path} cannot be opened as a database: {reason_of(error)}. {remedy}")

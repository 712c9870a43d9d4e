"""Opening the DuckDB file of a database, for reading or for writing.

Readers open it read-only. Only the loading of downloads and categories writes, and every DuckDB since 1.4.2 can read
what was written, whichever version wrote it.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from coexpr.database.queries import query, single
from coexpr.database.schema import has_current_definitions, migrate, pending_migrations, schema_version
from coexpr.errors import DatabaseError
from coexpr.resources import DATABASE_VARIABLE, is_duckdb_file

# Ingest holds one download in memory itself; DuckDB spills beside the database past this.
_WRITING_MEMORY = "1GB"


def refuse_missing(path: Path) -> None:
    """Raise DatabaseError, saying how to make one, if there is no database at `path`."""
    if not path.exists():
        raise DatabaseError(
            f"there is no database at {path}. Load a download with `coexpr ingest PATH`, or try `coexpr demo`."
        )


def open_readonly(path: Path) -> duckdb.DuckDBPyConnection:
    """Open the database at `path` for reading.

    Raises
    ------
    DatabaseError
        If there is none, it is not coexpr's, another process is writing it, or its schema is older
        or newer than this version of coexpr.
    """
    refuse_missing(path)
    connection = _connect_readonly(path)
    try:
        behind = pending_migrations(connection, path)
        if behind or not has_current_definitions(connection):
            raise DatabaseError(
                f"{path} was written by another version of coexpr, whose "
                f"{f'tables lack {behind[0].name}' if behind else 'views and macros differ'}. "
                "To bring it up to date, load any download again: coexpr ingest PATH"
            )
    except duckdb.IOException as error:
        connection.close()
        raise DatabaseError(_why_not_opened(path, error)) from None
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def open_for_writing(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the database at `path` for ingest, creating it or bringing it up to date first.

    A database that this call created and that holds no download and no added category when the call ends is
    removed again: nothing half-done is left behind.

    Raises
    ------
    DatabaseError
        As for `open_readonly`, and if the file cannot be created.
    """
    created = not path.exists()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(f"{path} cannot be created: {error.strerror}. Choose another with --db.") from None
    if not created:
        _refuse_foreign(path)
        _bring_up_to_date(path)
    connection = _attach(path)
    try:
        migrate(connection, path)
        yield connection
    except (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.TransactionException) as error:
        raise DatabaseError(
            f"{path} could not be written: {_first_line(error)}. What was being loaded is rolled back; "
            "free some space and run the same command again."
        ) from None
    finally:
        if created and not _holds_anything(connection):
            connection.close()
            path.unlink(missing_ok=True)
            path.with_name(path.name + ".wal").unlink(missing_ok=True)
        else:
            _checkpoint(connection, path)


def _bring_up_to_date(path: Path) -> None:
    """Apply what migrations an existing database lacks; a copy is kept until they have succeeded.

    The connection is held all the while: nobody else may write between copy and migration.
    """
    path = path.resolve()  # a link stays one
    kept = path.with_name(f"{path.name}.before-schema-{schema_version()}")
    connection = _attach(path)
    try:
        if single(connection, "count_tables") == 0 or not pending_migrations(connection, path):
            kept.unlink(missing_ok=True)  # of a run that was killed when all was done
            return
        try:
            connection.execute(query("checkpoint_atlas"))  # what a killed run left in the log belongs to the copy
        except duckdb.Error as error:
            raise DatabaseError(
                f"{path} could not be brought up to date: {_first_line(error)}. Nothing was changed; if the disk is "
                "full, free some space and run the same command again."
            ) from None
        _copy(path, kept)
        try:
            migrate(connection, path)
            connection.execute(query("checkpoint_atlas"))
        except BaseException as error:
            connection.close()
            os.replace(kept, path)
            path.with_name(path.name + ".wal").unlink(missing_ok=True)
            if not isinstance(error, duckdb.Error):
                raise
            raise DatabaseError(
                f"{path} could not be brought up to date: {_first_line(error)}. It is as it was before; if the disk is "
                "full, free some space and run the same command again."
            ) from None
        kept.unlink()
    finally:
        connection.close()


def _copy(path: Path, kept: Path) -> None:
    """Copy a database, whole or not at all."""
    unfinished = kept.with_name(kept.name + ".unfinished")
    try:
        shutil.copyfile(path, unfinished)
        os.replace(unfinished, kept)
    except BaseException as error:
        unfinished.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        raise DatabaseError(
            f"{path} was made by an older coexpr, and a copy cannot be kept while it is brought up to date "
            f"({error.strerror}). Have {path.stat().st_size / 1e6:,.0f} MB free beside it and run the command again."
        ) from None


def _holds_anything(connection: duckdb.DuckDBPyConnection) -> bool:
    """Say whether a download or a category of the user's is in the database."""
    try:
        return bool(single(connection, "count_downloads") or single(connection, "count_added_categories"))
    except duckdb.Error:
        return False


def _checkpoint(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Make one file of what was committed, and close."""
    try:
        connection.execute(query("checkpoint_atlas"))
    except duckdb.Error as error:
        raise DatabaseError(
            f"{path} could not be tidied up: {_first_line(error)}. What was loaded is safe in {path}.wal, which "
            "belongs to it; free some space and run the same command again."
        ) from None
    finally:
        connection.close()


def _refuse_foreign(path: Path) -> None:
    """Raise DatabaseError, before anything is written, if an existing file is not a database of ours."""
    with _connect_readonly(path) as connection:
        # An ingest that was killed at its very start leaves a database without tables.
        try:
            if single(connection, "count_tables") != 0:
                pending_migrations(connection, path)
        except duckdb.IOException as error:
            raise DatabaseError(_why_not_opened(path, error)) from None


def _connect_readonly(path: Path) -> duckdb.DuckDBPyConnection:
    if not is_duckdb_file(path):  # asked to open another kind of file, DuckDB may fetch an extension for it
        raise DatabaseError(f"{path} is not a DuckDB database. Choose another with --db or {DATABASE_VARIABLE}.")
    try:
        return duckdb.connect(path, read_only=True)
    except duckdb.Error as error:
        raise DatabaseError(_why_not_opened(path, error)) from None


def _attach(path: Path) -> duckdb.DuckDBPyConnection:
    """Attach the file to an in-memory connection: only ATTACH can set the row group size."""
    is_new = not path.exists()
    connection = duckdb.connect(
        config={"memory_limit": _WRITING_MEMORY, "temp_directory": f"{path}.tmp"},
    )
    # Before version 2, DuckDB takes no parameter in ATTACH, so the path goes in as a quoted literal.
    literal = "'" + str(path.absolute()).replace("'", "''") + "'"
    try:
        connection.execute(query("attach_atlas").replace("$path as", f"{literal} as"))
        connection.execute(query("use_atlas"))
    except duckdb.Error as error:
        connection.close()
        if is_new and not _is_locked(error):  # what a full disk leaves of a new file
            path.unlink(missing_ok=True)
        raise DatabaseError(_why_not_opened(path, error)) from None
    return connection


def _is_locked(error: duckdb.Error) -> bool:
    return "Could not set lock" in str(error)


def _first_line(error: duckdb.Error) -> str:
    return str(error).splitlines()[0].rstrip(".")


def _why_not_opened(path: Path, error: duckdb.Error) -> str:
    if "Unique file handle conflict" in str(error) or "different configuration" in str(error):
        return f"{path} is open in this process already. Close that Atlas or connection first."
    if _is_locked(error):
        return f"{path} is in use by another process. Wait until it has finished, then try again."
    return (
        f"{path} cannot be opened as a database: {_first_line(error)}. Choose another with --db or {DATABASE_VARIABLE}."
    )

"""Opening of the DuckDB file of a database for writing: its creation, its migration, and what remains if one fails.

Only the loading of downloads and categories opens it for writing. The file can be read by DuckDB 1.4.2 and later,
whichever version wrote it.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import duckdb

from coexpr.database.connection import connect_readonly, first_line, not_opened
from coexpr.database.queries import attach, query, single
from coexpr.database.schema import migrate, pending_migrations, schema_version
from coexpr.errors import DatabaseError

# Memory limit of DuckDB during ingest, which itself keeps one download in memory. Beyond it, DuckDB uses temporary
# files next to the database.
_WRITING_MEMORY = "1GB"


@contextmanager
def open_for_writing(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the database at `path` for ingest; create it or bring it up to date first.

    A database that is created by this call is removed again if it certainly contains no download and no added category
    at the end.

    Raises
    ------
    DatabaseError
        As for `open_readonly`, and if the file cannot be created.
    """
    is_new = not path.exists()
    if is_new:
        _create(path)
    else:
        _refuse_foreign(path)
        _bring_up_to_date(path)
    connection = _attach(path)
    _remove_spilled(path)
    try:
        migrate(connection, path)
        yield connection
    except (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.TransactionException) as error:
        raise DatabaseError(
            f"{path} could not be written: {first_line(error)}. The load was rolled back. Free some space and run the "
            "same command again."
        ) from None
    finally:
        if is_new and _is_empty(connection, path):
            connection.close()
            path.unlink(missing_ok=True)
            path.with_name(path.name + ".wal").unlink(missing_ok=True)
        else:
            _checkpoint(connection, path)


def _create(path: Path) -> None:
    """Create an empty database under another name, and give it its own when it is complete.

    If this is killed, no file is left that looks like a database and is none.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as error:
        raise DatabaseError(f"{path} cannot be created: {error.strerror}. Choose another `database`.") from None
    unfinished = folder / path.name
    try:
        with closing(_attach(unfinished, named=path)) as connection:
            migrate(connection, path)
            connection.execute(query("checkpoint_atlas"))
        _rename(unfinished, path.resolve())
    except (OSError, duckdb.Error) as error:
        raise DatabaseError(f"{path} cannot be created: {first_line(error)}. Free some space.") from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _rename(unfinished: Path, path: Path) -> None:
    """Give a file its name, unless another process has created one of that name."""
    try:
        os.link(unfinished, path)
    except FileExistsError:
        return
    except OSError:  # there are file systems without links
        unfinished.rename(path)


def _remove_spilled(path: Path) -> None:
    """Remove what DuckDB wrote for lack of memory in a process that was killed: the file is locked by this one."""
    with suppress(OSError):
        for file in Path(f"{path}.tmp").glob("duckdb_temp_*"):
            file.unlink()
        Path(f"{path}.tmp").rmdir()


def _bring_up_to_date(path: Path) -> None:
    """Apply the pending migrations of an existing database; a copy is kept until they have succeeded.

    The connection stays open throughout, so that no other process can write between copy and migration.
    """
    path = path.resolve()  # if it is a link, the file is replaced and not the link
    kept = path.with_name(f"{path.name}.before-schema-{schema_version()}")
    connection = _attach(path)
    try:
        if single(connection, "count_tables") == 0 or not pending_migrations(connection, path):
            kept.unlink(missing_ok=True)  # left by a run that was killed after the migration
            return
        try:
            connection.execute(query("checkpoint_atlas"))  # the copy must include the log of a killed run
        except duckdb.Error as error:
            raise DatabaseError(
                f"{path} could not be brought up to date: {first_line(error)}. Nothing was changed. If the disk is "
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
                f"{path} could not be brought up to date: {first_line(error)}. It is as it was before. If the disk is "
                "full, free some space and run the same command again."
            ) from None
        kept.unlink()
    finally:
        connection.close()


def _copy(path: Path, kept: Path) -> None:
    """Copy a database atomically."""
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
            f"({error.strerror}). Free {path.stat().st_size / 1e6:,.0f} MB on the same disk and run the command again."
        ) from None


def _is_empty(connection: duckdb.DuckDBPyConnection, path: Path) -> bool:
    """Return whether the database certainly contains no download, and no category that was added by the user.

    After a failed write, DuckDB refuses every statement of that connection. What was loaded before is in the file all
    the same, so it is opened anew.
    """
    try:
        return _contains_nothing(connection)
    except duckdb.Error:
        connection.close()
    try:
        with closing(_attach(path)) as opened:
            return _contains_nothing(opened)
    except (DatabaseError, duckdb.Error):
        return False


def _contains_nothing(connection: duckdb.DuckDBPyConnection) -> bool:
    return not (single(connection, "count_downloads") or single(connection, "count_added_categories"))


def _checkpoint(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Merge DuckDB's log into the database file, and close the connection.

    If the connection is unusable after a failed write, the file is opened anew.
    """
    try:
        try:
            connection.execute(query("checkpoint_atlas"))
        except duckdb.Error:
            connection.close()
            connection = _attach(path)
            connection.execute(query("checkpoint_atlas"))
    except DatabaseError:
        raise
    except duckdb.Error as error:
        raise DatabaseError(
            f"{path}.wal could not be merged into the database: {first_line(error)}. The loaded data are complete in "
            "both files; keep them together. Free some space and run the same command again."
        ) from None
    finally:
        connection.close()


def _refuse_foreign(path: Path) -> None:
    """Raise DatabaseError, before anything is written, if an existing file is not a database of coexpr."""
    with connect_readonly(path) as connection:
        # An ingest that was killed at the start leaves a database without tables, which is accepted.
        try:
            if single(connection, "count_tables") != 0:
                pending_migrations(connection, path)
        except duckdb.IOException as error:
            raise not_opened(path, error) from None


def _attach(path: Path, *, named: Path | None = None) -> duckdb.DuckDBPyConnection:
    """Attach the file to an in-memory connection, because only ATTACH can set the row group size.

    In messages, the file is `named` otherwise.
    """
    connection = duckdb.connect(
        config={"memory_limit": _WRITING_MEMORY, "temp_directory": f"{path}.tmp"},
    )
    try:
        attach(connection, "attach_atlas", path)
        connection.execute(query("use_atlas"))
    except duckdb.Error as error:
        connection.close()
        raise not_opened(named or path, error) from None
    return connection

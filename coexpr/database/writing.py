"""Opening of the DuckDB file of a database for writing: its creation, its migration, and what remains if one fails.

Only the loading of downloads and categories opens it for writing. The file can be read by DuckDB 1.4.2 and later,
whichever version wrote it.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import duckdb

from coexpr.database.catalog import refuse_foreign, tables_and_views
from coexpr.database.connection import connect_readonly, connected, first_line, forbid_other_files, not_opened
from coexpr.database.queries import attach, query, single
from coexpr.database.schema import migrate, pending_migrations
from coexpr.database.schema_files import schema_version
from coexpr.database.turns import SECONDS_TO_WRITE, Say, Waiting, turn_to_write
from coexpr.errors import DatabaseError, DatabaseInUseError
from coexpr.output.files import remedy_of
from coexpr.output.unfinished import remove_abandoned, sync_folder, unfinished_folder
from coexpr.progress import ignore_message

# Memory limit of DuckDB during ingest, which itself keeps one download in memory. Beyond it, DuckDB uses temporary
# files next to the database.
_WRITING_MEMORY = "1GB"


@contextmanager
def open_for_writing(path: Path, *, say: Say = ignore_message) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the database at `path` for ingest; create it or bring it up to date first.

    While another process reads or writes it, wait; see `coexpr.database.turns.Waiting`. A database that is created by
    this call is removed again if it certainly contains no download and no added category at the end.

    Raises
    ------
    DatabaseError
        As for `open_readonly`, and if the file cannot be created.
    """
    _make_folder(path)
    waiting = Waiting(path, SECONDS_TO_WRITE, say)
    with turn_to_write(path, waiting):
        is_new = not path.exists()
        if is_new:
            _create(path, waiting)
        else:
            _refuse_foreign(path, waiting)
            _bring_up_to_date(path, waiting)
        connection = _attach(path, waiting)
        _remove_spilled(path)
        try:
            migrate(connection, path)
            yield connection
        except (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.TransactionException) as error:
            raise DatabaseError(
                f"{path} could not be written: {first_line(error)}. The load was rolled back. {_remedy(error)}, "
                "then run the same command again."
            ) from None
        finally:
            if is_new and _is_empty(connection, path, waiting):
                connection.close()
                path.unlink(missing_ok=True)
                path.with_name(path.name + ".wal").unlink(missing_ok=True)
            else:
                _checkpoint(connection, path, waiting)


def merge_log(path: Path, waiting: Waiting) -> None:
    """Merge the log of a killed process into its database, which is then a single file.

    Raises
    ------
    DatabaseError
        If another process has the database open, or it is damaged.
    """
    _checkpoint(_attach(path, waiting), path, waiting)


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(f"{path} cannot be created: {error.strerror}. Choose another `database`.") from None


def _create(path: Path, waiting: Waiting) -> None:
    """Create an empty database under another name, and give it its own when it is complete.

    If this is killed, no file is left that looks like a database and is none.
    """
    file = path.resolve()  # a link is kept, and the file that it leads to is created
    try:
        with unfinished_folder(file) as folder:
            unfinished = folder / file.name
            with closing(_attach(unfinished, waiting, named=path)) as connection:
                migrate(connection, path)
                connection.execute(query("checkpoint_atlas"))
            _rename(unfinished, file)
            sync_folder(file.parent)
    except DatabaseError:
        raise
    except OSError as error:
        raise DatabaseError(f"{path} cannot be created: {error.strerror}. Choose another `database`.") from None
    except duckdb.Error as error:
        raise DatabaseError(f"{path} cannot be created: {first_line(error)}. {_remedy(error)}.") from None


def _rename(unfinished: Path, path: Path) -> None:
    """Give a file its name, unless another process has created one of that name."""
    try:
        os.link(unfinished, path)
    except FileExistsError:
        return
    except OSError:  # there are file systems without links
        unfinished.rename(path)


def _remove_spilled(path: Path) -> None:
    """Remove what killed processes left next to the file, which is locked by this one: also what DuckDB spilled."""
    remove_abandoned(path.resolve())
    with suppress(OSError):
        for file in Path(f"{path}.tmp").glob("duckdb_temp_*"):
            file.unlink()
        Path(f"{path}.tmp").rmdir()


def _bring_up_to_date(path: Path, waiting: Waiting) -> None:
    """Apply the pending migrations of an existing database; a copy is kept until they have succeeded.

    The connection stays open throughout, so that no other process can write between copy and migration.
    """
    path = path.resolve()  # if it is a link, the file is replaced and not the link
    kept = path.with_name(f"{path.name}.before-schema-{schema_version()}")
    connection = _attach(path, waiting)
    try:
        if single(connection, "count_tables") == 0 or not pending_migrations(connection, path):
            with suppress(OSError):  # the next ingest tries again
                kept.unlink(missing_ok=True)  # left by a run that was killed after the migration
            return
        try:
            connection.execute(query("checkpoint_atlas"))  # the copy must include the log of a killed run
        except duckdb.Error as error:
            raise DatabaseError(
                f"{path} could not be brought up to date: {first_line(error)}. Nothing was changed. "
                f"{_remedy(error)}, then run the same command again."
            ) from None
        _copy(path, kept)
        try:
            migrate(connection, path)
            connection.execute(query("checkpoint_atlas"))
        except BaseException as error:
            connection.close()
            _restore(kept, path)
            if not isinstance(error, duckdb.Error):
                raise
            raise DatabaseError(
                f"{path} could not be brought up to date: {first_line(error)}. It is as it was before. "
                f"{_remedy(error)}, then run the same command again."
            ) from None
        with suppress(OSError):  # the next ingest removes it
            kept.unlink()
    finally:
        connection.close()


def _restore(kept: Path, path: Path) -> None:
    """Put the copy of a database in its place. The log is removed first: it does not fit the copy."""
    try:
        path.with_name(path.name + ".wal").unlink(missing_ok=True)
        os.replace(kept, path)
    except OSError as error:
        raise DatabaseError(
            f"{path} could not be brought up to date, and the copy of it could not be put in its place: "
            f"{error.strerror}. The copy is {kept}: rename it to {path.name}, then run the same command again."
        ) from None


def _copy(path: Path, kept: Path) -> None:
    """Copy a database atomically."""
    unfinished = kept.with_name(kept.name + ".unfinished")
    try:
        shutil.copyfile(path, unfinished)
        with unfinished.open("r+b") as stream:
            os.fsync(stream.fileno())  # if it is needed, a power cut must not find half of it
        os.replace(unfinished, kept)
    except BaseException as error:
        with suppress(OSError):  # the next ingest writes it again
            unfinished.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        remedy = remedy_of(error).replace("some space", f"{path.stat().st_size / 1e6:,.0f} MB on the same disk")
        raise DatabaseError(
            f"{path} was made by an older coexpr, and a copy cannot be kept while it is brought up to date "
            f"({error.strerror}). {remedy}, then run the same command again."
        ) from None


def _is_empty(connection: duckdb.DuckDBPyConnection, path: Path, waiting: Waiting) -> bool:
    """Return whether the database certainly contains no download, and no category that was added by the user.

    After a failed write, DuckDB refuses every statement of that connection. What was loaded before is in the file all
    the same, so it is opened anew.
    """
    try:
        return _contains_nothing(connection)
    except duckdb.Error:
        connection.close()
    try:
        with closing(_attach(path, waiting)) as opened:
            return _contains_nothing(opened)
    except (DatabaseError, duckdb.Error):
        return False


def _contains_nothing(connection: duckdb.DuckDBPyConnection) -> bool:
    return not (single(connection, "count_downloads") or single(connection, "count_added_categories"))


def _checkpoint(connection: duckdb.DuckDBPyConnection, path: Path, waiting: Waiting) -> None:
    """Merge DuckDB's log into the database file, and close the connection.

    If the connection is unusable after a failed write, the file is opened anew.
    """
    try:
        connection.execute(query("checkpoint_atlas"))
    except duckdb.Error as error:
        connection.close()
        try:
            connection = _attach(path, waiting)
            connection.execute(query("checkpoint_atlas"))
        except DatabaseInUseError:
            raise
        except (DatabaseError, duckdb.Error):
            raise DatabaseError(
                f"{path}.wal could not be merged into the database: {first_line(error)}. The loaded data are complete "
                f"in both files; keep them together. {_remedy(error)}, then run the same command again."
            ) from None
    finally:
        connection.close()


def _remedy(error: duckdb.Error) -> str:
    """Return what to do after an error of DuckDB while it wrote a file."""
    return "Check the disk" if "Input/output error" in str(error) else "Free some space"


def _refuse_foreign(path: Path, waiting: Waiting) -> None:
    """Raise DatabaseError, before anything is written, if an existing file is not a database of coexpr."""
    with connect_readonly(path, waiting) as connection:
        try:
            # An ingest of an older coexpr that was killed at the start left a database without tables.
            if single(connection, "count_tables") != 0:
                refuse_foreign(tables_and_views(connection), path)
                pending_migrations(connection, path)
        except duckdb.Error as error:
            raise not_opened(path, error) from None


def _attach(path: Path, waiting: Waiting, *, named: Path | None = None) -> duckdb.DuckDBPyConnection:
    """Attach the file to an in-memory connection, because only ATTACH can set the row group size.

    In messages, the file is `named` otherwise. Statements cannot read or write other files.
    """

    def connect() -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(config={"memory_limit": _WRITING_MEMORY, "temp_directory": f"{path}.tmp"})
        try:
            attach(connection, "attach_atlas", path)
            connection.execute(query("use_atlas"))
            forbid_other_files(connection)
        except duckdb.Error:
            connection.close()
            raise
        return connection

    return connected(named or path, connect, waiting)

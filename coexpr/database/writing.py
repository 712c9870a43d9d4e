"""Opening of the DuckDB file of a database for writing: its creation, its migration, and what remains if one fails.

Only the loading of downloads and categories opens it for writing. The file can be read by DuckDB 1.4.2 and later,
whichever version wrote it.
"""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import duckdb

from coexpr.database.attachment import attach_for_writing, remedy_after
from coexpr.database.catalog import refuse_foreign, tables_and_views
from coexpr.database.checkpoint import checkpoint_and_close, has_interrupted_checkpoint, undo_interrupted_checkpoint
from coexpr.database.connection import connect_readonly, not_opened
from coexpr.database.engine import reason_of
from coexpr.database.queries import query, single
from coexpr.database.schema import migrate, pending_migrations
from coexpr.database.turns import SECONDS_TO_WRITE, Say, Waiting, turn_to_write
from coexpr.database.upgrading import bring_up_to_date
from coexpr.errors import DatabaseError, DatabaseInUseError
from coexpr.output.unfinished import remove_abandoned, sync_folder, unfinished_folder
from coexpr.progress import ignore_message


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
            _undo_interrupted_checkpoint(path)
            _refuse_foreign(path, waiting)
            bring_up_to_date(path, waiting)
        connection = attach_for_writing(path, waiting)
        _remove_spilled(path)
        try:
            migrate(connection, path)
            yield connection
        except (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.TransactionException) as error:
            raise DatabaseError(
                f"{path} could not be written: {reason_of(error)}. The load was rolled back. {remedy_after(error)}, "
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
    _checkpoint(attach_for_writing(path, waiting), path, waiting)


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
            with closing(attach_for_writing(unfinished, waiting, named=path)) as connection:
                migrate(connection, path)
                connection.execute(query("checkpoint_atlas"))
            _rename(unfinished, file)
            sync_folder(file.parent)
    except DatabaseError:
        raise
    except OSError as error:
        raise DatabaseError(f"{path} cannot be created: {error.strerror}. Choose another `database`.") from None
    except duckdb.Error as error:
        raise DatabaseError(f"{path} cannot be created: {reason_of(error)}. {remedy_after(error)}.") from None


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
        with closing(attach_for_writing(path, waiting)) as opened:
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
        checkpoint_and_close(connection, path)
    except (duckdb.Error, OSError) as error:
        try:
            checkpoint_and_close(attach_for_writing(path, waiting), path)
        except DatabaseInUseError:
            raise
        except (DatabaseError, duckdb.Error, OSError):
            raise DatabaseError(
                f"{path}.wal could not be merged into the database: {reason_of(error)}. The loaded data are complete "
                f"in both files; keep them together. {remedy_after(error)}, then run the same command again."
            ) from None


def _undo_interrupted_checkpoint(path: Path) -> None:
    if has_interrupted_checkpoint(path):
        try:
            undo_interrupted_checkpoint(path)
        except OSError as error:
            raise DatabaseError(
                f"{path} cannot be repaired after an interrupted checkpoint: {error.strerror}. {remedy_after(error)}, "
                "then run the same command again."
            ) from None


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

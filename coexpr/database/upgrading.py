"""Migration of an existing database: a copy is kept until it has succeeded."""

import os
import shutil
from contextlib import closing, suppress
from pathlib import Path
from typing import IO

import duckdb

from coexpr.database.attachment import attach_for_writing, remedy_after
from coexpr.database.checkpoint import checkpoint
from coexpr.database.engine import reason_of
from coexpr.database.queries import single
from coexpr.database.schema import migrate, pending_migrations
from coexpr.database.schema_files import schema_version
from coexpr.database.turns import Waiting
from coexpr.errors import DatabaseError
from coexpr.output.files import remedy_of
from coexpr.output.unfinished import rename_on_disk

_COPIED_BYTES = 1 << 20


def bring_up_to_date(path: Path, waiting: Waiting) -> None:
    """Apply the pending migrations of an existing database; a copy is kept until they have succeeded.

    The connection stays open throughout, so that no other process can write between copy and migration.

    Raises
    ------
    DatabaseError
        If a migration fails; the database is as it was before.
    """
    path = path.resolve()  # if it is a link, the file is replaced and not the link
    kept = path.with_name(f"{path.name}.before-schema-{schema_version()}")
    connection = attach_for_writing(path, waiting)
    # Closed after the connection: closing a file releases all locks of the process on it.
    with path.open("rb") as file, closing(connection):
        if single(connection, "count_tables") == 0 or not pending_migrations(connection, path):
            with suppress(OSError):  # the next ingest tries again
                kept.unlink(missing_ok=True)  # left by a run that was killed after the migration
            return
        try:
            checkpoint(connection, path, file)  # the copy must include the log of a killed run
        except (duckdb.Error, OSError) as error:
            raise DatabaseError(
                f"{path} could not be brought up to date: {reason_of(error)}. Nothing was changed. "
                f"{remedy_after(error)}, then run the same command again."
            ) from None
        _copy(file, path, kept)
        try:
            migrate(connection, path)
            checkpoint(connection, path, file)
        except BaseException as error:
            connection.close()
            _restore(kept, path)
            if not isinstance(error, duckdb.Error | OSError):
                raise
            raise DatabaseError(
                f"{path} could not be brought up to date: {reason_of(error)}. It is as it was before. "
                f"{remedy_after(error)}, then run the same command again."
            ) from None
        with suppress(OSError):  # the next ingest removes it
            kept.unlink()


def _restore(kept: Path, path: Path) -> None:
    """Put the copy of a database in its place. The log is removed first: it does not fit the copy."""
    try:
        path.with_name(path.name + ".wal").unlink(missing_ok=True)
        rename_on_disk(kept, path)
    except OSError as error:
        raise DatabaseError(
            f"{path} could not be brought up to date, and the copy of it could not be put in its place: "
            f"{error.strerror}. The copy is {kept}: rename it to {path.name}, then run the same command again."
        ) from None


def _copy(file: IO[bytes], path: Path, kept: Path) -> None:
    """Copy a database atomically."""
    unfinished = kept.with_name(kept.name + ".unfinished")
    try:
        file.seek(0)
        with unfinished.open("wb") as stream:
            shutil.copyfileobj(file, stream, _COPIED_BYTES)
            stream.flush()
            os.fsync(stream.fileno())  # if it is needed, a power cut must not find half of it
        rename_on_disk(unfinished, kept)
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

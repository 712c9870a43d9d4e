"""Copies of a database: a backup while other processes read it, and its restoration."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from coexpr.database.catalog import refuse_foreign, tables_and_views
from coexpr.database.connection import connect_readonly, is_open_here, refuse_missing
from coexpr.database.queries import run
from coexpr.database.schema import pending_migrations
from coexpr.database.turns import SECONDS_TO_READ, SECONDS_TO_WRITE, Waiting, turn_to_write, wait_for_writer
from coexpr.database.writing import merge_log
from coexpr.errors import DatabaseError, DatabaseInUseError, NoDatabaseError, OutputError
from coexpr.output.unfinished import rename_on_disk
from coexpr.progress import SILENT, Progress
from coexpr.resources import database_path
from coexpr.result import Provenance, Result

_HASH_BLOCK = 1 << 20
_CONTENTS = ("donors", "samples", "probes", "genes")
# Copies a file in a process of its own: closing a file releases all locks of the process on it, and with them the lock
# that keeps others from writing the database meanwhile.
_COPY = "import shutil, sys; shutil.copyfile(sys.argv[1], sys.argv[2])"


@dataclass(frozen=True, kw_only=True)
class CopyProvenance(Provenance):
    """The provenance of a copy.

    Parameters
    ----------
    copied_from : str
        The file that was copied.
    """

    copied_from: str


def back_up(
    file: Path | str, database: Path | str | None = None, *, force: bool = False, progress: Progress = SILENT
) -> Result[CopyProvenance]:
    """Copy a database to a file, while other processes may read it. None can write it meanwhile.

    Parameters
    ----------
    file : path
        The copy, which is complete or does not exist.
    database : path, optional
        See `coexpr.resources.database_path`.
    force : bool, optional
        Replace a file that exists.
    progress : Progress, optional

    Returns
    -------
    Result
        One row: file, bytes, sha256, donors, samples, probes, genes.

    Raises
    ------
    DatabaseError
        If there is no database, or another process writes it.
    OutputError
        If the file exists, or cannot be written.
    """
    path, target = database_path(database), Path(file)
    refuse_missing(path)
    _refuse_existing(target, force)
    if is_open_here(path):
        raise DatabaseInUseError(f"{path} is open in this process. Close that Atlas or connection first.")
    waiting = Waiting(path, SECONDS_TO_READ, progress.say)
    wait_for_writer(path, waiting)
    with closing(connect_readonly(path, waiting)) as connection:
        refuse_foreign(tables_and_views(connection), path)
        with _copied(path, target) as copy:
            row = _put_in_place(copy, target)
    return _report(row, path, target)


def restore(
    file: Path | str, database: Path | str | None = None, *, force: bool = False, progress: Progress = SILENT
) -> Result[CopyProvenance]:
    """Put the copy that `back_up` has made in the place of a database.

    Parameters
    ----------
    file : path
        The copy, which remains.
    database : path, optional
        See `coexpr.resources.database_path`.
    force : bool, optional
        Replace a database that exists. What was loaded since the backup is lost.
    progress : Progress, optional

    Returns
    -------
    Result
        As that of `back_up`.

    Raises
    ------
    DatabaseError
        If the file is not a database of coexpr, or a newer one, or there is a database and it may not be replaced or is
        in use.
    """
    source, path = Path(file), database_path(database)
    if not source.exists():
        raise NoDatabaseError(f"there is no backup at {source}.")
    waiting = Waiting(path, SECONDS_TO_WRITE, progress.say)
    with closing(connect_readonly(source, waiting)) as connection:
        refuse_foreign(tables_and_views(connection), source)
        pending_migrations(connection, source)
    if path.exists() and not force:
        raise DatabaseError(f"{path} exists already. `force` replaces it; what was loaded since the backup is lost.")
    path.parent.mkdir(parents=True, exist_ok=True)
    with turn_to_write(path, waiting), _copied(source, path) as copy:
        _release(path, waiting)
        row = _put_in_place(copy, path)
    return _report(row, source, path)


def _release(path: Path, waiting: Waiting) -> None:
    """Raise DatabaseInUseError if another process has the database that is replaced open; it may be damaged."""
    if path.exists():
        try:
            merge_log(path, waiting)
        except DatabaseInUseError:
            raise
        except DatabaseError:
            return


@contextmanager
def _copied(path: Path, target: Path) -> Iterator[Path]:
    """Copy a database and its log to a folder next to `target`, merge the log, and remove the folder at the end."""
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.absolute().parent))
    except OSError as error:
        raise OutputError(f"{target} cannot be written: {error.strerror}.") from None
    try:
        copy = folder / target.name
        file = path.resolve()
        for source, copied in ((file, copy), (Path(f"{file}.wal"), Path(f"{copy}.wal"))):
            if source.exists():
                command = [sys.executable, "-c", _COPY, str(source), str(copied)]
                done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # our own
                if done.returncode:
                    reason = (done.stderr.strip().splitlines() or ["the copy was interrupted"])[-1]
                    raise OutputError(f"{target} cannot be written: {reason}.")
        merge_log(copy, Waiting(copy, 0, print))
        yield copy
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _put_in_place(copy: Path, target: Path) -> tuple[object, ...]:
    """Give a complete copy its name; return the row of the report."""
    with closing(connect_readonly(copy, Waiting(copy, 0, print))) as connection:
        (contents,) = run(connection, "contents")
    sha256 = hashlib.sha256()
    with copy.open("rb") as stream:
        while block := stream.read(_HASH_BLOCK):
            sha256.update(block)
        os.fsync(stream.fileno())
    size = copy.stat().st_size
    Path(f"{target.resolve()}.wal").unlink(missing_ok=True)  # of a database that is replaced
    rename_on_disk(copy, target.resolve())
    return str(target), size, sha256.hexdigest(), *(contents[name] for name in _CONTENTS)


def _report(row: tuple[object, ...], source: Path, database: Path) -> Result[CopyProvenance]:
    provenance = CopyProvenance(database=str(database), copied_from=str(source))
    return Result(["file", "bytes", "sha256", *_CONTENTS], [row], provenance)


def _refuse_existing(target: Path, force: bool) -> None:
    if not target.absolute().parent.is_dir():
        raise OutputError(f"{target} cannot be written: there is no folder {target.parent}.")
    if target.is_dir():
        raise OutputError(f"{target} is a folder. Name a file for the backup.")
    if target.exists() and not force:
        raise OutputError(f"{target} exists already. `force` replaces it.")

"""The notes of a long run: a folder that a later run of the same continues from."""

import json
import os
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np
from numpy.typing import NDArray

from coexpr.errors import OutputError

_MARK = "run.json"
_LOCK = "lock"
_NOTE = ".npz"


class Checkpoint:
    """A folder of notes, each a file of arrays.

    Parameters
    ----------
    path : path
    fingerprint : mapping
        What tells a run from others: notes of another run are removed.

    Raises
    ------
    OutputError
        If something else lies there, or another run is at work in it.
    """

    def __init__(self, path: Path, fingerprint: Mapping[str, Any]) -> None:
        self.path = path
        self._fingerprint = json.dumps(fingerprint, sort_keys=True, default=list)
        self._lock: IO[bytes] | None = None

    def __enter__(self) -> Self:
        mark = self.path / _MARK
        if self.path.exists() and not (mark.is_file() or _is_empty(self.path)):
            raise OutputError(f"{self.path} is in the way: a run keeps its notes there. Choose another output.")
        try:
            self.path.mkdir(exist_ok=True)
            self._lock = (self.path / _LOCK).open("wb")
            _acquire(self._lock)
        except OSError as error:
            if self._lock is not None:
                self._lock.close()
            if isinstance(error, BlockingIOError):
                raise OutputError(f"another run is at work in {self.path}. Wait, or choose another output.") from None
            raise OutputError(f"{self.path} cannot be written: {error.strerror}.") from None
        if not (mark.is_file() and mark.read_text(encoding="utf-8") == self._fingerprint):
            self._delete_files()
            mark.write_text(self._fingerprint, encoding="utf-8")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lock is not None:
            self._lock.close()

    def write(self, name: str, arrays: Mapping[str, Any]) -> None:
        """Write a note: whole, or not at all, whatever happens to the machine."""
        path = self.path / f"{name}{_NOTE}"
        temporary = path.with_suffix(".tmp")
        with temporary.open("wb") as stream:
            np.savez(stream, **arrays)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)

    def read(self, name: str) -> dict[str, NDArray[Any]] | None:
        """Return the arrays of a note, None where there is none, or it is damaged."""
        try:
            with (self.path / f"{name}{_NOTE}").open("rb") as stream, np.load(stream) as stored:
                return dict(stored)
        except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error):
            return None

    def remove(self) -> None:
        """Remove the folder; what somebody else put into it stays."""
        self._delete_files()
        with suppress(OSError):
            (self.path / _MARK).unlink()
            (self.path / _LOCK).unlink()
            self.path.rmdir()

    def _delete_files(self) -> None:
        for pattern in (f"*{_NOTE}", "*.tmp"):
            for note in self.path.glob(pattern):
                note.unlink()


def _is_empty(path: Path) -> bool:
    return path.is_dir() and {entry.name for entry in path.iterdir()} <= {_LOCK}


def _acquire(lock: IO[bytes]) -> None:
    """Lock a file for this process, where the system has such locks; it is released when the file is closed."""
    try:
        import fcntl
    except ImportError:
        return
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

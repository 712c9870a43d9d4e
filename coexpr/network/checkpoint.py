"""Checkpoint of a long run: a folder from which a later run with the same settings continues."""

import json
import os
import zipfile
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import numpy as np
from numpy.typing import NDArray

from coexpr.errors import OutputError
from coexpr.output.binary import write_arrays
from coexpr.output.files import remedy_of

_FINGERPRINT = "run.json"
_LOCK = "lock"
_SUFFIX, _UNFINISHED = ".npz", ".tmp"


class Checkpoint:
    """A folder of files, each of which contains named arrays.

    Parameters
    ----------
    path : path
    fingerprint : mapping
        Settings that distinguish this run from others. Files of another run are removed.

    Raises
    ------
    OutputError
        If `path` exists and is not a checkpoint, or another run uses it.
    """

    def __init__(self, path: Path, fingerprint: Mapping[str, Any]) -> None:
        self.path = path
        self._fingerprint = json.dumps(fingerprint, sort_keys=True, default=list)
        self._lock: IO[bytes] | None = None

    def __enter__(self) -> Self:
        stored = self.path / _FINGERPRINT
        if self.path.exists() and not (stored.is_file() or _is_empty(self.path)):
            raise OutputError(
                f"{self.path} is in the way: the run stores its intermediate results under that name. "
                "Choose another output."
            )
        try:
            self.path.mkdir(exist_ok=True)
            self._lock = (self.path / _LOCK).open("wb")
            _acquire(self._lock)
        except OSError as error:
            if self._lock is not None:
                self._lock.close()
            if isinstance(error, BlockingIOError):
                raise OutputError(f"another run is at work in {self.path}. Wait, or choose another output.") from None
            raise self._not_written(error) from None
        try:
            if not (stored.is_file() and stored.read_bytes() == self._fingerprint.encode()):
                self._delete_files()
                self._write_whole(stored, lambda stream: stream.write(self._fingerprint.encode()))
        except OSError as error:
            self._lock.close()
            raise self._not_written(error) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lock is not None:
            if error is not None and not any(self.path.glob(f"*{_SUFFIX}")):
                self.remove()  # nothing was stored from which a later run could continue
            self._lock.close()

    def write(self, name: str, arrays: Mapping[str, Any]) -> None:
        """Write a file of arrays atomically, so that a crash leaves either the complete file or none."""
        try:
            self._write_whole(self.path / f"{name}{_SUFFIX}", lambda stream: write_arrays(arrays, stream))
        except OSError as error:
            raise self._not_written(error) from None

    def has(self, name: str) -> bool:
        """Return whether a file exists, even if it is damaged."""
        return (self.path / f"{name}{_SUFFIX}").exists()

    def read(self, name: str, *only: str) -> dict[str, NDArray[Any]] | None:
        """Return the arrays of a file, or only some of them; None if it does not exist or is damaged."""
        try:
            with (self.path / f"{name}{_SUFFIX}").open("rb") as stream, np.load(stream) as stored:
                return {key: stored[key] for key in only or stored}
        except (OSError, ValueError, KeyError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error):
            return None

    def remove(self) -> None:
        """Remove the folder, unless it contains files that a checkpoint does not have.

        If it cannot be removed, the next run with the same output removes it.
        """
        with suppress(OSError):
            self._delete_files()
            (self.path / _FINGERPRINT).unlink()
            (self.path / _LOCK).unlink()
            self.path.rmdir()

    @staticmethod
    def _write_whole(path: Path, write: Callable[[IO[bytes]], object]) -> None:
        """Write a file under another name, and give it its own when it is on the disk."""
        temporary = path.with_suffix(_UNFINISHED)
        with temporary.open("wb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)

    def _not_written(self, error: OSError) -> OutputError:
        """Return the error that explains why an intermediate result was not stored."""
        return OutputError(
            f"{self.path} cannot be written: {error.strerror or error}. What is stored there is kept. "
            f"{remedy_of(error)}, then the same command continues."
        )

    def _delete_files(self) -> None:
        for pattern in (f"*{_SUFFIX}", f"*{_UNFINISHED}"):
            for file in self.path.glob(pattern):
                file.unlink()


def read_fingerprint(path: Path) -> dict[str, Any] | None:
    """Return the settings of the run whose checkpoint a folder is: None if it is not one, nothing if damaged."""
    try:
        settings = json.loads((path / _FINGERPRINT).read_text(encoding="utf-8"))
    except OSError:
        return None
    except ValueError:
        return {}
    return settings if isinstance(settings, dict) else {}


def _is_empty(path: Path) -> bool:
    """Return whether a folder contains nothing, or what a run has left that was killed before it wrote its settings."""
    settings = Path(_FINGERPRINT).with_suffix(_UNFINISHED).name
    return path.is_dir() and {entry.name for entry in path.iterdir()} <= {_LOCK, settings}


def _acquire(lock: IO[bytes]) -> None:
    """Lock a file for this process until it is closed, on systems that have such locks."""
    try:
        import fcntl
    except ImportError:
        return
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

"""Waiting for a database that another process has open: one process writes it, or any number read it.

DuckDB locks a file while it is open, and does not wait. With many readers, a process that writes would never find a
moment without one. So it first locks a file next to the database, and readers that come later wait for it.
"""

import errno
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from coexpr.errors import DatabaseInUseError, OptionError

WAIT_VARIABLE = "COEXPR_WAIT"
# Seconds that a process waits by default: a query is read by people, and an ingest may run for an hour.
SECONDS_TO_READ, SECONDS_TO_WRITE = 10.0, 60.0

_SECONDS_BETWEEN_TRIES = 0.05
_SECONDS_BEFORE_MESSAGE = 1.0
_PROCESS = re.compile(r"held in (?P<program>.+?) \(PID (?P<number>\d+)\)")

# What a file system without locks answers.
_WITHOUT_LOCKS = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL)

T = TypeVar("T")
Say = Callable[[str], None]


class Waiting:
    """How long a process waits for a database, and what it says meanwhile.

    Parameters
    ----------
    path : path
        The database.
    seconds : float
        The limit, unless COEXPR_WAIT has another.
    say : callable
        Receives a message if it takes longer than a second.
    """

    def __init__(self, path: Path, seconds: float, say: Say) -> None:
        self._path, self.say = path, say
        self._seconds = _seconds_of_variable(seconds)
        self._start = time.monotonic()
        self._has_said = False

    def until(self, attempt: Callable[[], T | None], holder: Callable[[], str]) -> T:
        """Return the first result of `attempt` that is not None.

        Raises
        ------
        DatabaseInUseError
            If there is none until the limit; the message names the `holder`.
        """
        while (found := attempt()) is None:
            waited = time.monotonic() - self._start
            if waited >= self._seconds:
                raise DatabaseInUseError(
                    f"{self._path} is in use by another process{holder()}. Wait until it has finished, then try again. "
                    f"{WAIT_VARIABLE}=600 makes coexpr wait up to 600 seconds."
                )
            if waited >= _SECONDS_BEFORE_MESSAGE and not self._has_said:
                self.say(f"Waiting for {self._path}, which is in use by another process{holder()}.")
                self._has_said = True
            time.sleep(_SECONDS_BETWEEN_TRIES)
        return found


@contextmanager
def turn_to_write(path: Path, waiting: Waiting) -> Iterator[None]:
    """Be the only process that writes a database, or waits to write it, within the block.

    Raises
    ------
    DatabaseInUseError
        If another one does.
    """
    lock = _lock_of(path)
    handle = waiting.until(lambda: _take(lock), lambda: _holder_of(lock))
    if handle == _NO_LOCKS and not has_locks(path.parent):
        waiting.say(
            f"Note: files cannot be locked in {path.parent.absolute()}, as on some network drives. Use the database in "
            "one process at a time."
        )
    try:
        yield
    finally:
        if handle != _NO_LOCKS:
            with suppress(OSError):
                lock.unlink()
            os.close(handle)


def wait_for_writer(path: Path, waiting: Waiting) -> None:
    """Wait while another process writes the database, or waits to write it.

    Raises
    ------
    DatabaseInUseError
        If it has not finished at the limit.
    """
    lock = _lock_of(path)
    if lock.exists():
        waiting.until(lambda: _is_free(lock) or None, lambda: _holder_of(lock))


def has_locks(folder: Path) -> bool:
    """Return whether files in a folder can be locked, as far as this can be tried."""
    try:
        import fcntl  # not on Windows

        with tempfile.TemporaryFile(dir=folder) as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _WITHOUT_LOCKS
    except ImportError:
        return True
    return True


def holder_in(message: str) -> str:
    """Return the process that a message of DuckDB names as the one that holds its lock: " (duckdb, PID 4711)"."""
    found = _PROCESS.search(message)
    return f" ({Path(found['program']).name}, PID {found['number']})" if found else ""


# The handle where files cannot be locked: on Windows, on some network drives, in a folder that cannot be written.
_NO_LOCKS = -1


def _lock_of(path: Path) -> Path:
    file = path.resolve()
    return file.with_name(f"{file.name}.lock")


def _take(lock: Path) -> int | None:
    """Lock the file, which is created; return its handle, or None if another process has locked it."""
    try:
        import fcntl  # not on Windows
    except ImportError:
        return _NO_LOCKS
    try:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
    except OSError:
        return _NO_LOCKS
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.stat(lock).st_ino == os.fstat(handle).st_ino:  # else it was removed meanwhile
            os.truncate(handle, 0)
            os.write(handle, str(os.getpid()).encode())
            return handle
    except (BlockingIOError, FileNotFoundError):
        pass
    except OSError:
        os.close(handle)
        return _NO_LOCKS
    os.close(handle)
    return None


def _is_free(lock: Path) -> bool:
    """Return whether no process has locked the file."""
    try:
        import fcntl

        handle = os.open(lock, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (ImportError, OSError):
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        os.close(handle)
    return True


def _holder_of(lock: Path) -> str:
    """Return the process that has locked the file: " (PID 4711)"."""
    try:
        number = lock.read_text()[:20]
    except (OSError, ValueError):
        return ""
    return f" (PID {number})" if number.isdecimal() else ""


def _seconds_of_variable(default: float) -> float:
    given = os.environ.get(WAIT_VARIABLE, "").strip()
    if not given:
        return default
    try:
        seconds = float(given)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise OptionError(f"{WAIT_VARIABLE} is {given!r}: expected a number of seconds, such as 30.")
    return seconds

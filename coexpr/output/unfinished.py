"""Temporary files and folders next to what is being written, under a hidden name, and locked by their writer.

The lock of a process ends with the process, however it ends. So what a killed process left is recognised by the next
one that writes the same file, and removed.
"""

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

_ENDING = re.compile(r"\.[0-9a-f]{8}\.tmp")
_ENDING_LENGTH = 13
# Where files cannot be locked, what was not changed for this long has no writer any more.
_ABANDONED_SECONDS = 600


class UnfinishedFile:
    """A file that has another name while it is written.

    Parameters
    ----------
    path : path
        The name that it gets when it is complete. What killed processes left of the same name is removed.

    Attributes
    ----------
    stream : binary file

    Raises
    ------
    OSError
        If it cannot be created.
    """

    def __init__(self, path: Path) -> None:
        remove_abandoned(path)
        self._path = path
        while True:
            self._name = _new_name(path)
            self.stream: IO[bytes] = self._name.open("xb")
            if _lock(self.stream.fileno()) is not False and self._name.exists():
                return
            self.close()  # another process has just taken it for abandoned

    def publish(self) -> None:
        """Give the file its name, when all of it is on the disk. After that, a power cut does not change it."""
        self.stream.flush()
        os.fsync(self.stream.fileno())
        self.stream.close()
        rename_on_disk(self._name, self._path)

    def close(self) -> None:
        """Close the file, and remove it unless it was published."""
        with suppress(OSError):
            self.stream.close()
        with suppress(OSError):
            self._name.unlink(missing_ok=True)


@contextmanager
def unfinished_folder(path: Path) -> Iterator[Path]:
    """Yield a new folder next to `path`, which is removed at the end; a file is moved from there when it is complete.

    What killed processes left of the same name is removed.

    Raises
    ------
    OSError
        If it cannot be created.
    """
    remove_abandoned(path)
    while True:
        folder = _new_name(path)
        folder.mkdir(mode=0o700)
        handle = _open_to_lock(folder)
        if _lock(handle) is not False and folder.exists():
            break
        _close(handle)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _close(handle)


def remove_abandoned(path: Path) -> None:
    """Remove what killed processes left while they wrote a file, or one whose name begins with that name and a dot."""
    with suppress(OSError), os.scandir(path.parent) as entries:
        found = [Path(entry.path) for entry in entries if _is_temporary(entry.name, path.name)]
        for temporary in found:
            _remove_if_abandoned(temporary)


def rename_on_disk(path: Path, target: Path) -> None:
    """Give a file another name, in place of one that has it, and write the names in the folder to the disk."""
    os.replace(path, target)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Write the names of the files in a folder to the disk, on systems that can."""
    handle = _open_to_lock(folder)
    if handle is not None:
        with suppress(OSError):
            os.fsync(handle)
        _close(handle)


def _new_name(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.urandom(4).hex()}.tmp")


def _is_temporary(name: str, of: str) -> bool:
    return name.startswith(f".{of}.") and _ENDING.fullmatch(name, len(name) - _ENDING_LENGTH) is not None


def _remove_if_abandoned(path: Path) -> None:
    handle = _open_to_lock(path)
    try:
        is_abandoned = _lock(handle)
        if is_abandoned is None:
            is_abandoned = time.time() - path.stat().st_mtime > _ABANDONED_SECONDS
        if is_abandoned and path.is_dir():
            shutil.rmtree(path)
        elif is_abandoned:
            path.unlink()
    except OSError:
        pass  # it is not in the way, and the next process tries again
    finally:
        _close(handle)


def _open_to_lock(path: Path) -> int | None:
    """Open a file or folder; None where that is not possible, as for folders on Windows."""
    try:
        return os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        return None


def _lock(handle: int | None) -> bool | None:
    """Lock a file: False if another process has locked it, and None if it cannot be locked.

    It cannot on Windows and on some network drives.
    """
    try:
        import fcntl

        if handle is not None:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
    except BlockingIOError:
        return False
    except (ImportError, OSError):
        pass
    return None


def _close(handle: int | None) -> None:
    if handle is not None:
        os.close(handle)

"""Regular files on disk: reading from a pipe, a device or a socket may never end."""

import errno
import os
import stat
from pathlib import Path
from typing import IO

from coexpr.errors import DownloadError

# The most bytes of a file that are read to recognise it.
LONGEST_HEADER = 4096
_REGULAR = "Copy its contents to a file, and load that."


def regular_only(path: str, flags: int) -> int:
    """Open a regular file, as an `opener` of `open`.

    Raises
    ------
    DownloadError
        If it is something else.
    """
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))  # opening a pipe would wait for its writer
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    raise DownloadError(f"{path} is not a regular file, but a pipe, a device or a socket.", remedy=_REGULAR)


def open_regular(path: Path) -> IO[bytes]:
    """Open a regular file for reading bytes; see `regular_only`."""
    return open(path, "rb", opener=regular_only)


def read_start(path: Path) -> bytes:
    """Return the beginning of a regular file."""
    with open_regular(path) as stream:
        return stream.read(LONGEST_HEADER)


def exists(path: Path) -> bool:
    """Return whether there is anything at a path.

    Raises
    ------
    DownloadError
        If that cannot be found out, because the path is too long or a folder is not readable.
    """
    try:
        return path.exists()
    except OSError as error:
        raise DownloadError(f"{str(path)[:200]} cannot be read: {error.strerror}.") from None


def is_regular(path: Path) -> bool:
    """Return whether a path is a regular file, or a link to one."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):  # ValueError: a null character in the path
        return False

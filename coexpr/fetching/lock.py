"""A lock on a folder, so that two programs do not write the same partial files."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from coexpr.errors import FetchError


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Lock a folder until the block or the program ends, however it ends.

    Raises
    ------
    FetchError
        If another program has locked it.
    """
    try:
        import fcntl  # not on Windows
    except ImportError:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FetchError(f"another coexpr is fetching into {folder}. Wait until it has ended.") from None
        except OSError:
            pass  # some network drives have no locks
        yield
    finally:
        os.close(handle)

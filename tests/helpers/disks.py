"""Small disks, which fill."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

ENOUGH_KILOBYTES = 4_000_000


@contextmanager
def mounted_disk(folder: Path, kilobytes: int) -> Iterator[Callable[[], object]]:
    """Mount a disk of this size at a folder; yield a function that makes it large enough for anything.

    Raises
    ------
    OSError
        If that is not allowed.
    """
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        raise OSError("a small disk cannot be mounted here")
    enlarge = ["mount", "-o", f"remount,size={ENOUGH_KILOBYTES}k", str(folder)]
    try:
        yield lambda: subprocess.run(enlarge, check=True)
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@contextmanager
def small_disk(folder: Path, kilobytes: int) -> Iterator[Path]:
    """Mount a disk of this size at a new folder; the test is skipped where that is not allowed."""
    folder.mkdir()
    with ExitStack() as stack:
        try:
            stack.enter_context(mounted_disk(folder, kilobytes))
        except OSError as error:
            pytest.skip(str(error))
        yield folder

"""A folder that is written completely or not at all, and replaced only where it is a bundle."""

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from coexpr.errors import CoexprError, OutputError
from coexpr.output.unfinished import sync_folder

# Describes a bundle, for its pages and for this module.
DESCRIPTION = "bundle.json"
FORMAT = "coexpr bundle 1"
# Caches that coexpr writes next to a database that it reads.
_CACHES = (".matrix", ".names")
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


def check_folder(folder: Path, *, force: bool) -> None:
    """Raise OutputError if a bundle cannot be written to a folder: it must be new, empty, or a bundle with `force`."""
    if not folder.parent.is_dir():
        raise OutputError(f"{folder} cannot be written: there is no folder {folder.parent}.")
    if not folder.exists() and not folder.is_symlink():
        return
    if not folder.is_dir() or folder.is_symlink():
        raise OutputError(
            f"{folder} is a {'link' if folder.is_symlink() else 'file'}. Name a new folder for the bundle."
        )
    found = {path.name for path in folder.iterdir()}
    if not found:
        return
    files = _files_of(folder)
    if files is None:
        raise OutputError(f"{folder} has files that are not those of a bundle. Name a new folder for the bundle.")
    if others := sorted(name for name in found - files if not name.endswith(_CACHES)):
        raise OutputError(
            f"{folder} is a bundle, but {others[0]} in it is not part of it and would be lost. Name a new folder, or "
            "move the file."
        )
    if not force:
        raise OutputError(f"{folder} is a bundle already. Name a new folder, or replace it with `force`.")


@contextmanager
def new_folder(folder: Path, needed: int) -> Iterator[Path]:
    """Yield a folder next to `folder`, which replaces it at the end if nothing is raised.

    Parameters
    ----------
    folder : path
    needed : int
        About how many bytes will be written. It is an error if the disk has not as many.
    """
    folder = folder.absolute()
    try:
        free = shutil.disk_usage(folder.parent).free
        if free < needed:
            raise OutputError(
                f"the bundle needs about {needed / 1e6:,.0f} MB, and {folder.parent} has {free / 1e6:,.0f} MB left. "
                "Free some space, or choose another folder."
            )
        work = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
        try:
            yield work
            work.chmod(0o777 & ~_umask())  # a temporary folder is private; a web server must read this one
            _replace(folder, work)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    except OSError as error:
        if isinstance(error, CoexprError):
            raise
        remedy = "Free some space and run the same command again." if error.errno in _DISK_FULL else "Nothing is kept."
        raise OutputError(f"{folder} cannot be written: {error.strerror or error}. {remedy}") from None


def _replace(folder: Path, work: Path) -> None:
    """Rename a finished folder; the one that was there is kept until that has succeeded."""
    if not folder.exists():
        os.rename(work, folder)
        sync_folder(folder.parent)
        return
    old = work.with_name(f"{work.name}.old")
    os.rename(folder, old)
    try:
        os.rename(work, folder)
    except BaseException:
        os.rename(old, folder)
        raise
    sync_folder(folder.parent)
    shutil.rmtree(old, ignore_errors=True)


def _files_of(folder: Path) -> set[str] | None:
    """Return the names of the files of a bundle; None if the folder is none."""
    try:
        description: Any = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
        if description["format"] != FORMAT:
            return None
        return {DESCRIPTION, *description["files"]}
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current

"""Caches next to a database: whether they are wanted, and whether they were made from this file."""

import hashlib
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

# The file itself, and the files next to it with changes that are not checkpointed.
_DUCKDB_ENDINGS = ("", ".wal", ".wal.checkpoint", ".wal.recovery")

CACHE_VARIABLE = "COEXPR_CACHE"
_OFF = ("off", "0", "no", "false")


def cache_is_on() -> bool:
    """Return whether caches are read and written, which COEXPR_CACHE can turn off."""
    return os.environ.get(CACHE_VARIABLE, "").strip().lower() not in _OFF


def stamp_of(database: Path) -> list[Any]:
    """Return a stamp that changes whenever a database file is written to or replaced.

    The file is not opened: when a process closes a file, POSIX releases all locks of the process on it, and with them
    the lock of DuckDB.

    Parameters
    ----------
    database : path
        Path of the file with links resolved: DuckDB's log is next to the file itself.
    """
    database.stat()  # raises FileNotFoundError
    stamp: list[Any] = []
    for ending in _DUCKDB_ENDINGS:
        with suppress(FileNotFoundError):
            state = database.with_name(f"{database.name}{ending}").stat()
            # The time of the last change of the file's entry cannot be set back, as that of its contents can.
            stamp.append([ending, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns])
    return stamp


def key_of(stamp: Sequence[Any], *contents: str) -> str:
    """Return the key of a cache: a hash of the stamp of its database and of what the cache contains."""
    return hashlib.sha256(json.dumps([stamp, contents]).encode()).hexdigest()

"""Arrays in a memory-mapped file next to the database: the format of its caches.

The file starts with a JSON header, preceded by its digest, and continues with arrays that are aligned to pages. The
header contains a key of the data that the arrays were made from, and a checksum of each array. A file that is
truncated, damaged or made from other data is not read.
"""

import hashlib
import json
import math
import os
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import IO, Any, TypeVar
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from coexpr.output.files import write_binary_file

_MAGIC = b"coexpr arrays 1\n"
_DIGEST_BYTES = 32
_PAGE = 4096
# The modification time of a file is set back by this, to a whole second, so that every later change alters the time,
# even on file systems with coarse clocks.
_BACKDATED_SECONDS = 10
# Temporary files of killed processes are removed when they are this old.
_ABANDONED_SECONDS = 600

T = TypeVar("T")

# What was made from files that are in use, by key and file: several open databases share one map of a file.
_mapped: WeakValueDictionary[tuple[str, int, int, int], Any] = WeakValueDictionary()
_mapping = Lock()


def save_arrays(path: Path, key: str, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays to a file atomically.

    Parameters
    ----------
    path : path
    key : str
        Of the data that the arrays were made from.
    arrays : mapping of str to array

    Raises
    ------
    OSError, OutputError
        If the file cannot be written.
    """
    _remove_abandoned(path)
    stored = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    header: dict[str, Any] = {"key": key, "written_ns": (int(time.time()) - _BACKDATED_SECONDS) * 10**9, "arrays": {}}
    offset = _PAGE
    for name, array in stored.items():
        header["arrays"][name] = {
            "dtype": array.dtype.str,
            "shape": array.shape,
            "offset": offset,
            "checksum": zlib.crc32(array.reshape(-1).view(np.uint8).data),
        }
        offset += -(-array.nbytes // _PAGE) * _PAGE
    header["size"] = offset
    text = json.dumps(header).encode().ljust(_PAGE - len(_MAGIC) - _DIGEST_BYTES)

    def write(stream: IO[bytes]) -> None:
        stream.write(_MAGIC + hashlib.sha256(text).digest() + text)
        for name, array in stored.items():
            stream.seek(header["arrays"][name]["offset"])
            stream.write(array.reshape(-1).view(np.uint8).data)
        stream.truncate(offset)
        stream.flush()
        os.fsync(stream.fileno())  # a power cut must not leave an incomplete file with the right size and time

    write_binary_file(path, write)
    os.utime(path, ns=(header["written_ns"],) * 2)


def load_arrays(path: Path, key: str, make: Callable[..., T]) -> T | None:
    """Map the arrays of a file into memory.

    Parameters
    ----------
    path : path
    key : str
    make : callable
        Makes an object of the arrays, which are given by name. The object is shared while it is in use.

    Returns
    -------
    object or None
        None if the file does not exist, has another key, or is damaged.
    """
    try:
        with path.open("rb") as stream:
            magic, digest = stream.read(len(_MAGIC)), stream.read(_DIGEST_BYTES)
            text = stream.read(_PAGE - len(_MAGIC) - _DIGEST_BYTES)
            if magic != _MAGIC or digest != hashlib.sha256(text).digest():
                return None
            header = json.loads(text)
            state = os.fstat(stream.fileno())
            if header["key"] != key or state.st_size != header["size"]:
                return None
            mapped = (key, state.st_dev, state.st_ino, state.st_mtime_ns)
            with _mapping:
                known: T | None = _mapped.get(mapped)
                if known is None and (arrays := _map(stream, header, state)) is not None:
                    known = _mapped[mapped] = make(**arrays)
                return known
    except (OSError, ValueError):
        return None


def _map(stream: IO[bytes], header: dict[str, Any], state: os.stat_result) -> dict[str, NDArray[Any]] | None:
    """Map the arrays of a file; None if one is damaged."""
    pages = np.memmap(stream, np.uint8, "r")
    # Checksums of the whole file take longer than a query, so they are only computed if the file time has changed.
    is_trusted = state.st_mtime_ns == header["written_ns"]
    arrays = {}
    for name, stored in header["arrays"].items():
        dtype, start = np.dtype(stored["dtype"]), stored["offset"]
        # A plain array over the map, because each slice of a memmap takes a microsecond longer.
        array = np.asarray(pages[start : start + dtype.itemsize * math.prod(stored["shape"])])
        if not is_trusted and zlib.crc32(array.data) != stored["checksum"]:
            return None
        arrays[name] = array.view(dtype).reshape(stored["shape"])
    return arrays


def _remove_abandoned(path: Path) -> None:
    """Remove temporary files for `path` that killed processes left; see `write_binary_file`."""
    for file in path.parent.iterdir():
        with suppress(OSError):
            if file.name.startswith(f".{path.name}.") and time.time() - file.stat().st_mtime > _ABANDONED_SECONDS:
                file.unlink()

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
from contextlib import closing
from pathlib import Path
from threading import Lock
from typing import IO, Any, TypeVar
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import DTypeLike, NDArray

from coexpr.output.files import check_file
from coexpr.output.unfinished import UnfinishedFile

_MAGIC = b"coexpr arrays 1\n"
_DIGEST_BYTES = 32
_PAGE = 4096
# The modification time of a file is set back by this, to a whole second, so that every later change alters the time,
# even on file systems with coarse clocks.
_BACKDATED_SECONDS = 10

T = TypeVar("T")

# What was made from files that are in use, by key and file: several open databases share one map of a file.
_mapped: WeakValueDictionary[tuple[str, int, int, int], Any] = WeakValueDictionary()
_mapping = Lock()


class ArrayWriter:
    """Writes the arrays of a file one after another, and puts it in place when its key is known.

    `close` removes the unfinished file if it was not published.

    Parameters
    ----------
    path : path

    Raises
    ------
    OSError, OutputError
        Here and in the methods, if the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        check_file(path)
        self._path = path.parent.resolve() / path.name  # a link is replaced, and what it leads to is not written
        self._file = UnfinishedFile(self._path)
        self._stream = self._file.stream
        self._arrays: dict[str, dict[str, Any]] = {}
        self._end = _PAGE

    def close(self) -> None:
        """Close the file, and remove it if it was not published."""
        self._file.close()

    def start(self, name: str, dtype: DTypeLike, shape: tuple[int, ...]) -> None:
        """Start an array of this type and shape, whose rows are then given to `append`."""
        self._stream.seek(self._end)
        self._arrays[name] = {"dtype": np.dtype(dtype).str, "shape": shape, "offset": self._end, "checksum": 0}
        self._last = self._arrays[name]
        self._end += -(-np.dtype(dtype).itemsize * math.prod(shape) // _PAGE) * _PAGE

    def append(self, rows: NDArray[Any]) -> None:
        """Write the next rows of the array that was started last."""
        from zlib_ng import zlib_ng  # ten times as fast as zlib; not needed to read a file

        data = np.ascontiguousarray(rows).reshape(-1).view(np.uint8).data
        self._last["checksum"] = zlib_ng.crc32(data, self._last["checksum"])
        self._stream.write(data)

    def publish(self, key: str) -> None:
        """Write the key of the data that the arrays were made from, and put the file in place atomically."""
        written_ns = (int(time.time()) - _BACKDATED_SECONDS) * 10**9
        header = {"key": key, "written_ns": written_ns, "arrays": self._arrays, "size": self._end}
        text = json.dumps(header).encode().ljust(_PAGE - len(_MAGIC) - _DIGEST_BYTES)
        self._stream.truncate(self._end)
        self._stream.seek(0)
        self._stream.write(_MAGIC + hashlib.sha256(text).digest() + text)
        self._file.publish()
        os.utime(self._path, ns=(written_ns, written_ns))


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
    with closing(ArrayWriter(path)) as file:
        for name, array in arrays.items():
            file.start(name, array.dtype, array.shape)
            file.append(array)
        file.publish(key)


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

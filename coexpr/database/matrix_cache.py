"""Cache of the expression matrix: a memory-mapped file next to the database.

The file starts with a JSON header, preceded by its digest, and continues with arrays that are aligned to pages. The
header contains a key of the data that the arrays were made from, and a checksum of each array. If the file is missing,
truncated, damaged or made from other data, the matrix is built again.
"""

import hashlib
import json
import math
import os
import time
import zlib
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import IO, Any
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from coexpr.output.files import write_binary_file

_MAGIC = b"coexpr matrix 2\n"
_DIGEST_BYTES = 32
_PAGE = 4096
# The modification time of a file is set back by this, to a whole second, so that every later change alters the time,
# even on file systems with coarse clocks.
_BACKDATED_SECONDS = 10
# Temporary files of killed processes are removed when they are this old.
_ABANDONED_SECONDS = 600
# Shifts are multiples of this. They have few binary digits, so that most rows can be restored exactly.
_SHIFT_STEP = 0.125
_ROWS_AT_A_TIME = 256

# The arrays of a file, in order.
_DTYPES: dict[str, type[np.generic]] = {
    "values": np.float32,
    "shift": np.float32,
    "probe_ids": np.int32,
    "donor_ids": np.int32,
    "n": np.int32,
    "mean_log2": np.float64,
    "squared_deviations": np.float64,
    "statistics": np.float64,
}


@dataclass(frozen=True)
class Matrix:
    """The expression of every probe in every sample.

    Parameters
    ----------
    values : (P, S) float32
        Log2 intensity minus the shift of its row, NaN where missing. Columns are ordered by donor_id and position.
        The shift makes values smaller, which leaves more precision for products in float32; adding it restores the
        stored values exactly.
    shift : (P,) float32
    probe_ids : (P,) int32, ascending
    donor_ids : (D,) int32, ascending
    n : (D, P) int32
        Number of values of each probe in each donor that are not missing.
    mean_log2, squared_deviations : (D, P) float64
        Mean of these values and sum of squared deviations from it; 0 if there are none.
    statistics : (K, P) float64
        Further statistics that are stored for each probe; NaN where missing.
    """

    values: NDArray[np.float32]
    shift: NDArray[np.float32]
    probe_ids: NDArray[np.int32]
    donor_ids: NDArray[np.int32]
    n: NDArray[np.int32]
    mean_log2: NDArray[np.float64]
    squared_deviations: NDArray[np.float64]
    statistics: NDArray[np.float64]

    def log2(self, rows: NDArray[np.intp] | slice | np.intp) -> NDArray[np.float32]:
        """Return a copy of the log2 intensities of some rows, exactly as they are stored in the database."""
        return self.values[rows] + self.shift[rows, None]

    def spread(self, donors: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return mean and sum of squared deviations of each row of `values`, (P,), over some donors (D,).

        They are combined from those of single donors (Chan, Golub and LeVeque 1979).
        """
        return self._spread if donors.all() else self._spread_over(donors)

    @cached_property
    def _spread(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return self._spread_over(np.ones(len(self.donor_ids), dtype=np.bool_))

    def _spread_over(self, donors: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        n, of_donor = self.n[donors], self.mean_log2[donors]
        means = (n * of_donor).sum(axis=0) / np.maximum(n.sum(axis=0), 1)
        squares = (self.squared_deviations[donors] + n * (of_donor - means) ** 2).sum(axis=0)
        return means - self.shift, squares


# The matrices that are in use, by key and file: several open databases share one map of a file.
_mapped: WeakValueDictionary[tuple[str, int, int, int], Matrix] = WeakValueDictionary()
_mapping = Lock()


def shift_rows(log2: NDArray[np.float32], means: NDArray[np.float64]) -> NDArray[np.float32]:
    """Subtract from every row, in place, a number near its mean; return these numbers.

    Parameters
    ----------
    log2 : (P, S) float32
    means : (P,) float64

    Returns
    -------
    (P,) float32
        The shift of each row; 0 if adding it would not restore every value of the row exactly.
    """
    shift = (np.round(np.nan_to_num(means) / _SHIFT_STEP) * _SHIFT_STEP).astype(np.float32)
    for start in range(0, len(log2), _ROWS_AT_A_TIME):
        rows = slice(start, start + _ROWS_AT_A_TIME)
        shifted = log2[rows] - shift[rows, None]
        restored = shifted + shift[rows, None]
        exact = ((restored == log2[rows]) | np.isnan(log2[rows])).all(axis=1)
        shift[rows][~exact] = 0
        np.copyto(log2[rows], shifted, where=exact[:, None])
    return shift


def cache_path(database: Path) -> Path:
    """Return the path of the matrix file of a database."""
    return database.with_name(database.name + ".matrix")


def save(path: Path, key: str, matrix: Matrix) -> None:
    """Write a matrix to a file atomically.

    Raises
    ------
    OSError, OutputError
        If the file cannot be written.
    """
    _remove_abandoned(path)
    arrays = {name: np.ascontiguousarray(getattr(matrix, name)) for name in _DTYPES}
    header: dict[str, Any] = {"key": key, "written_ns": (int(time.time()) - _BACKDATED_SECONDS) * 10**9, "arrays": {}}
    offset = _PAGE
    for name, array in arrays.items():
        header["arrays"][name] = {"shape": array.shape, "offset": offset, "checksum": zlib.crc32(array.data.cast("B"))}
        offset += -(-array.nbytes // _PAGE) * _PAGE
    header["size"] = offset
    text = json.dumps(header).encode().ljust(_PAGE - len(_MAGIC) - _DIGEST_BYTES)

    def write(stream: IO[bytes]) -> None:
        stream.write(_MAGIC + hashlib.sha256(text).digest() + text)
        for name, array in arrays.items():
            stream.seek(header["arrays"][name]["offset"])
            stream.write(array.data)
        stream.truncate(offset)
        stream.flush()
        os.fsync(stream.fileno())  # a power cut must not leave an incomplete file with the right size and time

    write_binary_file(path, write)
    os.utime(path, ns=(header["written_ns"],) * 2)


def load(path: Path, key: str) -> Matrix | None:
    """Map the matrix of a file into memory.

    Returns
    -------
    Matrix or None
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
                if (known := _mapped.get(mapped)) is None and (known := _map(stream, header, state)) is not None:
                    _mapped[mapped] = known
                return known
    except (OSError, ValueError):
        return None


def _map(stream: IO[bytes], header: dict[str, Any], state: os.stat_result) -> Matrix | None:
    """Map the arrays of a file; None if one is damaged."""
    pages = np.memmap(stream, np.uint8, "r")
    # Checksums of the whole file take longer than a query, so they are only computed if the file time has changed.
    is_trusted = state.st_mtime_ns == header["written_ns"]
    arrays = {}
    for name, dtype in _DTYPES.items():
        shape, start = header["arrays"][name]["shape"], header["arrays"][name]["offset"]
        # A plain array over the map, because each slice of a memmap takes a microsecond longer.
        array = np.asarray(pages[start : start + dtype().itemsize * math.prod(shape)])
        if not is_trusted and zlib.crc32(array.data) != header["arrays"][name]["checksum"]:
            return None
        arrays[name] = array.view(dtype).reshape(shape)
    return Matrix(**arrays)


def _remove_abandoned(path: Path) -> None:
    """Remove temporary files for `path` that killed processes left; see `write_binary_file`."""
    for file in path.parent.iterdir():
        with suppress(OSError):
            if file.name.startswith(f".{path.name}.") and time.time() - file.stat().st_mtime > _ABANDONED_SECONDS:
                file.unlink()

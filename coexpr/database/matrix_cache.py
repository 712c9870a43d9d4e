"""The expression matrix in a file that numpy maps: a cache beside the database, never trusted blindly.

The file is a head in JSON with its own digest, then arrays, each at a page of its own. The head names
what the arrays were made of, and a checksum of each. A file that is missing, cut short, damaged, or of
other contents is no matrix: it is made anew.
"""

import hashlib
import json
import math
import os
import time
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from coexpr.output.files import write_binary_file

_MAGIC = b"coexpr matrix 2\n"
_DIGEST_BYTES = 32
_PAGE = 4096
# A file is dated back to a whole second before it was written: whatever changes it later changes its time,
# on file systems with coarse clocks too.
_BACKDATED_SECONDS = 10
# What a killed process left behind is removed when it is this old.
_ABANDONED_SECONDS = 600
# DuckDB's file begins with three blocks: of the file, and of its last two checkpoints.
_DUCKDB_HEAD_BYTES = 3 * 4096
# The file itself, and where what is not checkpointed lies beside it.
_DUCKDB_ENDINGS = ("", ".wal", ".wal.checkpoint", ".wal.recovery")
# Shifts are multiples of this: few enough binary digits that the values of most rows can be had back exactly.
_SHIFT_STEP = 0.125
_ROWS_AT_A_TIME = 256


# The arrays of a file, in their order.
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
        Log2 intensity less the shift of its row, so that single precision is not spent on what all
        values of a row share; adding the shift gives the stored value exactly. NaN where unknown.
        Columns by donor_id and position.
    shift : (P,) float32
    probe_ids : (P,) int32, ascending
    donor_ids : (D,) int32, ascending
    n : (D, P) int32
        Known values of each probe in each donor.
    mean_log2, squared_deviations : (D, P) float64
        Of these values; 0 where there is none.
    statistics : (K, P) float64
        What else is stored for each probe; NaN where missing.
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
        """Return the log2 intensities of some rows, as they are stored in the database; a copy."""
        return self.values[rows] + self.shift[rows, None]

    def spread(self, donors: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return mean and sum of squared deviations of each row of `values`, (P,), over some donors (D,).

        Those of the donors combined (Chan, Golub and LeVeque 1979).
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


def shift_rows(log2: NDArray[np.float32], means: NDArray[np.float64]) -> NDArray[np.float32]:
    """Take from every row, in place, a number near its mean; return these numbers.

    Parameters
    ----------
    log2 : (P, S) float32
    means : (P,) float64

    Returns
    -------
    (P,) float32
        0 for a row in which some difference would be rounded: small values have digits that larger
        differences have no room for.
    """
    shift = (np.round(np.nan_to_num(means) / _SHIFT_STEP) * _SHIFT_STEP).astype(np.float32)
    for start in range(0, len(log2), _ROWS_AT_A_TIME):
        rows = slice(start, start + _ROWS_AT_A_TIME)
        shifted = log2[rows] - shift[rows, None]
        back = shifted + shift[rows, None]
        exact = ((back == log2[rows]) | np.isnan(log2[rows])).all(axis=1)
        shift[rows][~exact] = 0
        np.copyto(log2[rows], shifted, where=exact[:, None])
    return shift


def cache_path(database: Path) -> Path:
    """Return where the matrix of a database lies."""
    return database.with_name(database.name + ".matrix")


def stamp_of(database: Path) -> list[Any]:
    """Return what is another whenever somebody wrote to a database file.

    Every checkpoint of DuckDB changes the head of the file, but two different ones may give it the same:
    its size and time are looked at too. What is not checkpointed lies in files beside it.

    Parameters
    ----------
    database : path
        Without links: DuckDB's log lies beside the file itself.
    """
    with database.open("rb") as stream:
        stamp: list[Any] = [stream.read(_DUCKDB_HEAD_BYTES).hex()]
    for ending in _DUCKDB_ENDINGS:
        with suppress(FileNotFoundError):
            state = database.with_name(f"{database.name}{ending}").stat()
            stamp.append([ending, state.st_size, state.st_mtime_ns])
    return stamp


def key_of(stamp: Sequence[Any], *contents: str) -> str:
    """Return what tells a matrix from any other: the stamp of its database, and what else it was made of."""
    return hashlib.sha256(json.dumps([stamp, contents]).encode()).hexdigest()


def save(path: Path, key: str, matrix: Matrix) -> None:
    """Write a matrix to a file: whole, or not at all.

    Raises
    ------
    OSError, OutputError
        If it cannot be written.
    """
    _remove_abandoned(path)
    arrays = {name: np.ascontiguousarray(getattr(matrix, name)) for name in _DTYPES}
    head: dict[str, Any] = {"key": key, "written_ns": (int(time.time()) - _BACKDATED_SECONDS) * 10**9, "arrays": {}}
    offset = _PAGE
    for name, array in arrays.items():
        head["arrays"][name] = {"shape": array.shape, "offset": offset, "checksum": zlib.crc32(array.data.cast("B"))}
        offset += -(-array.nbytes // _PAGE) * _PAGE
    head["size"] = offset
    text = json.dumps(head).encode().ljust(_PAGE - len(_MAGIC) - _DIGEST_BYTES)

    def write(stream: IO[bytes]) -> None:
        stream.write(_MAGIC + hashlib.sha256(text).digest() + text)
        for name, array in arrays.items():
            stream.seek(head["arrays"][name]["offset"])
            stream.write(array.data)
        stream.truncate(offset)
        stream.flush()
        os.fsync(stream.fileno())  # or a power cut could leave a file that is whole by its length and time

    write_binary_file(path, write)
    os.utime(path, ns=(head["written_ns"],) * 2)


def load(path: Path, key: str) -> Matrix | None:
    """Map the matrix of a file.

    Returns
    -------
    Matrix or None
        None where there is no file, it is not of what the key names, or it is damaged.
    """
    try:
        with path.open("rb") as stream:
            magic, digest = stream.read(len(_MAGIC)), stream.read(_DIGEST_BYTES)
            text = stream.read(_PAGE - len(_MAGIC) - _DIGEST_BYTES)
            if magic != _MAGIC or digest != hashlib.sha256(text).digest():
                return None
            head = json.loads(text)
            state = os.fstat(stream.fileno())
            if head["key"] != key or state.st_size != head["size"]:
                return None
            pages = np.memmap(stream, np.uint8, "r")
    except (OSError, ValueError):
        return None
    # To sum the whole file takes longer than a question: that is for files with another time than they got.
    is_trusted = state.st_mtime_ns == head["written_ns"]
    arrays = {}
    for name, dtype in _DTYPES.items():
        shape, start = head["arrays"][name]["shape"], head["arrays"][name]["offset"]
        # A plain array over the map: every slice of a memmap would cost a microsecond more.
        array = np.asarray(pages[start : start + dtype().itemsize * math.prod(shape)])
        if not is_trusted and zlib.crc32(array.data) != head["arrays"][name]["checksum"]:
            return None
        arrays[name] = array.view(dtype).reshape(shape)
    return Matrix(**arrays)


def _remove_abandoned(path: Path) -> None:
    """Remove what killed processes left of files for `path`; see `write_binary_file`."""
    for left in path.parent.iterdir():
        with suppress(OSError):
            if left.name.startswith(f".{path.name}.") and time.time() - left.stat().st_mtime > _ABANDONED_SECONDS:
                left.unlink()

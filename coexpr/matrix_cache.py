"""The expression matrix in a file that numpy maps: a cache beside the database, never trusted blindly.

The file is a head in JSON, then arrays, each at a page of its own. The head names the contents of the
database that the arrays were made of, and a checksum of each. A file that is missing, cut short,
damaged, or of other contents is no matrix: it is made anew.
"""

import hashlib
import json
import os
import time
from collections.abc import Collection
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MAGIC = b"coexpr matrix 1\n"
_PAGE = 4096
# A file is dated back to a whole second before it was written: whatever changes it later changes its time,
# on file systems with coarse clocks too.
_BACKDATED_SECONDS = 10
# What a killed process left behind is removed when it is this old.
_ABANDONED_SECONDS = 3600
# DuckDB's file begins with three blocks: of the file, and of its last two checkpoints.
_DUCKDB_HEAD_BYTES = 3 * 4096
# Shifts are multiples of this: few enough binary digits that most differences are exact.
_SHIFT_STEP = 0.125
_ROWS_AT_A_TIME = 256


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
    facts : (F, P) float64
        What else is stored of each probe; NaN where unknown.
    """

    values: NDArray[np.float32]
    shift: NDArray[np.float32]
    probe_ids: NDArray[np.int32]
    donor_ids: NDArray[np.int32]
    n: NDArray[np.int32]
    mean_log2: NDArray[np.float64]
    squared_deviations: NDArray[np.float64]
    facts: NDArray[np.float64]

    def log2(self, rows: NDArray[np.intp] | slice | np.intp) -> NDArray[np.float32]:
        """Return the log2 intensities of some rows, as they are stored in the database; a copy."""
        return self.values[rows] + self.shift[rows, None]

    def spread(self, donor_ids: Collection[int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return mean and sum of squared deviations of each row of `values`, (P,), over some donors.

        Those of the donors combined (Chan, Golub and LeVeque 1979).
        """
        if len(donor_ids) == len(self.donor_ids):
            return self._spread
        return self._spread_over(np.isin(self.donor_ids, list(donor_ids)))

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
    shift = (np.round(means / _SHIFT_STEP) * _SHIFT_STEP).astype(np.float32)
    for start in range(0, len(log2), _ROWS_AT_A_TIME):
        rows = slice(start, start + _ROWS_AT_A_TIME)
        shifted = log2[rows] - shift[rows, None]
        back = shifted + shift[rows, None]
        exact = ((back == log2[rows]) | np.isnan(back)).all(axis=1)
        shift[rows][~exact] = 0
        np.copyto(log2[rows], shifted, where=exact[:, None])
    return shift


def cache_path(database: Path) -> Path:
    """Return where the matrix of a database lies."""
    return database.with_name(database.name + ".matrix")


def key_of(database: Path, downloads: str) -> str:
    """Return what tells the contents of a database file from any others, those before an ingest among them.

    Every checkpoint of DuckDB changes the head of the file; what is not checkpointed lies in a file
    beside it.

    Parameters
    ----------
    database : path
    downloads : str
        Which downloads it holds.
    """
    with database.open("rb") as stream:
        parts: list[Any] = [stream.read(_DUCKDB_HEAD_BYTES).hex(), database.stat().st_size, downloads]
    log = database.with_name(database.name + ".wal")
    if log.exists():
        parts += [log.stat().st_size, log.stat().st_mtime_ns]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def save(path: Path, key: str, matrix: Matrix) -> None:
    """Write a matrix to a file: whole, or not at all.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    _remove_abandoned(path)
    arrays = {field.name: np.ascontiguousarray(getattr(matrix, field.name)) for field in fields(matrix)}
    head: dict[str, Any] = {"key": key, "arrays": {}}
    offset = _PAGE
    for name, array in arrays.items():
        head["arrays"][name] = {
            "dtype": array.dtype.str,
            "shape": array.shape,
            "offset": offset,
            "checksum": _checksum(array),
        }
        offset += -(-array.nbytes // _PAGE) * _PAGE
    head["size"] = offset
    head["written_ns"] = (int(time.time()) - _BACKDATED_SECONDS) * 10**9
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as stream:
            stream.write(_MAGIC + json.dumps(head).encode().ljust(_PAGE - len(_MAGIC)))
            for name, array in arrays.items():
                stream.seek(head["arrays"][name]["offset"])
                stream.write(array.data)
            stream.truncate(offset)
            stream.flush()
            os.fsync(stream.fileno())
        os.utime(temporary, ns=(head["written_ns"],) * 2)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def load(path: Path, key: str) -> Matrix | None:
    """Map the matrix of a file.

    Returns
    -------
    Matrix or None
        None where there is no file, it is not of the contents that the key names, or it is damaged.
    """
    try:
        with path.open("rb") as stream:
            magic, head = stream.read(len(_MAGIC)), json.loads(stream.read(_PAGE - len(_MAGIC)))
            if magic != _MAGIC or head["key"] != key or path.stat().st_size != head["size"]:
                return None
            pages = np.memmap(stream, np.uint8, "r")
        # To sum the whole matrix takes longer than a question: that is for files with another time than they got.
        trusted = ["values"] if path.stat().st_mtime_ns == head["written_ns"] else []
        arrays = {}
        for name, is_at in head["arrays"].items():
            dtype, shape = np.dtype(is_at["dtype"]), tuple(is_at["shape"])
            size = dtype.itemsize * int(np.prod(shape))
            # A plain array over the map: every slice of a memmap would cost a microsecond more.
            array = np.asarray(pages[is_at["offset"] : is_at["offset"] + size]).view(dtype).reshape(shape)
            if name not in trusted and _checksum(array) != is_at["checksum"]:
                return None
            arrays[name] = array
        return Matrix(**arrays)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _checksum(array: NDArray[Any]) -> int:
    """Return the sum of an array's bytes, eight at a time."""
    flat = array.reshape(-1).view(np.uint8)
    whole = len(flat) // 8 * 8
    rest = int.from_bytes(flat[whole:].tobytes(), "little")
    return (int(np.add.reduce(flat[:whole].view(np.uint64))) + rest) % 2**64


def _remove_abandoned(path: Path) -> None:
    for left in path.parent.glob(f"{path.name}.*.tmp"):
        if time.time() - left.stat().st_mtime > _ABANDONED_SECONDS:
            left.unlink(missing_ok=True)

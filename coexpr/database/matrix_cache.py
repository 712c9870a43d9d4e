"""Cache of the expression matrix: a memory-mapped file next to the database (see `coexpr.database.array_file`)."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coexpr.database.array_file import ArrayWriter, load_arrays, save_arrays
from coexpr.errors import OutputError

# Shifts are multiples of this. They have few binary digits, so that most rows can be restored exactly.
_SHIFT_STEP = 0.125
_ROWS_AT_A_TIME = 256
# The arrays of a file, in order.
_ARRAYS = (
    "values",
    "shift",
    "probe_ids",
    "donor_ids",
    "n",
    "mean_log2",
    "squared_deviations",
    "statistics",
)


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


class MatrixWriter:
    """Writes the cache of a database while the rows of its matrix are in memory, during ingest.

    Nothing is written before the first rows. If the file cannot be written, the next query writes it.

    Parameters
    ----------
    database : path
    """

    def __init__(self, database: Path) -> None:
        self._path = cache_path(database.resolve())
        self._file: ArrayWriter | None = None
        self._shifts: list[NDArray[np.float32]] = []

    def start(self, probes: int, samples: int) -> None:
        """Start the matrix of this many probes and samples."""
        with self._unless_it_fails():
            self._file = ArrayWriter(self._path)
            self._file.start("values", np.float32, (probes, samples))

    def append(self, log2: NDArray[np.float32], means: NDArray[np.float64]) -> None:
        """Write the next rows, given their means."""
        with self._unless_it_fails():
            if self._file:
                shifted = log2.copy()
                self._shifts.append(shift_rows(shifted, means))
                self._file.append(shifted)

    def add(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write the arrays of the `Matrix` other than `values` and `shift`."""
        with self._unless_it_fails():
            if self._file:
                for name, array in {"shift": np.concatenate(self._shifts), **arrays}.items():
                    self._file.start(name, array.dtype, array.shape)
                    self._file.append(array)

    def publish(self, key: Callable[[], str]) -> None:
        """Put the cache in place, with a key that depends on the database as it is now."""
        with self._unless_it_fails():
            if self._file:
                self._file.publish(key())

    def close(self) -> None:
        """Remove what was written if it was not published."""
        if self._file:
            self._file.close()
            self._file = None

    @contextmanager
    def _unless_it_fails(self) -> Iterator[None]:
        try:
            yield
        except (OSError, OutputError):
            self.close()


def cache_path(database: Path) -> Path:
    """Return the path of the matrix file of a database."""
    return database.with_name(database.name + ".matrix")


def save(path: Path, key: str, matrix: Matrix) -> None:
    """Write a matrix to a file atomically; see `save_arrays`."""
    save_arrays(path, key, {name: getattr(matrix, name) for name in _ARRAYS})


def load(path: Path, key: str) -> Matrix | None:
    """Map the matrix of a file into memory; None if the file is missing, damaged, or has another key."""
    return load_arrays(path, key, Matrix)

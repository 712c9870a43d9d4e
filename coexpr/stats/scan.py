"""Pearson's r of one profile with many, in single precision with error bounds, refined to double where needed.

A scan gives an approximate r and an error bound for every row. Then r is computed in double precision only for the rows
that a result contains, and for those that could belong to it according to their bound.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

# Largest relative error of one operation in single precision.
_UNIT = 2.0**-24
# Values per block: 1 MB, so that a block stays in the cache between operations.
_BLOCK_VALUES = 1 << 18
# Below this fraction of the columns they are copied; else whole rows are multiplied with vectors of zeros elsewhere,
# because random access costs more than reading everything.
_COPIED_FRACTION = 0.45
# Rows read at a time to refine them: 15 MB for the whole atlas.
_REFINED_ROWS = 1024
# Relative variance below which a row is not scanned but computed in double precision.
_NEARLY_CONSTANT = 1e-4
# Factor on the mean of the seed in the same test (`is_scannable`): its deviations are computed in double precision, so
# it may be closer to constant than a row.
_SEED_IN_DOUBLE = 1e-6
# Sum of squares below which products underflow in single precision.
_SMALLEST = 1e-12
# Magnitude from which the seed is not scanned: products overflow in single precision.
_LARGEST = 1e15

Exact = Callable[[NDArray[np.intp]], tuple[NDArray[np.float64], NDArray[np.int32]]]


class Scan:
    """r of one profile with each of many, refined to double precision where needed.

    Parameters
    ----------
    r : (P,) float64
        Approximate or exact r.
    bound : (P,) float64
        Largest difference of each r from the exact one: 0 if it is exact, NaN or infinite if it was not scanned.
    n : (P,) int32
        Number of samples of each r that is exact.
    exact : callable
        Function that returns r and n of some rows in double precision.
    """

    def __init__(self, r: NDArray[np.float64], bound: NDArray[np.float64], n: NDArray[np.int32], exact: Exact) -> None:
        self.r, self.n, self._bound, self._exact = r, n, bound, exact
        self.refine(np.flatnonzero(~np.isfinite(bound) | np.isnan(r)))

    def refine(self, rows: NDArray[np.intp]) -> None:
        """Compute r and n of some rows in double precision, unless that was done before."""
        rows = rows[self._bound[rows] != 0]
        for start in range(0, len(rows), _REFINED_ROWS):
            block = rows[start : start + _REFINED_ROWS]
            self.r[block], self.n[block] = self._exact(block)
            self._bound[block] = 0

    def first(
        self, rows: NDArray[np.intp], count: int | None, *, ascending: bool, tie_order: NDArray[np.integer]
    ) -> NDArray[np.intp]:
        """Return the first of some rows in the order of their exact r.

        Parameters
        ----------
        rows : (N,) intp
        count : int or None
            Number of rows; None for all.
        ascending : bool
            Whether the lowest r comes first, or else the highest. NaN comes last in both cases.
        tie_order : (P,) int
            Sort key of rows with equal r.
        """
        if count is not None and count < len(rows):
            key, bound = self._key(rows, ascending), self._bound[rows]
            last = np.partition(key + bound, count - 1)[count - 1]
            rows = rows[key - bound <= last]
        self.refine(rows)
        return rows[np.lexsort((tie_order[rows], self._key(rows, ascending)))][:count]

    def between(self, rows: NDArray[np.intp], least: float | None, most: float | None) -> NDArray[np.intp]:
        """Return those of some rows whose exact r is between two limits, inclusive.

        With a limit, rows without r are excluded; without limits, all rows are returned.

        Parameters
        ----------
        rows : (N,) intp
        least, most : float or None
            The limits; None for no limit.
        """
        for limit in (least, most):
            if limit is not None:
                self.refine(rows[np.abs(self.r[rows] - limit) <= self._bound[rows]])
        r = self.r[rows]
        kept = np.ones(len(rows), dtype=np.bool_)
        if least is not None:
            kept &= r >= least
        if most is not None:
            kept &= r <= most
        return rows[kept]

    def places(
        self,
        rows: NDArray[np.intp],
        among: NDArray[np.intp],
        *,
        ascending: bool,
        tie_order: NDArray[np.integer],
    ) -> NDArray[np.intp]:
        """Return the place, from 1, of some rows among others that include them; see `first` for the order.

        The r of `rows` must be exact.
        """
        reported = np.sort(self._key(rows, ascending))
        key, bound = self._key(among, ascending), self._bound[among]
        undecided = np.searchsorted(reported, key - bound) != np.searchsorted(reported, key + bound, side="right")
        self.refine(among[undecided])
        places = np.empty(len(self.r), dtype=np.intp)
        places[among[np.lexsort((tie_order[among], self._key(among, ascending)))]] = np.arange(1, len(among) + 1)
        return places[rows]

    def _key(self, rows: NDArray[np.intp], ascending: bool) -> NDArray[np.float64]:
        """Return the sort key of rows, lowest first; infinite for rows without r."""
        key = self.r[rows] if ascending else -self.r[rows]
        return np.where(np.isnan(key), np.inf, key)


def scan_rows(
    seed: NDArray[np.float64],
    values: NDArray[np.float32],
    n: int,
    means: NDArray[np.float64],
    squares: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return Pearson's r of one profile with every row, from one product in single precision, and its error bound.

    Parameters
    ----------
    seed : (S,) float64
        Deviations from the mean over the selected samples, 0 in the other samples.
    values : (P, S) float32
    n : int
        Number of selected samples.
    means, squares : (P,) float64
        Mean of each row, and sum of squared deviations from it, over the selected samples.

    Returns
    -------
    r, bound : (P,) float64
        The bound is that of a sum of S products in any order (Higham 2002, Accuracy and Stability of Numerical
        Algorithms, equation 3.5), divided by the lengths of the two rows. It is infinite for a row that is constant or
        nearly so.
    """
    norms = np.sqrt(squares)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        products = (values @ seed.astype(np.float32)).astype(np.float64)
        r = products / (norms * np.sqrt(seed @ seed))
        bound = _error(len(seed)) * np.sqrt(squares + n * means**2) / norms
    bound[~(_can_be_scanned(squares, means, n) & np.isfinite(r))] = np.inf
    return r, bound


def scan_columns(
    seed: NDArray[np.float64], values: NDArray[np.float32], columns: NDArray[np.intp], workers: int = 1
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return Pearson's r of one profile with every row over some columns, in single precision, and its error bound.

    Parameters
    ----------
    seed : (k,) float64
        Deviations from the mean.
    values : (P, S) float32
        Near 0: the bound grows with the mean of a row over the columns.
    columns : (k,) intp
    workers : int
        Number of threads that process blocks of rows.
    """
    k = len(columns)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        products, totals, raw_squares = _sums_over(columns, seed.astype(np.float32), values, workers)
        means = totals / k
        squares = raw_squares - totals * means
        r = products / np.sqrt(squares * (seed @ seed))
        # The squares are off by at most 3 errors of the raw ones: their own, and twice that of the total. r has the
        # root of the squares, hence half; 2 instead of 1.5 covers terms of higher order while they are below 1 %.
        ratio = raw_squares / squares
        bound = _error(k) * (np.sqrt(ratio) + 2 * ratio)
        bound[~(_can_be_scanned(squares, means, k) & (3 * _error(k) * ratio < 0.01) & np.isfinite(r))] = np.inf
    return r, bound


def _sums_over(
    columns: NDArray[np.intp], d: NDArray[np.float32], values: NDArray[np.float32], workers: int
) -> NDArray[np.float64]:
    """Return the product of each row with `d`, its sum and its sum of squares over some columns, (3, P)."""
    sums = np.empty((3, len(values)))
    if len(columns) < _COPIED_FRACTION * values.shape[1]:
        step = max(1, _BLOCK_VALUES // max(1, len(columns)))

        def compute(start: int) -> None:
            sums[:, start : start + step] = _sums_of_copies(columns, d, values[start : start + step])

        with ThreadPoolExecutor(max_workers=workers) as threads:
            # Consumed, so that exceptions are raised.
            deque(threads.map(compute, range(0, len(values), step)), maxlen=0)
        return sums
    seed, chosen = np.zeros((2, values.shape[1]), dtype=np.float32)
    seed[columns], chosen[columns] = d, 1
    step = max(1, 4 * _BLOCK_VALUES // values.shape[1])
    for start in range(0, len(values), step):  # the matrix library has its own threads
        rows = values[start : start + step]
        block = rows @ seed, rows @ chosen, np.square(rows) @ chosen
        # A value that is missing in another column makes a product with 0 missing too.
        is_complete = not np.isnan(block[1]).any()
        sums[:, start : start + step] = block if is_complete else _sums_of_copies(columns, d, rows)
    return sums


def _sums_of_copies(
    columns: NDArray[np.intp], d: NDArray[np.float32], rows: NDArray[np.float32]
) -> tuple[NDArray[np.float32], ...]:
    """Return the sums of some rows, from a copy of the columns."""
    block = np.take(rows, columns, axis=1)
    ones = np.ones(len(columns), dtype=np.float32)
    return block @ d, block @ ones, np.einsum("ij,ij->i", block, block)


def is_scannable(seed: NDArray[np.floating]) -> bool:
    """Return whether a profile (S,) has no missing value and deviations that are larger than rounding errors."""
    if not np.abs(seed).max(initial=0) < _LARGEST:
        return False
    mean = seed.mean(dtype=np.float64)
    squares = np.array([((seed - mean) ** 2).sum(dtype=np.float64)])
    return bool(_can_be_scanned(squares, np.array([mean]) * _SEED_IN_DOUBLE, len(seed))[0])


def _error(operations: int) -> float:
    """Return the largest relative error of a sum of products of rounded numbers, given the number of terms."""
    return (operations + 4) * _UNIT / (1 - (operations + 4) * _UNIT)


def _can_be_scanned(squares: NDArray[np.float64], means: NDArray[np.float64], n: int) -> NDArray[np.bool_]:
    scannable: NDArray[np.bool_] = (squares > _NEARLY_CONSTANT * n * means**2) & (squares > _SMALLEST)
    return scannable

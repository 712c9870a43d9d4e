"""numpy only: which profiles go best with one, found in single precision and told in double.

A scan gives every r with a bound on its error. What an answer tells, and what it needs to know the
order, is then computed exactly: rows whose r might be among those told, and no others.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

# Largest relative error of one operation in single precision.
_UNIT = 2.0**-24
# Values gathered at a time: 1 MB, so that a block is still in cache when it is used again.
_BLOCK_VALUES = 1 << 18
# Rows that are read to be computed exactly at a time: 15 MB at full size.
_REFINED_ROWS = 1024
# Relative variance below which a row is not scanned but computed.
_NEARLY_CONSTANT = 1e-4
# Deviations of the seed are in double precision: its mean may be that much larger beside them.
_SEED_IN_DOUBLE = 1e-6
# Squares below which single precision has no numbers for the products.
_SMALLEST = 1e-12

Exact = Callable[[NDArray[np.intp]], tuple[NDArray[np.float64], NDArray[np.int32]]]


class Scan:
    """r of one profile with each of many, exact for as many of them as was needed so far.

    Parameters
    ----------
    r : (P,) float64
    bound : (P,) float64
        How far each r may lie from the exact one; 0 where it is exact, NaN or infinite where nothing is
        known of it.
    n : (P,) int32
        Samples that each is of, where it is exact.
    exact : callable
        Gives r and n of some rows, in double precision.
    """

    def __init__(self, r: NDArray[np.float64], bound: NDArray[np.float64], n: NDArray[np.int32], exact: Exact) -> None:
        self.r, self.n, self._bound, self._exact = r, n, bound, exact
        self.refine(np.flatnonzero(~np.isfinite(bound) | np.isnan(r)))

    def refine(self, rows: NDArray[np.intp]) -> None:
        """Compute r and n of some rows exactly."""
        rows = rows[self._bound[rows] != 0]
        for start in range(0, len(rows), _REFINED_ROWS):
            some = rows[start : start + _REFINED_ROWS]
            self.r[some], self.n[some] = self._exact(some)
            self._bound[some] = 0

    def first(
        self, rows: NDArray[np.intp], count: int | None, *, ascending: bool, tie_order: NDArray[np.integer]
    ) -> NDArray[np.intp]:
        """Return the first of some rows in the order of their exact r.

        Parameters
        ----------
        rows : (N,) intp
        count : int or None
            How many; None for all.
        ascending : bool
            Lowest r first, else highest; NaN comes last.
        tie_order : (P,) int
            What decides the order of equals.
        """
        if count is not None and count < len(rows):
            key, bound = self._key(rows, ascending), self._bound[rows]
            last = np.partition(key + bound, count - 1)[count - 1]
            rows = rows[key - bound <= last]
        self.refine(rows)
        return rows[np.lexsort((tie_order[rows], self._key(rows, ascending)))][:count]

    def between(self, rows: NDArray[np.intp], least: float | None, most: float | None) -> NDArray[np.intp]:
        """Return those of some rows whose exact r lies between two limits, which belong to it; without r none does.

        Parameters
        ----------
        rows : (N,) intp
        least, most : float or None
            None for no limit.
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
        """Return the place of some rows, whose r is exact, among others that include them, from 1; see `first`."""
        told = np.sort(self._key(rows, ascending))
        key, bound = self._key(among, ascending), self._bound[among]
        undecided = np.searchsorted(told, key - bound) != np.searchsorted(told, key + bound, side="right")
        self.refine(among[undecided])
        places = np.empty(len(self.r), dtype=np.intp)
        places[among[np.lexsort((tie_order[among], self._key(among, ascending)))]] = np.arange(1, len(among) + 1)
        return places[rows]

    def _key(self, rows: NDArray[np.intp], ascending: bool) -> NDArray[np.float64]:
        """Return what is sorted by, lowest first; infinite where there is no r."""
        key = self.r[rows] if ascending else -self.r[rows]
        return np.where(np.isnan(key), np.inf, key)


def scan_rows(
    seed: NDArray[np.float64],
    values: NDArray[np.float32],
    n: int,
    means: NDArray[np.float64],
    squares: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return Pearson's r of one profile with every row, by one product in single precision, and its bound.

    Parameters
    ----------
    seed : (S,) float64
        Deviations from the mean over the samples that count, 0 in the others.
    values : (P, S) float32
    n : int
        How many samples count.
    means, squares : (P,) float64
        Mean of each row, and sum of squared deviations from it, over the samples that count.

    Returns
    -------
    r, bound : (P,) float64
        Whatever the order in which the product sums, its error is at most that of S operations one
        after another (Higham 2002, Accuracy and Stability of Numerical Algorithms, equation 3.5), over
        the lengths of the two rows. Infinite bound where a row is, or nearly is, constant.
    """
    products = (values @ seed.astype(np.float32)).astype(np.float64)
    norms = np.sqrt(squares)
    with np.errstate(divide="ignore", invalid="ignore"):
        r = products / (norms * np.sqrt(seed @ seed))
        bound = _error(len(seed)) * np.sqrt(squares + n * means**2) / norms
    bound[~_can_be_scanned(squares, means, n)] = np.inf
    return r, bound


def scan_columns(
    seed: NDArray[np.float64], values: NDArray[np.float32], columns: NDArray[np.intp], workers: int = 1
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return Pearson's r of one profile with every row over some columns, in single precision, and its bound.

    Parameters
    ----------
    seed : (k,) float64
        Deviations from the mean.
    values : (P, S) float32
    columns : (k,) intp
    workers : int
        Threads that work on blocks of rows at a time.
    """
    d = seed.astype(np.float32)
    k = len(columns)
    products, means, squares = (np.empty(len(values)) for _ in range(3))
    step = max(1, _BLOCK_VALUES // max(1, k))

    def scan(start: int) -> None:
        rows = slice(start, start + step)
        block = np.take(values[rows], columns, axis=1)
        means[rows] = block.mean(axis=1, dtype=np.float64)
        block -= means[rows, None].astype(np.float32)
        products[rows] = np.einsum("ij,j->i", block, d)
        squares[rows] = np.einsum("ij,ij->i", block, block)

    with ThreadPoolExecutor(max_workers=workers) as threads:
        deque(threads.map(scan, range(0, len(values), step)), maxlen=0)  # which raises what was raised
    with np.errstate(divide="ignore", invalid="ignore"):
        r = products / np.sqrt(squares * (seed @ seed))
    # Of the product once; of the squares, of which r has the root, half; and of the rounded mean, squared.
    bound = np.full(len(values), 2 * _error(k))
    bound[~_can_be_scanned(squares, means, k)] = np.inf
    return r, bound


def is_scannable(seed: NDArray[np.floating]) -> bool:
    """Say whether a profile (S,) is known throughout, and differs enough for its deviations not to be rounding."""
    mean = seed.mean(dtype=np.float64)
    squares = np.array([((seed - mean) ** 2).sum(dtype=np.float64)])
    return bool(_can_be_scanned(squares, np.array([mean]) * _SEED_IN_DOUBLE, len(seed))[0])


def _error(operations: int) -> float:
    """Return the largest relative error of a sum of products of rounded numbers."""
    return (operations + 4) * _UNIT / (1 - (operations + 4) * _UNIT)


def _can_be_scanned(squares: NDArray[np.float64], means: NDArray[np.float64], n: int) -> NDArray[np.bool_]:
    scannable: NDArray[np.bool_] = (squares > _NEARLY_CONSTANT * n * means**2) & (squares > _SMALLEST)
    return scannable

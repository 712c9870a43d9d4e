"""numpy only: the values that the atlas's site displays, recomputed from log2 intensity by sample.

What the site does was measured on real downloads; docs/statistics.md says how.
"""

import numpy as np
from numpy.typing import NDArray

from coexpr.stats.precision import OF_FLOAT64, is_rounding, merge_close

Array = NDArray[np.float64]


def average_by(
    x: NDArray[np.floating], groups: NDArray[np.integer], error: float = OF_FLOAT64
) -> tuple[Array, NDArray[np.intp]]:
    """Return the average of each profile over groups of samples, as the site averages structures.

    Parameters
    ----------
    x : (P, S) float
        Log2 intensity, NaN where unknown.
    groups : (S,) int
        The group of each sample; samples below 0 are left out.
    error : float
        Largest relative error of a value: averages that differ by no more than what it leaves are made equal.

    Returns
    -------
    averages : (P, C) float64
        Of each group the log2 of the mean intensity: logarithms of means, not means of logarithms.
        NaN where nothing is known.
    groups : (C,) int
        Which groups they are, ascending.
    """
    order = np.argsort(groups, kind="stable")
    order = order[groups[order] >= 0]
    ids, starts = np.unique(groups[order], return_index=True)
    if not len(ids):
        return np.empty((len(x), 0)), ids
    intensity = np.exp2(x[:, order].astype(np.float64))
    known = ~np.isnan(intensity)
    counts = np.add.reduceat(known, starts, axis=1, dtype=np.intp)
    sums = np.add.reduceat(np.where(known, intensity, 0), starts, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        averages = np.log2(np.where(counts > 0, sums / counts, np.nan))
    return merge_close(averages, 2 * error * _largest(x)), ids


def z_scores(x: NDArray[np.floating], groups: NDArray[np.integer], error: float = OF_FLOAT64) -> Array:
    """Return each profile as z-scores within groups of samples, population standard deviation (P, S).

    Within donors this is what the site calls z-score. NaN where a profile is constant in a group, or differs by nothing
    but rounding, given the largest relative error of a value.
    """
    z = np.full(x.shape, np.nan)
    for group in np.unique(groups):
        columns = np.flatnonzero(groups == group)
        values = x[:, columns].astype(np.float64)
        known = ~np.isnan(values)
        n = np.maximum(known.sum(axis=1, keepdims=True), 1)
        deviations = values - np.sum(values, axis=1, where=known, keepdims=True) / n
        spread = np.sqrt(np.sum(deviations**2, axis=1, where=known, keepdims=True) / n)
        constant = np.nanmax(values, axis=1, initial=-np.inf) == np.nanmin(values, axis=1, initial=np.inf)
        size = np.sum(values**2, axis=1, where=known)
        constant |= is_rounding(spread[:, 0] ** 2 * n[:, 0], size, error, len(columns))
        spread[constant[:, None] | (spread == 0)] = np.nan  # squares of the smallest differences are 0
        z[:, columns] = deviations / spread
    return z


def _largest(x: NDArray[np.floating]) -> Array:
    """Return the largest magnitude in each row, 0 where nothing is known."""
    largest: Array = np.nanmax(np.abs(x).astype(np.float64), axis=1, initial=0)
    return largest

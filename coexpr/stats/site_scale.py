"""Values that the web site of the atlas displays, recomputed from the log2 intensities of samples.

The method of the site was determined from real downloads; see docs/statistics.md.
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
        Log2 intensity, NaN where missing.
    groups : (S,) int
        Group of each sample; samples with a negative group are ignored.
    error : float
        Largest relative error of a value. Averages that differ by no more than this error implies are made equal.

    Returns
    -------
    averages : (P, C) float64
        Log2 of the mean intensity in each group: logarithms of means, not means of logarithms. NaN if all values are
        missing.
    groups : (C,) int
        The groups, ascending.
    """
    order = np.argsort(groups, kind="stable")
    order = order[groups[order] >= 0]
    ids, starts = np.unique(groups[order], return_index=True)
    if not len(ids):
        return np.empty((len(x), 0)), ids
    values = x[:, order].astype(np.float64)
    # Minus a whole number, which changes no digit of an intensity, so that large ones do not overflow.
    levels = np.floor(np.fmax.reduceat(values, starts, axis=1))
    intensity = np.exp2(values - np.repeat(levels, np.diff(np.append(starts, len(order))), axis=1))
    observed = ~np.isnan(intensity)
    counts = np.add.reduceat(observed, starts, axis=1, dtype=np.intp)
    sums = np.add.reduceat(np.where(observed, intensity, 0), starts, axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        averages = np.log2(np.where(counts > 0, sums / counts, np.nan)) + levels
    return merge_close(averages, 2 * error * _largest(x)), ids


def z_scores(x: NDArray[np.floating], groups: NDArray[np.integer], error: float = OF_FLOAT64) -> Array:
    """Return the z-scores (P, S) of each profile within groups of samples, with the population standard deviation.

    With donors as groups, these are the z-scores of the site. They are NaN in a group in which the profile is constant
    or varies only by rounding error, given the largest relative error of a value.
    """
    z = np.full(x.shape, np.nan)
    for group in np.unique(groups):
        columns = np.flatnonzero(groups == group)
        values = x[:, columns].astype(np.float64)
        observed = ~np.isnan(values)
        n = np.maximum(observed.sum(axis=1, keepdims=True), 1)
        deviations = values - np.sum(values, axis=1, where=observed, keepdims=True) / n
        spread = np.sqrt(np.sum(deviations**2, axis=1, where=observed, keepdims=True) / n)
        constant = np.nanmax(values, axis=1, initial=-np.inf) == np.nanmin(values, axis=1, initial=np.inf)
        size = np.sum(values**2, axis=1, where=observed)
        constant |= is_rounding(spread[:, 0] ** 2 * n[:, 0], size, error, len(columns))
        spread[constant[:, None] | (spread == 0)] = np.nan  # squares of the smallest differences underflow to 0
        z[:, columns] = deviations / spread
    return z


def _largest(x: NDArray[np.floating]) -> Array:
    """Return the largest magnitude in each row, 0 if all values are missing."""
    largest: Array = np.nanmax(np.abs(x).astype(np.float64), axis=1, initial=0)
    return largest

"""Merging of two copies of the same values.

Copies differ in precision: heatmap downloads of the site have four decimals, full-donor downloads have twelve.
"""

import numpy as np
from numpy.typing import NDArray

# Two log2 intensities that differ by more are not copies of one measurement.
LARGEST_DIFFERENCE = 0.001
_ROUNDED_DECIMALS = 4


def merge_log2(stored: NDArray[np.float32], incoming: NDArray[np.float32]) -> NDArray[np.float32]:
    """Merge two copies of values: prefer those that are not missing, then the more precise.

    Parameters
    ----------
    stored, incoming : (P, S) float32
        Log2 intensity, NaN where missing. No pair may conflict (see `conflicts_of_log2`).

    Returns
    -------
    (P, S) float32
        The incoming value if the stored one is missing, or has at most four decimals and the incoming one more;
        otherwise the stored value.
    """
    better = np.isnan(stored) | (_is_rounded(stored) & ~_is_rounded(incoming) & ~np.isnan(incoming))
    return np.where(better, incoming, stored)


def conflicts_of_log2(stored: NDArray[np.float32], incoming: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return for each pair of values, both (P, S), whether they differ by more than copies can."""
    difference = stored.astype(np.float64) - incoming
    conflicts: NDArray[np.bool_] = np.abs(difference) > LARGEST_DIFFERENCE
    return conflicts


def merge_calls(stored: NDArray[np.int8], incoming: NDArray[np.int8]) -> NDArray[np.int8]:
    """Merge two copies of present calls (1, 0, or -1 where missing): prefer those that are not missing."""
    return np.where(stored == -1, incoming, stored)


def conflicts_of_calls(stored: NDArray[np.int8], incoming: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Return for each pair of present calls whether both exist and differ."""
    conflicts: NDArray[np.bool_] = (stored != -1) & (incoming != -1) & (stored != incoming)
    return conflicts


def _is_rounded(values: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return for each value whether it is the float32 nearest to a number of four decimals.

    This is also true of a value of twelve decimals whose rounded copy is the same float32. Then either can be kept.
    """
    rounded = np.round(values.astype(np.float64), _ROUNDED_DECIMALS).astype(np.float32)
    is_rounded: NDArray[np.bool_] = rounded == values
    return is_rounded

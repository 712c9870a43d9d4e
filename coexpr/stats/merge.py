"""numpy only: two copies of the same values into one.

Copies of a value differ in precision: the site's heatmaps round to four decimals what the
full-donor downloads give with twelve.
"""

import numpy as np
from numpy.typing import NDArray

# Two copies of a log2 intensity that differ by more are not copies of one measurement.
LARGEST_DIFFERENCE = 0.001
_ROUNDED_DECIMALS = 4


def merge_log2(stored: NDArray[np.float32], incoming: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the known or the more precise of each pair of values.

    Parameters
    ----------
    stored, incoming : (P, S) float32
        Log2 intensity, NaN where unknown; no pair may be in conflict (see `conflicts_of_log2`).

    Returns
    -------
    (P, S) float32
        The stored value, but the incoming one where nothing is stored, or where the stored one has
        at most four decimals and the incoming one has more.
    """
    better = np.isnan(stored) | (_is_rounded(stored) & ~_is_rounded(incoming) & ~np.isnan(incoming))
    return np.where(better, incoming, stored)


def conflicts_of_log2(stored: NDArray[np.float32], incoming: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Say of each pair of values, both (P, S), whether they differ by more than copies can."""
    difference = stored.astype(np.float64) - incoming
    conflicts: NDArray[np.bool_] = np.abs(difference) > LARGEST_DIFFERENCE
    return conflicts


def merge_calls(stored: NDArray[np.int8], incoming: NDArray[np.int8]) -> NDArray[np.int8]:
    """Return the known of each pair of present calls: 1, 0, or -1 where unknown."""
    return np.where(stored == -1, incoming, stored)


def conflicts_of_calls(stored: NDArray[np.int8], incoming: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Say of each pair of present calls whether both are known and differ."""
    conflicts: NDArray[np.bool_] = (stored != -1) & (incoming != -1) & (stored != incoming)
    return conflicts


def _is_rounded(values: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Say of each value whether it is the float32 nearest to a number of four decimals.

    A value of twelve decimals passes only when it and its rounded copy are the same float32, and
    then it does not matter which of them is kept.
    """
    rounded = np.round(values.astype(np.float64), _ROUNDED_DECIMALS).astype(np.float32)
    is_rounded: NDArray[np.bool_] = rounded == values
    return is_rounded

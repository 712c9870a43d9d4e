"""Ranks of values within rows."""

import numpy as np
from numpy.typing import NDArray


def rank_rows(values: NDArray[np.floating], tolerance: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """Return the rank of each value within its row, from 1; tied values share the mean of their ranks.

    Parameters
    ----------
    values : (P, S) float
        Values without NaN.
    tolerance : (P,) float64, optional
        Values that are adjacent in the sorted row and differ by no more, such as by rounding error, count as tied.

    Returns
    -------
    (P, S) float64
    """
    order = np.argsort(values, axis=1)
    ordered = np.take_along_axis(values, order, axis=1)
    rows, width = values.shape
    ranks = np.empty((rows, width))
    place = np.broadcast_to(np.arange(1.0, width + 1), (rows, width))
    equal = ordered[:, 1:] == ordered[:, :-1]
    if tolerance is not None:
        equal |= ordered[:, 1:] - ordered[:, :-1] <= tolerance[:, None]
    if equal.any():
        tied = np.flatnonzero(equal.any(axis=1))
        place = place.copy()
        place[tied] = _shared_places(equal[tied])
    np.put_along_axis(ranks, order, place, axis=1)
    return ranks


def _shared_places(equal: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the mean place of the run of ties that each value of a sorted row belongs to.

    `equal` (P, S - 1) holds for each value except the first whether it equals the previous one.
    """
    rows, width = equal.shape[0], equal.shape[1] + 1
    starts = np.ones((rows, width), dtype=np.bool_)
    starts[:, 1:] = ~equal
    first = np.flatnonzero(starts.reshape(-1))
    lengths = np.diff(np.append(first, rows * width))
    middle = first % width + (lengths + 1) / 2
    return np.repeat(middle, lengths).reshape(rows, width)

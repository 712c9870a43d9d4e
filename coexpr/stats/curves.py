"""Summaries of r over many analyses: its distribution, and the choices that move it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Distribution(NamedTuple):
    """The distribution of numbers; NaN if there are none."""

    median: float
    q25: float
    q75: float
    least: float
    most: float


class Movement(NamedTuple):
    """How far one choice moves r: the levels with the lowest and the highest mean r over all other choices.

    Parameters
    ----------
    axis : int
        The choice.
    lowest, highest : int
        Levels.
    lowest_mean, highest_mean : float
    """

    axis: int
    lowest: int
    lowest_mean: float
    highest: int
    highest_mean: float

    @property
    def range(self) -> float:
        """The difference of the two means."""
        return self.highest_mean - self.lowest_mean


def describe(numbers: NDArray[np.floating]) -> Distribution:
    """Return the distribution of numbers, without those that are NaN."""
    known = numbers[~np.isnan(numbers)]
    if not len(known):
        return Distribution(*(np.nan,) * 5)
    q25, median, q75 = np.quantile(known, [0.25, 0.5, 0.75])
    return Distribution(float(median), float(q25), float(q75), float(known.min()), float(known.max()))


def same_sign(r: NDArray[np.floating], default: float) -> float:
    """Return the fraction of the known r with the sign of the default; NaN if either is not known."""
    known = r[~np.isnan(r)]
    if not len(known) or np.isnan(default):
        return float("nan")
    return float(np.mean(np.sign(known) == np.sign(default)))


def movements(r: NDArray[np.float64]) -> list[Movement]:
    """Return how far each choice moves r, the farthest first.

    Parameters
    ----------
    r : array
        An axis per choice, with its levels; NaN where an analysis has no r.

    Returns
    -------
    list of Movement
        Choices with one known level are left out. Among equals, the first choice comes first.
    """
    known = ~np.isnan(r)
    found = []
    for axis in range(r.ndim):
        others = tuple(other for other in range(r.ndim) if other != axis)
        counts = known.sum(axis=others)
        levels = np.flatnonzero(counts)
        if len(levels) > 1:
            means = np.sum(r, axis=others, where=known)[levels] / counts[levels]
            low, high = int(np.argmin(means)), len(means) - 1 - int(np.argmax(means[::-1]))
            found.append(Movement(axis, int(levels[low]), float(means[low]), int(levels[high]), float(means[high])))
    return sorted(found, key=lambda movement: -movement.range)


def ranks_among(
    r: NDArray[np.float64],
    rows: NDArray[np.intp],
    others: NDArray[np.bool_],
    tie_order: NDArray[np.integer],
    *,
    ascending: bool,
) -> NDArray[np.float64]:
    """Return the rank, from 1, of some rows among others that include them; NaN for a row without r.

    Parameters
    ----------
    r : (G,) float64
    rows : (N,) intp
    others : (G,) bool
    tie_order : (G,) int
        Sort key of rows with equal r.
    ascending : bool
        Whether the lowest r comes first, or else the highest.
    """
    key = r if ascending else -r
    ordered = np.sort(key[others])  # NaN comes last
    first = np.searchsorted(ordered, key[rows])
    ranks: NDArray[np.float64] = first.astype(np.float64) + 1
    for tied in np.flatnonzero(np.searchsorted(ordered, key[rows], side="right") - first > 1).tolist():
        row = rows[tied]
        ranks[tied] += np.count_nonzero(others & (key == key[row]) & (tie_order < tie_order[row]))
    ranks[np.isnan(key[rows])] = np.nan
    return ranks

"""Pearson's r of rows that are too long for memory, from shards of their samples.

Two passes are needed: the first combines the moments of the shards (Chan, Golub and LeVeque 1979), the second adds up
the products of their unit rows.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coexpr.stats.precision import is_rounding

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Moments:
    """Moments of rows (B) over some samples, by group of samples (G).

    Parameters
    ----------
    n : (G,) int64
        Number of samples.
    means, squares : (G, B) float64
        Mean, and sum of squared deviations from it; 0 for a group without samples.
    first : (B,) float64
        The first value.
    is_constant, is_complete : (B,) bool
        Whether all values are equal, and whether none is missing.
    """

    n: NDArray[np.int64]
    means: Array
    squares: Array
    first: Array
    is_constant: NDArray[np.bool_]
    is_complete: NDArray[np.bool_]

    def merge(self, other: "Moments") -> "Moments":
        """Return the moments over the samples of both."""
        n = self.n + other.n
        share = (other.n / np.maximum(n, 1))[:, None]
        difference = other.means - self.means
        return Moments(
            n,
            self.means + difference * share,
            self.squares + other.squares + difference**2 * share * self.n[:, None],
            self.first,
            self.is_constant & other.is_constant & (self.first == other.first),
            self.is_complete & other.is_complete,
        )

    def lengths(self, error: float) -> Array:
        """Return the length of each row after its means are subtracted (B,); NaN for a row without r.

        Parameters
        ----------
        error : float
            Largest relative error of a value; see `coexpr.stats.measures.Estimator`.
        """
        squares = self.squares.sum(axis=0)
        without_r = self.is_constant | ~self.is_complete | ~(squares > 0)
        if len(self.n) > 1:
            size = (self.squares + self.n[:, None] * self.means**2).sum(axis=0)
            without_r |= is_rounding(squares, size, error, int(self.n.sum()))
        return np.where(without_r, np.nan, np.sqrt(squares))


def moments_of(values: NDArray[np.floating], group: NDArray[np.intp], groups: int) -> Moments:
    """Return the moments of rows (B, S) over their samples.

    Parameters
    ----------
    values : (B, S) float
        At least one sample; NaN where missing.
    group : (S,) int
        The group of each sample, from 0.
    groups : int
        Number of groups.
    """
    n = np.bincount(group, minlength=groups)
    means, squares = np.zeros((groups, len(values))), np.zeros((groups, len(values)))
    for number in np.flatnonzero(n).tolist():
        of_group = values if n[number] == len(group) else values[:, group == number]
        means[number] = of_group.mean(axis=1, dtype=np.float64)
        deviations = of_group - means[number, :, None]
        squares[number] = np.einsum("ij,ij->i", deviations, deviations)
    is_constant = (values == values[:, :1]).all(axis=1)
    return Moments(n, means, squares, values[:, 0].astype(np.float64), is_constant, ~np.isnan(values).any(axis=1))


def unit_part(
    values: NDArray[np.floating], group: NDArray[np.intp], means: Array, lengths: Array
) -> NDArray[np.float32]:
    """Return the part of unit rows that some samples (S) are: deviations from the means of groups over the lengths.

    Parameters
    ----------
    values : (B, S) float
    group : (S,) int
    means : (G, B) float64
        The mean of each row in each group, over all samples.
    lengths : (B,) float64
    """
    of_samples = means[0][:, None] if len(means) == 1 else means.T[:, group]
    deviations = values - of_samples
    deviations /= lengths[:, None]
    return deviations.astype(np.float32)

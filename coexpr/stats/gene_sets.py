"""Tests of sets of genes, given one statistic per gene: CAMERA, and sets of random genes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coexpr.stats.centroids import Sets

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Camera:
    """The competitive test of each set: whether its genes have higher or lower statistics than the other genes.

    Parameters
    ----------
    t, p : (C,) float64
        p is two-sided; both are NaN for a set that is empty or contains all genes.
    """

    t: Array
    p: Array


def camera(statistic: Array, sets: Sets, correlation: Array) -> Camera:
    """Compare the mean statistic of each set with that of the other genes, given how correlated the genes of a set are.

    Wu and Smyth 2012, doi 10.1093/nar/gks461, as limma's `cameraPR` without ranks: a two-sample t-test with G - 2
    degrees of freedom, in which the variance of the mean of a set is inflated by 1 + (m - 1) correlation.

    Parameters
    ----------
    statistic : (G,) float64
        One value per gene, without NaN.
    sets : Sets
    correlation : (C,) float64
        Mean correlation between the genes of each set.
    """
    from scipy.special import stdtr  # scipy.stats takes a second to import

    genes, m = len(statistic), sets.sizes
    rest = genes - m
    with np.errstate(divide="ignore", invalid="ignore"):
        delta = genes / rest * (sets.means(statistic) - statistic.mean())
        pooled = ((genes - 1) * statistic.var(ddof=1) - delta**2 * m * rest / genes) / (genes - 2)
        t = delta / np.sqrt(pooled * ((1 + (m - 1) * correlation) / m + 1 / rest))
    t[(m == 0) | (rest == 0)] = np.nan
    return Camera(t, 2 * stdtr(genes - 2, -np.abs(t)))


def means_of_random_sets(statistic: Array, largest: int, count: int, random: np.random.Generator) -> Array:
    """Return the mean statistic of random sets of 1, 2, ... genes.

    Parameters
    ----------
    statistic : (G,) float64
    largest : int
        Size of the largest sets.
    count : int
        How many sets of each size.
    random : Generator

    Returns
    -------
    (largest, count) float64
        Genes are drawn without replacement. The sets of different sizes that are in one column contain one another,
        which does not matter for the distribution of each size.
    """
    sums = np.empty((largest, count))
    for number in range(count):
        sums[:, number] = np.cumsum(statistic[random.choice(len(statistic), largest, replace=False)])
    return sums / np.arange(1, largest + 1)[:, None]


def empirical_p(observed: Array, null: NDArray[np.floating], alternative: str) -> Array:
    """Return p of statistics by counting: (1 + number of null statistics as extreme) / (1 + number of them).

    Parameters
    ----------
    observed : (C,) float64
    null : (C, B) float
        Null statistics, which are symmetric about 0.
    alternative : "two-sided", "greater" or "less"
        Which statistics are as extreme: those as far from 0, as high, or as low.
    """
    if alternative == "two-sided":
        extreme = np.abs(null) >= np.abs(observed)[:, None]
    elif alternative == "greater":
        extreme = null >= observed[:, None]
    else:
        extreme = null <= observed[:, None]
    p: Array = (1 + np.count_nonzero(extreme, axis=1)) / (1 + null.shape[1])
    return np.where(np.isnan(observed), np.nan, p)

"""Significance of r: meta-analysis with donors as the unit, naive tests, and false discovery rates."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# An r that is closer to 1 or -1 counts as 1 or -1, for which Fisher's z is infinite.
_ROUNDING = 1e-12
# 0.975 quantile of the normal distribution, for 95 % intervals.
_NORMAL_975 = 1.959963984540054

Array = NDArray[np.float64]


class BetweenDonors(NamedTuple):
    """Combined r of several donors; every field is (P,), NaN where it cannot be computed.

    Parameters
    ----------
    k
        Number of donors used: those with a defined r, above -1 and below 1, and more than three samples plus the
        degrees of freedom lost to factors.
    q, i2, tau2
        Cochran's Q, I² (a fraction, from 0 to 1), and τ² of DerSimonian and Laird 1986 (doi
        10.1016/0197-2456(86)90046-2).
    r, low, high
        Random-effects mean of Fisher's z with its 95 % interval (normal quantile), transformed back to r.
    fixed_r
        Mean of Fisher's z with weights n - 3 minus the degrees of freedom lost to factors, transformed back to r.
    same_sign
        Number of donors whose r has the sign of the random-effects mean.
    """

    k: Array
    q: Array
    i2: Array
    tau2: Array
    r: Array
    low: Array
    high: Array
    fixed_r: Array
    same_sign: Array


class MeanOfDonors(NamedTuple):
    """Mean r of several donors with equal weights; every field is (P,), NaN where it cannot be computed.

    Parameters
    ----------
    k
        As in `BetweenDonors`.
    r
        Mean of Fisher's z, transformed back to r.
    low, high, p
        Its 95 % interval and two-sided p from Student's t with k - 1 degrees of freedom.
    """

    k: Array
    r: Array
    low: Array
    high: Array
    p: Array


def combine_donors(r: Array, n: NDArray[np.integer], lost: int | NDArray[np.integer] = 0) -> BetweenDonors:
    """Combine the r of single donors by meta-analysis of Fisher's z (DerSimonian and Laird 1986).

    Parameters
    ----------
    r : (D, P) float64
        r in each donor, NaN where undefined.
    n : (D, P) int
        Number of samples of each r.
    lost : int, or (D, P) int
        Degrees of freedom lost to factors in each donor: the variance of z is 1 / (n - 3 - lost).

    Returns
    -------
    BetweenDonors
    """
    used, z, weights = _transformed(r, n, lost)
    k = used.sum(axis=0).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        total = weights.sum(axis=0)
        fixed = (weights * z).sum(axis=0) / total
        q = np.where(k > 0, (weights * (z - fixed) ** 2).sum(axis=0), np.nan)
        df = k - 1
        scale = total - (weights**2).sum(axis=0) / total
        tau2 = np.where(k > 1, np.maximum(0, (q - df) / scale), np.where(k == 1, 0, np.nan))
        i2 = np.where(k > 1, np.where(q > df, (q - df) / q, 0), np.where(k == 1, 0, np.nan))
        with_tau = np.where(used, 1 / (1 / np.where(used, weights, 1) + tau2), 0)
        random = (with_tau * z).sum(axis=0) / with_tau.sum(axis=0)
        error = 1 / np.sqrt(with_tau.sum(axis=0))
        return BetweenDonors(
            k=k,
            q=q,
            i2=i2,
            tau2=tau2,
            r=np.tanh(random),
            low=np.tanh(random - _NORMAL_975 * error),
            high=np.tanh(random + _NORMAL_975 * error),
            fixed_r=np.tanh(fixed),
            same_sign=np.where(k > 0, (used & (np.sign(z) == np.sign(random))).sum(axis=0), np.nan),
        )


def mean_of_donors(r: Array, n: NDArray[np.integer], lost: int | NDArray[np.integer] = 0) -> MeanOfDonors:
    """Return the mean r of single donors with equal weights, and test it against 0; see `combine_donors`."""
    from scipy.special import stdtr, stdtrit  # takes longer to import than a query, which seldom needs it

    used, z, _ = _transformed(r, n, lost)
    k = used.sum(axis=0).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        df = np.where(k > 1, k - 1, np.nan)
        mean = np.where(used, z, 0).sum(axis=0) / k
        error = np.sqrt((np.where(used, z - mean, 0) ** 2).sum(axis=0) / df / k)
        half = stdtrit(df, 0.975) * error
        p = 2 * stdtr(df, -np.abs(mean / error))
        return MeanOfDonors(k, np.tanh(mean), np.tanh(mean - half), np.tanh(mean + half), p)


def _transformed(
    r: Array, n: NDArray[np.integer], lost: int | NDArray[np.integer]
) -> tuple[NDArray[np.bool_], Array, Array]:
    """Return which r are used, their Fisher's z, and their weights: the inverse variances of z."""
    information = n - 3 - np.asarray(lost)
    used = ~np.isnan(r) & (information > 0) & (np.abs(np.nan_to_num(r)) < 1 - _ROUNDING)
    return used, np.arctanh(np.where(used, r, 0)), np.where(used, information, 0).astype(np.float64)


class NaiveTest(NamedTuple):
    """Result of R's cor.test, which treats samples as independent; every field is (P,)."""

    t: Array
    p: Array
    low: Array
    high: Array


def naive_test(r: Array, n: NDArray[np.integer], lost: int | NDArray[np.integer] = 0) -> NaiveTest:
    """Test r against 0 as R's cor.test does, treating samples as independent.

    Parameters
    ----------
    r : (P,) float64
    n : (P,) int
        Number of samples of each r.
    lost : int, or (P,) int
        Degrees of freedom lost to factors.

    Returns
    -------
    NaiveTest
        NaN with fewer than three samples; without an interval with fewer than four.
    """
    from scipy.special import stdtr  # as in `mean_of_donors`

    with np.errstate(divide="ignore", invalid="ignore"):
        df = np.where(n - 2 - lost >= 1, n - 2.0 - lost, np.nan)
        t = r * np.sqrt(df / (1 - r**2))
        p = np.where(np.isnan(t), np.nan, 2 * stdtr(df, -np.abs(t)))
        error = 1 / np.sqrt(np.where(n - 3 - lost > 0, n - 3.0 - lost, np.nan))
        z = np.arctanh(r)
        low, high = np.tanh(z - _NORMAL_975 * error), np.tanh(z + _NORMAL_975 * error)
    return NaiveTest(t, p, low, high)


def benjamini_hochberg(p: Array) -> Array:
    """Return the smallest false discovery rate at which each p is significant.

    The method is that of Benjamini and Hochberg 1995 (doi 10.1111/j.2517-6161.1995.tb02031.x), as in R's p.adjust;
    p that are NaN are ignored.
    """
    q = np.full(len(p), np.nan)
    rows = np.flatnonzero(~np.isnan(p))
    order = rows[np.argsort(p[rows], kind="stable")][::-1]
    ranks = np.arange(len(order), 0, -1)
    q[order] = np.minimum(1, np.minimum.accumulate(p[order] * len(order) / np.maximum(ranks, 1)))
    return q

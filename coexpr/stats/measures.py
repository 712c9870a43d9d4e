"""Correlation of profiles by Pearson, Spearman or bicor, optionally of residuals after removing factors.

Every method turns a profile into a row of unit length, and r is the product of two such rows. If values are missing,
the unit rows are computed again from the samples in which both profiles have values.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from coexpr.stats.correlate import Rows, correlate_all, correlate_seed
from coexpr.stats.precision import OF_FLOAT64, in_double, is_rounding, resolution
from coexpr.stats.ranks import rank_rows

MethodName = Literal["pearson", "spearman", "bicor"]
Factor = NDArray[np.integer]

# Values per block: 8 MB in double precision.
_BLOCK_VALUES = 1 << 20
# The same for several seeds: 1 MB, which stays in the cache of a processor while it is multiplied with each.
_SEEDS_BLOCK_VALUES = 1 << 17
# bicor: distance from the median, in MADs, at which the weight is 0; u is that distance as a fraction of _MADS.
_MADS = 9
# bicor: if |u| of the max_p_outliers quantile is larger than this, u is scaled so that it is equal.
_LARGEST_QUANTILE = 0.5


@dataclass(frozen=True)
class Estimator:
    """A method of computing r.

    Parameters
    ----------
    method : "pearson", "spearman" or "bicor"
        bicor is the biweight midcorrelation of WGCNA (Langfelder and Horvath 2012, doi 10.18637/jss.v046.i11;
        src/corFunctions-utils.c): the MAD is not scaled, and a profile whose MAD is 0 is treated as by Pearson's r.
    max_p_outliers : float
        With bicor: the largest fraction of values on either side of the median that may count as outliers; 1 for no
        limit.
    factors : sequence of (S,) int
        Groups of samples whose means are removed first. r is then a partial correlation: that of the residuals of a
        linear model with these factors.
    error : float
        Largest relative error of a value. Residuals no larger than this error implies are treated as 0, and those that
        differ by no more as ties. Default: that of float64; `precision.OF_STORED_VALUES` is that of the database.
    """

    method: MethodName = "pearson"
    max_p_outliers: float = 1
    factors: Sequence[Factor] = field(default_factory=tuple)
    error: float = OF_FLOAT64


def measure_seed(
    seed: NDArray[np.floating], profiles: Rows, estimator: Estimator, workers: int = 1
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Return r of one profile with each of many, pairwise complete.

    Parameters
    ----------
    seed : (S,) float
        Log2 intensity, NaN where missing.
    profiles : (P, S) float
        Profiles over the same samples. They are read block by block and never copied as a whole.
    estimator : Estimator
    workers : int
        Number of threads that process blocks of profiles. Pearson's r without factors uses one.

    Returns
    -------
    r : (P,) float64
        NaN if fewer than two samples are shared, the factors leave no degree of freedom, or a profile is constant over
        the shared samples or within the factors.
    n : (P,) int32
        Number of samples shared with each profile.
    """
    if estimator.method == "pearson" and not estimator.factors:
        return correlate_seed(seed, profiles)
    r = np.full(len(profiles), np.nan)
    n = np.zeros(len(profiles), dtype=np.int32)
    for rows, samples in _rows_by_samples(profiles, ~np.isnan(seed)):
        n[rows] = len(samples)
        if len(samples) < 2:
            continue
        factors = [_codes(factor[samples]) for factor in estimator.factors]
        if factors and degrees_of_freedom(factors) < 1:
            continue
        x = _unit_rows(in_double(seed[None, samples]), estimator, factors)[0]
        step = max(1, _BLOCK_VALUES // len(samples))
        blocks = [rows[start : start + step] for start in range(0, len(rows), step)]
        with_x = partial(_with_unit_row, x, profiles, samples, estimator, factors)
        with ThreadPoolExecutor(max_workers=workers) as threads:
            for block, of_block in zip(blocks, threads.map(with_x, blocks), strict=True):
                r[block] = of_block
    return np.clip(r, -1, 1, out=r), n


def measure_seeds(
    seeds: NDArray[np.floating], profiles: Rows, estimator: Estimator, workers: int = 1
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Return r and n of several profiles (k, S) with each of many (P, S), both (k, P); see `measure_seed`.

    Every profile is read, and its unit row computed, once for all seeds. Where values are missing, seeds are measured
    one by one.
    """
    r = np.full((len(seeds), len(profiles)), np.nan)
    n = np.full(r.shape, seeds.shape[1], dtype=np.int32)
    factors = [_codes(factor) for factor in estimator.factors]
    together = ~np.isnan(seeds).any(axis=1)
    if seeds.shape[1] < 2 or (factors and degrees_of_freedom(factors) < 1):
        together[:] = False
    x = unit_rows(seeds, estimator) if together.any() else seeds
    step = max(1, _SEEDS_BLOCK_VALUES // max(1, seeds.shape[1]))

    def measure(start: int) -> None:
        block = slice(start, start + step)
        values = profiles[block]
        missing = np.isnan(values).any(axis=1)
        y = _unit_rows(in_double(values[~missing]), estimator, factors) if together.any() else values
        for seed, profile in enumerate(seeds):
            if together[seed]:  # one by one, for the reason in `_with_unit_row`
                r[seed, block][~missing] = np.einsum("ij,j->i", y, x[seed])
            rows = missing | ~together[seed]
            if rows.any():
                r[seed, block][rows], n[seed, block][rows] = measure_seed(profile, values[rows], estimator)

    with ThreadPoolExecutor(max_workers=workers) as threads:
        deque(threads.map(measure, range(0, len(profiles), step)), maxlen=0)  # consumed, so that exceptions are raised
    return np.clip(r, -1, 1, out=r), n


def _with_unit_row(
    x: NDArray[np.float64],
    profiles: Rows,
    samples: NDArray[np.intp],
    estimator: Estimator,
    factors: Sequence[Factor],
    rows: NDArray[np.intp],
) -> NDArray[np.float64]:
    """Return the products of a unit row with the unit rows of some profiles over some samples."""
    y = _unit_rows(in_double(_columns(profiles[rows], samples)), estimator, factors)
    # einsum sums every row in the same order, a BLAS product does not: equal profiles must get equal r.
    products: NDArray[np.float64] = np.einsum("ij,j->i", y, x)
    return products


def _columns(block: NDArray[np.floating], samples: NDArray[np.intp]) -> NDArray[np.floating]:
    return block if len(samples) == block.shape[1] else block[:, samples]


def measure_all(profiles: NDArray[np.floating], estimator: Estimator) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Return r and n of every profile (P, S) with every other, both (P, P); see `measure_seed`."""
    if estimator.method == "pearson" and not estimator.factors:
        return correlate_all(profiles)
    r = np.full((len(profiles), len(profiles)), np.nan)
    n = np.zeros(r.shape, dtype=np.int32)
    groups = list(_rows_by_samples(profiles, np.ones(profiles.shape[1], dtype=np.bool_)))
    for place, (rows, samples) in enumerate(groups):
        for others, samples_of_others in groups[place:]:
            shared = np.intersect1d(samples, samples_of_others, assume_unique=True)
            n[np.ix_(rows, others)] = len(shared)
            n[np.ix_(others, rows)] = len(shared)
            factors = [_codes(factor[shared]) for factor in estimator.factors]
            if len(shared) < 2 or (factors and degrees_of_freedom(factors) < 1):
                continue
            x = y = _unit_rows(in_double(profiles[np.ix_(rows, shared)]), estimator, factors)
            if others is not rows:
                y = _unit_rows(in_double(profiles[np.ix_(others, shared)]), estimator, factors)
            r[np.ix_(rows, others)] = x @ y.T
            r[np.ix_(others, rows)] = r[np.ix_(rows, others)].T
    return _with_unit_diagonal(np.clip(r, -1, 1, out=r)), n


def unit_rows(profiles: NDArray[np.floating], estimator: Estimator) -> NDArray[np.float64]:
    """Return rows of unit length (P, S) whose products are r.

    A row is NaN if its profile misses a value, or has no r because it is constant.
    """
    missing = np.isnan(profiles).any(axis=1)
    factors = [_codes(factor) for factor in estimator.factors]
    unit = np.full(profiles.shape, np.nan)
    unit[~missing] = _unit_rows(in_double(profiles[~missing]), estimator, factors)
    return unit


def lost_to_factors(seed: NDArray[np.floating], profiles: Rows, estimator: Estimator) -> NDArray[np.intp]:
    """Return how many degrees of freedom the factors take from r of one profile with each of many, (P,).

    Factors are fitted over the samples in which both profiles have values.
    """
    lost = np.zeros(len(profiles), dtype=np.intp)
    if estimator.factors:
        for rows, samples in _rows_by_samples(profiles, ~np.isnan(seed)):
            factors = [_codes(factor[samples]) for factor in estimator.factors]
            lost[rows] = len(samples) - 2 - degrees_of_freedom(factors) if len(samples) else 0
    return lost


def degrees_of_freedom(factors: Sequence[Factor]) -> int:
    """Return the degrees of freedom of r: samples minus two, minus the parameters of the factors except the mean."""
    codes = [_codes(factor) for factor in factors]
    return len(codes[0]) - 2 - (_rank(codes) - 1)


def _with_unit_diagonal(r: NDArray[np.float64]) -> NDArray[np.float64]:
    diagonal = np.einsum("ii->i", r)
    diagonal[~np.isnan(diagonal)] = 1
    return r


def _rows_by_samples(profiles: Rows, of_seed: NDArray[np.bool_]) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Yield groups of rows that have values in the same samples of the seed, and these samples."""
    step = max(1, _BLOCK_VALUES // max(1, profiles.shape[1]))
    observed = [
        np.packbits(~np.isnan(profiles[start : start + step]) & of_seed, axis=1)
        for start in range(0, len(profiles), step)
    ]
    if not observed:
        return
    patterns, which = np.unique(np.concatenate(observed), axis=0, return_inverse=True)
    for number, pattern in enumerate(patterns):
        samples = np.flatnonzero(np.unpackbits(pattern, count=profiles.shape[1]))
        yield np.flatnonzero(which.ravel() == number), samples


def _unit_rows(x: NDArray[np.float64], estimator: Estimator, factors: Sequence[Factor]) -> NDArray[np.float64]:
    """Return rows of unit length whose products are r; NaN for a row without r. Rows of x have no NaN."""
    without_r = (x == x[:, :1]).all(axis=1)
    tolerance = np.zeros(len(x))
    if factors:
        residuals = _residuals(x, factors)
        squares = np.einsum("ij,ij->i", residuals, residuals)
        without_r |= is_rounding(squares, np.einsum("ij,ij->i", x, x), estimator.error, x.shape[1])
        # The error of a residual is that of its value plus that of the fit; of a difference, twice as much.
        tolerance = 4 * resolution(estimator.error, x.shape[1]) * np.max(np.abs(x), axis=1, initial=0)
        x = residuals
    if estimator.method == "spearman":
        x = rank_rows(x, tolerance)
    centred: NDArray[np.float64] = x - x.mean(axis=1, keepdims=True)
    if estimator.method == "bicor":
        # Other rows of bicor do not sum to 0, so that the rounding error of the mean would not cancel.
        centred -= centred.mean(axis=1, keepdims=True)
        _weigh(x, centred, estimator.max_p_outliers, tolerance)
    length = np.sqrt(np.einsum("ij,ij->i", centred, centred))
    length[without_r | (length == 0)] = np.nan
    centred /= length[:, None]
    return centred


def _weigh(
    x: NDArray[np.float64], centred: NDArray[np.float64], max_p_outliers: float, tolerance: NDArray[np.float64]
) -> None:
    """Set `centred` to the weighted deviations of x from medians, except in rows whose MAD is 0 or rounding error."""
    deviations = x - np.median(x, axis=1, keepdims=True)
    mad = np.median(np.abs(deviations), axis=1)
    rows = np.flatnonzero(mad > tolerance)
    deviations = deviations[rows]
    u = deviations / (_MADS * mad[rows, None])
    if max_p_outliers < 1:
        low, high = np.quantile(u, [max_p_outliers, 1 - max_p_outliers], axis=1)
        low_scale = _LARGEST_QUANTILE / np.maximum(np.abs(np.minimum(low, 0)), _LARGEST_QUANTILE)
        high_scale = _LARGEST_QUANTILE / np.maximum(high, _LARGEST_QUANTILE)
        u *= np.where(u < 0, low_scale[:, None], high_scale[:, None])
    centred[rows] = deviations * np.where(np.abs(u) < 1, (1 - u**2) ** 2, 0)


def _codes(factor: Factor) -> Factor:
    """Return a factor as integers from 0."""
    return np.unique(factor, return_inverse=True)[1].ravel()


def _residuals(x: NDArray[np.float64], factors: Sequence[Factor]) -> NDArray[np.float64]:
    """Return the residuals of each row after fitting a linear model with the factors."""
    finest = max(factors, key=lambda factor: int(factor.max()))
    residuals = _without_means(x, finest)
    design = _design_of_others(finest, factors)
    return _without_design(residuals, design) if len(design) else residuals


def _without_means(x: NDArray[np.float64], factor: Factor) -> NDArray[np.float64]:
    """Return the rows minus the mean of each group."""
    order = np.argsort(factor, kind="stable")
    starts = np.flatnonzero(np.diff(factor[order], prepend=-1))
    counts = np.diff(np.append(starts, len(order)))
    means: NDArray[np.float64] = np.add.reduceat(x[:, order], starts, axis=1) / counts
    return x - means[:, factor]


def _design_of_others(finest: Factor, factors: Sequence[Factor]) -> NDArray[np.float64]:
    """Return orthonormal rows (k, S): what the other factors add to the groups of the finest one.

    There are none if there is no other factor. No matrix library is used, so that they are the same on any processor.
    """
    others = [factor for factor in factors if factor is not finest]
    if not others:
        return np.empty((0, len(finest)))
    dummies = np.concatenate([(factor == np.arange(factor.max() + 1)[:, None]) for factor in others]).astype(np.float64)
    design = np.empty((0, len(finest)))
    for dummy in _without_means(dummies, finest):
        rest = _without_design(dummy[None], design)  # Gram and Schmidt
        length = np.sqrt(np.einsum("ij,ij->", rest, rest))
        if length > 1e-9 * np.sqrt(len(finest)):
            design = np.concatenate([design, rest / length])
    return design


def _without_design(x: NDArray[np.float64], design: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return rows (P, S) minus their projections on orthonormal rows (k, S)."""
    for _ in range(2):  # again for the rounding errors of the first time
        # einsum, because equal profiles must get equal residuals.
        x = x - np.einsum("ik,kj->ij", np.einsum("ij,kj->ik", x, design), design)
    return x


def _rank(factors: Sequence[Factor]) -> int:
    """Return the number of parameters of a model with the factors, including the mean."""
    finest = max(factors, key=lambda factor: int(factor.max()))
    return int(finest.max()) + 1 + len(_design_of_others(finest, factors))

"""r of some profiles with many others by several methods at once: residuals and the order of values are shared.

Ranks and biweights change neither with the mean of a profile nor with its length. So Spearman's r and bicor are
computed from the unit rows of Pearson's r, whose residuals are computed once, and from one order of their values.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from coexpr.stats.measures import Estimator, measure_seed, unit_rows
from coexpr.stats.precision import resolution

Array = NDArray[np.float64]

# bicor as in `coexpr.stats.measures`.
_MADS = 9
_LARGEST_QUANTILE = 0.5


class SeveralMethods:
    """Profiles of which r with others is computed by several methods.

    Parameters
    ----------
    seeds : (k, S) float
        Log2 intensity, NaN where missing.
    estimators : sequence of Estimator
        Of any methods, all with the same factors and error.
    """

    def __init__(self, seeds: NDArray[np.floating], estimators: Sequence[Estimator]) -> None:
        self._seeds, self._estimators = seeds, estimators
        self._complete = ~np.isnan(seeds).any(axis=1)
        self._unit = unit_rows_by_method(seeds, estimators)

    def measure(self, profiles: NDArray[np.floating], fewest: int = 2) -> Array:
        """Return r of each seed with each of some profiles (P, S), pairwise complete: (methods, k, P).

        r is that of `measure_seed`, apart from rounding in double precision; equal profiles have equal r. It is NaN
        over fewer samples than `fewest`.
        """
        r = np.full((len(self._estimators), len(self._seeds), len(profiles)), np.nan)
        missing = np.isnan(profiles).any(axis=1)
        whole = profiles[~missing] if missing.any() else profiles
        for method, unit in enumerate(unit_rows_by_method(whole, self._estimators)):
            for seed in np.flatnonzero(self._complete).tolist():
                # einsum sums every row in the same order, a BLAS product does not: equal profiles must get equal r.
                r[method, seed, ~missing] = np.einsum("ij,j->i", unit, self._unit[method][seed])
            for seed in range(len(self._seeds)):
                rows = np.flatnonzero(missing) if self._complete[seed] else np.arange(len(profiles))
                if len(rows):
                    of_rows, n = measure_seed(self._seeds[seed], profiles[rows], self._estimators[method])
                    r[method, seed, rows] = np.where(n < fewest, np.nan, of_rows)
        if profiles.shape[1] < fewest:
            r[:] = np.nan
        return np.clip(r, -1, 1, out=r)


def unit_rows_by_method(profiles: NDArray[np.floating], estimators: Sequence[Estimator]) -> list[Array]:
    """Return the rows (P, S) of `measures.unit_rows` for each of several estimators with the same factors and error."""
    linear = unit_rows(profiles, replace(estimators[0], method="pearson", max_p_outliers=1))
    if all(estimator.method == "pearson" for estimator in estimators):
        return [linear] * len(estimators)
    has_r = ~np.isnan(linear[:, 0])
    rows = linear if has_r.all() else linear[has_r]
    tolerance = _tolerance(profiles if has_r.all() else profiles[has_r], rows, estimators[0])
    order = np.argsort(rows, axis=1) + (np.arange(len(rows)) * rows.shape[1])[:, None]
    ordered = rows.reshape(-1)[order]
    found = []
    for estimator in estimators:
        if estimator.method == "pearson":
            found.append(linear)
            continue
        if estimator.method == "spearman":
            centred = _rank_deviations(order, ordered, tolerance)
        else:
            centred = _weighted_deviations(rows, ordered, tolerance, estimator.max_p_outliers)
        length = np.sqrt(np.einsum("ij,ij->i", centred, centred))
        centred /= np.where(length == 0, np.nan, length)[:, None]
        if has_r.all():
            found.append(centred)
        else:
            found.append(np.full(linear.shape, np.nan))
            found[-1][has_r] = centred
    return found


def _tolerance(profiles: NDArray[np.floating], unit: Array, estimator: Estimator) -> Array:
    """Return the largest difference of two values of each unit row (P,) that is only rounding error.

    As in `measures`, it is 0 without factors. The length of a row before it was scaled is its product with the profile.
    """
    if not estimator.factors:
        return np.zeros(len(unit))
    length = np.einsum("ij,ij->i", profiles, unit)
    largest = np.max(np.abs(profiles), axis=1, initial=0)
    return np.asarray(4 * resolution(estimator.error, unit.shape[1]) * largest / length)


def _rank_deviations(order: NDArray[np.intp], ordered: Array, tolerance: Array) -> Array:
    """Return the ranks of each row minus their mean; tied values share the mean of their ranks.

    Parameters
    ----------
    order : (P, S) intp
        Places of the values of each row in ascending order, in the flattened matrix.
    ordered : (P, S) float64
        The values in this order.
    tolerance : (P,) float64
    """
    rows, width = ordered.shape
    place = np.empty((rows, width))
    place[:] = np.arange(width) - (width - 1) / 2
    is_tied = np.zeros((rows, width), dtype=np.bool_)
    np.less_equal(ordered[:, 1:] - ordered[:, :-1], tolerance[:, None], out=is_tied[:, 1:])
    tied = np.flatnonzero(is_tied)  # with the value before; the first value of a row never is
    if len(tied):
        starts = np.flatnonzero(np.diff(tied, prepend=-1) != 1)
        counts = np.diff(np.append(starts, len(tied)))
        flat, first = place.reshape(-1), tied[starts] - 1
        shared = flat[first] + counts / 2
        flat[first] = shared
        flat[tied] = np.repeat(shared, counts)
    deviations = np.empty(rows * width)
    deviations[order] = place
    return deviations.reshape(rows, width)


def _weighted_deviations(rows: Array, ordered: Array, tolerance: Array, max_p_outliers: float) -> Array:
    """Return the weighted deviations from medians of bicor; a row whose MAD is 0 or rounding error is returned itself.

    Parameters
    ----------
    rows : (P, S) float64
        Unit rows of Pearson's r.
    ordered : (P, S) float64
        Their values in ascending order.
    tolerance : (P,) float64
    max_p_outliers : float
    """
    width = rows.shape[1]
    middle = {(width - 1) // 2, width // 2}
    median = np.mean([ordered[:, place] for place in middle], axis=0)
    mad = np.mean([_nearest(ordered, median, place + 1) for place in middle], axis=0)
    weighted: Array = rows - rows.mean(axis=1, keepdims=True)  # as in `measures`
    some = np.flatnonzero(mad > tolerance)
    deviations = rows[some] - median[some, None]
    u = deviations / (_MADS * mad[some, None])
    if max_p_outliers < 1:
        low, high = np.quantile(u, [max_p_outliers, 1 - max_p_outliers], axis=1)
        low_scale = _LARGEST_QUANTILE / np.maximum(np.abs(np.minimum(low, 0)), _LARGEST_QUANTILE)
        high_scale = _LARGEST_QUANTILE / np.maximum(high, _LARGEST_QUANTILE)
        u *= np.where(u < 0, low_scale[:, None], high_scale[:, None])
    np.minimum(np.square(u, out=u), 1, out=u)  # the weight is 0 from u = 1 on
    weighted[some] = deviations * np.square(1 - u)
    return weighted


def _nearest(ordered: Array, median: Array, count: int) -> Array:
    """Return the distance of the count-th nearest value of each ordered row (P, S) from its median.

    The nearest values are neighbors, so their largest distance is that of the first or last of the best window.
    """
    first, last = ordered[:, : ordered.shape[1] - count + 1], ordered[:, count - 1 :]
    distances = np.maximum(median[:, None] - first, last - median[:, None])
    nearest: Array = distances.min(axis=1)
    return nearest

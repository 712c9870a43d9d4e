"""Mean r with a set of seeds: over all samples or within parts of them, weighted by how well the seeds find each other.

The weights and the correction for hubs are those of SEEK (Zhu et al. 2015, doi 10.1038/nmeth.3249).
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from coexpr.stats.centroids import without_itself
from coexpr.stats.correlate import Rows
from coexpr.stats.measures import Estimator, measure_seeds, unit_rows

# Values that a thread reads at a time, and those of which it makes unit rows: 1 MB, which stays in its cache.
_READ_VALUES = 1 << 21
_UNIT_VALUES = 1 << 17
# The persistence of rank-biased precision: with 0.99, half of the weight is on the first 69 ranks.
PERSISTENCE = 0.99

T = TypeVar("T")


class Part(NamedTuple):
    """Samples within which r is computed, and the estimator over them."""

    columns: slice
    estimator: Estimator


def measure_parts(
    seeds: NDArray[np.floating], profiles: Rows, parts: Sequence[Part], workers: int = 1
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Return r and n of several profiles (k, S) with each of many (P, S) within each part, both (D, k, P)."""
    r = np.empty((len(parts), len(seeds), len(profiles)))
    n = np.empty(r.shape, dtype=np.int32)

    def measure(block: slice) -> None:
        some = profiles[block]
        for number, part in enumerate(parts):
            r[number, :, block], n[number, :, block] = measure_seeds(
                seeds[:, part.columns], some[:, part.columns], part.estimator
            )

    deque(_over_blocks(measure, profiles, _READ_VALUES, workers), maxlen=0)
    return r, n


def mean_over_seeds(r: NDArray[np.float64], own: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the mean over seeds of r (D, k, P) where `own` (k, P) is false, (D, P); NaN if any of these r is."""
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(own, 0, r).sum(axis=1) / (~own).sum(axis=0))


def fewest_over_seeds(n: NDArray[np.int32], own: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return the smallest number of samples over seeds of n (D, k, P) where `own` (k, P) is false, (D, P)."""
    most = np.iinfo(n.dtype).max
    fewest = np.where(own, most, n).min(axis=1, initial=most)
    return np.where(own.all(axis=0), 0, fewest).astype(np.int32)


def combine_parts(values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weighted mean of values (D, ...) over the parts that have one; NaN without any."""
    shaped = weights.reshape(-1, *[1] * (values.ndim - 1))
    used = np.where(np.isnan(values), 0, shaped)
    with np.errstate(invalid="ignore"):
        return np.asarray((used * np.where(used > 0, values, 0)).sum(axis=0) / used.sum(axis=0))


def centroids_of_all(profiles: Rows, parts: Sequence[Part], workers: int = 1) -> list[tuple[NDArray[np.float64], int]]:
    """Return the mean unit row of all profiles (P, S) within each part, and how many profiles have one.

    Profiles that miss a value of the part, or are constant, are left out.
    """

    def add_up(block: slice) -> list[tuple[NDArray[np.float64], int]]:
        some = profiles[block]
        return [_sum_of(unit_rows(some[:, part.columns], part.estimator)) for part in parts]

    sums, counts = [np.zeros(1)] * len(parts), [0] * len(parts)
    for found in _over_blocks(add_up, profiles, _UNIT_VALUES, workers):
        for number, (total, count) in enumerate(found):
            sums[number] = sums[number] + total
            counts[number] += count
    return [(total / max(1, count), count) for total, count in zip(sums, counts, strict=True)]


def mean_r_with_all(
    profiles: Rows,
    parts: Sequence[Part],
    centroids: Sequence[tuple[NDArray[np.float64], int]],
    members: NDArray[np.bool_] | None = None,
    workers: int = 1,
) -> NDArray[np.float64]:
    """Return the mean r of each profile (P, S) with all others within each part, (D, P).

    Parameters
    ----------
    profiles : (P, S) float
    parts : sequence of Part
    centroids : list
        Of `centroids_of_all`, with the same parts.
    members : (P,) bool, optional
        Which profiles the centroids contain; all by default. The r of a profile with itself is left out.
    workers : int

    Returns
    -------
    (D, P) float64
        NaN for a profile that misses a value of the part or is constant.
    """
    result = np.empty((len(parts), len(profiles)))

    def measure(block: slice) -> None:
        some = profiles[block]
        for number, (part, (centroid, count)) in enumerate(zip(parts, centroids, strict=True)):
            if count < 2:
                result[number, block] = np.nan
                continue
            # einsum, because equal profiles must get equal numbers (see `coexpr.stats.measures`).
            with_all = np.einsum("ij,j->i", unit_rows(some[:, part.columns], part.estimator), centroid)
            with_others = without_itself(with_all, np.array(count))
            result[number, block] = with_others if members is None else np.where(members[block], with_others, with_all)

    deque(_over_blocks(measure, profiles, _UNIT_VALUES, workers), maxlen=0)
    return result


def places_among(
    values: NDArray[np.float64], ties: NDArray[np.integer], others: NDArray[np.float64], other_ties: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Return the rank of each value, highest first, among all values and others; ties by `ties`, NaN for NaN."""
    key = -np.concatenate([others, values])
    key[np.isnan(key)] = np.inf
    places = np.empty(len(key))
    places[np.lexsort((np.concatenate([other_ties, ties]), key))] = np.arange(1, len(key) + 1)
    return np.where(np.isnan(values), np.nan, places[len(others) :])


def rank_biased_precision(ranks: NDArray[np.float64], persistence: float = PERSISTENCE) -> NDArray[np.float64]:
    """Return the rank-biased precision of what has these ranks (..., k) in a list, (...): (1 - p) sum p^(rank - 1).

    NaN is what the list does not contain (Moffat and Zobel 2008, doi 10.1145/1416950.1416952).
    """
    return np.asarray((1 - persistence) * np.nansum(persistence ** (ranks - 1), axis=-1))


def weigh_parts(
    ranks: NDArray[np.float64], defined: NDArray[np.bool_], without: int | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how well the seeds find each other within each part, and the weights of the parts, both (D,).

    Parameters
    ----------
    ranks : (D, k, k) float64
        In row q, the ranks of the seeds by r with seed q; NaN for q itself.
    defined : (D, k) bool
        Whether each seed has r within the part. A part in which any has none does not count.
    without : int, optional
        A seed that does not count.

    Returns
    -------
    scores : (D,) float64
        The mean over seeds of the rank-biased precision of the others; NaN for a part that does not count.
    weights : (D,) float64
        Scores that sum to 1, 0 for a part that does not count; equal ones for a single seed.
    """
    seeds = np.array([seed for seed in range(ranks.shape[1]) if seed != without], dtype=np.intp)
    usable = defined[:, seeds].all(axis=1)
    scores = rank_biased_precision(ranks[:, seeds[:, None], seeds]).mean(axis=1)
    scores[~usable] = np.nan
    raw = usable.astype(np.float64) if len(seeds) < 2 else np.where(usable, scores, 0)
    return scores, np.asarray(raw / (raw.sum() or 1))


def _sum_of(unit: NDArray[np.float64]) -> tuple[NDArray[np.float64], int]:
    """Return the sum of the unit rows (b, S) that are defined, and their number."""
    defined = ~np.isnan(unit).any(axis=1)
    return unit[defined].sum(axis=0), int(np.count_nonzero(defined))


def _over_blocks(work: Callable[[slice], T], profiles: Rows, values: int, workers: int) -> Iterator[T]:
    """Yield what a function returns for each block of rows, in order; blocks are processed by several threads."""
    step = max(1, values // max(1, profiles.shape[1]))
    with ThreadPoolExecutor(max_workers=workers) as threads:
        yield from threads.map(work, [slice(start, start + step) for start in range(0, len(profiles), step)])

"""Numbers of a set of seeds: mean r with every profile, weights of donors, the correction for hubs, and leaving out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.design import Design
from coexpr.analysis.profiles import Profiles
from coexpr.analysis.seeds import SeedSet
from coexpr.errors import OptionError
from coexpr.options import MIN_SAMPLES_FOR_R, Level
from coexpr.stats.correlate import Rows
from coexpr.stats.seed_sets import (
    Part,
    centroids_of_all,
    combine_parts,
    fewest_over_seeds,
    mean_over_seeds,
    mean_r_with_all,
    measure_parts,
    places_among,
    rank_biased_precision,
    weigh_parts,
)


@dataclass(frozen=True)
class SetOptions:
    """How r with several seeds becomes one number; see `Atlas.correlates_of_set`."""

    hub_correction: bool = False
    donor_weights: bool = False


@dataclass(frozen=True)
class MeasuredSet:
    """r of k seeds with P profiles within D parts: each donor with donor weights, or else all samples together.

    Parameters
    ----------
    found : SeedSet
        The seeds that have r.
    others : (N,) intp
        The profiles that are no seed's own.
    r : (D, k, P) float64
    ties : (P,) int
        What orders profiles with equal r.
    r_of_seeds : (D, k, k) float64
        r of the seeds with each other.
    n_of_seeds : (D, k, k) int32
    ranks : (D, k, k) float64, optional
        In row q, the ranks of the other seeds among all by r with seed q. Only with donor weights.
    scores, weights : (D,) float64
        Of the parts; see `weigh_parts`.
    mean_r : (P,) float64
        Mean r with the seeds; with the other seeds for a seed's own profile.
    n : (P,) int32
        The smallest number of samples of these r.
    hub_r, hub_r_of_seeds : (D, P) and (D, k) float64, optional
        Mean r with all profiles. Only with hub correction.
    """

    found: SeedSet
    others: NDArray[np.intp]
    r: NDArray[np.float64]
    ties: NDArray[np.int32]
    r_of_seeds: NDArray[np.float64]
    n_of_seeds: NDArray[np.int32]
    ranks: NDArray[np.float64] | None
    scores: NDArray[np.float64]
    weights: NDArray[np.float64]
    mean_r: NDArray[np.float64]
    n: NDArray[np.int32]
    hub_r: NDArray[np.float64] | None
    hub_r_of_seeds: NDArray[np.float64] | None

    @property
    def mean_hub_r(self) -> NDArray[np.float64] | None:
        """Mean r of each profile with all, (P,)."""
        return None if self.hub_r is None else combine_parts(self.hub_r, self.weights)

    @property
    def ranked(self) -> NDArray[np.float64]:
        """What profiles are ranked by, (P,)."""
        return self.mean_r if self.mean_hub_r is None else self.mean_r - self.mean_hub_r

    @property
    def chance(self) -> float:
        """The score that is expected of seeds whose ranks are random."""
        ranked = len(self.others) + len(self.found.seeds) - 1
        places = np.arange(1.0, ranked + 1)
        return float(rank_biased_precision(places) * (len(self.found.seeds) - 1) / ranked)

    def left_out(self, seed: int) -> tuple[int | None, float | None, int]:
        """Return the rank, mean r and number of samples of a seed by the other seeds; the rank is among all profiles.

        With donor weights, those are weights by the other seeds.
        """
        weights = self.weights
        if self.ranks is not None:
            _, weights = weigh_parts(self.ranks, ~np.isnan(np.einsum("dii->di", self.r_of_seeds)), without=seed)
        others = np.flatnonzero(np.arange(len(self.found.seeds)) != seed)
        mean_r = combine_parts(self.r_of_seeds[:, others, seed].mean(axis=1), weights)
        means = combine_parts(self.r[:, others[:, None], self.others].mean(axis=1), weights)
        value = mean_r
        if self.hub_r is not None and self.hub_r_of_seeds is not None:
            value = mean_r - combine_parts(self.hub_r_of_seeds[:, seed], weights)
            means = means - combine_parts(self.hub_r[:, self.others], weights)
        tie = self.found.profiles.tie_order[[seed]]
        (rank,) = places_among(value[None], tie, means, self.ties[self.others])
        n = self.n_of_seeds[:, others, seed].min(axis=1)[weights > 0].sum()
        return None if np.isnan(rank) else int(rank), None if np.isnan(mean_r) else float(mean_r), int(n)


def measure_set(found: SeedSet, profiles: Profiles, level: Level, design: Design, options: SetOptions) -> MeasuredSet:
    """Return r of the seeds with all profiles, and the means of it.

    Raises
    ------
    OptionError
        If fewer than two seeds have r, no donor can be weighed, or no profile is complete for the hub correction.
    """
    parts = [Part(slice(None), design.estimator)]
    if options.donor_weights:
        parts = [Part(columns, design.estimator_for(columns)) for columns in design.samples.columns.values()]
    for row in np.flatnonzero([seed.level == "probe" for seed in found.seeds]) if level == "gene" else ():
        profiles.replace_gene(found.profiles.take(np.array([row])))
    r, n = _measure(found, profiles.expression, parts, design.workers)
    r_of_seeds, n_of_seeds = _measure(found, np.asarray(found.profiles.expression), parts, 1)
    defined = ~np.isnan(np.einsum("dii->di", r_of_seeds))
    constant = ~defined.any(axis=0)
    if constant.any():
        found, kept = found.without(constant), np.flatnonzero(~constant)
        r, n, defined = r[:, kept], n[:, kept], defined[:, kept]
        r_of_seeds, n_of_seeds = r_of_seeds[:, kept[:, None], kept], n_of_seeds[:, kept[:, None], kept]
    own = found.own_rows(profiles, level)
    others, ties = np.flatnonzero(~own.any(axis=0)), profiles.tie_order
    ranks, scores, weights = None, np.full(1, np.nan), np.ones(1)
    if options.donor_weights:
        ranks = _rank_seeds(r_of_seeds, found.profiles.tie_order, r[:, :, others], ties[others])
        scores, weights = weigh_parts(ranks, defined)
        if not weights.any():
            raise OptionError("`donor_weights`: in no donor do all seeds have r with each other. Leave it out.")
    hub_r = hub_r_of_seeds = None
    if options.hub_correction:
        hub_r, hub_r_of_seeds = _hub_r(found, profiles, own, parts, design.workers)
    return MeasuredSet(
        found=found,
        others=others,
        r=r,
        ties=ties,
        r_of_seeds=r_of_seeds,
        n_of_seeds=n_of_seeds,
        ranks=ranks,
        scores=scores,
        weights=weights,
        mean_r=combine_parts(mean_over_seeds(r, own), weights),
        n=fewest_over_seeds(n, own)[weights > 0].sum(axis=0, dtype=np.int32),
        hub_r=hub_r,
        hub_r_of_seeds=hub_r_of_seeds,
    )


def _measure(
    found: SeedSet, profiles: Rows, parts: Sequence[Part], workers: int
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Return r and n of the seeds with profiles, (D, k, P); r over fewer than four samples is NaN."""
    r, n = measure_parts(np.asarray(found.profiles.expression), profiles, parts, workers)
    r[n < MIN_SAMPLES_FOR_R] = np.nan
    return r, n


def _rank_seeds(
    r_of_seeds: NDArray[np.float64],
    ties: NDArray[np.integer],
    r_of_others: NDArray[np.float64],
    ties_of_others: NDArray[np.integer],
) -> NDArray[np.float64]:
    """Return for each part and seed the ranks of the other seeds among all by r with it, (D, k, k)."""
    ranks = np.full(r_of_seeds.shape, np.nan)
    for part in range(len(ranks)):
        for seed in range(len(ties)):
            rest = np.flatnonzero(np.arange(len(ties)) != seed)
            ranks[part, seed, rest] = places_among(
                r_of_seeds[part, seed, rest], ties[rest], r_of_others[part, seed], ties_of_others
            )
    return ranks


def _hub_r(
    found: SeedSet, profiles: Profiles, own: NDArray[np.bool_], parts: Sequence[Part], workers: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean r with all profiles of each profile, (D, P), and of each seed, (D, k)."""
    centroids = centroids_of_all(profiles.expression, parts, workers)
    if all(count < 2 for _, count in centroids):
        raise OptionError(
            "`hub_correction` compares each profile with all that have values in the same samples, and no two do. "
            "Leave it out, or use samples of one donor."
        )
    is_row = (own & (profiles.probe_ids == found.profiles.probe_ids[:, None])).any(axis=1)
    of_seeds = mean_r_with_all(np.asarray(found.profiles.expression), parts, centroids, is_row)
    return mean_r_with_all(profiles.expression, parts, centroids, workers=workers), of_seeds

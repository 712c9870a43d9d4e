"""The centroids of all categories over the samples of a query, computed once and kept in a cache.

They depend on the profiles, not on the seed, so the next seed reads them. Kept with them are quantiles of the mean r of
all genes with each category.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.design import Design
from coexpr.analysis.profiles import Profiles
from coexpr.database.derived_cache import derived
from coexpr.database.expression import Expression
from coexpr.options import ProbeSelection
from coexpr.progress import Progress
from coexpr.stats.centroids import Sets, centroids_of, mean_r_within
from coexpr.stats.measures import unit_rows

# Rows that are made unit rows at a time: 15 MB in double precision for all samples of the atlas.
_ROWS = 512
# Categories whose mean r with every gene is computed at a time: 30 MB for all genes of the atlas.
_SETS = 512
# Quantiles of the mean r of all genes with a category: percentiles are exact to 0.1.
_QUANTILES = np.linspace(0, 1, 1001)


@dataclass(frozen=True)
class SetCentroids:
    """The centroids of categories.

    Parameters
    ----------
    complete : (P,) bool
        Which profiles have r: those that are neither constant nor miss values. The others are left out of categories.
    centroids : (C, S) float32
        Mean of the unit rows of each category; NaN without members.
    within : (C,) float64
        Mean r of all pairs of each category.
    quantiles : (C, Q) float32
        Quantiles of the mean r of every profile with each category, itself excluded.
    """

    complete: NDArray[np.bool_]
    centroids: NDArray[np.float32]
    within: NDArray[np.float64]
    quantiles: NDArray[np.float32]

    def percentiles(self, mean_r: NDArray[np.float64], numbers: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return the percentage of profiles whose mean r with some categories (C,) is lower than the given one."""
        found = [
            np.interp(value, self.quantiles[number], _QUANTILES) for value, number in zip(mean_r, numbers, strict=True)
        ]
        return 100 * np.array(found)


class UnitProfiles:
    """The unit rows of profiles, computed when they are first needed.

    Parameters
    ----------
    profiles : Profiles
    design : Design
        The samples of the profiles, and the estimator.
    selection : ProbeSelection
        How the profiles were selected.
    progress : Progress
    """

    def __init__(self, profiles: Profiles, design: Design, selection: ProbeSelection, progress: Progress) -> None:
        self._profiles, self._design, self._progress = profiles, design, progress
        samples = design.samples
        # What determines the rows, besides the expression data.
        self.identity = [
            repr((selection, design.method)).encode(),
            profiles.probe_ids.tobytes(),
            profiles.gene_ids.tobytes(),
            samples.donor_ids.tobytes(),
            samples.positions.tobytes(),
        ]

    @cached_property
    def rows(self) -> NDArray[np.float32]:
        """The unit rows (P, S); 0 for a profile without r."""
        unit = np.empty((len(self._profiles), len(self._design.samples)), dtype=np.float32)
        with self._progress.task("Centring and scaling genes", len(unit), "genes") as advance:
            for start in range(0, len(unit), _ROWS):
                block = slice(start, start + _ROWS)
                unit[block] = unit_rows(self._profiles.expression[block], self._design.estimator)
                advance(len(unit[block]))
        return np.nan_to_num(unit, copy=False)

    def some(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return some unit rows in double precision; NaN for a profile without r."""
        return unit_rows(self._profiles.expression[rows], self._design.estimator)

    @cached_property
    def complete(self) -> NDArray[np.bool_]:
        """Which profiles have r, (P,)."""
        return np.asarray((self.rows != 0).any(axis=1))


def find_set_centroids(expression: Expression, unit: UnitProfiles, sets: Sets, design: Design) -> SetCentroids:
    """Return the centroids of all sets, from the cache or computed."""

    def compute() -> SetCentroids:
        return _measure(unit, sets, design, expression.progress)

    contents = [*unit.identity, sets.starts.tobytes(), sets.members.tobytes()]
    return derived(expression, "centroids", SetCentroids, contents, compute)


def _measure(unit: UnitProfiles, sets: Sets, design: Design, progress: Progress) -> SetCentroids:
    """Compute the centroids of sets, and the quantiles of the mean r of every profile with each."""
    rows, complete = unit.rows, unit.complete
    present = sets.without(np.flatnonzero(~complete))
    some = np.flatnonzero(present.sizes)
    centroids = np.full((len(sets), rows.shape[1]), np.nan, dtype=np.float32)
    within = np.full(len(sets), np.nan)
    quantiles = np.full((len(sets), len(_QUANTILES)), np.nan, dtype=np.float32)
    with progress.task("Measuring categories", len(some), "categories") as advance:
        for start in range(0, len(some), _SETS):
            numbers = some[start : start + _SETS]
            block = present.take(numbers)
            exact = centroids_of(rows, block, design.workers)
            centroids[numbers], within[numbers] = exact, mean_r_within(exact, block.sizes)
            scores = centroids[numbers] @ rows.T
            of_members = (block.owners, block.members)
            sizes = block.sizes[block.owners]
            scores[of_members] = (sizes * scores[of_members] - 1) / np.maximum(sizes - 1, 1)
            quantiles[numbers] = np.quantile(scores[:, complete], _QUANTILES, axis=1).T
            advance(len(numbers))
    return SetCentroids(complete, centroids, within, quantiles)

"""The null model of enrichment: surrogates of the seed that keep its spatial autocorrelation."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.design import Design
from coexpr.analysis.enrichment_seed import EnrichmentSeed
from coexpr.analysis.set_centroids import UnitProfiles
from coexpr.database.coordinates import find_coordinates
from coexpr.database.derived_cache import derived
from coexpr.database.expression import Expression
from coexpr.database.samples import Samples
from coexpr.errors import NotFoundError, OptionError, TooFewSamplesError
from coexpr.options import SPATIAL_WEIGHTS, Space, SpatialWeights
from coexpr.progress import Advance, Progress
from coexpr.stats.measures import Estimator, unit_rows
from coexpr.stats.spatial import (
    DISTANCE_FLOOR,
    Places,
    SpatialBasis,
    distances_between,
    inverse_distance_weights,
    measured_weights,
    spatial_basis,
    surrogates_of,
    without_means_of,
)

# Fewer components have too few patterns of signs.
FEWEST_COMPONENTS = 30
MAX_SURROGATES = 100_000


@dataclass(frozen=True)
class NullOptions:
    """How surrogates are made; see `Atlas.enrich`."""

    surrogates: int = 10_000
    seed_random: int = 1
    weights: SpatialWeights = "measured"
    space: Space | None = None

    def __post_init__(self) -> None:
        count = self.surrogates
        if isinstance(count, bool) or not isinstance(count, int) or not 99 <= count <= MAX_SURROGATES:
            raise OptionError(
                f"`surrogates` {count!r}: expected a whole number from 99 to {MAX_SURROGATES:,}. With B surrogates the "
                "smallest p is 1 / (B + 1)."
            )
        if isinstance(self.seed_random, bool) or not isinstance(self.seed_random, int) or self.seed_random < 0:
            raise OptionError(f"`seed_random` {self.seed_random!r}: expected a whole number of at least 0.")
        if self.weights not in SPATIAL_WEIGHTS:
            raise OptionError(f"`weights` {self.weights!r}: expected one of {', '.join(SPATIAL_WEIGHTS)}.")

    def random(self) -> np.random.Generator:
        """Return a new source of random numbers."""
        return np.random.default_rng(self.seed_random)


@dataclass(frozen=True)
class SpatialNull:
    """A null model of profiles over the samples of a query.

    Parameters
    ----------
    basis : SpatialBasis
    space : "corrected" or "allen"
        The coordinates that it was made from.
    """

    basis: SpatialBasis
    space: Space


def find_null(
    expression: Expression, design: Design, groups: NDArray[np.integer], unit: UnitProfiles, options: NullOptions
) -> SpatialNull:
    """Return the null model over the samples of a design, from the cache or computed.

    Parameters
    ----------
    expression : Expression
    design : Design
    groups : (S,) int
        The groups whose means are removed.
    unit : UnitProfiles
        The profiles whose covariance is measured.
    options : NullOptions

    Raises
    ------
    TooFewSamplesError
        If there are too few samples.
    NotFoundError
        If samples have no coordinates.
    """
    samples = design.samples
    components = len(samples) - len(np.unique(groups))
    if components < FEWEST_COMPONENTS:
        raise TooFewSamplesError(
            f"{len(samples)} samples of {len(np.unique(groups))} groups are too few for surrogates that keep spatial "
            f"autocorrelation: the number of samples minus that of groups must be at least {FEWEST_COMPONENTS}. "
            "Use more structures or donors."
        )
    space, everywhere = find_coordinates(expression.connection, options.space)
    coordinates = everywhere[samples.columns_in(expression.all_samples)]
    if without := int(np.isnan(coordinates).any(axis=1).sum()):
        whose = "corrected MNI coordinates" if space == "corrected" else "MNI coordinates of Allen"
        raise NotFoundError(
            f"{without:,} of {len(samples):,} samples have no {whose}, which p_spatial needs. Choose "
            "another `space`, or load the full-donor downloads or the table of corrected coordinates."
        )

    places = Places(coordinates, samples.donor_ids, samples.structure_ids, _regions_of(expression, samples))

    def compute() -> SpatialBasis:
        with expression.progress.task("Computing the spatial null model", 2, "steps") as advance:
            if options.weights == "distance":
                weights = inverse_distance_weights(distances_between(coordinates))
            else:
                products = (unit.rows.T @ unit.rows).astype(np.float64)
                weights = measured_weights(products, places, groups)
            advance(1)
            basis = spatial_basis(weights, groups)
            advance(1)
            return basis

    contents = [options.weights.encode(), str(DISTANCE_FLOOR).encode(), coordinates.tobytes(), groups.tobytes()]
    if options.weights == "measured":
        contents += [*unit.identity, places.structures.tobytes(), places.regions.tobytes()]
    return SpatialNull(derived(expression, "moran", SpatialBasis, contents, compute), space)


def _regions_of(expression: Expression, samples: Samples) -> NDArray[np.int64]:
    """Return the top-level structure of each sample, or its own structure where the tree is not known."""
    rows = expression.sample_structures
    regions = np.array([row["top_level_id"] or row["structure_id"] for row in rows], dtype=np.int64)
    return regions[samples.columns_in(expression.all_samples)]


def groups_of(design: Design) -> NDArray[np.int32]:
    """Return the groups whose means the estimator of a design removes: donors, or one of all samples."""
    donors = design.samples.donor_ids
    return donors if design.estimator.factors else np.zeros_like(donors)


def surrogates_of_seed(
    seed: EnrichmentSeed, basis: SpatialBasis, options: NullOptions, progress: Progress
) -> NDArray[np.float32]:
    """Return surrogates (B, S), whose products with centroids are mean r, as the mean unit row of the seeds.

    Pearson's r is linear, so the mean unit row itself is randomised. Other methods transform the surrogates of every
    seed, which have the same signs, as they transform the seed.
    """
    made = np.empty((options.surrogates, seed.unit.shape[1]), dtype=np.float32)
    with progress.task("Making surrogates", len(made), "surrogates") as advance:
        if seed.design.estimator.method == "pearson":
            _fill(made, seed.unit.mean(axis=0), basis, options, None, advance)
            return made
        made[:] = 0
        groups = groups_of(seed.design)
        part = np.empty_like(made)
        for values in seed.values:
            centred = without_means_of(values, groups)
            _fill(part, centred, basis, options, seed.design.estimator, lambda done: advance(done / len(seed.values)))
            made += part / len(seed.values)
    return made


def _fill(
    made: NDArray[np.float32],
    profile: NDArray[np.float64],
    basis: SpatialBasis,
    options: NullOptions,
    estimator: Estimator | None,
    advance: Advance,
) -> None:
    """Fill rows with surrogates of a profile, transformed to unit rows if an estimator is given."""
    start = 0
    dtype = np.float32 if estimator is None else np.float64
    for block in surrogates_of(profile, basis, len(made), options.random(), dtype):
        made[start : start + len(block)] = block if estimator is None else unit_rows(block, estimator)
        start += len(block)
        advance(len(block))

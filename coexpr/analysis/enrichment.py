"""Which categories a seed is correlated with: mean r with each, and what it would be for a random map as smooth."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.brain_map import MapLike, MapUse, map_profile
from coexpr.analysis.design import Design, find_design
from coexpr.analysis.enrichment_result import EnrichmentOptions, EnrichmentProvenance, EnrichmentResult, NullUse
from coexpr.analysis.enrichment_seed import EnrichmentSeed, find_enrichment_seed, seed_of_map
from coexpr.analysis.gene_sets import GeneSets, find_gene_sets
from coexpr.analysis.profiles import Profiles, profiles_of_genes
from coexpr.analysis.provenance import describe_data
from coexpr.analysis.set_centroids import SetCentroids, UnitProfiles, find_set_centroids
from coexpr.analysis.spatial_null import NullOptions, SpatialNull, find_null, groups_of, surrogates_of_seed
from coexpr.database.expression import Expression
from coexpr.errors import NotFoundError, OptionError
from coexpr.options import CorrelationMethod, ProbeSelection, SampleFilter
from coexpr.result import number_or_none
from coexpr.stats.centroids import Sets, mean_r_within, without_members
from coexpr.stats.gene_sets import camera, empirical_p, means_of_random_sets
from coexpr.stats.measures import measure_seeds
from coexpr.stats.meta_analysis import benjamini_hochberg

# Sizes of the categories whose centroids are kept; categories of other sizes are computed anew.
_KEPT_SIZES = (10, 2000)
# Categories that are compared with surrogates at a time: 20 MB for 10,000 surrogates.
_SETS = 512
# r this close to 1 is that of the same profile twice, whose Fisher's z is infinite.
_HIGHEST_R = 1 - 1e-12

Array = NDArray[np.float64]


@dataclass(frozen=True)
class _Tested:
    """The categories that are tested, and mean r of the seed with each.

    Parameters
    ----------
    found : GeneSets
        Without the genes of the seed, and genes without r.
    numbers : (C,) intp
        Their places among all categories, as in the centroids.
    all_sets : Sets
        All categories, with the genes of the seed.
    r : (P,) float64
        Mean r of the seeds with every gene.
    mean_r : (C,) float64
    """

    found: GeneSets
    numbers: NDArray[np.intp]
    all_sets: Sets
    r: Array
    mean_r: Array


def enrich(
    expression: Expression,
    names: Sequence[str],
    *,
    selection: ProbeSelection,
    sample_filter: SampleFilter,
    method: CorrelationMethod,
    options: EnrichmentOptions,
    null_options: NullOptions,
) -> EnrichmentResult:
    """Return the categories that a seed is correlated with; see `Atlas.enrich`."""
    design = design_of(expression, sample_filter, method, pooled=options.pooled)
    seed = find_enrichment_seed(expression, names, selection, design)
    return _enrich_seed(expression, seed, None, selection, options, null_options)


def enrich_map(
    expression: Expression,
    given: MapLike,
    *,
    column: str | int | None,
    radius: float,
    selection: ProbeSelection,
    sample_filter: SampleFilter,
    method: CorrelationMethod,
    options: EnrichmentOptions,
    null_options: NullOptions,
) -> EnrichmentResult:
    """Return the categories that a map is correlated with; see `Atlas.enrich_map`."""
    design = design_of(expression, sample_filter, method, pooled=options.pooled)
    found = map_profile(expression, given, design.samples, column=column, radius=radius, space=null_options.space)
    seed = seed_of_map(found.profile, found.use.name or "the map", design)
    return _enrich_seed(expression, seed, found.use, selection, options, null_options)


def design_of(
    expression: Expression, sample_filter: SampleFilter, method: CorrelationMethod, *, pooled: bool
) -> Design:
    """Return the samples and the estimator of an enrichment: r within donors, unless pooled."""
    if method.adjust is not None:
        raise OptionError("`adjust`: r is computed within donors here, or with `pooled` over all. Leave it out.")
    return find_design(expression, sample_filter, replace(method, adjust=None if pooled else "donor"))


def _enrich_seed(
    expression: Expression,
    seed: EnrichmentSeed,
    map_use: MapUse | None,
    selection: ProbeSelection,
    options: EnrichmentOptions,
    null_options: NullOptions,
) -> EnrichmentResult:
    """Return the categories that the profiles of a seed are correlated with."""
    design = seed.design
    profiles = profiles_of_genes(expression, selection, design.samples)
    unit = UnitProfiles(profiles, design, selection, expression.progress)
    smallest, largest = min(options.min_size, _KEPT_SIZES[0]), max(options.max_size, _KEPT_SIZES[1])
    every = find_gene_sets(expression.connection, profiles.gene_ids, selection.annotation, smallest, largest)
    sizes = every.sets.sizes
    if not ((sizes >= options.min_size) & (sizes <= options.max_size)).any():
        raise _no_category(options)  # before what takes long
    null = find_null(expression, design, groups_of(design), unit, null_options)
    centroids = find_set_centroids(expression, unit, every.sets, design)
    tested = _measure(seed, profiles, every, centroids, options)
    columns = _test(expression, seed, tested, centroids, unit, null, options, null_options)
    provenance = EnrichmentProvenance(
        database=str(expression.path),
        data=describe_data(expression, design.samples, design.region, np.ones(len(design.samples), dtype=np.bool_)),
        method=design.method,
        probe_selection=selection,
        cache_problem=expression.cache_problem,
        seeds=seed.uses,
        map=map_use,
        left_out=seed.left_out,
        genes=int(np.count_nonzero(~np.isnan(tested.r))),
        genes_without_r=int(np.count_nonzero(~centroids.complete)),
        genes_without_profile=profiles.genes_without_profile,
        categories=len(tested.numbers),
        options=options,
        null=NullUse.of(null_options, null),
    )
    return _result(tested, columns, provenance, options)


def _measure(
    seed: EnrichmentSeed, profiles: Profiles, every: GeneSets, centroids: SetCentroids, options: EnrichmentOptions
) -> _Tested:
    """Return mean r of the seed with the categories of the requested sizes and sources."""
    design = seed.design
    r = measure_seeds(seed.values, profiles.expression, design.estimator, design.workers)[0].mean(axis=0)
    r[~centroids.complete] = np.nan
    own = np.isin(profiles.gene_ids, seed.gene_ids)
    complete = every.sets.without(np.flatnonzero(~centroids.complete))
    numbers = np.flatnonzero(
        (complete.sizes >= options.min_size)
        & (complete.sizes <= options.max_size)
        & (complete.without(np.flatnonzero(own)).sizes > 1)
        & every.of_sources(options.source)
    )
    if not len(numbers):
        raise _no_category(options)
    r[own] = np.nan
    chosen = every.take(numbers)
    sets = complete.take(numbers).without(np.flatnonzero(own))
    return _Tested(GeneSets(chosen.categories, sets), numbers, complete, r, sets.means(r))


def _no_category(options: EnrichmentOptions) -> NotFoundError:
    return NotFoundError(
        f"no category has {options.min_size:,} to {options.max_size:,} genes with expression data here, besides the "
        "seed's. Choose `min_size` and `max_size`, or load downloads that hold more genes. See: coexpr categories list"
    )


def _test(
    expression: Expression,
    seed: EnrichmentSeed,
    tested: _Tested,
    centroids: SetCentroids,
    unit: UnitProfiles,
    null: SpatialNull,
    options: EnrichmentOptions,
    null_options: NullOptions,
) -> dict[str, Array]:
    """Return the columns of tests."""
    sets = tested.found.sets
    rows, within = _centroids_without_seed(tested, centroids, unit)
    surrogates = surrogates_of_seed(seed, null.basis, null_options, expression.progress)
    p, low, high = np.empty(len(sets)), np.empty(len(sets)), np.empty(len(sets))
    with expression.progress.task("Comparing with surrogates", len(sets), "categories") as advance:
        for start in range(0, len(sets), _SETS):
            block = slice(start, start + _SETS)
            scores = rows[block] @ surrogates.T
            p[block] = empirical_p(tested.mean_r[block], scores, options.alternative)
            low[block], high[block] = np.quantile(scores, [0.025, 0.975], axis=1)
            advance(len(scores))
    is_single = len(seed.values) == 1
    nothing = np.full(len(sets), np.nan)
    competitive = _camera(tested, within)
    columns = {
        "mean_r": tested.mean_r,
        "null_low": low,
        "null_high": high,
        "p_spatial": p,
        "q_spatial": benjamini_hochberg(p),
        "percentile": centroids.percentiles(tested.mean_r, tested.numbers) if is_single else nothing,
        "t_camera": competitive[0],
        "p_camera": competitive[1],
    }
    return columns | ({"naive_p": _naive_p(tested, options, null_options)} if options.naive_p else {})


def _centroids_without_seed(
    tested: _Tested, centroids: SetCentroids, unit: UnitProfiles
) -> tuple[NDArray[np.float32], Array]:
    """Return the centroids of the tested categories without the genes of the seed, and mean r within each."""
    rows, within = centroids.centroids[tested.numbers], centroids.within[tested.numbers]
    full, sizes = tested.all_sets.take(tested.numbers), tested.found.sets.sizes
    changed = np.flatnonzero(full.sizes != sizes)
    if len(changed):
        counts = full.sizes[changed] - sizes[changed]
        left_out = [np.setdiff1d(full[number], tested.found.sets[number]) for number in changed.tolist()]
        sums = np.stack([unit.some(members).sum(axis=0) for members in left_out])
        fewer = without_members(rows[changed], full.sizes[changed], sums, counts)
        rows[changed], within[changed] = fewer, mean_r_within(fewer, sizes[changed])
    return rows, within


def _camera(tested: _Tested, within: Array) -> tuple[Array, Array]:
    """Return t and p of CAMERA of Fisher's z, with the mean r within each category, 0 if it is negative."""
    measured = np.flatnonzero(~np.isnan(tested.r))
    place = np.zeros(len(tested.r), dtype=np.intp)
    place[measured] = np.arange(len(measured))
    sets = tested.found.sets
    z = np.arctanh(np.clip(tested.r[measured], -_HIGHEST_R, _HIGHEST_R))
    found = camera(z, Sets(sets.starts, place[sets.members]), np.maximum(np.nan_to_num(within), 0))
    return found.t, found.p


def _naive_p(tested: _Tested, options: EnrichmentOptions, null_options: NullOptions) -> Array:
    """Return p against sets of random genes of the same size."""
    r, sizes = tested.r[~np.isnan(tested.r)], tested.found.sets.sizes
    largest = int(sizes.max())
    null = means_of_random_sets(r, largest, null_options.surrogates, null_options.random())
    centre = r.mean()
    return np.concatenate(
        [
            empirical_p(np.array([mean - centre]), null[size - 1 : size] - centre, options.alternative)
            for mean, size in zip(tested.mean_r.tolist(), sizes.tolist(), strict=True)
        ]
    )


def _result(
    tested: _Tested, columns: dict[str, Array], provenance: EnrichmentProvenance, options: EnrichmentOptions
) -> EnrichmentResult:
    """Return the categories by p, those with equal p by the size of mean r."""
    order = np.lexsort((-np.abs(tested.mean_r), columns["p_spatial"]))[: options.top]
    sizes = tested.found.sets.sizes
    rows = []
    for rank, number in enumerate(order.tolist(), start=1):
        category = tested.found.categories[number]
        names = [category[name] for name in ("source", "accession", "name")]
        numbers = [number_or_none(values[number]) for values in columns.values()]
        rows.append((rank, *names, int(sizes[number]), *numbers))
    return EnrichmentResult(["rank", "source", "accession", "name", "n_genes", *columns], rows, provenance)

"""The genes whose expression follows a map of the brain: genes or probes ranked by r with it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.brain_map import MapLike, MapUse, map_profile
from coexpr.analysis.correlates_result import RankOptions
from coexpr.analysis.design import Design, find_design
from coexpr.analysis.labels import find_labels
from coexpr.analysis.provenance import CorrelationProvenance, describe_data
from coexpr.analysis.ranking import compare_with, rank, read_profiles, refuse_unused_rank, table_of
from coexpr.database.categories import choose_genes
from coexpr.database.expression import Expression
from coexpr.errors import MapError, OptionError, TooFewSamplesError
from coexpr.options import CorrelationMethod, GeneFilter, Level, ProbeSelection, SampleFilter, Space
from coexpr.result import Result
from coexpr.stats.measures import degrees_of_freedom, unit_rows


@dataclass(frozen=True, kw_only=True)
class MapProvenance(CorrelationProvenance):
    """The provenance of the correlates of a map; most fields are those of `CorrelatesProvenance`.

    Parameters
    ----------
    map : MapUse
    """

    map: MapUse
    level: Level
    compared: int
    matching: int
    without_r: int
    genes_without_profile: int
    ranks: RankOptions


def correlates_of_map(
    expression: Expression,
    given: MapLike,
    *,
    column: str | int | None,
    radius: float,
    space: Space | None,
    level: Level,
    selection: ProbeSelection,
    sample_filter: SampleFilter,
    gene_filter: GeneFilter,
    method: CorrelationMethod,
    ranks: RankOptions,
) -> Result[MapProvenance]:
    """Return the correlates of a map; see `Atlas.map`."""
    if selection.selects_probes and level == "probe":
        raise OptionError(
            "`rule`, `min_present` and `scope` select the probe of a gene, but the rows are probes. Leave them out, or "
            "use `level` gene."
        )
    refuse_unused_rank(gene_filter, ranks)
    design = find_design(expression, sample_filter, method)
    found = map_profile(expression, given, design.samples, column=column, radius=radius, space=space)
    if space is not None and found.use.space is None:
        raise OptionError(f"`space` applies to maps of coordinates, and this is one of {found.use.kind}. Leave it out.")
    _refuse_constant(found.profile, found.use, design)
    use = choose_genes(expression.connection, gene_filter, selection.annotation)
    profiles, genes = read_profiles(expression, level, selection, design.samples, use, ranks)
    compared = compare_with(profiles, np.arange(len(profiles)), genes)
    scan = design.scan(found.profile, profiles.expression)
    ranked = rank(scan, compared, use, ranks)
    provenance = MapProvenance(
        database=str(expression.path),
        data=describe_data(expression, design.samples, design.region, ~np.isnan(found.profile)),
        method=method,
        probe_selection=selection if level == "gene" else None,
        gene_filter=use,
        cache_problem=expression.cache_problem,
        map=found.use,
        level=level,
        compared=len(compared.kept),
        matching=ranked.matching,
        without_r=int(np.count_nonzero(np.isnan(scan.r[compared.kept]))),
        genes_without_profile=profiles.genes_without_profile,
        ranks=ranks,
    )
    labels = find_labels(expression.connection, profiles, ranked.order)
    columns, rows = table_of(ranked, labels, scan, {}, {})
    return Result(columns, rows, provenance)


def _refuse_constant(profile: NDArray[np.float64], use: MapUse, design: Design) -> None:
    """Raise an error if nothing of a map is left after adjusting for factors."""
    known = np.flatnonzero(~np.isnan(profile))
    estimator = design.estimator_for(known)
    if estimator.factors and degrees_of_freedom(estimator.factors) < 1:
        raise TooFewSamplesError(
            f"adjusting for {design.method.adjust} leaves no degree of freedom in the {len(known):,} samples that have "
            "a value in the map. Leave out `adjust`, or use a map of more samples."
        )
    if np.isnan(unit_rows(profile[None, known], estimator)).any():
        raise MapError(
            f"{use.name or '`map`'} has one value within each group of samples that `adjust` {design.method.adjust} "
            "compares, so nothing is left after adjusting. Leave out `adjust`."
        )

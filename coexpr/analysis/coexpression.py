"""Mean r within a category, or between two: in all samples, in every donor, and in every large structure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.coexpression_result import CoexpressionProvenance, CoexpressionResult
from coexpr.analysis.design import Design
from coexpr.analysis.enrichment import design_of
from coexpr.analysis.enrichment_result import NullUse
from coexpr.analysis.profiles import Profiles, profiles_of_genes
from coexpr.analysis.provenance import describe_data
from coexpr.analysis.set_centroids import UnitProfiles
from coexpr.analysis.spatial_null import FEWEST_COMPONENTS, NullOptions, find_null, groups_of
from coexpr.database.categories import GeneFilterUse, choose_genes, chosen_gene_ids
from coexpr.database.expression import Expression
from coexpr.errors import NotFoundError
from coexpr.options import CorrelationMethod, GeneFilter, ProbeSelection, SampleFilter
from coexpr.stats.gene_sets import empirical_p
from coexpr.stats.measures import unit_rows
from coexpr.stats.spatial import SpatialBasis, products_of_surrogates, squared_sums_of_surrogates
from coexpr.wording import count_of

_COLUMNS = ("scope", "name", "n_samples", "n_genes", "mean_r", "null_low", "null_high", "p_spatial")
Array = NDArray[np.float64]


@dataclass(frozen=True)
class _Scope:
    """Some samples: all, those of a donor, or those of a structure."""

    kind: str
    name: str
    columns: NDArray[np.intp]


def coexpression(
    expression: Expression,
    names: tuple[str, ...],
    *,
    selection: ProbeSelection,
    sample_filter: SampleFilter,
    method: CorrelationMethod,
    pooled: bool,
    null_options: NullOptions,
) -> CoexpressionResult:
    """Return mean r within a category, or between two; see `Atlas.coexpression`."""
    design = design_of(expression, sample_filter, method, pooled=pooled)
    uses, genes = _find_categories(expression, names, selection)
    profiles = profiles_of_genes(expression, selection, design.samples, sorted(set().union(*genes)))
    members = [np.isin(profiles.gene_ids, list(ids)) for ids in genes]
    _refuse_too_few(names, members, profiles)
    unit = UnitProfiles(
        profiles_of_genes(expression, selection, design.samples), design, selection, expression.progress
    )
    null = find_null(expression, design, groups_of(design), unit, null_options)
    rows, left_out = [], 0
    for scope in _scopes(expression, design):
        over = design.over(scope.columns)
        if len(scope.columns) - len(np.unique(groups_of(over))) < FEWEST_COMPONENTS:
            left_out += 1
            continue
        basis = null.basis if scope.kind == "all" else null.basis.over(scope.columns, groups_of(over))
        values = np.asarray(profiles.expression, dtype=np.float64)[:, scope.columns]
        count, *numbers = _measure(unit_rows(values, over.estimator), members, basis, null_options, expression)
        rows.append((scope.kind, scope.name, len(scope.columns), count, *numbers))
    provenance = CoexpressionProvenance(
        database=str(expression.path),
        data=describe_data(expression, design.samples, design.region, np.ones(len(design.samples), dtype=np.bool_)),
        method=design.method,
        probe_selection=selection,
        cache_problem=expression.cache_problem,
        categories=[use.categories[0] for use in uses],
        genes_in_both=len(set.intersection(*genes)) if len(genes) > 1 else 0,
        scopes_left_out=left_out,
        pooled=pooled,
        null=NullUse.of(null_options, null),
    )
    return CoexpressionResult(_COLUMNS, rows, provenance)


def _find_categories(
    expression: Expression, names: tuple[str, ...], selection: ProbeSelection
) -> tuple[list[GeneFilterUse], list[set[int]]]:
    """Return what each name means, and the genes of each category."""
    uses, genes = [], []
    for name in names:
        use = choose_genes(expression.connection, GeneFilter(categories=(name,)), selection.annotation)
        if use is not None:
            uses.append(use)
            genes.append(set(chosen_gene_ids(expression.connection)))
    return uses, genes


def _refuse_too_few(names: tuple[str, ...], members: list[NDArray[np.bool_]], profiles: Profiles) -> None:
    """Raise NotFoundError if a category has no pair of genes, or no gene besides those of the other one."""
    if len(names) == 1 and np.count_nonzero(members[0]) < 2:
        count = count_of(int(np.count_nonzero(members[0])), "gene")
        raise NotFoundError(f"{names[0]} has {count} with expression data here, and r needs two.")
    if len(names) == 2:
        for name, own, other in zip(names, members, members[::-1], strict=True):
            if not (own & ~other).any():
                raise NotFoundError(
                    f"nothing is left of {name}: its {np.count_nonzero(own):,} genes with expression data are in both "
                    "categories. Choose categories that differ."
                )


def _scopes(expression: Expression, design: Design) -> Iterator[_Scope]:
    """Yield all samples, and those of every donor and of every top-level structure where there are several."""
    samples = design.samples
    yield _Scope("all", "all samples", np.arange(len(samples)))
    if len(samples.columns) > 1:
        for donor, columns in samples.columns.items():
            yield _Scope("donor", expression.donor_names[donor], np.arange(len(samples))[columns])
    structures = _top_structures(expression.sample_structures)
    here = structures[samples.columns_in(expression.all_samples)]
    names = [name for name in dict.fromkeys(here.tolist()) if name]
    if len(names) > 1:
        for name in sorted(names):
            yield _Scope("structure", name, np.flatnonzero(here == name))


def _top_structures(rows: list[dict[str, Any]]) -> NDArray[np.object_]:
    return np.array([row["top_level_name"] or "" for row in rows], dtype=object)


def _measure(
    unit: Array,
    members: list[NDArray[np.bool_]],
    basis: SpatialBasis,
    options: NullOptions,
    expression: Expression,
) -> tuple[int, float | None, float | None, float | None, float | None]:
    """Return the number of genes, mean r, the interval of 95 % of surrogates, and p."""
    has_r = ~np.isnan(unit[:, 0])
    if len(members) == 1:
        rows = unit[members[0] & has_r]
        m = count = len(rows)
        pairs = m * (m - 1)
        if not pairs:
            return count, None, None, None, None
        sums = rows.sum(axis=0)
        mean_r = (sums @ sums - m) / pairs
        with expression.progress.task("Making surrogates", options.surrogates, "surrogates") as advance:
            squares = squared_sums_of_surrogates(rows, basis, options.surrogates, options.random(), advance)
        null = (squares - m) / pairs
    else:
        a, b = (unit[own & ~other & has_r] for own, other in zip(members, members[::-1], strict=True))
        count = len(a) + len(b)
        if not len(a) or not len(b):
            return count, None, None, None, None
        one, other = a.mean(axis=0), b.mean(axis=0)
        mean_r = one @ other
        null = products_of_surrogates(one, other, basis, options.surrogates, options.random())
    low, high = np.quantile(null, [0.025, 0.975])
    # Within a category, surrogates are not symmetric about 0: its mean r is at least -1 / (m - 1).
    alternative = "greater" if len(members) == 1 else "two-sided"
    p = empirical_p(np.array([mean_r]), null[None], alternative)[0]
    return count, float(mean_r), float(low), float(high), float(p)

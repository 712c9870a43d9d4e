"""The correlates of a seed: probes or genes ranked by r."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.correlates_result import CorrelatesProvenance, CorrelatesResult, RankOptions
from coexpr.analysis.design import Design, find_design
from coexpr.analysis.disagreements import find_disagreements
from coexpr.analysis.labels import Label, find_labels
from coexpr.analysis.profiles import Profiles, all_probes_of, profile_of
from coexpr.analysis.provenance import describe_data, describe_seed
from coexpr.analysis.ranking import Compared, compare_with, rank, read_profiles, refuse_unused_rank, table_of
from coexpr.analysis.significance import Correlated, SignificanceOptions, significance_columns
from coexpr.database.categories import GeneFilterUse, choose_genes
from coexpr.database.expression import Expression
from coexpr.database.names import Seed, find_seed
from coexpr.database.samples import refuse_too_few
from coexpr.errors import OptionError
from coexpr.options import CorrelationMethod, GeneFilter, Level, ProbeSelection, SampleFilter

if TYPE_CHECKING:
    from coexpr.database.marks import Marks


def correlates(
    expression: Expression,
    name: str,
    *,
    level: Level | None,
    probe: str | None,
    selection: ProbeSelection,
    sample_filter: SampleFilter,
    gene_filter: GeneFilter,
    method: CorrelationMethod,
    ranks: RankOptions,
    significance: SignificanceOptions,
    mark: Sequence[str],
) -> CorrelatesResult:
    """Return the correlates of a seed; see `Atlas.correlates`."""
    expression.prefetch_matrix()
    seed = find_seed(expression.connection, name, selection.annotation)
    level = level or seed.level
    _refuse_unused(seed, level, probe, selection, gene_filter, ranks)
    design = find_design(expression, sample_filter, method)
    significance.refuse_impossible(design)
    profile = profile_of(expression, seed, selection, design.samples, probe)
    known = ~np.isnan(profile.expression[0])
    refuse_too_few(int(np.count_nonzero(known)), sample_filter)
    # Before the genes are chosen: both use the same temporary table.
    marks = _find_marks(expression, mark, selection)
    use = choose_genes(expression.connection, gene_filter, selection.annotation)
    compared = _compare_with(expression, seed, profile, level, selection, design, use, ranks)
    scan = design.scan(profile.expression[0], compared.profiles.expression)
    ranked = rank(scan, compared, use, ranks)
    order = ranked.order
    extra = significance_columns(
        significance,
        design,
        Correlated(profile.expression[0], compared.profiles.expression, scan.r, scan.n),
        order,
        _families(compared, use, ranks),
        expression.donor_names,
    )
    provenance = CorrelatesProvenance(
        database=str(expression.path),
        data=describe_data(expression, design.samples, design.region, known),
        method=method,
        probe_selection=selection if "gene" in (level, seed.level) else None,
        gene_filter=use,
        cache_problem=expression.cache_problem,
        seed=describe_seed(expression, seed, profile, selection, probe),
        level=level,
        disagreements=find_disagreements(seed, profile, all_probes_of(expression, seed, selection.annotation)),
        compared=len(compared.kept),
        matching=ranked.matching,
        without_r=int(np.count_nonzero(np.isnan(scan.r[compared.kept]))),
        genes_without_profile=compared.profiles.genes_without_profile,
        ranks=ranks,
    )
    labels = find_labels(expression.connection, compared.profiles, order)
    members = {
        _free_name(name): np.isin(compared.profiles.gene_ids[order], gene_ids) for name, gene_ids in marks.items()
    }
    columns, rows = table_of(ranked, labels, scan, members, extra)
    return CorrelatesResult(columns, rows, provenance, tuple(members))


def _compare_with(
    expression: Expression,
    seed: Seed,
    profile: Profiles,
    level: Level,
    selection: ProbeSelection,
    design: Design,
    use: GeneFilterUse | None,
    ranks: RankOptions,
) -> Compared:
    """Return what a seed is compared with; with itself only if it is included."""
    profiles, genes = read_profiles(expression, level, selection, design.samples, use, ranks)
    if level == "gene":
        profiles.replace_gene(profile)
    others = np.arange(len(profiles))
    if not ranks.include_self:
        others = np.flatnonzero(~_is_own(profiles, seed, profile, level))
    return compare_with(profiles, others, genes)


def _find_marks(expression: Expression, mark: Sequence[str], selection: ProbeSelection) -> "Marks":
    """Return the genes of each category that marks rows."""
    if not mark:
        return {}
    from coexpr.database.marks import find_marks

    return find_marks(expression.connection, mark, selection.annotation)


def _families(compared: Compared, use: GeneFilterUse | None, ranks: RankOptions) -> dict[str, NDArray[np.intp]]:
    """Return the rows over which each column of false discovery rates is controlled."""
    families = {"q": compared.others} if ranks.rank_overall or not use else {}
    return families | ({"q_category": compared.kept} if use else {})


def _free_name(category: str) -> str:
    """Return the name of the column of a category, which is the name of no other column."""
    return f"{category} (category)" if category in (*Label._fields, "rank", "rank_overall", "r", "n") else category


def _refuse_unused(
    seed: Seed,
    level: Level,
    probe: str | None,
    selection: ProbeSelection,
    gene_filter: GeneFilter,
    ranks: RankOptions,
) -> None:
    """Raise OptionError for options that would have no effect."""
    if selection.selects_probes and seed.level == level == "probe":
        raise OptionError(
            f"`rule`, `min_present` and `scope` select the probe of a gene, but {seed.name} is a probe and so are its "
            "correlates. Leave them out, or use `level` gene."
        )
    if selection.selects_probes and probe is not None and level == "probe":
        raise OptionError("`probe` gives the seed's probe, so `rule`, `min_present` and `scope` have no effect here.")
    refuse_unused_rank(gene_filter, ranks)


def _is_own(profiles: Profiles, seed: Seed, profile: Profiles, level: Level) -> NDArray[np.bool_]:
    """Return which profiles are the seed's own: its probe or, among genes, its gene."""
    if level == "gene":
        return np.isin(profiles.gene_ids, seed.gene_ids)
    own: NDArray[np.bool_] = profiles.probe_ids == profile.probe_ids[0]
    return own

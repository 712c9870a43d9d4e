"""The correlates of several seeds: probes or genes ranked by their mean r with the set."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.correlates_result import RankOptions
from coexpr.analysis.design import Design, find_design
from coexpr.analysis.disagreements import Disagreement, find_disagreements
from coexpr.analysis.labels import Label, find_labels
from coexpr.analysis.profiles import Profiles, all_probes_of, profiles_at_level
from coexpr.analysis.provenance import describe_data, describe_seed
from coexpr.analysis.seed_set_measures import MeasuredSet, SetOptions, measure_set
from coexpr.analysis.seed_set_result import (
    DonorWeight,
    SeedInSet,
    SeedSetProvenance,
    SetCorrelates,
    SetCorrelatesResult,
)
from coexpr.analysis.seeds import SeedSet, find_seed_set
from coexpr.database.categories import choose_genes, chosen_gene_ids
from coexpr.database.expression import Expression
from coexpr.database.marks import find_marks
from coexpr.database.samples import refuse_too_few
from coexpr.errors import OptionError
from coexpr.options import CorrelationMethod, GeneFilter, Level, ProbeSelection, SampleFilter
from coexpr.result import Result, number_or_none
from coexpr.stats.scan import Scan

_SEED_COLUMNS = ("seed", "probe_id", "probe_name", "gene_symbol", "rank", "mean_r", "n")


def correlates_of_set(
    expression: Expression,
    names: Sequence[str],
    *,
    level: Level | None,
    selection: ProbeSelection,
    sample_filter: SampleFilter,
    gene_filter: GeneFilter,
    method: CorrelationMethod,
    ranks: RankOptions,
    options: SetOptions,
    mark: Sequence[str],
) -> SetCorrelates:
    """Return the correlates of several seeds; see `Atlas.correlates_of_set`."""
    if not ranks.rank_overall and not gene_filter:
        raise OptionError("`rank_overall` applies to categories, and none is given. Add `categories` or `genes`.")
    design = find_design(expression, sample_filter, method)
    found = find_seed_set(expression, names, selection, design.samples)
    level = level or found.level
    is_of_probes = found.level == level == "probe"
    if is_of_probes and selection.selects_probes:
        raise OptionError(
            "`rule`, `min_present` and `scope` select the probe of a gene, but all seeds are probes and so are their "
            "correlates. Leave them out, or use `level` gene."
        )
    known = ~np.isnan(np.asarray(found.profiles.expression)).all(axis=0)
    refuse_too_few(int(np.count_nonzero(known)), sample_filter)
    # Before the genes are chosen: both use the same temporary table.
    marks = find_marks(expression.connection, mark, selection.annotation) if mark else {}
    use = choose_genes(expression.connection, gene_filter, selection.annotation)
    genes = chosen_gene_ids(expression.connection) if use else None
    # All of them, also with a filter: seeds are ranked among all when they are left out.
    profiles = profiles_at_level(expression, level, selection, design.samples)
    measured = measure_set(found, profiles, level, design, options)
    pool = np.arange(len(profiles)) if ranks.include_self else measured.others
    kept = pool if genes is None else pool[np.isin(profiles.gene_ids[pool], genes)]
    matching = _exact(measured.mean_r, measured.n).between(kept, ranks.min_r, ranks.max_r)
    order, places = _rank(measured, matching, kept, pool if use and ranks.rank_overall else None, ranks)
    undefined = np.isnan(measured.mean_r[kept])
    provenance = SeedSetProvenance(
        database=str(expression.path),
        data=describe_data(expression, design.samples, design.region, known),
        method=method,
        probe_selection=None if is_of_probes else selection,
        gene_filter=use,
        cache_problem=expression.cache_problem,
        seeds=_describe_seeds(expression, measured, selection),
        level=level,
        left_out=measured.found.left_out,
        duplicates=found.duplicates,
        ranked=len(measured.others) + 1,
        hub_correction=options.hub_correction,
        without_hub_r=int(np.count_nonzero(np.isnan(measured.ranked[kept]) & ~undefined)),
        weights=_describe_weights(expression, measured, design) if options.donor_weights else [],
        chance_score=measured.chance if options.donor_weights else None,
        disagreements=_find_disagreements(expression, measured.found, selection),
        fewest_samples=int(measured.n[order].min(initial=np.count_nonzero(known))),
        compared=len(kept),
        matching=len(matching),
        without_r=int(np.count_nonzero(undefined)),
        genes_without_profile=profiles.genes_without_profile,
        ranks=ranks,
    )
    labels = find_labels(expression.connection, profiles, order)
    members = {name: np.isin(profiles.gene_ids[order], gene_ids) for name, gene_ids in marks.items()}
    return SetCorrelates(_rows(places, labels, measured, order, members, provenance), _seed_rows(provenance))


def _exact(r: NDArray[np.float64], n: NDArray[np.int32]) -> Scan:
    """Return r that are exact as a scan, which orders them as those of one seed."""
    return Scan(r, np.zeros(len(r)), n, lambda rows: (r[rows], n[rows]))


def _rank(
    measured: MeasuredSet,
    matching: NDArray[np.intp],
    kept: NDArray[np.intp],
    overall: NDArray[np.intp] | None,
    ranks: RankOptions,
) -> tuple[NDArray[np.intp], dict[str, NDArray[np.intp]]]:
    """Return the reported rows in order, and their ranks among those of the filter and among all."""
    scan, ties = _exact(measured.ranked, measured.n), measured.ties
    order = scan.first(matching, ranks.top, ascending=ranks.ascending, tie_order=ties)
    among = {"rank": kept} if overall is None else {"rank": kept, "rank_overall": overall}
    return order, {
        name: scan.places(order, rows, ascending=ranks.ascending, tie_order=ties) for name, rows in among.items()
    }


def _profile(found: SeedSet, row: int) -> Profiles:
    return found.profiles.take(np.array([row]))


def _describe_seeds(expression: Expression, measured: MeasuredSet, selection: ProbeSelection) -> list[SeedInSet]:
    found = measured.found
    return [
        SeedInSet(describe_seed(expression, seed, _profile(found, row), selection, None), *measured.left_out(row))
        for row, seed in enumerate(found.seeds)
    ]


def _describe_weights(expression: Expression, measured: MeasuredSet, design: Design) -> list[DonorWeight]:
    names = [expression.donor_names[donor] for donor in design.samples.columns]
    return [
        DonorWeight(name, number_or_none(score), float(weight))
        for name, score, weight in zip(names, measured.scores, measured.weights, strict=True)
    ]


def _find_disagreements(expression: Expression, found: SeedSet, selection: ProbeSelection) -> dict[str, Disagreement]:
    """Return the representative probes of seeds that disagree with the other probes of their gene."""
    warnings: dict[str, Disagreement] = {}
    for row, seed in enumerate(found.seeds):
        if seed.level == "gene":
            probes = all_probes_of(expression, seed, selection.annotation)
            warnings |= find_disagreements(seed, _profile(found, row), probes)
    return warnings


def _rows(
    places: dict[str, NDArray[np.intp]],
    labels: list[Label],
    measured: MeasuredSet,
    order: NDArray[np.intp],
    members: dict[str, NDArray[np.bool_]],
    provenance: SeedSetProvenance,
) -> SetCorrelatesResult:
    """Return the reported rows; a row without r has no rank."""
    numbers = {"mean_r": measured.mean_r[order]}
    if measured.mean_hub_r is not None:
        numbers |= {"hub_r": measured.mean_hub_r[order], "corrected_r": measured.ranked[order]}
    columns = [*places, *Label._fields, *numbers, "n", *members]
    is_ranked = ~np.isnan(measured.ranked[order])
    rows: list[tuple[Any, ...]] = []
    for place, (row, label) in enumerate(zip(order.tolist(), labels, strict=True)):
        of_ranks = [int(ranks[place]) if is_ranked[place] else None for ranks in places.values()]
        of_r = [number_or_none(values[place]) for values in numbers.values()]
        is_member = [bool(of_category[place]) for of_category in members.values()]
        rows.append((*of_ranks, *label, *of_r, int(measured.n[row]), *is_member))
    return SetCorrelatesResult(columns, rows, provenance, tuple(members))


def _seed_rows(provenance: SeedSetProvenance) -> Result[SeedSetProvenance]:
    rows = [
        (one.seed.name, one.seed.probe_id, one.seed.probe, one.seed.gene, one.rank, one.mean_r, one.n)
        for one in provenance.seeds
    ]
    return Result(_SEED_COLUMNS, rows, provenance)

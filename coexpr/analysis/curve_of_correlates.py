"""The specification curve of correlates: r and rank of each hit of a seed in every combination of sensible choices."""

from collections import Counter
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.curve_profiles import CurveProfiles
from coexpr.analysis.curve_result import (
    MOVED,
    OF_CHOICES,
    RANKS,
    SUMMARY,
    CorrelatesCurve,
    CorrelatesCurveProvenance,
    Hits,
    choices_of,
    count_reasons,
    summary_of,
)
from coexpr.analysis.curve_selections import MOST_BUILT_VALUES, Selected, plan_designs, select
from coexpr.analysis.curve_tables import Table, measure_tables
from coexpr.analysis.design import Design, find_design
from coexpr.analysis.labels import Label, find_labels
from coexpr.analysis.profiles import profile_of, profiles_of_genes, profiles_of_probes, why_no_profile
from coexpr.analysis.provenance import describe_data, describe_seed
from coexpr.analysis.specification import (
    CHOICES,
    OF_SELECTION,
    Specifications,
    find_designs,
    find_specifications,
    level_name,
    refuse_too_many,
)
from coexpr.database.categories import choose_genes, chosen_gene_ids
from coexpr.database.expression import Expression
from coexpr.database.names import find_seed
from coexpr.database.samples import refuse_too_few
from coexpr.errors import OptionError
from coexpr.options import (
    BUILDS,
    Annotation,
    CorrelationMethod,
    GeneFilter,
    Level,
    ProbeSelection,
    SampleFilter,
)
from coexpr.result import Result, number_or_none
from coexpr.stats.curves import describe, ranks_among
from coexpr.wording import amount_of, duration_of

# Seconds for all methods, per value of a profile, on one thread of a processor of 2024.
_SECONDS = 7e-8
MAX_HITS = 400
_COLUMNS = (
    "rank", *Label._fields, "r", *SUMMARY[1:], *RANKS, "analyses", *MOVED
)  # fmt: skip
_NO_R = "r is undefined: a profile is constant, or constant within the factors, or its values are missing."
_IS_SEED = "in these analyses it is the seed itself."


@dataclass(frozen=True)
class HitOptions:
    """Which correlates are followed over the analyses; see `Atlas.curve_of_correlates`."""

    level: Level | None = None
    top: int = 20
    ascending: bool = False

    def __post_init__(self) -> None:
        if isinstance(self.top, bool) or not isinstance(self.top, int) or not 1 <= self.top <= MAX_HITS:
            raise OptionError(f"`top` {self.top!r}: expected a whole number from 1 to {MAX_HITS}.")


@dataclass(frozen=True)
class _Followed:
    """The hits over all analyses.

    Parameters
    ----------
    ids : (H,) int32
        Genes or probes, in the order of the default analysis.
    r, ranks : (H, ...) float64
        An axis per choice; NaN without r.
    """

    ids: NDArray[np.int32]
    r: NDArray[np.float64]
    ranks: NDArray[np.float64]


def curve_of_correlates(
    expression: Expression,
    name: str,
    options: HitOptions,
    selection: ProbeSelection,
    sample_filter: SampleFilter,
    gene_filter: GeneFilter,
    method: CorrelationMethod,
    vary: tuple[str, ...],
    max_analyses: int | None,
) -> CorrelatesCurve:
    """Return r and rank of the hits of a seed in every analysis; see `Atlas.curve_of_correlates`."""
    seed = find_seed(expression.connection, name, selection.annotation)
    level = options.level or seed.level
    has_genes = "gene" in (level, seed.level)
    if selection.scope == "per-donor" and has_genes:
        raise OptionError("`scope` per-donor has no curve of correlates. Use pooled or common.")
    design = find_design(expression, sample_filter, method)
    profile = profile_of(expression, seed, selection, design.samples)
    known = ~np.isnan(profile.expression[0])
    refuse_too_few(int(np.count_nonzero(known)), sample_filter)
    donors = [expression.donor_names[donor_id] for donor_id in design.samples.columns]
    specifications = find_specifications(vary, selection, method, donors, has_genes=has_genes)
    force = max_analyses is None
    refuse_too_many(
        specifications,
        max_analyses,
        _estimate(expression, specifications, level, design, force=force),
        expression.progress,
    )
    use = choose_genes(expression.connection, gene_filter, selection.annotation)
    kept = chosen_gene_ids(expression.connection) if use else None
    profiles = CurveProfiles(expression, None if level == "gene" else seed.gene_ids)
    default, selections = select(expression, name, level, specifications, profiles)
    designs = list(find_designs(expression, sample_filter, specifications, design.samples).values())
    plans = plan_designs(selections, designs, specifications, force=force)
    tables = measure_tables(expression, profiles, selections, plans, specifications, force=force)
    ids = _hits(expression, tables[default.compared.kind], default, level, kept, selection.annotation, options)
    labels, names = _labels(expression, ids, level, selection, design)
    followed = _follow(expression, tables, selections, ids, specifications, ascending=options.ascending)
    reasons = _reasons(expression, selections, plans, followed, names, specifications)
    provenance = CorrelatesCurveProvenance(
        database=str(expression.path),
        data=describe_data(expression, design.samples, design.region, known),
        method=method,
        probe_selection=selection if has_genes else None,
        gene_filter=use,
        cache_problem=expression.cache_problem,
        choices={choice: list(map(level_name, specifications.levels[choice])) for choice in CHOICES},
        analyses=len(specifications),
        run=len(specifications) - sum(count for (hit, _), count in reasons.items() if hit is None),
        seed=describe_seed(expression, seed, profile, selection, None),
        level=level,
        top=options.top,
        ascending=options.ascending,
        compared=int(np.count_nonzero(default.others)),
    )
    return _result(followed, labels, names, specifications, reasons, provenance)


def _estimate(
    expression: Expression, specifications: Specifications, level: Level, design: Design, *, force: bool
) -> str:
    """Return how many profiles are measured and about how long it takes, for a message."""
    probes, built = len(expression.statistics[0]), 0
    if level == "gene":
        genes = len(
            np.unique(expression.genes_of(expression.statistics[0], specifications.default.selection.annotation))
        )
        built = genes * sum(rule in BUILDS for rule in specifications.levels["rule"])
    adjusts, donors = len(specifications.levels["adjust"]), len(specifications.levels["without_donor"])
    values_of_one = adjusts * len(design.samples)
    without_donors = built * values_of_one * (donors - 1)
    values = probes * values_of_one * donors + built * values_of_one
    values += without_donors if force or without_donors <= MOST_BUILT_VALUES else 0
    seconds = values * _SECONDS / expression.threads.workers
    return f" of about {amount_of(probes + built)} profiles, about {duration_of(seconds)}"


def _hits(
    expression: Expression,
    table: Table,
    default: Selected,
    level: Level,
    kept: list[int] | None,
    annotation: Annotation,
    options: HitOptions,
) -> NDArray[np.int32]:
    """Return the first genes or probes of the default analysis that have an r and that the gene filter keeps."""
    compared = default.compared
    r = table.of(default)[0, 0]
    among = default.others & ~np.isnan(r)
    if kept is not None:
        genes = compared.ids if level == "gene" else expression.genes_of(compared.ids, annotation)
        among &= np.isin(genes, kept)
    rows = np.flatnonzero(among)
    order = np.lexsort((compared.tie_order[rows], r[rows] if options.ascending else -r[rows]))
    return compared.ids[rows[order[: options.top]]]


def _labels(
    expression: Expression, ids: NDArray[np.int32], level: Level, selection: ProbeSelection, design: Design
) -> tuple[list[Label], list[str]]:
    """Return the labels of the hits in the default analysis, and the name of each."""
    if not len(ids):
        return [], []
    if level == "gene":
        profiles = profiles_of_genes(expression, selection, design.samples, ids.tolist())
        own = profiles.gene_ids
    else:
        profiles = profiles_of_probes(expression, selection.annotation, design.samples, np.sort(ids))
        own = profiles.probe_ids
    order = np.argsort(own)
    labels = find_labels(expression.connection, profiles, order[np.searchsorted(own[order], ids)])
    return labels, [str(label.gene_symbol if level == "gene" else label.probe_name) for label in labels]


def _follow(
    expression: Expression,
    tables: dict[str, Table],
    selections: list[Selected | str],
    ids: NDArray[np.int32],
    specifications: Specifications,
    *,
    ascending: bool,
) -> _Followed:
    """Return r and rank of the hits in every analysis."""
    methods, adjusts, donors = specifications.shape[OF_SELECTION:]
    r, ranks = (np.full((len(ids), len(selections), adjusts * donors, methods), np.nan) for _ in range(2))
    with expression.progress.task("Ranking", len(selections), "selections") as advance:
        for place, selected in enumerate(selections):
            advance(1)
            if isinstance(selected, str):
                continue
            of_all = tables[selected.compared.kind].of(selected)
            places = selected.compared.places_of(ids)
            hits = np.flatnonzero((places >= 0) & selected.others[places])
            for design, method in product(range(adjusts * donors), range(methods)):
                of_one = of_all[design, method]
                r[hits, place, design, method] = of_one[places[hits]]
                ranks[hits, place, design, method] = ranks_among(
                    of_one, places[hits], selected.others, selected.compared.tie_order, ascending=ascending
                )
    r, ranks = (
        found.reshape(len(ids), len(selections), adjusts, donors, methods).transpose(0, 1, 4, 2, 3)
        for found in (r, ranks)
    )
    return _Followed(ids, *(found.reshape(len(ids), *specifications.shape) for found in (r, ranks)))


def _reasons(
    expression: Expression,
    selections: list[Selected | str],
    plans: dict[str, list[Design | str]],
    followed: _Followed,
    names: list[str],
    specifications: Specifications,
) -> Counter[tuple[str | None, str]]:
    """Count why analyses were not run for all hits (None) or for one."""
    methods = specifications.shape[OF_SELECTION]
    number = specifications.shape[OF_SELECTION + 1] * specifications.shape[OF_SELECTION + 2]
    missing = np.isnan(followed.r).reshape(len(names), len(selections), methods, number)
    reasons: Counter[tuple[str | None, str]] = Counter()
    for row, selection in enumerate(specifications.selections()):
        selected = selections[row]
        if isinstance(selected, str):
            reasons[None, selected] += methods * number
            continue
        designs = plans[selected.compared.kind]
        run = [place for place, design in enumerate(designs) if isinstance(design, Design)]
        for design in designs:
            if isinstance(design, str):
                reasons[None, design] += methods
        places = selected.compared.places_of(followed.ids)
        for hit, name in enumerate(names):
            if count := int(np.count_nonzero(missing[hit, row][:, run])):
                reason = _NO_R
                if places[hit] < 0:
                    reason = why_no_profile(expression, int(followed.ids[hit]), selection)
                elif not selected.others[places[hit]]:
                    reason = _IS_SEED
                reasons[name, reason] += count
    return reasons


def _result(
    followed: _Followed,
    labels: list[Label],
    names: list[str],
    specifications: Specifications,
    reasons: Counter[tuple[str | None, str]],
    provenance: CorrelatesCurveProvenance,
) -> CorrelatesCurve:
    hits: list[tuple[Any, ...]] = []
    choices: list[tuple[Any, ...]] = []
    for label, name, r, ranks in zip(labels, names, followed.r, followed.ranks, strict=True):
        of_choices = choices_of(r, specifications)
        spread = describe(ranks)
        hits.append(
            (
                int(ranks.flat[0]),
                *label,
                *summary_of(r),
                *map(number_or_none, (spread.median, spread.q25, spread.q75, spread.least, spread.most)),
                int(np.count_nonzero(~np.isnan(r))),
                *(of_choices[0] if of_choices else [None] * len(MOVED)),
            )
        )
        choices += [(name, *of_choice) for of_choice in of_choices]
    return CorrelatesCurve(
        Hits(_COLUMNS, hits, provenance),
        Result(("hit", *OF_CHOICES), choices, provenance),
        Result(("hit", "reason", "analyses"), count_reasons(reasons), provenance),
    )

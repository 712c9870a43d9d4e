"""The probes of a gene: which one represents it, and whether they agree."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.design import find_design
from coexpr.analysis.disagreements import LOW_MEAN_R
from coexpr.analysis.labels import find_labels
from coexpr.analysis.probe_selection import NO_PROBE, find_candidates, probes_of_genes, select_probes
from coexpr.analysis.profiles import Profiles, profiles_of_probes, reader_of, why_no_profile
from coexpr.analysis.provenance import CorrelationProvenance, describe_data
from coexpr.database.expression import Expression
from coexpr.database.names import find_seed
from coexpr.errors import NotFoundError, OptionError
from coexpr.options import (
    BUILDS,
    DEFAULT_RULE,
    RULES,
    CorrelationMethod,
    ProbeSelection,
    Rule,
    SampleFilter,
)
from coexpr.output.figures.drawable import Drawable
from coexpr.result import Result, number_or_none
from coexpr.wording import count_of

if TYPE_CHECKING:
    from coexpr.analysis.sample_labels import SampleLabels
    from coexpr.output.figures.profiles import ProfileHeatmap


_STATISTICS = ("mean_log2", "variance_log2", "present_fraction", "diff_stability", "rnaseq_r", "rnaseq_q")
_COLUMNS = ("probe_id", "probe_name", *_STATISTICS, "mean_r", "lowest_r", "lowest_r_with", "selected_by")


@dataclass(frozen=True)
class Alternative:
    """A probe that agrees better with the others than the one of the default rule, and the rules that select it."""

    probe: str
    mean_r: float
    rules: list[Rule]


@dataclass(frozen=True)
class Recommendation:
    """The probe that the default rule selects, and whether other rules and probes agree.

    Parameters
    ----------
    probe : str
    rules, agreeing_rules : int
        How many other rules select a probe, and how many select this one.
    mean_r : float, optional
        Mean r with the other probes.
    others : int
        How many other probes the gene has.
    agrees : bool
        Whether it agrees with the other probes.
    alternative : Alternative, optional
        A better probe, where it does not agree.
    """

    probe: str
    rules: int
    agreeing_rules: int
    mean_r: float | None
    others: int
    agrees: bool
    alternative: Alternative | None = None


@dataclass(frozen=True)
class SignConflict:
    """Two probes of a gene with clearly opposite profiles."""

    probes: tuple[str, str]
    r: float


@dataclass(frozen=True, kw_only=True)
class ProbesProvenance(CorrelationProvenance):
    """The provenance of the probes of a gene.

    Parameters
    ----------
    gene : str
    other_name : str, optional
        The name that was given, where the atlas uses another symbol.
    rules_skipped : dict of str to str
        Rules that cannot be applied, and why.
    sign_conflicts : list of SignConflict
        Lowest r first.
    recommendation : Recommendation, optional
        None where the default rule selects no probe.
    """

    gene: str | None
    other_name: str | None
    rules_skipped: dict[Rule, str] = field(default_factory=dict)
    sign_conflicts: list[SignConflict] = field(default_factory=list)
    recommendation: Recommendation | None = None

    @property
    def caption(self) -> str:
        """What a heatmap of the probes shows, in sentences."""
        return (
            f"Averages by structure of the log2 expression of {self.data.description}, as z-scores over structures. In "
            f"bold: the probe with the highest mean. Data: {self.data.origin}. coexpr {self.coexpr_version}."
        )


@dataclass(frozen=True, repr=False, eq=False)
class GeneProbes(Result[ProbesProvenance], Drawable):
    """The probes of a gene.

    Parameters
    ----------
    log2 : (P, S) float
        The expression of each row.
    labels : SampleLabels
    """

    log2: NDArray[np.floating]
    labels: "SampleLabels"

    def drawing(self) -> "ProfileHeatmap":
        """Return a heatmap of probes by structures.

        The average over the samples of each structure is that of the site (the log2 of the mean intensity); z-scores
        are over the structures of all donors. The name of the probe that the default rule selects is bold.
        """
        from coexpr.output.figures.palette import hex_color
        from coexpr.output.figures.profiles import ProfileHeatmap
        from coexpr.stats.site_scale import average_by, z_scores

        structures, members = self.labels.by_structure
        averages, present = average_by(self.log2, members)
        z = z_scores(averages, np.zeros(averages.shape[1], dtype=np.intp))
        columns = [structures[place] for place in present.tolist()]
        first_sample = np.array([int(np.argmax(members == place)) for place in present.tolist()], dtype=np.intp)
        names = [str(name) for name in self.column("probe_name")]
        selected = [row for row, rules in enumerate(self.column("selected_by")) if DEFAULT_RULE in rules]
        return ProfileHeatmap(
            names,
            z,
            self.labels.top_level.take(first_sample),
            [hex_color(structure.color) for structure in columns],
            f"{count_of(len(names), 'probe')} of {self.provenance.gene}",
            selected[0] if selected else None,
        )


def gene_probes(
    expression: Expression, name: str, selection: ProbeSelection, sample_filter: SampleFilter
) -> GeneProbes:
    """Return the probes of a gene; see `Atlas.probes`."""
    from coexpr.analysis.sample_labels import SampleLabels  # other questions need only what disagrees

    gene = find_seed(expression.connection, name, selection.annotation)
    if not gene.gene_ids:
        raise OptionError(f"probe {gene.name} measures no known gene, so there are no other probes to compare it with.")
    candidates = probes_of_genes(expression, selection.annotation, gene.gene_ids)
    if not len(candidates.probe_ids):
        raise NotFoundError(why_no_profile(expression, gene.gene_ids[0], selection))
    method = CorrelationMethod()
    design = find_design(expression, sample_filter, method)
    all_samples = expression.all_samples
    probes = profiles_of_probes(expression, selection.annotation, all_samples, candidates.probe_ids)
    names = [str(label.probe_name) for label in find_labels(expression.connection, probes)]
    log2 = np.asarray(probes.expression)[:, design.samples.columns_in(all_samples)]
    r, n = design.correlate_all(log2)
    selected_by, rules_skipped = _rules_by_probe(expression, probes, selection, gene.gene_ids)
    rows = []
    order = np.lexsort((probes.probe_ids, -candidates.statistics["mean_log2"]))
    for row in order.tolist():
        statistics = [number_or_none(candidates.statistics[column][row]) for column in _STATISTICS]
        probe_id = int(probes.probe_ids[row])
        rows.append((probe_id, names[row], *statistics, *_agreement(r, row, names), selected_by.get(probe_id, [])))
    provenance = ProbesProvenance(
        database=str(expression.path),
        data=describe_data(expression, design.samples, design.region, ~np.isnan(log2).all(axis=0)),
        method=method,
        probe_selection=selection,
        cache_problem=expression.cache_problem,
        gene=gene.gene_symbol,
        other_name=gene.other_name,
        rules_skipped=rules_skipped,
        sign_conflicts=_sign_conflicts(r, n, names),
        recommendation=_recommend(rows),
    )
    return GeneProbes(_COLUMNS, rows, provenance, log2[order], SampleLabels(expression, design.samples))


def conflict_limit(n: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return how far from 0 each r must be to count: 0.1, or twice its standard error with few samples."""
    return np.maximum(0.1, 2 / np.sqrt(np.maximum(n, 1)))


def _agreement(r: NDArray[np.float64], row: int, names: list[str]) -> tuple[float | None, float | None, str | None]:
    """Return a probe's mean r with the others, its lowest r, and the probe that has it."""
    others = np.delete(r[row], row)
    if np.isnan(others).all():
        return None, None, None
    itself = np.arange(len(r)) == row
    lowest = int(np.nanargmin(np.where(itself, np.nan, r[row])))
    return float(np.nanmean(others)), float(r[row, lowest]), names[lowest]


def _rules_by_probe(
    expression: Expression, probes: Profiles, selection: ProbeSelection, gene_ids: list[int]
) -> tuple[dict[int, list[Rule]], dict[Rule, str]]:
    """Return the rules that select each probe, and why the others select none."""
    selected_by: dict[int, list[Rule]] = {}
    skipped: dict[Rule, str] = {}
    candidates = find_candidates(expression, selection, gene_ids)
    read = reader_of(probes, expression.all_samples)
    for rule in RULES:
        if rule in BUILDS:
            continue
        try:
            selected = select_probes(expression, selection.with_rule(rule), candidates, read)
        except NotFoundError as reason:
            skipped[rule] = str(reason)
            continue
        if selected is not None:
            for probe_id in np.unique(selected[selected != NO_PROBE]).tolist():
                selected_by.setdefault(probe_id, []).append(rule)
    return selected_by, skipped


def _recommend(rows: list[tuple[Any, ...]]) -> Recommendation | None:
    """Return which probe the default rule selects, how many rules and probes agree, and a better one if they do not.

    The alternative is the probe that most rules select, among those whose mean r with the others is not low.
    """
    probes = [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
    default = next((probe for probe in probes if DEFAULT_RULE in probe["selected_by"]), None)
    if default is None:
        return None
    rules = {rule for probe in probes for rule in probe["selected_by"]}
    agrees = len(probes) < 3 or default["mean_r"] is None or default["mean_r"] >= LOW_MEAN_R
    alternative = None
    better = [
        probe
        for probe in probes
        if probe["mean_r"] is not None and probe["mean_r"] >= LOW_MEAN_R and probe["selected_by"]
    ]
    if not agrees and better:
        best = max(better, key=lambda probe: (len(probe["selected_by"]), probe["mean_r"]))
        alternative = Alternative(best["probe_name"], best["mean_r"], list(best["selected_by"]))
    return Recommendation(
        probe=default["probe_name"],
        rules=len(rules) - 1,
        agreeing_rules=len(default["selected_by"]) - 1,
        mean_r=default["mean_r"],
        others=len(probes) - 1,
        agrees=agrees,
        alternative=alternative,
    )


def _sign_conflicts(r: NDArray[np.float64], n: NDArray[np.int32], names: list[str]) -> list[SignConflict]:
    """Return the pairs of probes with opposite profiles, lowest r first."""
    opposite = np.triu(r < -conflict_limit(n), 1)
    pairs = [(float(r[row, other]), row, other) for row, other in np.argwhere(opposite).tolist()]
    return [SignConflict((names[row], names[other]), value) for value, row, other in sorted(pairs)]

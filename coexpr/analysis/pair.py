"""r of two genes or probes: by probe, by selection rule, by donor, and by scale and resolution."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import numpy as np

from coexpr.analysis.between_donors import compare_donors
from coexpr.analysis.design import Design, find_design
from coexpr.analysis.disagreements import Disagreement, find_disagreements
from coexpr.analysis.labels import find_labels
from coexpr.analysis.pair_samples import Color, Facet, PairSamples, pair_samples
from coexpr.analysis.pair_summary import DonorSummary, Spread, summarise_donors, summarise_spread
from coexpr.analysis.probe_selection import Candidates, find_candidates
from coexpr.analysis.profiles import (
    Profiles,
    all_probes_of,
    profile_of,
    reader_of,
    represent_genes,
    why_no_profile,
)
from coexpr.analysis.provenance import CorrelationProvenance, describe_data
from coexpr.analysis.sample_labels import SampleLabels
from coexpr.analysis.scale_comparison import Explanation, ScaleRow, compare_scales, explain
from coexpr.database.expression import Expression
from coexpr.database.names import Seed, find_seed
from coexpr.database.samples import Samples, refuse_too_few
from coexpr.errors import NotFoundError, OptionError
from coexpr.options import RULES, CorrelationMethod, Level, ProbeSelection, Rule, SampleFilter, Scope
from coexpr.output.spreadsheet import Sheet, write_workbook
from coexpr.result import Result, number_or_none

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BY_PROBES = "probes"


@dataclass(frozen=True, kw_only=True)
class PairProvenance(CorrelationProvenance):
    """The provenance of a pair.

    Parameters
    ----------
    names, levels, profiles : tuple of str
        For each side: the probe or gene, its level, and the profile that represents it.
    other_names : dict of str to str
        Names that were given, where the atlas uses another symbol.
    same_profile : bool
        Whether both sides have the same profile.
    r : float, optional
        r of the two profiles.
    donors : DonorSummary
    disagreements : dict of str to Disagreement
    rules_skipped : dict of str to str
        Rules that cannot be applied, and why.
    spread : Spread, optional
    observed_r : Explanation, optional
        How an r from elsewhere compares.
    """

    names: tuple[str, str]
    levels: tuple[Level, Level]
    profiles: tuple[str, str]
    other_names: dict[str, str] = field(default_factory=dict)
    same_profile: bool
    r: float | None
    donors: DonorSummary
    disagreements: dict[str, Disagreement] = field(default_factory=dict)
    rules_skipped: dict[Rule, str] = field(default_factory=dict)
    spread: Spread | None = None
    observed_r: Explanation | None = None


class Pair(NamedTuple):
    """The tables of a pair; all have the same provenance.

    Parameters
    ----------
    probes : Result
        One row per pair of probes: probe_a, probe_b, r, n.
    rules : Result
        One row per selection rule: rule, probe_a, probe_b, r, n. Empty for two probes.
    donors : Result
        One row per donor: donor, r, n.
    scales : Result
        One row per scale, resolution and combination of donors: scale, resolution, donors, r, n.
    samples : PairSamples
        One row per sample, with both values. It is read from the database when first used.
    """

    probes: Result[PairProvenance]
    rules: Result[PairProvenance]
    donors: Result[PairProvenance]
    scales: Result[PairProvenance]
    samples: PairSamples

    @property
    def provenance(self) -> PairProvenance:
        """The provenance of all tables."""
        return self.probes.provenance

    def combined(self) -> Result[PairProvenance]:
        """Return probes, rules and donors as one table.

        Its column `by` says "probes" for an r of two probes, or else the rule that selected them; `donor` is None for
        all donors pooled.
        """
        provenance = self.provenance
        by = provenance.probe_selection.rule if provenance.probe_selection else _BY_PROBES
        rows: list[tuple[Any, ...]] = [(_BY_PROBES, a, b, None, r, n) for a, b, r, n in self.probes]
        rows += [(rule, a, b, None, r, n) for rule, a, b, r, n in self.rules]
        rows += [(by, *provenance.profiles, donor, r, n) for donor, r, n in self.donors]
        return Result(("by", "probe_a", "probe_b", "donor", "r", "n"), rows, provenance)

    def plot(
        self,
        ax: "Axes | None" = None,
        *,
        color: Color = "donor",
        facet: Facet | None = None,
        width: float | None = None,
    ) -> "Axes":
        """Draw a scatter plot of the samples; see `PairSamples.plot` and `PairSamples.drawing`."""
        return self.samples.plot(ax, color=color, facet=facet, width=width)

    def save_figure(
        self, path: Path | str, *, color: Color = "donor", facet: Facet | None = None, width: float | None = None
    ) -> list[str]:
        """Draw a scatter plot of the samples into a file; see `PairSamples.save_figure`."""
        return self.samples.save_figure(path, color=color, facet=facet, width=width)

    def write_workbook(self, stream: IO[bytes]) -> None:
        """Write a spreadsheet that computes r itself.

        Its sheets have r of coexpr next to a formula that computes it from the samples, in all and in each donor; the
        samples; r by probes, by rule and by scale; and the provenance.
        """
        tables = {"probes": self.probes, "rules": self.rules, "scales": self.scales}
        more = [Sheet(name, table.columns, table.rows) for name, table in tables.items() if len(table)]
        write_workbook([*self.samples.sheets(), *more], self.provenance.as_dict(), stream)


@dataclass(frozen=True)
class _Side:
    """One side of a pair: a probe, or the probes of a gene.

    Parameters
    ----------
    seed : Seed
    probes : Profiles
        All its probes over all samples of the database.
    candidates : dict of str to Candidates
        Those that can represent the gene, by scope; empty for a probe.
    names : list of str
        The names of the probes.
    """

    seed: Seed
    probes: Profiles
    candidates: dict[Scope, Candidates]
    names: list[str]

    def name_of(self, profile: Profiles) -> str:
        """Return the name of the probe of a profile, or what the profile is built from."""
        composition = profile.compositions[0]
        return composition or self.names[int(np.searchsorted(self.probes.probe_ids, profile.probe_ids[0]))]

    def full_name_of(self, profile: Profiles) -> str:
        """Return the same; what a profile is built from follows the name of the gene."""
        name = self.name_of(profile)
        return name if profile.compositions[0] is None else f"{self.seed.name}, {name}"

    def profile(self, expression: Expression, selection: ProbeSelection, samples: Samples) -> Profiles:
        """Return its one profile."""
        if self.seed.level == "probe":
            return profile_of(expression, self.seed, selection, samples)
        candidates = self.candidates[selection.scope]
        read = reader_of(self.probes, expression.all_samples)
        profile = represent_genes(expression, selection, samples, candidates, read)
        if not len(profile):
            raise NotFoundError(why_no_profile(expression, self.seed.gene_ids[0], selection))
        return profile


def pair(
    expression: Expression,
    names: tuple[str, str],
    selection: ProbeSelection,
    sample_filter: SampleFilter,
    method: CorrelationMethod,
    observed_r: str | None,
) -> Pair:
    """Return r of two genes or probes in every way; see `Atlas.pair`."""
    seeds = [find_seed(expression.connection, name, selection.annotation) for name in names]
    are_probes = all(seed.level == "probe" for seed in seeds)
    if selection.selects_probes and are_probes:
        raise OptionError(
            "`rule`, `min_present` and `scope` select the probe of a gene, but both are probes. Leave them out."
        )
    design = find_design(expression, sample_filter, method)
    a, b = (_find_side(expression, seed, selection) for seed in seeds)
    probe_rows, spread = _correlate_probes(expression, a, b, design)
    rule_rows, skipped = ([], {}) if are_probes else _correlate_by_rule(expression, a, b, selection, design)
    of_a, of_b = (side.profile(expression, selection, design.samples) for side in (a, b))
    x, y = of_a.expression[0], of_b.expression[0]
    known = ~np.isnan(x) & ~np.isnan(y)
    refuse_too_few(int(np.count_nonzero(known)), sample_filter)
    by_donor = compare_donors(x, y[None], np.array([0]), design)
    pooled, _ = design.correlate(x, y[None])
    r = number_or_none(pooled[0])
    scales = compare_scales(expression.connection, x, y, design.samples, replace(design.estimator, factors=()))
    provenance = PairProvenance(
        database=str(expression.path),
        data=describe_data(expression, design.samples, design.region, known),
        method=method,
        probe_selection=None if are_probes else selection,
        cache_problem=expression.cache_problem,
        names=(a.seed.name, b.seed.name),
        levels=(a.seed.level, b.seed.level),
        profiles=(a.full_name_of(of_a), b.full_name_of(of_b)),
        other_names={seed.name: seed.other_name for seed in seeds if seed.other_name},
        same_profile=bool(np.array_equal(x, y, equal_nan=True)),
        r=r,
        donors=summarise_donors(by_donor),
        disagreements=find_disagreements(a.seed, of_a, a.probes) | find_disagreements(b.seed, of_b, b.probes),
        rules_skipped=skipped,
        spread=spread,
        observed_r=None if observed_r is None else explain(scales, str(observed_r), r, method.name),
    )
    donor_rows = [
        (expression.donor_names[donor_id], number_or_none(of_donor[0]), int(n[0]))
        for donor_id, of_donor, n in zip(by_donor.donor_ids, by_donor.r, by_donor.n, strict=True)
    ]
    return Pair(
        Result(("probe_a", "probe_b", "r", "n"), probe_rows, provenance),
        Result(("rule", "probe_a", "probe_b", "r", "n"), rule_rows, provenance),
        Result(("donor", "r", "n"), donor_rows, provenance),
        Result(ScaleRow._fields, scales, provenance),
        pair_samples(provenance, x, y, SampleLabels(expression, design.samples), donor_rows),
    )


def _find_side(expression: Expression, seed: Seed, selection: ProbeSelection) -> _Side:
    candidates: dict[Scope, Candidates] = {}
    if seed.level == "gene":
        # Rules with one value for all donors are pooled, whatever the scope of the others.
        for rule in (selection.rule, "diff-stability"):
            by_rule = selection.with_rule(rule)
            candidates[by_rule.scope] = find_candidates(expression, by_rule, seed.gene_ids)
        if not all(len(among.probe_ids) for among in candidates.values()):
            raise NotFoundError(why_no_profile(expression, seed.gene_ids[0], selection))
    probes = all_probes_of(expression, seed, selection.annotation)
    return _Side(
        seed, probes, candidates, [str(label.probe_name) for label in find_labels(expression.connection, probes)]
    )


def _correlate_probes(
    expression: Expression, a: _Side, b: _Side, design: Design
) -> tuple[list[tuple[Any, ...]], Spread | None]:
    """Return r and n of every probe of one side with every probe of the other, and how r varies."""
    columns = design.samples.columns_in(expression.all_samples)
    log2_a, log2_b = (np.asarray(side.probes.expression)[:, columns] for side in (a, b))
    r = np.full((len(log2_a), len(log2_b)), np.nan)
    n = np.zeros(r.shape, dtype=np.int32)
    rows: list[tuple[Any, ...]] = []
    for row, profile in enumerate(log2_a):
        r[row], n[row] = design.correlate(profile, log2_b)
        rows += [
            (a.names[row], name, number_or_none(value), int(count))
            for name, value, count in zip(b.names, r[row], n[row], strict=True)
        ]
    if a.seed.level == b.seed.level == "gene" and a.seed.gene_id == b.seed.gene_id and len(r) > 1:
        r[np.tril_indices(len(r))] = np.nan  # each pair once
    is_same = a.probes.probe_ids[:, None] == b.probes.probe_ids
    if not is_same.all():
        r[is_same] = np.nan  # r of a probe with itself is always 1
    return rows, summarise_spread(r, n, a.names, b.names)


def _correlate_by_rule(
    expression: Expression, a: _Side, b: _Side, selection: ProbeSelection, design: Design
) -> tuple[list[tuple[Any, ...]], dict[Rule, str]]:
    """Return r and n by every rule, and why rules cannot be applied."""
    rows: list[tuple[Any, ...]] = []
    skipped: dict[Rule, str] = {}
    for rule in RULES:
        try:
            of_a, of_b = (side.profile(expression, selection.with_rule(rule), design.samples) for side in (a, b))
        except NotFoundError as reason:
            skipped[rule] = str(reason)
            continue
        r, n = design.correlate(of_a.expression[0], of_b.expression)
        rows.append((rule, a.name_of(of_a), b.name_of(of_b), number_or_none(r[0]), int(n[0])))
    return rows, skipped

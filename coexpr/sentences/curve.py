"""Specification curves."""

from typing import TYPE_CHECKING, Any

from coexpr.sentences.data import describe_correlation
from coexpr.sentences.genes import describe_gene_filter, describe_other_name

if TYPE_CHECKING:
    from coexpr.analysis.curve_result import CorrelatesCurve, CurveProvenance, PairCurve
    from coexpr.result import Result

# Reasons that are said; the table of reasons has all.
_MOST_REASONS = 6
_NO_P = "There is no p for all analyses together: they use the same samples, so they are not independent."


def describe_pair_curve(curve: "PairCurve") -> list[str]:
    """Say how r varies over the analyses, which choice moves it most, and which analyses were not run."""
    provenance = curve.provenance
    lines = [line for name, other in provenance.other_names.items() for line in describe_other_name(other, name)]
    (row,) = curve.summary.rows
    lines += _describe_summary(dict(zip(curve.summary.columns, row, strict=True)), provenance)
    lines += _describe_not_run(curve.not_run, provenance)
    profiles = " and ".join(
        name if name == profile else f"{name} by {profile}"
        for name, profile in zip(provenance.names, provenance.profiles, strict=True)
    )
    return [*lines, _NO_P, f"Default analysis: {profiles}.", *describe_correlation(provenance)]


def describe_correlates_curve(curve: "CorrelatesCurve") -> list[str]:
    """Say which hits were followed over which analyses, and which analyses were not run."""
    provenance = curve.provenance
    seed = provenance.seed
    which = "lowest" if provenance.ascending else "highest"
    rows = f"The {len(curve.hits):,} {provenance.level}s with the {which} r with {seed.name} in the default analysis"
    if len(curve.hits) == 1:
        rows = f"The {provenance.level} with the {which} r with {seed.name} in the default analysis"
    lines = [f"{rows}, in {provenance.run:,} analyses; ranks are among all {provenance.level}s of an analysis."]
    if not len(curve.hits):
        lines = [f"No {provenance.level} has an r with {seed.name} in the default analysis."]
    lines += describe_other_name(seed.other_name, seed.gene)
    lines += describe_gene_filter(provenance.gene_filter)
    lines += _describe_movers(curve)
    lines += _describe_not_run(curve.not_run, provenance)
    selection = provenance.probe_selection
    default = f"Default analysis: seed {seed.gene or seed.probe} by {seed.probe}"
    lines += [_NO_P, f"{default}; each gene {selection.description}." if selection else f"{default}."]
    return [*lines, *describe_correlation(provenance)]


def _describe_summary(summary: dict[str, Any], provenance: "CurveProvenance") -> list[str]:
    if summary["median_r"] is None:
        return ["No r is defined: a profile is constant or missing in every analysis."]
    lines = [
        f"{provenance.run:,} analyses: median r {summary['median_r']:.3f}; half of them are between "
        f"{summary['q25_r']:.3f} and {summary['q75_r']:.3f}, all between {summary['min_r']:.3f} and "
        f"{summary['max_r']:.3f}."
    ]
    if summary["default_r"] is not None:
        same = summary["same_sign_share"]
        lines.append(
            f"The default analysis has r {summary['default_r']:.3f}; "
            + ("all analyses have its sign." if same == 1 else f"{_percent(same)} of the analyses have its sign.")
        )
    if summary["moved_most_by"]:
        lines.append(
            f"{summary['moved_most_by']} moves r most: the mean r is {summary['lowest_mean_r']:.3f} with "
            f"{summary['lowest_level']} and {summary['highest_mean_r']:.3f} with {summary['highest_level']}."
        )
    return lines


def _describe_movers(curve: "CorrelatesCurve") -> list[str]:
    """Say which choices move r of the hits most."""
    counts: dict[str, int] = {}
    for choice in curve.hits.column("moved_most_by"):
        if choice is not None:
            counts[choice] = counts.get(choice, 0) + 1
    movers = sorted(counts.items(), key=lambda item: -item[1])
    named = ", ".join(f"{choice} ({count:,})" for choice, count in movers)
    return [f"What moves r most, with the number of hits: {named}."] if named else []


def _describe_not_run(not_run: "Result[Any]", provenance: "CurveProvenance") -> list[str]:
    """Say how many analyses were not run, and why."""
    lines = []
    if provenance.run < provenance.analyses:
        left_out = provenance.analyses - provenance.run
        lines.append(f"Not run: {left_out:,} of {provenance.analyses:,} analyses, for these reasons.")
    rows = [dict(zip(not_run.columns, row, strict=True)) for row in not_run]
    for row in rows[:_MOST_REASONS]:
        whose = f"{row['hit']}: " if row.get("hit") else ""
        lines.append(f"{row['analyses']:,}: {whose}{row['reason']}")
    if len(rows) > _MOST_REASONS:
        lines.append(f"And {len(rows) - _MOST_REASONS:,} more reasons, which the JSON output lists.")
    return lines


def _percent(share: float) -> str:
    """Return a share that is not 1 in percent, never rounded to 100."""
    return f"{min(99.9, share * 100):.3g} %"

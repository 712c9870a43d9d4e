"""Two genes or probes."""

from typing import TYPE_CHECKING

from coexpr.sentences.data import describe_correlation
from coexpr.sentences.genes import describe_disagreements, describe_other_name, describe_skipped_rules

if TYPE_CHECKING:
    from coexpr.analysis.pair import Pair, PairProvenance

# Donors are said to differ past this fraction of heterogeneity (Higgins and Thompson 2002).
_HIGH_HETEROGENEITY = 0.5


def describe_pair(pair: "Pair") -> list[str]:
    """Say how r varies with probes and donors, what it is computed from, and where it is undefined."""
    provenance = pair.provenance
    lines = _describe_spread(provenance)
    lines += describe_disagreements(provenance.disagreements)
    lines += _describe_donors(provenance)
    lines += describe_correlation(provenance)
    lines += describe_skipped_rules(provenance.rules_skipped)
    lines += _describe_scales(pair)
    return [*lines, *([provenance.observed_r.sentence] if provenance.observed_r else [])]


def _describe_spread(provenance: "PairProvenance") -> list[str]:
    """Say what is compared, and how r of single probes varies."""
    lines = [line for name, other in provenance.other_names.items() for line in describe_other_name(other, name)]
    spread = provenance.spread
    if spread is None:
        return [*lines, "No r is defined: a profile is constant or missing."]
    if provenance.same_profile:
        lines.append("Both are represented by the same profile, whose r with itself is 1.")
    if spread.pairs == 1:
        return lines
    lines.append(
        f"{spread.pairs:,} pairs of probes: r from {spread.lowest:.3f} ({' and '.join(spread.lowest_probes)}) to "
        f"{spread.highest:.3f} ({' and '.join(spread.highest_probes)}), median {spread.median:.3f}."
    )
    if spread.conflicts:
        lines.append(
            f"Warning: {spread.conflicts:,} of {spread.pairs:,} pairs have the opposite sign, so the result "
            "depends on the probes; see `coexpr probes` for each gene."
        )
    return [
        *lines,
        "Do not average r over pairs of probes: a gene is first represented by one profile, then r is computed.",
    ]


def _describe_donors(provenance: "PairProvenance") -> list[str]:
    """Compare the pooled r with r in each donor, in words and then in numbers."""
    over, r = provenance.donors, provenance.r
    low, high, same_sign = over.lowest_r, over.highest_r, over.same_sign
    if r is None or over.k < 2 or low is None or high is None or same_sign is None:
        return []
    donors = f"{over.k:.0f} donors"
    if same_sign < over.k:
        verdict = f"Warning: {over.k - same_sign:.0f} of {donors} have another sign."
    else:
        verdict = f"All {donors} agree in sign."
    if same_sign == over.k and abs(r) > max(abs(low), abs(high)):
        verdict += " Part of the pooled r comes from differences between donors."
    elif (over.i2 or 0) > _HIGH_HETEROGENEITY:
        verdict += " Their r differ by more than sampling explains."
    return [
        f"{' and '.join(provenance.profiles)}: pooled r {r:.3f}; within donors {low:.3f} to {high:.3f}. {verdict}",
        f"Random-effects mean over {donors}: {over.r:.3f} (95 % interval {over.low:.3f} to {over.high:.3f}); "
        f"Q {over.q:.1f}, I² {over.i2:.2f}, τ² {over.tau2:.3f}. Pooled r without one donor: "
        f"{over.lowest_without_one:.3f} to {over.highest_without_one:.3f}.",
    ]


def _describe_scales(pair: "Pair") -> list[str]:
    """Say over which resolutions no r is defined, and what the comparison of scales leaves out."""
    by_resolution: dict[str, list[float | None]] = {}
    for _, resolution, _, r, _ in pair.scales:
        by_resolution.setdefault(resolution, []).append(r)
    lines = [
        f"No r over {resolution}: a profile is constant, or too few structures are sampled."
        for resolution, values in by_resolution.items()
        if all(r is None for r in values)
    ]
    if pair.provenance.method.adjust:
        lines.append("The comparison of scales is without `adjust`.")
    return lines

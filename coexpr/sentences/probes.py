"""The probes of a gene, and which one to use."""

from typing import TYPE_CHECKING

from coexpr.sentences.data import describe_correlation
from coexpr.sentences.genes import describe_other_name, describe_skipped_rules
from coexpr.wording import count_of

if TYPE_CHECKING:
    from coexpr.analysis.gene_probes import GeneProbes, ProbesProvenance, SignConflict


def recommend_probe(provenance: "ProbesProvenance") -> list[str]:
    """Say which gene the name means and which probe to use, to be read before the table."""
    return [*describe_other_name(provenance.other_name, provenance.gene), *_recommend(provenance)]


def describe_probes(result: "GeneProbes") -> list[str]:
    """Say how many probes the gene has, which disagree, and what r is computed from, to be read after the table."""
    provenance = result.provenance
    lines = [f"{count_of(len(result), 'probe')} of {provenance.gene}."]
    if provenance.question and provenance.question.arguments.get("sample_filter"):
        lines.append(
            "Only r is over these samples; means, variance, stability and the selection by rules are over all samples."
        )
    lines += _describe_conflicts(provenance.sign_conflicts)
    lines += describe_correlation(provenance)
    lines += describe_skipped_rules(provenance.rules_skipped)
    return lines


def _recommend(provenance: "ProbesProvenance") -> list[str]:
    """Say what the default rule selects, and whether other rules and probes agree."""
    found = provenance.recommendation
    if found is None:
        return ["The default rule (max-mean) selects none of the probes."]
    if not found.others:
        return [f"Use {found.probe}: it is the only probe of {provenance.gene}."]
    selects = (
        f"The default rule (max-mean) selects {found.probe}; {found.agreeing_rules} of {found.rules} other rules "
        "select it too."
    )
    mean_r = "undefined" if found.mean_r is None else f"{found.mean_r:.2f}"
    with_others = f"its mean r with the other {count_of(found.others, 'probe')} is {mean_r}"
    if found.agrees:
        return [selects, f"{with_others.capitalize()}: use it."]
    if found.alternative is None:
        return [selects, f"Warning: {with_others}, and no probe agrees with the others. Use none without care."]
    other = found.alternative
    return [
        selects,
        f"Warning: {with_others}: it disagrees with them.",
        f"Consider {other.probe} (mean r {other.mean_r:.2f}), selected by {', '.join(other.rules)}: add "
        f"`rule` {other.rules[0]} or `probe` {other.probe} to a query.",
    ]


def _describe_conflicts(conflicts: "list[SignConflict]") -> list[str]:
    """Warn of probes with opposite profiles."""
    if not conflicts:
        return []
    worst = conflicts[0]
    return [
        f"Warning: {count_of(len(conflicts), 'pair')} of probes have opposite profiles, most of all "
        f"{' and '.join(worst.probes)} (r = {worst.r:.3f}). They hardly measure the same transcript."
    ]

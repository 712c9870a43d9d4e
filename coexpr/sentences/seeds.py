"""The correlates of several seeds."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from coexpr.options import SELECTS
from coexpr.sentences.data import describe_correlation
from coexpr.sentences.genes import (
    describe_disagreements,
    describe_gene_filter,
    describe_genes_without_profile,
    describe_other_name,
)
from coexpr.wording import count_of

if TYPE_CHECKING:
    from coexpr.analysis.provenance import SeedUse
    from coexpr.analysis.seed_set_result import SeedSetProvenance, SetCorrelates

# Seeds that a sentence lists.
_LISTED = 12


def describe_set_correlates(tables: "SetCorrelates") -> list[str]:
    """Say how many correlates are shown, of which seeds, whether these hold together, and what r is computed from."""
    provenance = tables.provenance
    lines = [_describe_rows(provenance, len(tables.correlates)), _describe_seeds(provenance)]
    lines += _describe_left_out_names(provenance)
    lines.append(_describe_coherence(provenance))
    lines += [line for one in provenance.seeds for line in describe_other_name(one.seed.other_name, one.seed.gene)]
    lines += _describe_hub_correction(provenance)
    lines += _describe_weights(provenance)
    lines += describe_gene_filter(provenance.gene_filter)
    lines += describe_disagreements(provenance.disagreements)
    lines += describe_genes_without_profile(provenance.genes_without_profile)
    lines += describe_correlation(provenance)
    if provenance.fewest_samples < provenance.data.n_samples:
        lines.append(
            "Where values are missing, each r is over the samples in which both profiles have one; n is the smallest "
            f"number, {provenance.fewest_samples:,} or more here."
        )
    if provenance.without_r:
        lines.append(
            f"Without mean r: {count_of(provenance.without_r, provenance.level)} without r with one of the seeds, "
            "because a profile is constant or missing."
        )
    return lines


def _describe_rows(provenance: "SeedSetProvenance", shown: int) -> str:
    """Say how many rows are shown of how many, and what represents a gene."""
    level, matching, ranks = provenance.level, provenance.matching, provenance.ranks
    limits = [f"mean r of at least {ranks.min_r:g}"] if ranks.min_r is not None else []
    limits += [f"mean r of at most {ranks.max_r:g}"] if ranks.max_r is not None else []
    all_of = count_of(matching, level)
    if limits:
        all_of += f" with {' and '.join(limits)} (of {provenance.compared:,})"
    if not matching:
        return f"No {level}s{all_of.removeprefix(f'0 {level}s')}."
    which = "Lowest" if ranks.ascending else "Top"
    rows = f"{which} {shown:,} of {all_of}" if shown < matching else f"All {all_of}"
    rows += f" by mean r with {count_of(len(provenance.seeds), 'seed')}"
    if level == "gene" and provenance.probe_selection:
        return f"{rows}; each gene {provenance.probe_selection.description}."
    return f"{rows}."


def _describe_seeds(provenance: "SeedSetProvenance") -> str:
    """Say which profile represents each seed."""
    text = f"Seeds: {_some([_profile_of(one.seed) for one in provenance.seeds])}."
    selection = provenance.probe_selection
    has_probe = any(one.seed.level == "gene" and one.seed.probe_id is not None for one in provenance.seeds)
    if selection and selection.rule in SELECTS and has_probe:
        text += f" The probe of a gene is the one {SELECTS[selection.rule]}{selection.conditions}."
    return text


def _profile_of(seed: "SeedUse") -> str:
    """Return a seed and what represents it: "NTRK2 (A_23_P216779)"."""
    if seed.level == "probe":
        return f"{seed.probe} (a probe of {seed.gene or 'no known gene'})"
    return f"{seed.gene} ({seed.probe})"


def _describe_left_out_names(provenance: "SeedSetProvenance") -> list[str]:
    """Say which names do not count, and why."""
    lines = [f"Left out: seed {name}, because {reason}." for name, reason in provenance.left_out.items()]
    return [
        *lines,
        *(f"{name} is the same profile as {of}; it counts once." for name, of in provenance.duplicates.items()),
    ]


def _describe_coherence(provenance: "SeedSetProvenance") -> str:
    """Say where each seed ranks when it is left out, and the mean r of the seeds with each other."""
    seeds, level = provenance.seeds, provenance.level
    ranks = _some([f"{one.seed.name} {'none' if one.rank is None else f'{one.rank:,}'}" for one in seeds])
    means = [one.mean_r for one in seeds if one.mean_r is not None]
    within = f" Their mean r with each other is {sum(means) / len(means):.3f}." if means else ""
    return (
        f"Rank of each seed among {count_of(provenance.ranked, level)} when it is left out of the set: {ranks}.{within}"
    )


def _some(texts: Sequence[str]) -> str:
    """Return texts between commas; of many, the first."""
    more = len(texts) - _LISTED
    return ", ".join(texts[:_LISTED]) + (f" and {more:,} more" if more > 0 else "")


def _describe_hub_correction(provenance: "SeedSetProvenance") -> list[str]:
    """Say what is subtracted, and which rows have nothing to subtract."""
    if not provenance.hub_correction:
        return []
    level = provenance.level
    lines = [
        f"Ranked by corrected_r, which is mean_r minus hub_r, the mean r of a {level} with all {level}s "
        "(hub correction of SEEK)."
    ]
    if provenance.without_hub_r:
        lines.append(f"Without hub_r and rank: {count_of(provenance.without_hub_r, level)} with missing values.")
    return lines


def _describe_weights(provenance: "SeedSetProvenance") -> list[str]:
    """Say how donors are weighed, and warn where the weights mean nothing."""
    weights, chance = provenance.weights, provenance.chance_score
    if not weights:
        return []
    shares = ", ".join(f"{one.donor} {one.weight:.3f}" for one in weights)
    lines = [
        "r is computed within each donor; donors are weighed by how well the seeds find each other in them "
        f"(rank-biased precision, p = 0.99): {shares}."
    ]
    if without := [one.donor for one in weights if one.score is None]:
        lines.append(f"Without weight, because a seed has no r there: {', '.join(without)}.")
    if chance is not None and all((one.score or 0) <= chance for one in weights):
        lines.append(
            "Warning: in no donor do the seeds find each other better than by chance, so the weights are noise."
        )
    return lines

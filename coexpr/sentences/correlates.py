"""The correlates of a probe or gene."""

from typing import TYPE_CHECKING

from coexpr.options import SELECTS, Rule
from coexpr.sentences.data import describe_correlation
from coexpr.sentences.genes import (
    describe_disagreements,
    describe_gene_filter,
    describe_genes_without_profile,
    describe_other_name,
)
from coexpr.wording import count_of

if TYPE_CHECKING:
    from coexpr.analysis.correlates_result import CorrelatesProvenance, CorrelatesResult
    from coexpr.analysis.map_correlates import MapProvenance


def describe_correlates(result: "CorrelatesResult") -> list[str]:
    """Say how many correlates are shown, of which seed, among which genes, and what r is computed from."""
    return _describe(result.provenance, len(result))


def describe_all_correlates(provenance: "CorrelatesProvenance") -> list[str]:
    """Say the same where all correlates are shown, in parts."""
    return _describe(provenance, provenance.matching)


def _describe(provenance: "CorrelatesProvenance", shown: int) -> list[str]:
    seed, level = provenance.seed, provenance.level
    lines = [*_describe_nothing(provenance), describe_rows(provenance, shown), _describe_seed(provenance)]
    lines += describe_other_name(seed.other_name, seed.gene)
    lines += describe_gene_filter(provenance.gene_filter)
    lines += describe_disagreements(provenance.disagreements)
    lines += describe_genes_without_profile(provenance.genes_without_profile)
    lines += describe_correlation(provenance)
    if provenance.without_r == provenance.compared > 0:
        lines.append("No r is defined: the seed's profile is constant or missing.")
    elif provenance.without_r:
        lines.append(f"Without r: {count_of(provenance.without_r, level)} with a constant or missing profile.")
    return lines


def _describe_nothing(provenance: "CorrelatesProvenance") -> list[str]:
    """Say what to do where the seed can be compared with nothing."""
    if provenance.compared:
        return []
    if provenance.gene_filter:
        return ["No gene of these has expression data here, besides the seed. Load downloads with other genes."]
    if provenance.level == "gene":
        return ["No other gene has expression data here. To compare the probes of this one, add `level` probe."]
    return ["No other probe has expression data here. Load downloads with other probes."]


def describe_rows(provenance: "CorrelatesProvenance | MapProvenance", shown: int) -> str:
    """Say how many rows are shown of how many, and what represents a gene."""
    level, matching, ranks = provenance.level, provenance.matching, provenance.ranks
    limits = [f"r of at least {ranks.min_r:g}"] if ranks.min_r is not None else []
    limits += [f"r of at most {ranks.max_r:g}"] if ranks.max_r is not None else []
    all_of = count_of(matching, level)
    if limits:
        all_of += f" with {' and '.join(limits)} (of {provenance.compared:,})"
    if not matching:
        return f"No {level}s{all_of.removeprefix(f'0 {level}s')}."
    which = "Lowest" if ranks.ascending else "Top"
    rows = f"{which} {shown:,} of {all_of}" if shown < matching else f"All {all_of}" if matching > 1 else all_of
    if level == "gene" and provenance.probe_selection:
        return f"{rows}; each gene {provenance.probe_selection.description}."
    return f"{rows}."


def _describe_seed(provenance: "CorrelatesProvenance") -> str:
    """Say which profile represents the seed, and why."""
    seed, selection = provenance.seed, provenance.probe_selection
    conditions = selection.conditions if selection else ""
    if seed.selected_by == "name":
        if seed.name == seed.probe:
            return f"Seed {seed.probe}, a probe of {seed.gene or 'no known gene'}."
        return f"Seed {seed.gene}, represented by probe {seed.probe}, as requested."
    if seed.probe_id is None:
        return f"Seed {seed.gene}, represented by the {seed.probe}{conditions}."
    if seed.candidates == 1:
        usable = "usable " * (seed.probes > 1)
        return f"Seed {seed.gene}, represented by its only {usable}probe {seed.probe}{conditions}."
    among = f"its {seed.probes} probes"
    if seed.candidates < seed.probes:
        among = f"{seed.candidates} usable ones of its {seed.probes} probes"
    rule: Rule = selection.rule if selection else "max-mean"
    return f"Seed {seed.gene}, represented by probe {seed.probe} (the one {SELECTS[rule]} of {among}{conditions})."

"""Which genes a result has, and how they are represented."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from coexpr.options import ProbeSelection, Rule
from coexpr.wording import count_of

if TYPE_CHECKING:
    from coexpr.analysis.disagreements import Disagreement
    from coexpr.database.categories import CategoryUse, GeneFilterUse, ListUse


def describe_category(category: "CategoryUse") -> list[str]:
    """Say which category is used, and how many of its genes have expression data."""
    return [
        f"Category {category.reference}: {category.with_expression:,} of its {count_of(category.genes, 'gene')} have "
        "expression data here."
    ]


def describe_list(gene_list: "ListUse") -> list[str]:
    """Say how many names a list has, and which mean no gene."""
    names = f"{count_of(gene_list.names, 'name')}, {count_of(gene_list.genes, 'gene')} with expression data here."
    return [f"List of genes: {names}", *(f"Note: {note}." for note in gene_list.notes)]


def describe_gene_filter(use: "GeneFilterUse | None") -> list[str]:
    """Say to which genes a result is limited."""
    if use is None:
        return []
    lines = [line for category in use.categories for line in describe_category(category)]
    if use.gene_list:
        lines += describe_list(use.gene_list)
    if len(use.categories) + (use.gene_list is not None) > 1:
        how = "all of these" if use.match == "all" else "any of these; `match` all keeps only those in all"
        lines.append(f"Genes in {how}.")
    if use.evidence_not:
        lines.append(f"Without genes that are members only by evidence {', '.join(use.evidence_not)}.")
    return lines


def describe_other_name(other_name: str | None, symbol: str | None) -> list[str]:
    """Say that the name given is not the atlas's symbol."""
    return [f"{other_name} is another name for {symbol}."] if other_name else []


def describe_disagreements(disagreements: "Mapping[str, Disagreement]") -> list[str]:
    """Warn of representative probes that disagree with the other probes of their gene."""
    return [
        f"Warning: this probe disagrees with {gene}'s other {count_of(found.others, 'probe')} "
        f"(mean r {found.mean_r:.2f}); see `coexpr probes {gene}`."
        for gene, found in disagreements.items()
    ]


def describe_representation(selection: ProbeSelection | None) -> list[str]:
    """Say how genes are represented."""
    return [f"Each gene {selection.description}."] if selection else []


def describe_genes_without_profile(count: int) -> list[str]:
    """Say how many genes are left out because they have no usable probe."""
    return [f"Left out: {count_of(count, 'gene')} without a usable probe."] if count else []


def describe_skipped_rules(skipped: Mapping[Rule, str]) -> list[str]:
    """Say which rules were skipped, and why."""
    return [
        f"Rule {rule} was skipped: {reason.replace(f'the rule {rule} ', 'it ', 1)}" for rule, reason in skipped.items()
    ]

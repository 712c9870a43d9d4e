"""The matrix of r of several probes or genes."""

from typing import TYPE_CHECKING

from coexpr.sentences.data import describe_correlation
from coexpr.sentences.genes import describe_gene_filter, describe_genes_without_profile, describe_representation

if TYPE_CHECKING:
    from coexpr.analysis.matrix import CorrelationMatrix


def describe_matrix(result: "CorrelationMatrix") -> list[str]:
    """Say how genes are represented, what r is computed from, and which rows or values are missing."""
    provenance = result.provenance
    lines = [
        *describe_representation(provenance.probe_selection),
        *describe_correlation(provenance),
        *describe_gene_filter(provenance.gene_filter),
        *describe_genes_without_profile(provenance.genes_without_profile),
    ]
    if provenance.without_r:
        lines.append(f"Rows without r, with a constant or missing profile: {provenance.without_r:,}.")
    if provenance.fewest_samples < provenance.data.n_samples:
        lines.append(f"Some values are missing: two rows share at least {provenance.fewest_samples:,} samples.")
    return lines

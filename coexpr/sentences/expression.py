"""Expression values by sample."""

from itertools import islice
from typing import TYPE_CHECKING

from coexpr.sentences.data import describe_source
from coexpr.sentences.genes import describe_gene_filter, describe_genes_without_profile, describe_representation
from coexpr.wording import count_of

if TYPE_CHECKING:
    from coexpr.analysis.expression import ExpressionResult

# Genes whose probes are listed; the provenance has all of them.
_MAX_PROFILES = 10


def describe_expression(result: "ExpressionResult") -> list[str]:
    """Say over which samples the values are, how genes are represented, and where the data are from."""
    provenance = result.provenance
    return [
        f"log2 intensity of {count_of(len(result.names), 'profile')} over {provenance.data.description}.",
        *(f"{gene}: {profile}." for gene, profile in islice(provenance.profiles.items(), _MAX_PROFILES)),
        *describe_representation(provenance.probe_selection),
        *describe_gene_filter(provenance.gene_filter),
        *describe_genes_without_profile(provenance.genes_without_profile),
        *describe_source(provenance),
    ]

"""Expression values by sample."""

from itertools import islice
from typing import TYPE_CHECKING

from coexpr.sentences.data import describe_source
from coexpr.sentences.genes import describe_gene_filter, describe_genes_without_profile, describe_representation
from coexpr.wording import count_of

if TYPE_CHECKING:
    from coexpr.analysis.expression import ExpressionProvenance, ExpressionResult
    from coexpr.result import Result

# Genes whose probes are listed; the provenance has all of them.
_MAX_PROFILES = 10


def describe_expression(result: "ExpressionResult") -> list[str]:
    """Say over which samples the values are, how genes are represented, and where the data are from."""
    profiles = count_of(len(result.names), "profile")
    return [
        f"log2 intensity of {profiles} over {result.provenance.data.description}.",
        *_describe(result.provenance),
    ]


def describe_structure_expression(result: "Result[ExpressionProvenance]") -> list[str]:
    """Say the same of means by structure."""
    structures = count_of(len(set(result.column("structure_id"))), "structure")
    return [
        f"Mean and standard deviation of log2 intensity in {structures}, over {result.provenance.data.description}.",
        "Samples count at their own structure. Rows of donor all are over the samples of all donors.",
        *_describe(result.provenance),
    ]


def _describe(provenance: "ExpressionProvenance") -> list[str]:
    return [
        *(f"{gene}: {profile}." for gene, profile in islice(provenance.profiles.items(), _MAX_PROFILES)),
        *describe_representation(provenance.probe_selection),
        *describe_gene_filter(provenance.gene_filter),
        *describe_genes_without_profile(provenance.genes_without_profile),
        *describe_source(provenance),
    ]

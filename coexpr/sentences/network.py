"""A network that was written, or a part that was computed."""

from typing import TYPE_CHECKING

from coexpr.sentences.data import describe_correlation
from coexpr.sentences.genes import describe_gene_filter, describe_genes_without_profile, describe_representation
from coexpr.wording import count_of

if TYPE_CHECKING:
    from coexpr.analysis.network_parts import NetworkPart
    from coexpr.analysis.network_result import NetworkResult


def describe_network(result: "NetworkResult") -> list[str]:
    """Say how many edges were written, which rows were left out, and what r is computed from."""
    provenance = result.provenance
    ((output, rows, edges),) = result
    kind = "undirected edges" if provenance.edges.undirected else "edges"
    lines = [f"Wrote {edges:,} {kind} of {rows:,} {provenance.level}s into {output}."]
    if provenance.rows_with_missing_values:
        lines.append(f"Left out: {provenance.rows_with_missing_values:,} rows with missing values in these samples.")
    if provenance.constant_rows:
        lines.append(f"Left out: {provenance.constant_rows:,} rows with a constant profile.")
    lines += [f"Marked: {count_of(count, 'member')} of {category}." for category, count in provenance.marks.items()]
    return [
        *lines,
        *describe_representation(provenance.probe_selection),
        *describe_correlation(provenance),
        *describe_gene_filter(provenance.gene_filter),
        *describe_genes_without_profile(provenance.genes_without_profile),
    ]


def describe_part(result: "NetworkPart", output: str) -> list[str]:
    """Say what a part has compared, and how the parts are merged."""
    provenance = result.provenance
    ((folder, rows, pairs),) = result
    name, steps = f"part {provenance.part} of {provenance.parts}", count_of(provenance.steps_of_network, "pair")
    lines = [f"Computed {name} of a network of {rows:,} rows into {folder}: {count_of(pairs, 'pair')} of rows."]
    if not provenance.steps:
        lines = [
            f"There is nothing to compute for {name}, because rows are compared as {steps} of blocks. {folder} is "
            "needed all the same. To divide the work further, give every part less memory, which makes blocks smaller."
        ]
    return [*lines, f"When all parts are done: coexpr network merge {output}.part-*-of-{provenance.parts} -o {output}"]

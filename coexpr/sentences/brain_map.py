"""The correlates of a map of the brain."""

from typing import TYPE_CHECKING

from coexpr.sentences.correlates import describe_rows
from coexpr.sentences.data import describe_correlation
from coexpr.sentences.genes import describe_gene_filter, describe_genes_without_profile
from coexpr.wording import count_of

if TYPE_CHECKING:
    from coexpr.analysis.brain_map import MapUse
    from coexpr.analysis.map_correlates import MapProvenance
    from coexpr.result import Result

# Rows without samples that are named; the provenance has more of them.
_MAX_UNMATCHED = 5
_SPACES = {"corrected": "corrected MNI coordinates", "allen": "Allen's MNI coordinates"}


def describe_map_correlates(result: "Result[MapProvenance]") -> list[str]:
    """Say how many genes are shown, how the map was matched to samples, and what r is computed from."""
    provenance = result.provenance
    lines = [describe_rows(provenance, len(result)), *describe_map(provenance.map)]
    lines += describe_gene_filter(provenance.gene_filter)
    lines += describe_genes_without_profile(provenance.genes_without_profile)
    lines += describe_correlation(provenance)
    if provenance.without_r:
        lines.append(
            f"Without r: {count_of(provenance.without_r, provenance.level)} with a constant or missing profile."
        )
    return lines


def describe_map(use: "MapUse") -> list[str]:
    """Say how the rows of a map were matched to samples, and which have none."""
    named = f" {use.name}" if use.name else ""
    column = f", column {use.column}" if use.column else ""
    of_what = {"structures": "structure", "samples": "sample"}.get(use.kind, "point")
    matched = (
        f"{use.matched:,} of {count_of(use.rows, of_what)}" if use.matched < use.rows else count_of(use.rows, of_what)
    )
    lines = [f"Map{named}{column}: {matched} matched to {count_of(use.samples, 'sample')}."]
    if use.space is not None:
        lines.append(
            f"Each point is matched to the nearest sample within {use.radius:g} mm, by {_SPACES[use.space]}; a sample "
            "has the mean of its points."
        )
    if missing := use.rows - use.matched:
        shown = use.unmatched[:_MAX_UNMATCHED]
        where = "; ".join(f"row {one.row} ({one.key}): {one.reason}" for one in shown)
        more = f"; and {missing - len(shown):,} more" if missing > len(shown) else ""
        lines.append(f"Warning: {count_of(missing, 'row')} left out: {where}{more}.")
    return lines

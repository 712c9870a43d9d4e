"""The tree of structures."""

from typing import TYPE_CHECKING

from coexpr.options import MIN_SAMPLES
from coexpr.wording import count_of

if TYPE_CHECKING:
    from coexpr.analysis.structures import StructureTree


def describe_structures(tree: "StructureTree") -> list[str]:
    """Say which structures are not listed, or why there are none."""
    provenance = tree.provenance
    search = provenance.question.arguments.get("search") if provenance.question else None
    if left_out := provenance.with_fewer_samples:
        return [f"Not listed: {count_of(left_out, 'structure')} with fewer than {MIN_SAMPLES} samples (`min_samples`)."]
    if not len(tree):
        return [f"No structure with samples matches {search!r}." if search else "This database has no samples."]
    if not any(tree.column("depth")) and search is None:
        return ["The tree of structures is known once a full-donor download is loaded."]
    return []

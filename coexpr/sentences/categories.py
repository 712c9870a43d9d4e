"""Categories: how many there are, the genes of one, and what became of a file of categories."""

from typing import TYPE_CHECKING

from coexpr.sentences.genes import describe_category
from coexpr.wording import count_of

if TYPE_CHECKING:
    from coexpr.analysis.categories import MembersProvenance
    from coexpr.loading.categories import CategoryFileProvenance
    from coexpr.result import Provenance, Result

# Characters that are shown of a long list of names; the table category_names has all of them.
_MAX_CHARACTERS = 300
_MAX_NAMES = 5


def describe_categories(result: "Result[Provenance]") -> list[str]:
    """Say how many categories there are."""
    return [f"{_count_of_categories(len(result))}."]


def describe_members(result: "Result[MembersProvenance]") -> list[str]:
    """Say how many genes of a category have expression data, and what became of the names in its file."""
    provenance = result.provenance
    lines = describe_category(provenance.category)
    if provenance.matched:
        matched = ", ".join(f"{count:,} by {what}" for what, count in sorted(provenance.matched.items()))
        lines.append(f"Its file has {sum(provenance.matched.values()):,} names: {matched}.")
    return [*lines, *(f"  {reason}: {_short(', '.join(names))}" for reason, names in provenance.without_gene.items())]


def describe_category_file(report: "Result[CategoryFileProvenance]", *, dry_run: bool = False) -> list[str]:
    """Say what a file was recognised as, and what became of its categories and names."""
    provenance, count = report.provenance, len(report)
    shown = ", ".join(report.column("name")[:_MAX_NAMES])
    more = count - _MAX_NAMES
    matched = ", ".join(f"{number:,} by {way}" for way, number in sorted(provenance.matched.items()))
    origin = f"{provenance.source}{f' {provenance.release}' if provenance.release else ''}"
    lines = [
        f"{'would be added' if dry_run else 'added'}: {_count_of_categories(count)} of a {provenance.format}, "
        f"source {origin}: {shown}{f', and {more:,} more' if more > 0 else ''}.",
        f"{count_of(provenance.names, 'name')} of genes: {matched or 'none matched'}. "
        f"{count_of(provenance.genes, 'gene')}: {provenance.on_chip:,} on the chip, "
        f"{provenance.with_expression:,} with expression data here.",
    ]
    if provenance.replaced:
        lines.append(f"  Note: {provenance.replaced:,} replaced a category of the same source and name.")
    return [*lines, *(f"  Note: {_short(line.rstrip('.'))}." for line in provenance.notes)]


def _count_of_categories(count: int) -> str:
    return f"{count:,} {'category' if count == 1 else 'categories'}"


def _short(text: str) -> str:
    if len(text) <= _MAX_CHARACTERS:
        return text
    return f'{text[:_MAX_CHARACTERS]} … (all: coexpr sql "FROM name_matches WHERE entrez_id IS NULL")'

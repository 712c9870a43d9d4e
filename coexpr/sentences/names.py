"""What names of genes and probes mean."""

from collections import Counter
from typing import TYPE_CHECKING

from coexpr.wording import count_of

if TYPE_CHECKING:
    from coexpr.analysis.names import NamesProvenance
    from coexpr.result import Result


def describe_names(result: "Result[NamesProvenance]") -> list[str]:
    """Say how many names have which status."""
    statuses = ", ".join(f"{count:,} {status}" for status, count in Counter(result.column("status")).items())
    return [f"{count_of(len(result), 'name')}: {statuses}."]

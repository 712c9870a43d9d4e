"""What mean r within a category, or between two, returns."""

from dataclasses import dataclass

from coexpr.analysis.enrichment_result import NullUse
from coexpr.analysis.provenance import CorrelationProvenance
from coexpr.database.categories import CategoryUse
from coexpr.result import Result


@dataclass(frozen=True, kw_only=True)
class CoexpressionProvenance(CorrelationProvenance):
    """The provenance of mean r within a category, or between two.

    Parameters
    ----------
    categories : list of CategoryUse
        One or two.
    genes_in_both : int
        Genes of both categories, which are left out.
    scopes_left_out : int
        Donors and structures with too few samples for surrogates.
    pooled : bool
        Whether the means of donors were not removed.
    null : NullUse
    """

    categories: list[CategoryUse]
    genes_in_both: int
    scopes_left_out: int
    pooled: bool
    null: NullUse


class CoexpressionResult(Result[CoexpressionProvenance]):
    """Mean r in all samples, in every donor and in every top-level structure."""

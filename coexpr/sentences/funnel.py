"""Why a gene is missing, or how many genes are left."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coexpr.analysis.funnel import Funnel


def describe_funnel(funnel: "Funnel") -> list[str]:
    """Say what remains after all steps, and which database was used."""
    provenance = funnel.provenance
    return [*provenance.conclusions, f"Database: {provenance.database}."]

"""What r is computed from, and where the data are from."""

from typing import TYPE_CHECKING

from coexpr.options import FEW_SAMPLES, MIN_SAMPLES

if TYPE_CHECKING:
    from coexpr.analysis.expression import ExpressionProvenance
    from coexpr.analysis.provenance import CorrelationProvenance, DataUse


def describe_correlation(provenance: "CorrelationProvenance") -> list[str]:
    """Say what r is computed from, and where the data are from."""
    return [
        f"{provenance.method.description} over {provenance.data.description}.",
        *describe_few_samples(provenance.data),
        *describe_source(provenance),
        *describe_cache(provenance.cache_problem),
    ]


def describe_few_samples(data: "DataUse") -> list[str]:
    """Warn of few samples, in a donor or altogether."""
    few = [f"{donor} ({count})" for donor, count in data.samples_by_donor.items() if count < MIN_SAMPLES]
    lines = [f"Warning: few samples of {', '.join(few)}."] if few else []
    if data.n_samples < FEW_SAMPLES:
        lines.append(f"Warning: r over fewer than {FEW_SAMPLES} samples is imprecise.")
    return lines


def describe_source(provenance: "CorrelationProvenance | ExpressionProvenance") -> list[str]:
    """Say which atlas the data are from, and which database and version were used."""
    origin = provenance.data.origin
    return [f"Data: {origin}. Database: {provenance.database}. coexpr {provenance.coexpr_version}."]


def describe_cache(problem: str | None) -> list[str]:
    """Say that the cache could not be written."""
    if problem is None:
        return []
    return [f"Note: the cache of the matrix could not be written ({problem}), so this was slow."]

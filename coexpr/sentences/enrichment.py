"""The categories that a seed is correlated with, and mean r within and between categories."""

from typing import TYPE_CHECKING

from coexpr.sentences.brain_map import describe_map
from coexpr.sentences.data import describe_correlation
from coexpr.sentences.genes import describe_genes_without_profile, describe_other_name
from coexpr.wording import count_of

if TYPE_CHECKING:
    from coexpr.analysis.coexpression_result import CoexpressionProvenance, CoexpressionResult
    from coexpr.analysis.enrichment_result import EnrichmentProvenance, EnrichmentResult, NullUse

_EXTREME = {"two-sided": "as far from 0", "greater": "as high", "less": "as low"}


def describe_enrichment(result: "EnrichmentResult") -> list[str]:
    """Say how many categories are shown, what was tested against what, and what r is computed from."""
    provenance = result.provenance
    options = provenance.options
    lines = [_describe_rows(provenance, len(result)), *_describe_seed(provenance)]
    lines += _describe_null(provenance.null)
    categories = count_of(provenance.categories, "category", "categories")
    lines.append(
        f"p_spatial: how often a surrogate has a mean r {_EXTREME[options.alternative]}; q_spatial: false discovery "
        f"rate over {categories}. percentile: of mean_r among all genes as seeds; it is no p. p_camera: whether the "
        "category stands out from the other genes (CAMERA)."
    )
    if options.naive_p:
        lines.append(
            "Warning: naive_p compares with random genes. Genes of a category are expressed together, so it is far too "
            "small; do not report it."
        )
    if options.pooled:
        lines.append("Warning: donors' means were not removed, so differences between donors count as correlation.")
    if not provenance.data.structures:
        lines.append(
            "Note: cortex and subcortical structures differ in most genes. Compare with the samples of the cortex (Cx) "
            "alone: what holds in both is not only that difference."
        )
    lines += describe_genes_without_profile(provenance.genes_without_profile)
    if provenance.genes_without_r:
        lines.append(
            f"Left out of categories: {count_of(provenance.genes_without_r, 'gene')} with a constant profile or "
            "missing values."
        )
    return lines + describe_correlation(provenance)


def describe_coexpression(result: "CoexpressionResult") -> list[str]:
    """Say which categories were compared, against what, and what r is computed from."""
    provenance = result.provenance
    lines = [_describe_categories(provenance), *_describe_null(provenance.null)]
    if len(provenance.categories) == 1:
        lines.append(
            "p_spatial: how often the mean r is as high when every gene is replaced by a surrogate of its own."
        )
    else:
        lines.append(
            "p_spatial: how often a surrogate of the mean profile of the first category has a mean r as far from 0."
        )
    if provenance.pooled:
        lines.append("Warning: donors' means were not removed, so differences between donors count as correlation.")
    if provenance.scopes_left_out:
        lines.append(
            f"Left out: {count_of(provenance.scopes_left_out, 'donor or structure', 'donors or structures')} with too "
            "few samples for surrogates."
        )
    return lines + describe_correlation(provenance)


def _describe_rows(provenance: "EnrichmentProvenance", shown: int) -> str:
    options = provenance.options
    categories = count_of(provenance.categories, "category", "categories")
    tested = f"{categories} of {options.min_size:,} to {options.max_size:,} genes with expression data"
    rows = f"First {shown:,} of {tested}" if shown < provenance.categories else f"All {tested}"
    selection = provenance.probe_selection
    return f"{rows}; each gene {selection.description}." if selection else f"{rows}."


def _describe_seed(provenance: "EnrichmentProvenance") -> list[str]:
    """Say what the seed is, and that its genes are left out of categories."""
    if provenance.map is not None:
        return describe_map(provenance.map)
    lines = []
    for seed in provenance.seeds:
        lines += describe_other_name(seed.other_name, seed.gene)
    probes = ", ".join(f"{seed.gene or seed.name} ({seed.probe})" for seed in provenance.seeds)
    several = "s" * (len(provenance.seeds) > 1)
    lines.append(f"Seed{several} {probes}, left out of the categories.")
    lines += [f"Seed {name} was left out: {reason}." for name, reason in provenance.left_out.items()]
    return lines


def _describe_null(null: "NullUse") -> list[str]:
    """Say how surrogates were made."""
    weights = {
        "measured": "the measured covariance of genes by distance",
        "distance": f"1 / distance, at least {null.distance_floor:g} mm",
    }[null.weights]
    whose = "corrected" if null.space == "corrected" else "Allen's"
    return [
        f"Null model: {null.surrogates:,} surrogates by Moran spectral randomisation with {weights}, from {whose} MNI "
        f"coordinates (random seed {null.seed_random})."
    ]


def _describe_categories(provenance: "CoexpressionProvenance") -> str:
    first, *others = provenance.categories
    if not others:
        return f"Mean r between the genes of {first.reference}."
    text = f"Mean r of the genes of {first.reference} with those of {others[0].reference}"
    if provenance.genes_in_both:
        return f"{text}; {count_of(provenance.genes_in_both, 'gene')} of both left out."
    return f"{text}."

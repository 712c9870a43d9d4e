"""The sentences of a methods paragraph about categories: what was tested, and against which null model."""

from collections.abc import Callable, Mapping
from typing import Any

from coexpr.options import ALTERNATIVES
from coexpr.wording import count_of

# The questions whose results have a null model.
WITH_NULL = ("enrich", "enrich_map", "coexpression")
_WEIGHTS = {
    "measured": "the measured covariance of genes as a function of distance, within and between donors",
    "distance": "1 / distance",
}
_TAILS = dict(zip(ALTERNATIVES, ("two-sided", "one-sided (greater)", "one-sided (less)"), strict=True))


def names_of_sets(provenance: Mapping[str, Any]) -> dict[str, str]:
    """Return the seeds and the categories of an enrichment in words, or the categories that were compared."""
    if "options" not in provenance:
        names = [f'"{category["name"]}"' for category in provenance["categories"]]
        return {"sets": f"between the genes of {' and those of '.join(names)}"}
    seeds = [str(seed["gene"] or seed["name"]) for seed in provenance["seeds"]]
    options = provenance["options"]
    sizes = f"of {options['min_size']:,} to {options['max_size']:,} genes with expression data"
    categories = count_of(provenance["categories"], "category", "categories")
    return {
        "seeds": " and ".join(filter(None, [", ".join(seeds[:-1]), *seeds[-1:]])),
        "categories": f"{categories} {sizes}",
    }


def describe_null(provenance: Mapping[str, Any], cite: Callable[..., str]) -> str:
    """Return how p and q of categories were computed.

    Parameters
    ----------
    provenance : mapping
        Of an enrichment, or of mean r within or between categories.
    cite : callable
        Returns references in parentheses, given their keys.
    """
    null = provenance["null"]
    space = "corrected MNI coordinates" if null["space"] == "corrected" else "the atlas's MNI coordinates"
    surrogates = count_of(null["surrogates"], "surrogate")
    made = (
        f"Surrogates have the same spatial autocorrelation: they were made by Moran spectral randomization "
        f"{cite('wagner2015')}, with {_WEIGHTS[null['weights']]} as spatial weights, from {space} (random seed "
        f"{null['seed_random']})."
    )
    if "options" not in provenance:
        if len(provenance["categories"]) == 1:
            compared = f"They were compared with those of {surrogates} of every gene; p-values are one-sided."
        else:
            compared = (
                f"They were compared with those of {surrogates} of the mean profile of the first category; p-values "
                "are two-sided."
            )
        return f"{compared} {made}"
    options = provenance["options"]
    of_seed = "the map" if provenance["map"] else "the seed, whose own gene was left out"
    sentences = [
        f"The mean correlation with each category was compared with those of {surrogates} of {of_seed}, because random "
        f"genes are no valid null model {cite('fulcher2021')}.",
        made,
        f"P-values are {_TAILS[options['alternative']]}; false discovery rates are over all categories "
        f"{cite('benjamini1995')}.",
        "Categories were also compared with the other genes by CAMERA, with the mean correlation within each category "
        f"{cite('wu2012')}.",
    ]
    if options["naive_p"]:
        sentences.append("Naive p-values are against sets of random genes, which are no valid null model.")
    return " ".join(sentences)

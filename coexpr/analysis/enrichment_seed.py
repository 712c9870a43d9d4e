"""The seed of an enrichment: a gene, a probe, several of them, or a map, as profiles over the samples of a query."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.design import Design
from coexpr.analysis.profiles import Profiles, profile_of
from coexpr.analysis.provenance import SeedUse, describe_seed
from coexpr.analysis.seeds import find_seed_set
from coexpr.database.expression import NO_GENE, Expression
from coexpr.database.names import Seed, find_seed
from coexpr.errors import OptionError, TooFewSamplesError
from coexpr.options import MIN_SAMPLES, ProbeSelection
from coexpr.stats.measures import unit_rows


@dataclass(frozen=True)
class EnrichmentSeed:
    """The profiles whose mean r with categories is tested.

    Parameters
    ----------
    design : Design
        The samples in which all profiles have values, and the estimator.
    values : (k, S) float64
        The profiles.
    unit : (k, S) float64
        Their unit rows.
    gene_ids : (k,) int32
        Their genes, which are left out of categories.
    uses : list of SeedUse
    left_out : dict of str to str
        Seeds without a usable profile, and why.
    """

    design: Design
    values: NDArray[np.float64]
    unit: NDArray[np.float64]
    gene_ids: NDArray[np.int32]
    uses: list[SeedUse]
    left_out: dict[str, str]


def find_enrichment_seed(
    expression: Expression, names: Sequence[str], selection: ProbeSelection, design: Design
) -> EnrichmentSeed:
    """Return the profiles of one seed or several.

    Raises
    ------
    NotFoundError, AmbiguousNameError
        If a name means nothing, or several things.
    OptionError
        If there is no name, or a profile is constant.
    TooFewSamplesError
        If too few samples have values of all seeds.
    """
    left_out: dict[str, str] = {}
    seeds: list[Seed]
    if not names:
        raise OptionError("`seeds` is missing: expected a gene, a probe, several of them, or a map.")
    if len(names) == 1:
        seeds = [find_seed(expression.connection, names[0], selection.annotation)]
        profiles = profile_of(expression, seeds[0], selection, design.samples)
    else:
        found = find_seed_set(expression, names, selection, design.samples)
        seeds, profiles, left_out = found.seeds, found.profiles, found.left_out
    uses = [
        describe_seed(expression, seed, profiles.take(np.array([row])), selection, None)
        for row, seed in enumerate(seeds)
    ]
    names_of_rows = [use.name for use in uses]
    design, values, unit = _usable(np.asarray(profiles.expression, dtype=np.float64), names_of_rows, design)
    return EnrichmentSeed(design, values, unit, _genes_of(profiles), uses, left_out)


def seed_of_map(profile: NDArray[np.float64], name: str, design: Design) -> EnrichmentSeed:
    """Return a map over samples (S,), NaN where it has no value, as a seed; see `find_enrichment_seed`."""
    design, values, unit = _usable(profile[None], [name], design)
    return EnrichmentSeed(design, values, unit, np.empty(0, dtype=np.int32), [], {})


def _usable(
    values: NDArray[np.float64], names: Sequence[str], design: Design
) -> tuple[Design, NDArray[np.float64], NDArray[np.float64]]:
    """Return the samples in which all profiles have values, and the profiles over these with their unit rows."""
    known = np.asarray(~np.isnan(values).any(axis=0))
    count = int(np.count_nonzero(known))
    if count < MIN_SAMPLES:
        raise TooFewSamplesError(
            f"{count} samples have a value of {' and '.join(names)}, and r needs at least {MIN_SAMPLES}."
        )
    if count < len(known):
        design, values = design.over(np.flatnonzero(known)), values[:, known]
    unit = unit_rows(values, design.estimator)
    constant = np.flatnonzero(np.isnan(unit).any(axis=1))
    if len(constant):
        name = names[int(constant[0])]
        within = " within each donor" if design.estimator.factors else ""
        raise OptionError(f"the profile of {name} is constant{within} over these samples, and has no r with any gene.")
    return design, values, unit


def _genes_of(profiles: Profiles) -> NDArray[np.int32]:
    genes: NDArray[np.int32] = profiles.gene_ids[profiles.gene_ids != NO_GENE]
    return genes

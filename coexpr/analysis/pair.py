"""How two genes, or two probes, go together, and how much the choice of probes matters."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.between_donors import ByDonor, compare_donors
from coexpr.analysis.design import Basis, find_basis
from coexpr.analysis.gene_probes import conflict_limit
from coexpr.analysis.probe_selection import Candidates, find_candidates
from coexpr.analysis.profiles import (
    Profiles,
    collapse_candidates,
    every_probe_of,
    profile_of,
    reading_from,
    why_no_profile,
)
from coexpr.analysis.provenance import describe_choice, describe_data, labels_of
from coexpr.analysis.scale_comparison import explain, route_grid
from coexpr.analysis.siblings import disagreement
from coexpr.choice import RULES, Choice, Rule, Scope
from coexpr.database.expression import Expression
from coexpr.database.samples import Samples, refuse_too_few
from coexpr.database.seeds import Seed, find_seed
from coexpr.errors import NotFoundError, OptionError
from coexpr.method import Method
from coexpr.restriction import Restriction
from coexpr.result import Answer, number_or_none

COLUMNS = ("by", "probe_a", "probe_b", "donor", "r", "n")
# What the first column says of an r between two probes; else it names the rule by which genes got their profiles.
BY_PROBES = "probes"


@dataclass(frozen=True)
class _Side:
    """One of the two: a probe by itself, or the probes of a gene.

    Parameters
    ----------
    seed : Seed
    probes : Profiles
        Over every sample of the database, by which rules choose.
    candidates : dict of str to Candidates
        Those of them that may stand for the gene, by scope; none for a probe by itself.
    names : list of str
        Of the probes.
    """

    seed: Seed
    probes: Profiles
    candidates: dict[Scope, Candidates]
    names: list[str]

    def name_of(self, profile: Profiles) -> str:
        """Return what its one profile is called: the probe, or what it is built of."""
        made_of = profile.made_of[0]
        return made_of or self.names[int(np.searchsorted(self.probes.probe_ids, profile.probe_ids[0]))]

    def profile(self, expression: Expression, choice: Choice, samples: Samples) -> Profiles:
        """Return its one profile."""
        if self.seed.level == "probe":
            return profile_of(expression, self.seed, choice, samples)
        candidates = self.candidates[choice.scope]
        read = reading_from(self.probes, expression.every_sample)
        profile = collapse_candidates(expression, choice, samples, candidates, read)
        if not len(profile):
            raise NotFoundError(why_no_profile(expression, self.seed.gene_ids[0], choice))
        return profile


def pair(
    expression: Expression,
    first: str,
    second: str,
    choice: Choice | None,
    restriction: Restriction,
    method: Method | None,
    got: str | None,
) -> Answer:
    """Answer `Atlas.pair`."""
    connection = expression.connection
    annotation = choice.annotation if choice else "allen"
    seeds = [find_seed(connection, name, annotation) for name in (first, second)]
    are_probes = all(seed.level == "probe" for seed in seeds)
    if choice is not None and choice.is_of_profiles and are_probes:
        raise OptionError(
            "--rule, --min-present and --scope say which profile a gene gets, but both are probes. Leave them out."
        )
    choice = choice or Choice()
    basis = find_basis(expression, restriction, method)
    a, b = (_side(expression, seed, choice) for seed in seeds)
    block, counts, rows = _every_pair(expression, a, b, basis)
    if a.seed.level == b.seed.level == "gene" and a.seed.gene_id == b.seed.gene_id and len(block) > 1:
        block[np.tril_indices(len(block))] = np.nan  # each pair once
    is_same = a.probes.probe_ids[:, None] == b.probes.probe_ids
    if not is_same.all():
        block[is_same] = np.nan  # a probe with itself says nothing
    not_applied: dict[Rule, str] = {}
    if not are_probes:
        by_rule, not_applied = _by_every_rule(expression, a, b, choice, basis)
        rows += by_rule
    of_a, of_b = (side.profile(expression, choice, basis.samples) for side in (a, b))
    x, y = of_a.values[0], of_b.values[0]
    known = ~np.isnan(x) & ~np.isnan(y)
    refuse_too_few(int(np.count_nonzero(known)), restriction)
    by_donor = compare_donors(x, y[None], np.array([0]), basis)
    pooled, _ = basis.seed_with(x, y[None])
    names = [
        side.name_of(profile) if profile.made_of[0] is None else f"{side.seed.name}, {side.name_of(profile)}"
        for side, profile in ((a, of_a), (b, of_b))
    ]
    donors = expression.donor_names
    rows += [
        (BY_PROBES if are_probes else choice.rule, *names, donors[donor], number_or_none(r[0]), int(n[0]))
        for donor, r, n in zip(by_donor.donor_ids, by_donor.r, by_donor.n, strict=True)
    ]
    unadjusted = replace(basis.measure, factors=())
    grid = route_grid(connection, x, y, basis.samples, unadjusted)
    route = {
        "a": a.seed.name,
        "b": b.seed.name,
        "found_as": {seed.name: seed.found_as for seed in seeds if seed.found_as},
        "levels": [seed.level for seed in seeds],
        "profiles": names,
        "is_one_profile": bool(np.array_equal(x, y, equal_nan=True)),
        "r": number_or_none(pooled[0]),
        "between_donors": _describe_donors(by_donor),
        "disagrees": disagreement(a.seed, of_a, a.probes) | disagreement(b.seed, of_b, b.probes),
        "rules_not_applied": not_applied,
        "spread": _spread(block, counts, a.names, b.names),
        "grid": grid,
        "got": None if got is None else explain(grid, str(got), number_or_none(pooled[0]), basis.method.name),
        **(describe_choice(choice) if not are_probes else {"rule": None}),
        **describe_data(expression, basis, known),
    }
    return Answer(list(COLUMNS), rows, route)


def _side(expression: Expression, seed: Seed, choice: Choice) -> _Side:
    candidates: dict[Scope, Candidates] = {}
    if seed.level == "gene":
        # Rules that have one value for all donors are pooled, whatever the scope of the others.
        for rule in (choice.rule, "diff-stability"):
            by_rule = choice.with_rule(rule)
            candidates[by_rule.scope] = find_candidates(expression, by_rule, seed.gene_ids)
        if not all(len(among.probe_ids) for among in candidates.values()):
            raise NotFoundError(why_no_profile(expression, seed.gene_ids[0], choice))
    probes = every_probe_of(expression, seed, choice.annotation)
    names = [probe_name for _, probe_name, *_ in labels_of(expression.connection, probes, np.arange(len(probes)))]
    return _Side(seed, probes, candidates, names)


def _every_pair(
    expression: Expression, a: _Side, b: _Side, basis: Basis
) -> tuple[NDArray[np.float64], NDArray[np.int32], list[tuple[Any, ...]]]:
    """Return r and n of every probe of one with every probe of the other, as blocks and as rows."""
    places = basis.samples.places_in(expression.every_sample)
    values_a, values_b = (np.asarray(side.probes.values)[:, places] for side in (a, b))
    block = np.full((len(values_a), len(values_b)), np.nan)
    counts = np.zeros(block.shape, dtype=np.int32)
    rows: list[tuple[Any, ...]] = []
    for row, profile in enumerate(values_a):
        block[row], counts[row] = basis.seed_with(profile, values_b)
        rows += [
            (BY_PROBES, a.names[row], name, None, number_or_none(value), int(count))
            for name, value, count in zip(b.names, block[row], counts[row], strict=True)
        ]
    return block, counts, rows


def _by_every_rule(
    expression: Expression, a: _Side, b: _Side, choice: Choice, basis: Basis
) -> tuple[list[tuple[Any, ...]], dict[Rule, str]]:
    """Return a row for every rule, and why the others cannot be applied."""
    rows: list[tuple[Any, ...]] = []
    not_applied: dict[Rule, str] = {}
    for rule in RULES:
        try:
            of_a, of_b = (side.profile(expression, choice.with_rule(rule), basis.samples) for side in (a, b))
        except NotFoundError as reason:
            not_applied[rule] = str(reason)
            continue
        r, n = basis.seed_with(of_a.values[0], of_b.values)
        rows.append((rule, a.name_of(of_a), b.name_of(of_b), None, number_or_none(r[0]), int(n[0])))
    return rows, not_applied


def _describe_donors(by_donor: ByDonor) -> dict[str, Any]:
    """Return what the donors say together, in numbers."""
    told = {name: number_or_none(values[0]) for name, values in by_donor.combined._asdict().items()}
    told |= {
        "lowest_without_one": number_or_none(by_donor.lowest[0]),
        "highest_without_one": number_or_none(by_donor.highest[0]),
    }
    defined = by_donor.r[~np.isnan(by_donor.r)].tolist()
    return told | {"lowest_r": min(defined, default=None), "highest_r": max(defined, default=None)}


def _spread(
    block: NDArray[np.float64], counts: NDArray[np.int32], names_a: list[str], names_b: list[str]
) -> dict[str, Any]:
    """Return how far the r of single probes lie apart, and how many are clearly against others."""
    if np.isnan(block).all():
        return {}
    limits = conflict_limit(counts)
    lowest, highest = (np.unravel_index(place(block), block.shape) for place in (np.nanargmin, np.nanargmax))
    return {
        "lowest": {"r": float(block[lowest]), "probes": [names_a[lowest[0]], names_b[lowest[1]]]},
        "highest": {"r": float(block[highest]), "probes": [names_a[highest[0]], names_b[highest[1]]]},
        "median": float(np.nanmedian(block)),
        "pairs": int(np.count_nonzero(~np.isnan(block))),
        "conflicts": int(np.count_nonzero(block < -limits)) if (block > limits).any() else 0,
    }

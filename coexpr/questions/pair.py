"""How two genes, or two probes, go together, and how much the choice of probes matters."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from coexpr.answer import Answer, number_or_none
from coexpr.basis import Basis, find_basis
from coexpr.between_donors import ByDonor, compare_donors
from coexpr.choice import RULES, Choice, Rule
from coexpr.errors import NotFoundError, OptionError
from coexpr.gene_profiles import Profiles, collapse_candidates, profile_of, profiles_of_probes, why_no_profile
from coexpr.measures import Measure
from coexpr.method import Method
from coexpr.questions.gene_probes import conflict_limit
from coexpr.questions.grid import explain, route_grid
from coexpr.questions.siblings import disagreement
from coexpr.representatives import Candidates, find_candidates, probes_of_genes
from coexpr.restriction import Restriction
from coexpr.route import describe_choice, describe_data, donor_names, labels_of
from coexpr.samples import Samples, every_sample, refuse_too_few
from coexpr.seeds import Seed, find_seed

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
    candidates : Candidates, optional
        Those of them that may stand for the gene; None for a probe by itself.
    names : list of str
    """

    seed: Seed
    probes: Profiles
    candidates: Candidates | None
    names: list[str]

    def profile(self, connection: duckdb.DuckDBPyConnection, choice: Choice, samples: Samples) -> Profiles:
        """Return its one profile."""
        if self.candidates is None:
            return profile_of(connection, self.seed, choice, samples)
        rows = np.searchsorted(self.probes.probe_ids, self.candidates.probe_ids)
        values = self.probes.values[rows].astype(np.float32)
        profile = collapse_candidates(connection, choice, samples, self.candidates, values)
        if not len(profile):
            raise NotFoundError(why_no_profile(connection, self.seed.gene_ids[0], choice))
        return profile


def pair(
    connection: duckdb.DuckDBPyConnection,
    database: Path,
    first: str,
    second: str,
    choice: Choice | None,
    restriction: Restriction,
    method: Method | None,
    got: str | None,
) -> Answer:
    """Answer `Atlas.pair`."""
    annotation = choice.annotation if choice else "allen"
    seeds = [find_seed(connection, name, annotation) for name in (first, second)]
    are_probes = all(seed.level == "probe" for seed in seeds)
    if choice is not None and choice.is_of_profiles and are_probes:
        raise OptionError(
            "--rule, --min-present and --scope say which profile a gene gets, but both are probes. Leave them out."
        )
    choice = choice or Choice()
    basis = find_basis(connection, restriction, method)
    a, b = (_side(connection, seed, choice) for seed in seeds)
    block, rows = _every_pair(connection, a, b, basis)
    if a.seed.name == b.seed.name and len(block) > 1:
        block[np.tril_indices(len(block))] = np.nan  # each pair once, and no probe with itself
    not_applied: dict[Rule, str] = {}
    if not are_probes:
        by_rule, not_applied = _by_every_rule(connection, a, b, choice, basis)
        rows += by_rule
    of_a, of_b = (side.profile(connection, choice, basis.samples) for side in (a, b))
    x, y = of_a.values[0], of_b.values[0]
    known = ~np.isnan(x) & ~np.isnan(y)
    refuse_too_few(int(np.count_nonzero(known)), restriction)
    by_donor = compare_donors(x, y[None], basis)
    pooled, _ = basis.seed_with(x, y[None])
    names = [_names(connection, profile)[0] for profile in (of_a, of_b)]
    donors = donor_names(connection)
    rows += [
        (BY_PROBES if are_probes else choice.rule, *names, donors[donor], number_or_none(r[0]), int(n[0]))
        for donor, r, n in zip(by_donor.donor_ids, by_donor.r, by_donor.n, strict=True)
    ]
    unadjusted = Measure(basis.measure.method, basis.measure.max_p_outliers)
    grid = route_grid(connection, x, y, basis.samples, unadjusted)
    route = {
        "a": a.seed.name,
        "b": b.seed.name,
        "found_as": {seed.name: seed.found_as for seed in seeds if seed.found_as},
        "levels": [seed.level for seed in seeds],
        "profiles": names,
        "r": number_or_none(pooled[0]),
        "between_donors": _describe_donors(by_donor),
        "disagrees": disagreement(connection, a.seed, of_a, choice) | disagreement(connection, b.seed, of_b, choice),
        "rules_not_applied": not_applied,
        "spread": _spread(block, a.names, b.names, conflict_limit(len(basis.samples))),
        "grid": grid,
        "got": None if got is None else explain(grid, str(got), number_or_none(pooled[0]), basis.method.name),
        **(describe_choice(choice) if not are_probes else {"rule": None}),
        **describe_data(connection, database, basis, known),
    }
    return Answer(list(COLUMNS), rows, route)


def _side(connection: duckdb.DuckDBPyConnection, seed: Seed, choice: Choice) -> _Side:
    every = every_sample(connection)
    candidates = None
    if seed.level == "probe":
        probes = profile_of(connection, seed, choice, every)
    else:
        candidates = find_candidates(connection, choice, seed.gene_ids)
        if not len(candidates.probe_ids):
            raise NotFoundError(why_no_profile(connection, seed.gene_ids[0], choice))
        every_probe = probes_of_genes(connection, choice.annotation, seed.gene_ids)
        probes = profiles_of_probes(connection, choice.annotation, every, every_probe.probe_ids)
    return _Side(seed, probes, candidates, _names(connection, probes))


def _every_pair(
    connection: duckdb.DuckDBPyConnection, a: _Side, b: _Side, basis: Basis
) -> tuple[NDArray[np.float64], list[tuple[Any, ...]]]:
    """Return r of every probe of one with every probe of the other, as a block and as rows."""
    places = basis.samples.places_in(every_sample(connection))
    values_a, values_b = a.probes.values[:, places], b.probes.values[:, places]
    block = np.full((len(values_a), len(values_b)), np.nan)
    rows: list[tuple[Any, ...]] = []
    for row, profile in enumerate(values_a):
        block[row], n = basis.seed_with(profile, values_b)
        rows += [
            (BY_PROBES, a.names[row], name, None, number_or_none(value), int(count))
            for name, value, count in zip(b.names, block[row], n, strict=True)
        ]
    return block, rows


def _by_every_rule(
    connection: duckdb.DuckDBPyConnection, a: _Side, b: _Side, choice: Choice, basis: Basis
) -> tuple[list[tuple[Any, ...]], dict[Rule, str]]:
    """Return a row for every rule, and why the others cannot be applied."""
    rows: list[tuple[Any, ...]] = []
    not_applied: dict[Rule, str] = {}
    for rule in RULES:
        try:
            of_a, of_b = (side.profile(connection, choice.with_rule(rule), basis.samples) for side in (a, b))
        except NotFoundError as reason:
            not_applied[rule] = str(reason)
            continue
        r, n = basis.seed_with(of_a.values[0], of_b.values)
        names = (_names(connection, profile)[0] for profile in (of_a, of_b))
        rows.append((rule, *names, None, number_or_none(r[0]), int(n[0])))
    return rows, not_applied


def _names(connection: duckdb.DuckDBPyConnection, profiles: Profiles) -> list[str]:
    return [probe_name for _, probe_name, *_ in labels_of(connection, profiles, np.arange(len(profiles)))]


def _describe_donors(by_donor: ByDonor) -> dict[str, Any]:
    """Return what the donors say together, in numbers."""
    told = {name: number_or_none(values[0]) for name, values in by_donor.combined._asdict().items()}
    told |= {
        "lowest_without_one": number_or_none(by_donor.lowest[0]),
        "highest_without_one": number_or_none(by_donor.highest[0]),
    }
    defined = by_donor.r[~np.isnan(by_donor.r)].tolist()
    return told | {"lowest_r": min(defined, default=None), "highest_r": max(defined, default=None)}


def _spread(block: NDArray[np.float64], names_a: list[str], names_b: list[str], limit: float) -> dict[str, Any]:
    """Return how far the r of single probes lie apart, and how many are clearly against others, past a limit."""
    if np.isnan(block).all():
        return {}
    lowest, highest = (np.unravel_index(place(block), block.shape) for place in (np.nanargmin, np.nanargmax))
    return {
        "lowest": {"r": float(block[lowest]), "probes": [names_a[lowest[0]], names_b[lowest[1]]]},
        "highest": {"r": float(block[highest]), "probes": [names_a[highest[0]], names_b[highest[1]]]},
        "median": float(np.nanmedian(block)),
        "pairs": int(np.count_nonzero(~np.isnan(block))),
        "conflicts": int(np.count_nonzero(block < -limit)) if (block > limit).any() else 0,
    }

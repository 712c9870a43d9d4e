"""How two genes, or two probes, go together, and how much the choice of probes matters."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from coexpr.answer import Answer
from coexpr.choice import RULES, Choice, Rule
from coexpr.correlate import correlate_seed
from coexpr.errors import NotFoundError, OptionError
from coexpr.gene_profiles import Profiles, collapse_candidates, profile_of, profiles_of_probes
from coexpr.representatives import find_candidates
from coexpr.route import describe_choice, describe_data, labels_of
from coexpr.seeds import Seed, find_seed

COLUMNS = ("by", "probe_a", "probe_b", "r", "n")
# What the first column says of an r between two probes; else it names the rule by which genes got their profiles.
BY_PROBES = "probes"


def pair(
    connection: duckdb.DuckDBPyConnection, database: Path, first: str, second: str, choice: Choice | None
) -> Answer:
    """Answer `Atlas.pair`."""
    annotation = choice.annotation if choice else "allen"
    a, b = (find_seed(connection, name, annotation) for name in (first, second))
    are_probes = a.level == b.level == "probe"
    if choice is not None and are_probes:
        raise OptionError("a rule says which profile a gene gets, but both are probes. Leave the rule out.")
    choice = choice or Choice()
    block_a, block_b = (_probes_of(connection, seed, choice) for seed in (a, b))
    names_a, names_b = (_names(connection, block) for block in (block_a, block_b))
    rows: list[tuple[Any, ...]] = []
    block = np.full((len(block_a), len(block_b)), np.nan)
    for row, profile in enumerate(block_a.values):
        block[row], n = correlate_seed(profile, block_b.values)
        rows += [
            (BY_PROBES, names_a[row], name, _or_none(value), int(count))
            for name, value, count in zip(names_b, block[row], n, strict=True)
        ]
    not_applied: dict[Rule, str] = {}
    if not are_probes:
        by_rule, not_applied = _by_every_rule(connection, [(a, block_a), (b, block_b)], choice)
        rows += by_rule
    known = ~np.isnan(block_a.values).all(axis=0) & ~np.isnan(block_b.values).all(axis=0)
    route = {
        "a": a.name,
        "b": b.name,
        "found_as": {seed.name: seed.found_as for seed in (a, b) if seed.found_as},
        "levels": [a.level, b.level],
        "rules_not_applied": not_applied,
        "spread": _spread(block, names_a, names_b),
        **describe_choice(choice),
        **describe_data(connection, database, known),
    }
    return Answer(list(COLUMNS), rows, route)


def _probes_of(connection: duckdb.DuckDBPyConnection, seed: Seed, choice: Choice) -> Profiles:
    """Return the profile of a probe, or those of all probes of a gene that may stand for it, by mean."""
    if seed.level == "probe":
        return profile_of(connection, seed, choice)
    candidates = find_candidates(connection, choice, seed.gene_ids)
    if not len(candidates.probe_ids):
        profile_of(connection, seed, Choice(min_present=choice.min_present, annotation=choice.annotation))
    return profiles_of_probes(connection, choice.annotation, candidates.probe_ids)


def _by_every_rule(
    connection: duckdb.DuckDBPyConnection, seeds: Sequence[tuple[Seed, Profiles]], choice: Choice
) -> tuple[list[tuple[Any, ...]], dict[Rule, str]]:
    """Return a row for every rule, and why the others cannot be applied."""
    candidates = [find_candidates(connection, choice, seed.gene_ids) for seed, _ in seeds]
    rows: list[tuple[Any, ...]] = []
    not_applied: dict[Rule, str] = {}
    for rule in RULES:
        try:
            of_a, of_b = (
                block
                if seed.level == "probe"
                else collapse_candidates(
                    connection, choice.with_rule(rule), among, np.asarray(block.values, np.float32)
                )
                for (seed, block), among in zip(seeds, candidates, strict=True)
            )
        except NotFoundError as reason:
            not_applied[rule] = str(reason)
            continue
        r, n = correlate_seed(of_a.values[0], of_b.values)
        names = (_names(connection, profile)[0] for profile in (of_a, of_b))
        rows.append((rule, *names, _or_none(r[0]), int(n[0])))
    return rows, not_applied


def _names(connection: duckdb.DuckDBPyConnection, profiles: Profiles) -> list[str]:
    return [probe_name for _, probe_name, *_ in labels_of(connection, profiles, np.arange(len(profiles)))]


def _spread(block: NDArray[np.float64], names_a: list[str], names_b: list[str]) -> dict[str, Any]:
    """Return how far the r of single probes lie apart."""
    if np.isnan(block).all():
        return {}
    lowest, highest = (np.unravel_index(place(block), block.shape) for place in (np.nanargmin, np.nanargmax))
    return {
        "lowest": {"r": float(block[lowest]), "probes": [names_a[lowest[0]], names_b[lowest[1]]]},
        "highest": {"r": float(block[highest]), "probes": [names_a[highest[0]], names_b[highest[1]]]},
        "median": float(np.nanmedian(block)),
        "pairs": int(np.count_nonzero(~np.isnan(block))),
        "negative": int(np.count_nonzero(block < 0)),
    }


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)

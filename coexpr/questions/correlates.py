"""Which probes or genes go with the one that was asked about."""

import math
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from coexpr.answer import Answer
from coexpr.choice import Choice
from coexpr.correlate import correlate_seed
from coexpr.errors import OptionError
from coexpr.gene_profiles import Profiles, profile_of, profiles_at
from coexpr.questions.limits import Limits
from coexpr.route import LABELS, describe_choice, describe_data, describe_seed, labels_of
from coexpr.seeds import Level, Seed, find_seed


def correlates(
    connection: duckdb.DuckDBPyConnection,
    database: Path,
    name: str,
    choice: Choice | None,
    limits: Limits,
    *,
    level: Level | None,
    probe: str | None,
    top: int | None,
    ascending: bool,
    min_r: float | None,
    include_self: bool,
    rank_overall: bool,
) -> Answer:
    """Answer `Atlas.correlates`."""
    seed = find_seed(connection, name, choice.annotation if choice else "allen")
    level = level or seed.level
    if choice is not None and seed.level == level == "probe":
        raise OptionError(
            f"a rule says which profile a gene gets, but {seed.name} is a probe and so are its answers. Leave the rule "
            "out, or ask with --level gene."
        )
    choice = choice or Choice()
    seed_profile = profile_of(connection, seed, choice, probe)
    limited = limits.choose(connection, choice.annotation)
    only_members = limits.gene_ids(connection) if limited and not rank_overall else None
    profiles = profiles_at(connection, level, choice, only_members)
    if level == "gene":
        profiles.let_stand_in(seed_profile)
    r, n = correlate_seed(seed_profile.values[0], profiles.values)
    order = np.lexsort((profiles.tie_order, r if ascending else -r))
    if not include_self:
        order = order[~_is_own(profiles, seed, seed_profile, level)[order]]
    overall = np.empty(len(profiles), dtype=np.intp)
    overall[order] = np.arange(1, len(order) + 1)
    if limited:
        order = order[np.isin(profiles.gene_ids, limits.gene_ids(connection))[order]]
    counts = {"answers": len(order), "without_r": int(np.count_nonzero(np.isnan(r[order])))}
    if min_r is not None:
        order = order[r[order] >= min_r]
    order = order[:top]
    route = {
        **describe_seed(connection, seed, seed_profile, choice, probe),
        "level": level,
        **(describe_choice(choice) if "gene" in (level, seed.level) else {"rule": None}),
        **describe_data(connection, database, ~np.isnan(seed_profile.values[0])),
        **limited,
        **counts,
    }
    ranks = {"rank": np.arange(1, len(order) + 1)}
    if limited and rank_overall:
        ranks["rank_overall"] = overall[order]
    rows = []
    for place, label in enumerate(labels_of(connection, profiles, order)):
        value = float(r[order[place]])
        defined = not math.isnan(value)
        told = [int(rank[place]) if defined else None for rank in ranks.values()]
        rows.append((*told, *label, value if defined else None, int(n[order[place]])))
    return Answer([*ranks, *LABELS, "r", "n"], rows, route)


def _is_own(profiles: Profiles, seed: Seed, seed_profile: Profiles, level: Level) -> NDArray[np.bool_]:
    """Say of each profile whether it is the seed's: the very probe or, among genes, one of the seed's gene."""
    if level == "gene":
        return np.isin(profiles.gene_ids, seed.gene_ids)
    own: NDArray[np.bool_] = profiles.probe_ids == seed_profile.probe_ids[0]
    return own

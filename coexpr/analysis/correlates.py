"""Which probes or genes go with the one that was asked about."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.design import find_basis
from coexpr.analysis.limits import Limits
from coexpr.analysis.profiles import Profiles, every_probe_of, profile_of, profiles_at
from coexpr.analysis.provenance import LABELS, describe_choice, describe_data, describe_seed, labels_of
from coexpr.analysis.siblings import disagreement
from coexpr.analysis.significance import Wanted, columns_of
from coexpr.choice import Choice
from coexpr.database.expression import Expression
from coexpr.database.names import Level
from coexpr.database.samples import refuse_too_few
from coexpr.database.seeds import Seed, find_seed
from coexpr.errors import OptionError
from coexpr.method import Method
from coexpr.restriction import Restriction
from coexpr.result import Answer, number_or_none


def correlates(
    expression: Expression,
    name: str,
    choice: Choice | None,
    limits: Limits,
    *,
    level: Level | None,
    probe: str | None,
    top: int | None,
    ascending: bool,
    min_r: float | None,
    max_r: float | None,
    include_self: bool,
    rank_overall: bool,
    restriction: Restriction,
    method: Method | None,
    wanted: Wanted,
) -> Answer:
    """Answer `Atlas.correlates`."""
    connection = expression.connection
    seed = find_seed(connection, name, choice.annotation if choice else "allen")
    level = level or seed.level
    _refuse_idle_options(seed, level, probe, choice, limits, rank_overall)
    choice = choice or Choice()
    basis = find_basis(expression, restriction, method)
    wanted.refuse_what_cannot_be(basis)
    seed_profile = profile_of(expression, seed, choice, basis.samples, probe)
    known = ~np.isnan(seed_profile.values[0])
    refuse_too_few(int(np.count_nonzero(known)), restriction)
    limited = limits.choose(connection, choice.annotation)
    members = limits.gene_ids(connection) if limited else []
    profiles = profiles_at(expression, level, choice, basis.samples, members if limited and not rank_overall else None)
    if level == "gene":
        profiles.let_stand_in(seed_profile)
    scan = basis.scan(seed_profile.values[0], profiles.values)
    others = np.arange(len(profiles))
    if not include_self:
        others = np.flatnonzero(~_is_own(profiles, seed, seed_profile, level))
    answers = others[np.isin(profiles.gene_ids[others], members)] if limited else others
    families = {"q": others}
    if limited:
        families = {"q": others, "q_category": answers} if rank_overall else {"q_category": answers}
    counts = {"answers": len(answers), "without_r": int(np.count_nonzero(np.isnan(scan.r[answers])))}
    counts |= {"genes_without_profile": profiles.lost}
    matching = scan.between(answers, min_r, max_r)
    order = scan.first(matching, top, ascending=ascending, tie_order=profiles.tie_order)
    counts["matching"] = len(matching)
    route = {
        **describe_seed(connection, seed, seed_profile, choice, probe),
        "level": level,
        "disagrees": disagreement(seed, seed_profile, every_probe_of(expression, seed, choice.annotation)),
        **(describe_choice(choice) if "gene" in (level, seed.level) else {"rule": None}),
        **describe_data(expression, basis, known),
        **limited,
        **counts,
        "top": top,
        "ascending": ascending,
        "min_r": min_r,
        "max_r": max_r,
        "include_self": include_self,
    }
    ranks = {"rank": np.arange(1, len(order) + 1)}
    if min_r is not None or max_r is not None:
        ranks["rank"] = scan.places(order, answers, ascending=ascending, tie_order=profiles.tie_order)
    if limited and rank_overall:
        ranks["rank_overall"] = scan.places(order, others, ascending=ascending, tie_order=profiles.tie_order)
    r, n = scan.r, scan.n
    extra = columns_of(
        wanted, basis, seed_profile.values[0], profiles.values, r, n, order, families, expression.donor_names
    )
    rows = [
        (*(rank[place] for rank in ranks.values()), *label, r[at], n[at], *(column[place] for column in extra.values()))
        for place, (at, label) in enumerate(zip(order.tolist(), labels_of(connection, profiles, order), strict=True))
    ]
    columns = [*ranks, *LABELS, "r", "n", *extra]
    return Answer(columns, [_plain(row, len(ranks), columns.index("r")) for row in rows], route)


def _refuse_idle_options(
    seed: Seed, level: Level, probe: str | None, choice: Choice | None, limits: Limits, rank_overall: bool
) -> None:
    """Raise OptionError for what was asked for and would change nothing."""
    chooses = choice is not None and choice.is_of_profiles
    if chooses and seed.level == level == "probe":
        raise OptionError(
            f"--rule, --min-present and --scope say which profile a gene gets, but {seed.name} is a probe and so are "
            "its answers. Leave them out, or ask with --level gene."
        )
    if chooses and probe is not None and level == "probe":
        raise OptionError("--probe names the seed's profile, so --rule, --min-present and --scope choose nothing here.")
    if not (limits.categories or limits.genes) and (
        limits.match != "any" or limits.include_regulates or not rank_overall
    ):
        raise OptionError(
            "--match, --include-regulates and --no-rank-overall are about categories, and none is given. Name one with "
            "--category or --genes."
        )


def _plain(row: tuple[Any, ...], ranks: int, r: int) -> tuple[Any, ...]:
    """Return a row in Python's own numbers, None for NaN; a row without r has no rank."""
    plain = [number_or_none(cell) if isinstance(cell, np.generic) else cell for cell in row]
    return (*([None] * ranks if plain[r] is None else plain[:ranks]), *plain[ranks:])


def _is_own(profiles: Profiles, seed: Seed, seed_profile: Profiles, level: Level) -> NDArray[np.bool_]:
    """Say of each profile whether it is the seed's: the very probe or, among genes, one of the seed's gene."""
    if level == "gene":
        return np.isin(profiles.gene_ids, seed.gene_ids)
    own: NDArray[np.bool_] = profiles.probe_ids == seed_profile.probe_ids[0]
    return own

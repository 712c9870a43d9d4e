"""Which of a gene's probes stands for it, and how much they differ."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.design import find_basis
from coexpr.analysis.probe_selection import NO_PROBE, choose_representatives, find_candidates, probes_of_genes
from coexpr.analysis.profiles import Profiles, profiles_of_probes, reading_from, why_no_profile
from coexpr.analysis.provenance import describe_data, labels_of
from coexpr.analysis.siblings import LOW_MEAN_R
from coexpr.choice import BUILDING, DEFAULT_RULE, RULES, Choice, Rule
from coexpr.database.expression import Expression
from coexpr.database.seeds import find_seed
from coexpr.errors import NotFoundError, OptionError
from coexpr.restriction import Restriction
from coexpr.result import Answer, number_or_none

_COLUMNS = (
    "probe_id",
    "probe_name",
    "mean_log2",
    "variance_log2",
    "present_fraction",
    "diff_stability",
    "rnaseq_r",
    "rnaseq_q",
    "mean_r",
    "lowest_r",
    "lowest_r_with",
    "chosen_by",
)


def conflict_limit(n: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return how far from 0 each r must be to be no noise: 0.1, or twice its standard error with few samples."""
    return np.maximum(0.1, 2 / np.sqrt(np.maximum(n, 1)))


def gene_probes(expression: Expression, name: str, choice: Choice, restriction: Restriction) -> Answer:
    """Answer `Atlas.probes`."""
    connection = expression.connection
    gene = find_seed(connection, name, choice.annotation)
    if not gene.gene_ids:
        raise OptionError(f"probe {gene.name} measures no known gene, so there are no other probes to compare it with.")
    candidates = probes_of_genes(expression, choice.annotation, gene.gene_ids)
    basis = find_basis(expression, restriction, None)
    if not len(candidates.probe_ids):
        raise NotFoundError(why_no_profile(expression, gene.gene_ids[0], choice))
    every = expression.every_sample
    probes = profiles_of_probes(expression, choice.annotation, every, candidates.probe_ids)
    names = [probe_name for _, probe_name, *_ in labels_of(connection, probes, np.arange(len(probes)))]
    values = np.asarray(probes.values)[:, basis.samples.places_in(every)]
    r, n = basis.all_with_all(values)
    chosen_by, not_applied = _rules_that_choose(expression, probes, choice, gene.gene_ids)
    known = candidates.statistics
    rows = []
    for row in np.lexsort((probes.probe_ids, -known["mean_log2"])).tolist():
        others = np.delete(r[row], row)
        itself = np.arange(len(r)) == row
        lowest = None if np.isnan(others).all() else int(np.nanargmin(np.where(itself, np.nan, r[row])))
        rows.append(
            (
                int(probes.probe_ids[row]),
                names[row],
                *(number_or_none(known[column][row]) for column in _COLUMNS[2:8]),
                None if lowest is None else float(np.nanmean(others)),
                None if lowest is None else float(r[row, lowest]),
                None if lowest is None else names[lowest],
                chosen_by.get(int(probes.probe_ids[row]), []),
            )
        )
    route: dict[str, Any] = {
        "gene": gene.gene_symbol,
        "found_as": gene.found_as,
        "annotation": choice.annotation,
        "scope": choice.scope,
        "min_present": choice.min_present,
        "power": choice.exponent,
        "rules_not_applied": not_applied,
        "sign_conflicts": _sign_conflicts(r, n, names),
        "recommended": _recommendation(rows),
        **describe_data(expression, basis, ~np.isnan(values).all(axis=0)),
    }
    return Answer(list(_COLUMNS), rows, route)


def _rules_that_choose(
    expression: Expression, probes: Profiles, choice: Choice, gene_ids: list[int]
) -> tuple[dict[int, list[Rule]], dict[Rule, str]]:
    """Return the rules that choose each probe, and why the others choose none."""
    chosen_by: dict[int, list[Rule]] = {}
    not_applied: dict[Rule, str] = {}
    filtered = find_candidates(expression, choice, gene_ids)
    read = reading_from(probes, expression.every_sample)
    for rule in RULES:
        if rule in BUILDING:
            continue
        try:
            chosen = choose_representatives(expression, choice.with_rule(rule), filtered, read)
        except NotFoundError as reason:
            not_applied[rule] = str(reason)
            continue
        if chosen is not None:
            for probe_id in np.unique(chosen[chosen != NO_PROBE]).tolist():
                chosen_by.setdefault(probe_id, []).append(rule)
    return chosen_by, not_applied


def _recommendation(rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    """Return which probe the default rule selects, how many rules and probes agree, and an alternative if they do not.

    The alternative is the probe that agrees best with the others: that which most rules select, of those whose mean r
    with the others is not low.
    """
    name, mean_r, chosen_by = (_COLUMNS.index(column) for column in ("probe_name", "mean_r", "chosen_by"))
    selected = next((row for row in rows if DEFAULT_RULE in row[chosen_by]), None)
    if selected is None:
        return {}
    rules = {rule for row in rows for rule in row[chosen_by]}
    told: dict[str, Any] = {
        "probe": selected[name],
        "rules": len(rules) - 1,
        "rules_that_agree": len(selected[chosen_by]) - 1,
        "mean_r": selected[mean_r],
        "others": len(rows) - 1,
        "agrees": len(rows) < 3 or selected[mean_r] is None or selected[mean_r] >= LOW_MEAN_R,
        "alternative": None,
    }
    better = [row for row in rows if row[mean_r] is not None and row[mean_r] >= LOW_MEAN_R and row[chosen_by]]
    if not told["agrees"] and better:
        best = max(better, key=lambda row: (len(row[chosen_by]), row[mean_r]))
        told["alternative"] = {"probe": best[name], "mean_r": best[mean_r], "rules": list(best[chosen_by])}
    return told


def _sign_conflicts(r: NDArray[np.float64], n: NDArray[np.int32], names: list[str]) -> list[dict[str, Any]]:
    """Return the pairs of probes whose profiles go against each other, lowest r first."""
    against = np.triu(r < -conflict_limit(n), 1)
    pairs = [(float(r[row, other]), row, other) for row, other in np.argwhere(against).tolist()]
    return [{"probes": [names[row], names[other]], "r": value} for value, row, other in sorted(pairs)]

"""Which probes stand for genes in this database, by any rule.

SQL gives the candidates and what is stored of them; the rules score them (`coexpr.stats.rules`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import duckdb
import numpy as np
from numpy.typing import NDArray

from coexpr.choice import Annotation, Choice
from coexpr.database.expression import NO_GENE, Expression, Values
from coexpr.database.matrix import choose_probes
from coexpr.database.queries import query, single
from coexpr.database.samples import Samples
from coexpr.errors import NotFoundError
from coexpr.stats.rules import best_rows, score_rows

NO_PROBE = -1

Statistics = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Candidates:
    """Probes that may stand for genes.

    Parameters
    ----------
    probe_ids : (P,) int32, ascending
    groups : (P,) intp
        The gene of each, as a row of `gene_ids`.
    gene_ids : (G,) int32, ascending
    totals : (G,) intp
        How many probes each gene has, those included that may not stand for it.
    statistics : dict of str to (P,) float64
        What is stored of each: n, mean_log2, variance_log2, present_fraction and so on.
    filtered : dict of str to int
        How many probes were left out, by reason.
    lost : int
        How many genes lost all of their probes.
    """

    probe_ids: NDArray[np.int32]
    groups: NDArray[np.intp]
    gene_ids: NDArray[np.int32]
    totals: NDArray[np.intp]
    statistics: Statistics
    filtered: dict[str, int] = field(default_factory=dict)
    lost: int = 0

    @property
    def counts(self) -> NDArray[np.intp]:
        """How many candidates each gene has, (G,)."""
        return np.bincount(self.groups, minlength=len(self.gene_ids))

    def only(self, kept: NDArray[np.bool_], reasons: Mapping[str, NDArray[np.bool_]]) -> "Candidates":
        """Return those that are kept; each reason says of which probes it is why they are not."""
        left, groups = np.unique(self.groups[kept], return_inverse=True)
        filtered = {reason: int(np.count_nonzero(of)) for reason, of in reasons.items() if of.any()}
        return Candidates(
            self.probe_ids[kept],
            groups,
            self.gene_ids[left],
            self.totals[left],
            {name: values[kept] for name, values in self.statistics.items()},
            self.filtered | filtered,
            self.lost + len(self.gene_ids) - len(left),
        )


def probes_of_genes(
    expression: Expression, annotation: Annotation, gene_ids: Sequence[int] | None = None
) -> Candidates:
    """Return every probe with expression of some genes, or of all.

    Raises
    ------
    NotFoundError
        If the re-annotation is asked for and not loaded.
    """
    if annotation == "reannotated" and not single(expression.connection, "count_reannotations"):
        raise NotFoundError(
            "no re-annotation is loaded. Load the table of Arnatkeviciute et al. 2019 with "
            "`coexpr ingest reannotated.csv.gz`."
        )
    probe_ids, facts = expression.facts
    genes = expression.genes_of(probe_ids, annotation)
    rows = np.flatnonzero(genes != NO_GENE if gene_ids is None else np.isin(genes, gene_ids))
    ids, groups, totals = np.unique(genes[rows], return_inverse=True, return_counts=True)
    return Candidates(probe_ids[rows], groups, ids, totals, {name: values[rows] for name, values in facts.items()})


def find_candidates(expression: Expression, choice: Choice, gene_ids: Sequence[int] | None = None) -> Candidates:
    """Return the probes that may stand for genes: present in enough samples, and known in the most.

    Means over different samples are not compared: of a gene's probes only those compete that are known
    in the most samples. Where each donor chooses for itself, that holds in each donor.

    Raises
    ------
    NotFoundError
        If what the choice needs is not loaded: present calls, the re-annotation.
    """
    candidates = probes_of_genes(expression, choice.annotation, gene_ids)
    if choice.min_present is not None:
        if not single(expression.connection, "count_present_calls"):
            raise NotFoundError(
                "no present calls are loaded, so nothing says which probes are present. Full-donor downloads bring "
                "them."
            )
        share = candidates.statistics["present_fraction"]
        kept = share >= choice.min_present
        reason = f"present in fewer than {choice.min_present * 100:g} % of samples"
        without = np.isnan(share)
        candidates = candidates.only(kept, {reason: ~kept & ~without, "without present calls": without})
    if choice.scope == "pooled":
        most = _known_in_most(candidates.groups, candidates.statistics["n"]) >= 0
        candidates = candidates.only(most, {"known in fewer samples than others of their gene": ~most})
    return candidates


def choose_representatives(
    expression: Expression,
    choice: Choice,
    candidates: Candidates,
    read: Callable[[NDArray[np.int32], Samples], Values],
) -> NDArray[np.int32] | None:
    """Return the probe that stands for each gene of the candidates under a rule.

    Among equals the smallest probe_id wins. Rules that take what is stored of a probe choose none for a
    gene none of whose probes has it: no differential stability, no agreement with RNA-seq.

    Parameters
    ----------
    expression : Expression
    choice : Choice
    candidates : Candidates
    read : callable
        Gives the profiles of the candidates over some samples, for rules that compare them.

    Returns
    -------
    (D, G) int32 or None
        The probe of each gene in each donor, `NO_PROBE` where it has none; None where the rule chooses
        none but builds profiles of all candidates.

    Raises
    ------
    NotFoundError
        If what the rule needs is not loaded: agreement with RNA-seq, a second donor.
    """
    _refuse_rule_without_data(expression.connection, choice)
    if choice.builds:
        return None
    every = expression.every_sample
    columns = every.columns

    def profiles(samples: Samples) -> Values | None:
        return None if choice.rule in _STORED else read(candidates.probe_ids, samples)

    if choice.scope == "pooled":
        rows = _best_candidates(choice, candidates, candidates.statistics, profiles(every))
        return _probe_ids(candidates, rows)[None, :].repeat(len(columns), axis=0)
    if not columns:
        return np.empty((0, len(candidates.gene_ids)), dtype=np.int32)
    statistics = _statistics_by_donor(expression.connection, candidates, list(columns))
    by_donor = np.stack(
        [
            _probe_ids(candidates, _best_candidates(choice, candidates, of_donor, profiles(every.only(samples))))
            for of_donor, samples in zip(statistics, columns.values(), strict=True)
        ]
    )
    return by_donor if choice.scope == "per-donor" else _most_frequent(by_donor)[None, :].repeat(len(columns), axis=0)


# The scores that rules take from what is stored, the first deciding before the next. Other rules compare profiles.
_STORED: dict[str, Callable[[Statistics], tuple[NDArray[np.float64], ...]]] = {
    "max-mean": lambda known: (known["mean_log2"],),
    "min-mean": lambda known: (-known["mean_log2"],),
    "max-variance": lambda known: (known["variance_log2"],),
    "diff-stability": lambda known: (known["diff_stability"],),
    "rnaseq": lambda known: (-known["rnaseq_q"], known["rnaseq_r"], known["mean_log2"]),
}


def _best_candidates(
    choice: Choice, candidates: Candidates, statistics: Statistics, profiles: Values | None
) -> NDArray[np.intp]:
    """Return the row of the best candidate of each gene, over all donors or in the one that is given."""
    groups = _known_in_most(candidates.groups, statistics["n"])
    if profiles is None:
        scores = _STORED[choice.rule](statistics)
        rows = best_rows(groups, *scores)
        rows[rows >= 0] = np.where(np.isnan(scores[0][rows[rows >= 0]]), -1, rows[rows >= 0])
        return rows
    return best_rows(groups, score_rows(profiles, groups, choice.rule, power=choice.exponent))


def _statistics_by_donor(
    connection: duckdb.DuckDBPyConnection, candidates: Candidates, donor_ids: list[int]
) -> list[Statistics]:
    """Return count, mean and variance of each candidate in each donor; n is 0 where it has no expression."""
    choose_probes(connection, candidates.probe_ids)
    found = connection.execute(query("statistics_by_donor")).fetchnumpy()
    statistics = []
    for donor_id in donor_ids:
        rows = np.flatnonzero(found["donor_id"] == donor_id)
        places = np.searchsorted(candidates.probe_ids, found["probe_id"][rows])
        of_donor = {name: np.full(len(candidates.probe_ids), np.nan) for name in ("mean_log2", "variance_log2")}
        of_donor["n"] = np.zeros(len(candidates.probe_ids))
        for name, values in of_donor.items():
            values[places] = np.ma.filled(np.ma.asarray(found[name], dtype=np.float64), np.nan)[rows]
        statistics.append(of_donor)
    return statistics


def _known_in_most(groups: NDArray[np.intp], n: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the groups, -1 for a probe that is known in fewer samples than another of its gene, or in none."""
    most = np.zeros(int(groups.max(initial=-1)) + 1)
    np.maximum.at(most, groups, n)
    return np.where((n == most[groups]) & (n > 0), groups, -1)


def _probe_ids(candidates: Candidates, rows: NDArray[np.intp]) -> NDArray[np.int32]:
    """Return the probe of each gene from the candidate's row, -1 for none; trailing genes may be left out."""
    chosen = np.full(len(candidates.gene_ids), NO_PROBE, dtype=np.int32)
    some = np.flatnonzero(rows >= 0)
    chosen[some] = candidates.probe_ids[rows[some]]
    return chosen


def _most_frequent(by_donor: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the most frequent probe of each column of (D, G), the smallest id among equals."""
    votes = np.where(by_donor == NO_PROBE, 0, np.sum(by_donor[:, None, :] == by_donor[None, :, :], axis=0))
    chosen: NDArray[np.int32] = np.min(
        by_donor, axis=0, where=votes == votes.max(axis=0), initial=np.iinfo(np.int32).max
    )
    return np.where(votes.max(axis=0) == 0, NO_PROBE, chosen)


def _refuse_rule_without_data(connection: duckdb.DuckDBPyConnection, choice: Choice) -> None:
    if choice.rule == "rnaseq" and not single(connection, "count_rnaseq_agreement"):
        raise NotFoundError(
            "the rule rnaseq needs Additional file 8 of Miller et al. 2014 (doi 10.1186/1471-2164-15-154). Load it "
            "with `coexpr ingest FILE.xlsx`."
        )
    if choice.rule == "diff-stability" and not single(connection, "stability_is_stored"):
        raise NotFoundError(
            "the rule diff-stability compares donors, and needs two that share structures. Load another donor; if "
            "there are two, `coexpr ingest` of any download completes what an interrupted one left out."
        )

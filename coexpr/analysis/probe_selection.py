"""The probes that represent genes in a database, by any selection rule.

SQL returns the candidates and their stored statistics; the rules score them (`coexpr.stats.rules`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import duckdb
import numpy as np
from numpy.typing import NDArray

from coexpr.database.expression import NO_GENE, Expression
from coexpr.database.matrix import ExpressionRows, choose_probes
from coexpr.database.queries import query, single
from coexpr.database.samples import Samples
from coexpr.errors import NotFoundError
from coexpr.options import Annotation, ProbeSelection
from coexpr.stats.rules import best_rows, score_rows

NO_PROBE = -1

Statistics = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Candidates:
    """Probes among which the representative probe of each gene is selected.

    Parameters
    ----------
    probe_ids : (P,) int32, ascending
    groups : (P,) intp
        The gene of each probe, as a row of `gene_ids`.
    gene_ids : (G,) int32, ascending
    totals : (G,) intp
        How many probes each gene has, excluded ones too.
    statistics : dict of str to (P,) float64
        What is stored for each probe: n, mean_log2, variance_log2, present_fraction and so on.
    excluded : dict of str to int
        How many probes were excluded, by reason.
    genes_without_candidates : int
        How many genes have no probe left.
    """

    probe_ids: NDArray[np.int32]
    groups: NDArray[np.intp]
    gene_ids: NDArray[np.int32]
    totals: NDArray[np.intp]
    statistics: Statistics
    excluded: dict[str, int] = field(default_factory=dict)
    genes_without_candidates: int = 0

    @property
    def counts(self) -> NDArray[np.intp]:
        """How many candidates each gene has, (G,)."""
        return np.bincount(self.groups, minlength=len(self.gene_ids))

    def keep(self, kept: NDArray[np.bool_], reasons: Mapping[str, NDArray[np.bool_]]) -> "Candidates":
        """Return the candidates that are kept; each reason marks the probes that it excludes."""
        left, groups = np.unique(self.groups[kept], return_inverse=True)
        excluded = {reason: int(np.count_nonzero(marks)) for reason, marks in reasons.items() if marks.any()}
        return Candidates(
            self.probe_ids[kept],
            groups,
            self.gene_ids[left],
            self.totals[left],
            {name: statistic[kept] for name, statistic in self.statistics.items()},
            self.excluded | excluded,
            self.genes_without_candidates + len(self.gene_ids) - len(left),
        )


def probes_of_genes(
    expression: Expression, annotation: Annotation, gene_ids: Sequence[int] | None = None
) -> Candidates:
    """Return every probe with expression data of some genes, or of all.

    Raises
    ------
    NotFoundError
        If the re-annotation is requested and not loaded.
    """
    if annotation == "reannotated" and not single(expression.connection, "count_reannotations"):
        raise NotFoundError(
            "no re-annotation is loaded. Load the table of Arnatkeviciute et al. 2019 with "
            "`coexpr ingest reannotated.csv.gz`."
        )
    probe_ids, statistics = expression.statistics
    genes = expression.genes_of(probe_ids, annotation)
    rows = np.flatnonzero(genes != NO_GENE if gene_ids is None else np.isin(genes, gene_ids))
    ids, groups, totals = np.unique(genes[rows], return_inverse=True, return_counts=True)
    of_rows = {name: statistic[rows] for name, statistic in statistics.items()}
    return Candidates(probe_ids[rows], groups, ids, totals, of_rows)


def find_candidates(
    expression: Expression, selection: ProbeSelection, gene_ids: Sequence[int] | None = None
) -> Candidates:
    """Return the probes that can represent genes: present in enough samples, and known in the most samples.

    Means over different samples are not comparable, so only those of a gene's probes compete that are known in the
    most samples. With a scope by donor, this holds in each donor.

    Raises
    ------
    NotFoundError
        If present calls or the re-annotation are needed and not loaded.
    """
    candidates = probes_of_genes(expression, selection.annotation, gene_ids)
    if selection.min_present is not None:
        if not single(expression.connection, "count_present_calls"):
            raise NotFoundError(
                "no present calls are loaded, so it is unknown which probes are present. Load full-donor downloads, "
                "which contain them."
            )
        share = candidates.statistics["present_fraction"]
        kept = share >= selection.min_present
        reason = f"present in fewer than {selection.min_present * 100:g} % of samples"
        without = np.isnan(share)
        candidates = candidates.keep(kept, {reason: ~kept & ~without, "without present calls": without})
    if selection.scope == "pooled":
        most = _known_in_most(candidates.groups, candidates.statistics["n"]) >= 0
        candidates = candidates.keep(most, {"known in fewer samples than others of their gene": ~most})
    return candidates


def select_probes(
    expression: Expression,
    selection: ProbeSelection,
    candidates: Candidates,
    read: Callable[[NDArray[np.int32], Samples], ExpressionRows],
) -> NDArray[np.int32] | None:
    """Return the representative probe of each gene under a rule.

    Among equals the smallest probe_id is selected. A rule that uses a stored statistic selects no probe for a gene
    whose probes all lack it.

    Parameters
    ----------
    expression : Expression
    selection : ProbeSelection
    candidates : Candidates
    read : callable
        Returns the expression of the candidates over some samples, for rules that compare profiles.

    Returns
    -------
    (D, G) int32 or None
        The probe of each gene in each donor, `NO_PROBE` where there is none; None for a rule that builds profiles.

    Raises
    ------
    NotFoundError
        If what the rule needs is not loaded: agreement with RNA-seq, or a second donor.
    """
    _refuse_rule_without_data(expression.connection, selection)
    if selection.builds_profile:
        return None
    all_samples = expression.all_samples
    columns = all_samples.columns

    def profiles(samples: Samples) -> ExpressionRows | None:
        return None if selection.rule in _STORED else read(candidates.probe_ids, samples)

    if selection.scope == "pooled":
        rows = _best_candidates(selection, candidates, candidates.statistics, profiles(all_samples))
        return _probe_ids(candidates, rows)[None, :].repeat(len(columns), axis=0)
    if not columns:
        return np.empty((0, len(candidates.gene_ids)), dtype=np.int32)
    statistics = _statistics_by_donor(expression.connection, candidates, list(columns))
    selected = np.stack(
        [
            _probe_ids(
                candidates, _best_candidates(selection, candidates, of_donor, profiles(all_samples.take(samples)))
            )
            for of_donor, samples in zip(statistics, columns.values(), strict=True)
        ]
    )
    if selection.scope == "per-donor":
        return selected
    return _most_frequent(selected)[None, :].repeat(len(columns), axis=0)


# Rules that score stored statistics; the first score decides before the next. Other rules compare profiles.
_STORED: dict[str, Callable[[Statistics], tuple[NDArray[np.float64], ...]]] = {
    "max-mean": lambda known: (known["mean_log2"],),
    "min-mean": lambda known: (-known["mean_log2"],),
    "max-variance": lambda known: (known["variance_log2"],),
    "diff-stability": lambda known: (known["diff_stability"],),
    "rnaseq": lambda known: (-known["rnaseq_q"], known["rnaseq_r"], known["mean_log2"]),
}


def _best_candidates(
    selection: ProbeSelection, candidates: Candidates, statistics: Statistics, profiles: ExpressionRows | None
) -> NDArray[np.intp]:
    """Return the row of the best candidate of each gene, over all donors or in one donor."""
    groups = _known_in_most(candidates.groups, statistics["n"])
    if profiles is None:
        scores = _STORED[selection.rule](statistics)
        rows = best_rows(groups, *scores)
        rows[rows >= 0] = np.where(np.isnan(scores[0][rows[rows >= 0]]), -1, rows[rows >= 0])
        return rows
    return best_rows(groups, score_rows(profiles, groups, selection.rule, power=selection.exponent))


def _statistics_by_donor(
    connection: duckdb.DuckDBPyConnection, candidates: Candidates, donor_ids: list[int]
) -> list[Statistics]:
    """Return count, mean and variance of each candidate in each donor; n is 0 where it has no expression data."""
    choose_probes(connection, candidates.probe_ids)
    found = connection.execute(query("statistics_by_donor")).fetchnumpy()
    statistics = []
    for donor_id in donor_ids:
        rows = np.flatnonzero(found["donor_id"] == donor_id)
        places = np.searchsorted(candidates.probe_ids, found["probe_id"][rows])
        of_donor = {name: np.full(len(candidates.probe_ids), np.nan) for name in ("mean_log2", "variance_log2")}
        of_donor["n"] = np.zeros(len(candidates.probe_ids))
        for name, statistic in of_donor.items():
            statistic[places] = np.ma.filled(np.ma.asarray(found[name], dtype=np.float64), np.nan)[rows]
        statistics.append(of_donor)
    return statistics


def _known_in_most(groups: NDArray[np.intp], n: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the groups, -1 for a probe known in fewer samples than another of its gene, or in none."""
    most = np.zeros(int(groups.max(initial=-1)) + 1)
    np.maximum.at(most, groups, n)
    return np.where((n == most[groups]) & (n > 0), groups, -1)


def _probe_ids(candidates: Candidates, rows: NDArray[np.intp]) -> NDArray[np.int32]:
    """Return the probe of each gene from the row of a candidate, -1 for none; trailing genes may be missing."""
    selected = np.full(len(candidates.gene_ids), NO_PROBE, dtype=np.int32)
    some = np.flatnonzero(rows >= 0)
    selected[some] = candidates.probe_ids[rows[some]]
    return selected


def _most_frequent(by_donor: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the most frequent probe of each column of (D, G), the smallest id among equals."""
    votes = np.where(by_donor == NO_PROBE, 0, np.sum(by_donor[:, None, :] == by_donor[None, :, :], axis=0))
    selected: NDArray[np.int32] = np.min(
        by_donor, axis=0, where=votes == votes.max(axis=0), initial=np.iinfo(np.int32).max
    )
    return np.where(votes.max(axis=0) == 0, NO_PROBE, selected)


def _refuse_rule_without_data(connection: duckdb.DuckDBPyConnection, selection: ProbeSelection) -> None:
    if selection.rule == "rnaseq" and not single(connection, "count_rnaseq_agreement"):
        raise NotFoundError(
            "the rule rnaseq needs Additional file 8 of Miller et al. 2014 (doi 10.1186/1471-2164-15-154). Load it "
            "with `coexpr ingest FILE.xlsx`."
        )
    if selection.rule == "diff-stability" and not single(connection, "stability_is_stored"):
        raise NotFoundError(
            "the rule diff-stability compares donors, and needs two donors that share structures. Load another donor; "
            "if two are loaded, `coexpr ingest` of any download completes an interrupted one."
        )

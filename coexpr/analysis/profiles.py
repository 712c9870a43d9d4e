"""The profiles that a question is about, one per probe or one per gene, with what they are of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.probe_selection import (
    NO_PROBE,
    Candidates,
    choose_representatives,
    find_candidates,
    probes_of_genes,
)
from coexpr.choice import BUILDING, Annotation, Choice
from coexpr.database.expression import NO_GENE, Expression, Values
from coexpr.database.names import Level
from coexpr.database.queries import single
from coexpr.database.samples import Samples
from coexpr.database.seeds import Seed, find_probe
from coexpr.errors import NotFoundError, OptionError
from coexpr.stats.rules import build_profiles


@dataclass(frozen=True)
class Profiles:
    """Profiles of probes or of genes.

    Parameters
    ----------
    values : (N, S) float32, or float64 where they are built
        Log2 intensity, NaN where unknown; columns by donor_id and position. Where they are those of the
        whole atlas they are read when they are asked for, by rows.
    probe_ids : (N,) int32
        The probe that each is; `NO_PROBE` where it is of several.
    gene_ids : (N,) int32
        The gene that each is of; `NO_GENE` for a probe of none.
    candidates, totals : (N,) int
        How many probes each was chosen among or built of, and how many its gene has.
    made_of : list of str
        What each is, where it is not one probe: "mean of 7 probes".
    lost : int
        How many genes have no profile, because none of their probes may stand for them.
    """

    values: Values
    probe_ids: NDArray[np.int32]
    gene_ids: NDArray[np.int32]
    candidates: NDArray[np.intp]
    totals: NDArray[np.intp]
    made_of: list[str | None]
    lost: int = 0

    def __len__(self) -> int:
        return len(self.probe_ids)

    def let_stand_in(self, profile: "Profiles") -> None:
        """Let the one profile of a gene, as asked for, take the place of the one that the rule gives the gene."""
        own = np.flatnonzero((self.gene_ids == profile.gene_ids[0]) & (self.gene_ids != NO_GENE))
        self.values[own] = profile.values[0]
        self.probe_ids[own] = profile.probe_ids[0]
        for row in own.tolist():
            self.made_of[row] = profile.made_of[0]

    def at(self, rows: NDArray[np.intp]) -> "Profiles":
        """Return some of them, in the order of `rows`; the matrix is copied unless that is its own."""
        if np.array_equal(rows, np.arange(len(self))):
            return self
        return Profiles(
            self.values[rows],
            self.probe_ids[rows],
            self.gene_ids[rows],
            self.candidates[rows],
            self.totals[rows],
            [self.made_of[row] for row in rows.tolist()],
            self.lost,
        )

    def followed_by(self, other: "Profiles") -> "Profiles":
        """Return both, one after the other; the matrices are copied into one."""
        return Profiles(
            np.concatenate([np.asarray(self.values), np.asarray(other.values)]),
            np.concatenate([self.probe_ids, other.probe_ids]),
            np.concatenate([self.gene_ids, other.gene_ids]),
            np.concatenate([self.candidates, other.candidates]),
            np.concatenate([self.totals, other.totals]),
            self.made_of + other.made_of,
            self.lost + other.lost,
        )

    @property
    def tie_order(self) -> NDArray[np.int32]:
        """What decides the order of equals: the probe_id, or the gene_id where there is none."""
        return np.where(self.probe_ids == NO_PROBE, self.gene_ids, self.probe_ids)


def profiles_of_probes(
    expression: Expression,
    annotation: Annotation,
    samples: Samples,
    probe_ids: NDArray[np.int32] | None = None,
) -> Profiles:
    """Return the profile of every probe with expression, or of the given ones, ascending."""
    values: Values
    if probe_ids is None:
        ids = expression.matrix.probe_ids
        values = expression.mapped_profiles(ids, samples)
    else:
        ids = probe_ids
        values = expression.profiles(ids, samples)
    one = np.ones(len(ids), dtype=np.intp)
    return Profiles(values, ids, expression.genes_of(ids, annotation), one, one, [None] * len(ids))


def every_probe_of(expression: Expression, seed: Seed, annotation: Annotation) -> Profiles:
    """Return every probe of a gene over every sample, or a probe that was named by itself."""
    if seed.probe_id is not None:
        probe_ids = np.array([seed.probe_id], dtype=np.int32)
    else:
        probe_ids = probes_of_genes(expression, annotation, seed.gene_ids).probe_ids
    return profiles_of_probes(expression, annotation, expression.every_sample, probe_ids)


def profiles_of_genes(
    expression: Expression, choice: Choice, samples: Samples, gene_ids: Sequence[int] | None = None
) -> Profiles:
    """Return one profile for every gene, or for the given ones.

    A gene none of whose probes may stand for it is not there. Their order is that of the probes that
    were chosen, in which they are read: another would cost a copy of the matrix.
    """
    candidates = find_candidates(expression, choice, gene_ids)
    read = expression.mapped_profiles if gene_ids is None else expression.profiles
    return collapse_candidates(expression, choice, samples, candidates, read)


def reading_from(profiles: Profiles, every: Samples) -> Callable[[NDArray[np.int32], Samples], NDArray[np.float32]]:
    """Return what reads profiles of some probes over some samples out of those of all samples."""
    values = np.asarray(profiles.values, dtype=np.float32)

    def read(probe_ids: NDArray[np.int32], samples: Samples) -> NDArray[np.float32]:
        return values[np.ix_(np.searchsorted(profiles.probe_ids, probe_ids), samples.places_in(every))]

    return read


def collapse_candidates(
    expression: Expression,
    choice: Choice,
    samples: Samples,
    candidates: Candidates,
    read: Callable[[NDArray[np.int32], Samples], Values],
) -> Profiles:
    """Return one profile for every gene of the candidates.

    What stands for a gene is chosen, or built, over every sample of the database, whatever the samples
    of the question.

    Parameters
    ----------
    expression : Expression
    choice : Choice
    samples : Samples
        The columns of the result.
    candidates : Candidates
    read : callable
        Gives the profiles of some of the candidates over some samples.
    """
    every = expression.every_sample
    counts, totals = candidates.counts, candidates.totals
    by_donor = choose_representatives(expression, choice, candidates, read)
    if by_donor is None:
        built = build_profiles(read(candidates.probe_ids, every), candidates.groups, choice.rule)
        if len(samples) < len(every):
            built = built[:, samples.places_in(every)]
        built_of: list[str | None] = [
            f"{BUILDING[choice.rule]} of {count} probe{'s' * (count > 1)}" for count in counts.tolist()
        ]
        none = np.full(len(counts), NO_PROBE, dtype=np.int32)
        return Profiles(built, none, candidates.gene_ids, counts, totals, built_of, candidates.lost)
    by_donor = by_donor[np.isin(list(every.columns), list(samples.columns))]
    rows = np.flatnonzero((by_donor != NO_PROBE).any(axis=0))
    by_donor, lost = by_donor[:, rows], candidates.lost + len(counts) - len(rows)
    if (by_donor == by_donor[:1]).all():
        order = np.argsort(by_donor[0]) if len(by_donor) else rows
        ids, rows = by_donor[:1, order].ravel(), rows[order]
        made_of: list[str | None] = [None] * len(rows)
        return Profiles(read(ids, samples), ids, candidates.gene_ids[rows], counts[rows], totals[rows], made_of, lost)
    chosen = np.unique(by_donor[by_donor != NO_PROBE])
    values = _joined_by_donor(by_donor, chosen, np.asarray(read(chosen, samples)), samples.columns)
    first = np.max(by_donor, axis=0)
    single = ((by_donor == first) | (by_donor == NO_PROBE)).all(axis=0)
    made_of = [
        None if is_single else f"{len(set(picks) - {NO_PROBE})} probes, one in each donor"
        for is_single, picks in zip(single.tolist(), by_donor.T.tolist(), strict=True)
    ]
    ids = np.where(single, first, NO_PROBE).astype(np.int32)
    return Profiles(values, ids, candidates.gene_ids[rows], counts[rows], totals[rows], made_of, lost)


def profiles_at(
    expression: Expression,
    level: Level,
    choice: Choice,
    samples: Samples,
    gene_ids: Sequence[int] | None = None,
) -> Profiles:
    """Return the profiles of all genes or of all probes, or those of some genes."""
    if level == "gene":
        return profiles_of_genes(expression, choice, samples, gene_ids)
    if gene_ids is None:
        return profiles_of_probes(expression, choice.annotation, samples)
    probe_ids = probes_of_genes(expression, choice.annotation, gene_ids).probe_ids
    return profiles_of_probes(expression, choice.annotation, samples, probe_ids)


def profile_of(
    expression: Expression, seed: Seed, choice: Choice, samples: Samples, probe: str | None = None
) -> Profiles:
    """Return the one profile of a probe, or of a gene by its rule or by the probe that is named for it.

    Raises
    ------
    NotFoundError
        If it has no expression, or no probe of the gene may stand for it.
    OptionError
        If `probe` is not a probe of the gene, or names one of a probe.
    """
    named = seed
    if probe is not None:
        if seed.level == "probe":
            raise OptionError(f"--probe chooses among the probes of a gene, but {seed.name} is a probe itself.")
        named = _named_probe(expression, seed, choice, probe)
    if named.probe_id is not None:
        ids = np.array([named.probe_id], dtype=np.int32)
        profile = profiles_of_probes(expression, choice.annotation, samples, ids)
        if np.isnan(profile.values[0]).all():
            raise NotFoundError(f"probe {named.name} has no expression in these samples of the database.")
        return profile
    profile = profiles_of_genes(expression, choice, samples, seed.gene_ids)
    if not len(profile):
        raise NotFoundError(why_no_profile(expression, seed.gene_ids[0], choice))
    return profile


def _named_probe(expression: Expression, gene: Seed, choice: Choice, probe: str) -> Seed:
    """Return the one of a gene's probes that was asked for."""
    wanted = find_probe(expression.connection, probe, choice.annotation)
    probes = probes_of_genes(expression, choice.annotation, gene.gene_ids).probe_ids
    if wanted and wanted.probe_id in probes.tolist():
        return wanted
    by = "" if choice.annotation == "allen" else f" --annotation {choice.annotation}"
    raise OptionError(f"{probe} is not a probe of {gene.name}. List its probes with: coexpr probes {gene.name}{by}")


def why_no_profile(expression: Expression, gene_id: int, choice: Choice) -> str:
    """Say why no probe may stand for a gene: which filter took how many."""
    gene = single(expression.connection, "symbol_of_gene", {"gene_id": gene_id})
    candidates = find_candidates(expression, choice, [gene_id])
    if len(candidates.probe_ids):
        return (
            f"the rule {choice.rule} selects no probe of {gene}: what it compares is missing for all of its "
            f"{len(candidates.probe_ids)} probes. See coexpr probes {gene}, and choose another rule."
        )
    if not candidates.filtered:
        return f"gene {gene} has no probe with expression data."
    counts = "; ".join(f"{count} {reason}" for reason, count in candidates.filtered.items())
    return f"{gene} has no usable probe: {counts}. Choose a smaller --min-present, or leave it out."


def _joined_by_donor(
    by_donor: NDArray[np.int32],
    chosen: NDArray[np.int32],
    profiles: NDArray[np.float32],
    columns: Mapping[int, slice],
) -> NDArray[np.float32]:
    """Return the profile of every gene, in each donor that of the probe which stands for it there (D, G)."""
    values = np.full((by_donor.shape[1], profiles.shape[1]), np.nan, dtype=np.float32)
    for of_donor, samples in zip(by_donor, columns.values(), strict=True):
        known = of_donor != NO_PROBE
        values[known, samples] = profiles[np.searchsorted(chosen, of_donor[known]), samples]
    return values

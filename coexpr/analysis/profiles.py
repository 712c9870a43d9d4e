"""The expression profiles of a query: one per probe, or one per gene by its representative probe."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.probe_selection import NO_PROBE, Candidates, find_candidates, probes_of_genes, select_probes
from coexpr.database.expression import NO_GENE, Expression
from coexpr.database.matrix import ExpressionRows
from coexpr.database.names import Seed, find_probe
from coexpr.database.queries import single
from coexpr.database.samples import Samples
from coexpr.errors import NotFoundError, OptionError
from coexpr.options import BUILDS, Annotation, Level, ProbeSelection
from coexpr.stats.rules import build_profiles


@dataclass(frozen=True)
class Profiles:
    """Expression profiles of probes or genes.

    Parameters
    ----------
    expression : (N, S) float32, or float64 where profiles are built
        Log2 intensity, NaN where missing; columns by donor_id and position. For the whole atlas, rows are read when
        they are indexed.
    probe_ids : (N,) int32
        The probe of each profile; `NO_PROBE` for a profile of several probes.
    gene_ids : (N,) int32
        The gene of each profile; `NO_GENE` for a probe without a gene.
    candidates, totals : (N,) int
        How many probes each profile was selected among or built from, and how many its gene has.
    compositions : list of str or None
        What a profile of several probes is: "mean of 7 probes".
    genes_without_profile : int
        How many genes have no profile, because none of their probes is usable.
    """

    expression: ExpressionRows
    probe_ids: NDArray[np.int32]
    gene_ids: NDArray[np.int32]
    candidates: NDArray[np.intp]
    totals: NDArray[np.intp]
    compositions: list[str | None]
    genes_without_profile: int = 0

    def __len__(self) -> int:
        return len(self.probe_ids)

    def replace_gene(self, profile: "Profiles") -> None:
        """Replace the profile of a gene with another one of the same gene."""
        own = np.flatnonzero((self.gene_ids == profile.gene_ids[0]) & (self.gene_ids != NO_GENE))
        self.expression[own] = profile.expression[0]
        self.probe_ids[own] = profile.probe_ids[0]
        for row in own.tolist():
            self.compositions[row] = profile.compositions[0]

    def take(self, rows: NDArray[np.intp]) -> "Profiles":
        """Return some profiles, in the order of `rows`; the matrix is copied unless the order is its own."""
        if np.array_equal(rows, np.arange(len(self))):
            return self
        return Profiles(
            self.expression[rows],
            self.probe_ids[rows],
            self.gene_ids[rows],
            self.candidates[rows],
            self.totals[rows],
            [self.compositions[row] for row in rows.tolist()],
            self.genes_without_profile,
        )

    def concatenate(self, other: "Profiles") -> "Profiles":
        """Return these profiles followed by others; the matrices are copied into one."""
        return Profiles(
            np.concatenate([np.asarray(self.expression), np.asarray(other.expression)]),
            np.concatenate([self.probe_ids, other.probe_ids]),
            np.concatenate([self.gene_ids, other.gene_ids]),
            np.concatenate([self.candidates, other.candidates]),
            np.concatenate([self.totals, other.totals]),
            self.compositions + other.compositions,
            self.genes_without_profile + other.genes_without_profile,
        )

    @property
    def tie_order(self) -> NDArray[np.int32]:
        """What orders profiles with equal r: the probe_id, or the gene_id where there is none."""
        return np.where(self.probe_ids == NO_PROBE, self.gene_ids, self.probe_ids)


def profiles_of_probes(
    expression: Expression,
    annotation: Annotation,
    samples: Samples,
    probe_ids: NDArray[np.int32] | None = None,
) -> Profiles:
    """Return the profile of every probe with expression data, or of the given ones, ascending."""
    rows: ExpressionRows
    if probe_ids is None:
        ids = expression.matrix.probe_ids
        rows = expression.mapped_rows(ids, samples)
    else:
        ids = probe_ids
        rows = expression.log2(ids, samples)
    one = np.ones(len(ids), dtype=np.intp)
    return Profiles(rows, ids, expression.genes_of(ids, annotation), one, one, [None] * len(ids))


def all_probes_of(expression: Expression, seed: Seed, annotation: Annotation) -> Profiles:
    """Return every probe of a gene over all samples; for a probe, itself."""
    if seed.probe_id is not None:
        probe_ids = np.array([seed.probe_id], dtype=np.int32)
    else:
        probe_ids = probes_of_genes(expression, annotation, seed.gene_ids).probe_ids
    return profiles_of_probes(expression, annotation, expression.all_samples, probe_ids)


def profiles_of_genes(
    expression: Expression, selection: ProbeSelection, samples: Samples, gene_ids: Sequence[int] | None = None
) -> Profiles:
    """Return one profile for every gene, or for the given ones; genes without a usable probe are left out.

    The order is that of the selected probes, in which they are stored: another order would cost a copy of the matrix.
    """
    candidates = find_candidates(expression, selection, gene_ids)
    read = expression.mapped_rows if gene_ids is None else expression.log2
    return represent_genes(expression, selection, samples, candidates, read)


def reader_of(profiles: Profiles, all_samples: Samples) -> Callable[[NDArray[np.int32], Samples], NDArray[np.float32]]:
    """Return a function that reads some probes over some samples from profiles over all samples."""
    log2 = np.asarray(profiles.expression, dtype=np.float32)

    def read(probe_ids: NDArray[np.int32], samples: Samples) -> NDArray[np.float32]:
        return log2[np.ix_(np.searchsorted(profiles.probe_ids, probe_ids), samples.columns_in(all_samples))]

    return read


def represent_genes(
    expression: Expression,
    selection: ProbeSelection,
    samples: Samples,
    candidates: Candidates,
    read: Callable[[NDArray[np.int32], Samples], ExpressionRows],
) -> Profiles:
    """Return one profile for every gene of the candidates.

    The probe is selected, or the profile built, over all samples of the database, whatever the samples of the query.

    Parameters
    ----------
    expression : Expression
    selection : ProbeSelection
    samples : Samples
        The columns of the result.
    candidates : Candidates
    read : callable
        Returns the expression of some candidates over some samples.
    """
    selected = select_probes(expression, selection, candidates, read)
    if selected is None:
        return _build(expression, selection, samples, candidates, read)
    all_samples = expression.all_samples
    selected = selected[np.isin(list(all_samples.columns), list(samples.columns))]
    genes = np.flatnonzero((selected != NO_PROBE).any(axis=0))
    selected = selected[:, genes]
    counts, totals = candidates.counts, candidates.totals
    without_profile = candidates.genes_without_candidates + len(counts) - len(genes)
    compositions: list[str | None]
    rows: ExpressionRows
    if (selected == selected[:1]).all():
        order = np.argsort(selected[0]) if len(selected) else genes
        ids, genes = selected[:1, order].ravel(), genes[order]
        rows, compositions = read(ids, samples), [None] * len(genes)
    else:
        probes = np.unique(selected[selected != NO_PROBE])
        rows = _join_by_donor(selected, probes, np.asarray(read(probes, samples)), samples.columns)
        first = np.max(selected, axis=0)
        is_single = ((selected == first) | (selected == NO_PROBE)).all(axis=0)
        compositions = [
            None if single_probe else f"{len(set(probes_of_gene) - {NO_PROBE})} probes, one in each donor"
            for single_probe, probes_of_gene in zip(is_single.tolist(), selected.T.tolist(), strict=True)
        ]
        ids = np.where(is_single, first, NO_PROBE).astype(np.int32)
    return Profiles(rows, ids, candidates.gene_ids[genes], counts[genes], totals[genes], compositions, without_profile)


def profiles_at_level(
    expression: Expression,
    level: Level,
    selection: ProbeSelection,
    samples: Samples,
    gene_ids: Sequence[int] | None = None,
) -> Profiles:
    """Return the profiles of all genes or of all probes, or those of some genes."""
    if level == "gene":
        return profiles_of_genes(expression, selection, samples, gene_ids)
    if gene_ids is None:
        return profiles_of_probes(expression, selection.annotation, samples)
    probe_ids = probes_of_genes(expression, selection.annotation, gene_ids).probe_ids
    return profiles_of_probes(expression, selection.annotation, samples, probe_ids)


def profile_of(
    expression: Expression, seed: Seed, selection: ProbeSelection, samples: Samples, probe: str | None = None
) -> Profiles:
    """Return the one profile of a seed: of a probe, or of a gene by its rule or by the probe that is named.

    Raises
    ------
    NotFoundError
        If it has no expression data, or no probe of the gene is usable.
    OptionError
        If `probe` is not a probe of the gene, or the seed is a probe.
    """
    named = seed
    if probe is not None:
        if seed.level == "probe":
            raise OptionError(f"`probe` selects among the probes of a gene, but {seed.name} is a probe itself.")
        named = _named_probe(expression, seed, selection, probe)
    if named.probe_id is not None:
        ids = np.array([named.probe_id], dtype=np.int32)
        profile = profiles_of_probes(expression, selection.annotation, samples, ids)
        if np.isnan(profile.expression[0]).all():
            raise NotFoundError(f"probe {named.name} has no expression in these samples of the database.")
        return profile
    profile = profiles_of_genes(expression, selection, samples, seed.gene_ids)
    if not len(profile):
        raise NotFoundError(why_no_profile(expression, seed.gene_ids[0], selection))
    return profile


def why_no_profile(expression: Expression, gene_id: int, selection: ProbeSelection) -> str:
    """Return why no probe represents a gene: how many probes each condition excludes."""
    gene = single(expression.connection, "symbol_of_gene", {"gene_id": gene_id})
    candidates = find_candidates(expression, selection, [gene_id])
    if len(candidates.probe_ids):
        return (
            f"the rule {selection.rule} selects no probe of {gene}: what it compares is missing for all of its "
            f"{len(candidates.probe_ids)} probes. See coexpr probes {gene}, and choose another rule."
        )
    if not candidates.excluded:
        return f"gene {gene} has no probe with expression data."
    counts = "; ".join(f"{count} {reason}" for reason, count in candidates.excluded.items())
    return f"{gene} has no usable probe: {counts}. Choose a smaller `min_present`, or leave it out."


def _build(
    expression: Expression,
    selection: ProbeSelection,
    samples: Samples,
    candidates: Candidates,
    read: Callable[[NDArray[np.int32], Samples], ExpressionRows],
) -> Profiles:
    """Return a profile for every gene that is built from all of its candidates."""
    all_samples, counts = expression.all_samples, candidates.counts
    built = build_profiles(read(candidates.probe_ids, all_samples), candidates.groups, selection.rule)
    if len(samples) < len(all_samples):
        built = built[:, samples.columns_in(all_samples)]
    compositions: list[str | None] = [
        f"{BUILDS[selection.rule]} of {count} probe{'s' * (count > 1)}" for count in counts.tolist()
    ]
    none = np.full(len(counts), NO_PROBE, dtype=np.int32)
    return Profiles(
        built,
        none,
        candidates.gene_ids,
        counts,
        candidates.totals,
        compositions,
        candidates.genes_without_candidates,
    )


def _named_probe(expression: Expression, gene: Seed, selection: ProbeSelection, probe: str) -> Seed:
    """Return the probe of a gene with a name or id."""
    found = find_probe(expression.connection, probe, selection.annotation)
    probes = probes_of_genes(expression, selection.annotation, gene.gene_ids).probe_ids
    if found and found.probe_id in probes.tolist():
        return found
    by = "" if selection.annotation == "allen" else f" --annotation {selection.annotation}"
    raise OptionError(f"{probe} is not a probe of {gene.name}. List its probes with: coexpr probes {gene.name}{by}")


def _join_by_donor(
    selected: NDArray[np.int32],
    probes: NDArray[np.int32],
    log2: NDArray[np.float32],
    columns: Mapping[int, slice],
) -> NDArray[np.float32]:
    """Return the profile of every gene: in each donor that of the probe selected there, from `selected` (D, G)."""
    joined = np.full((selected.shape[1], log2.shape[1]), np.nan, dtype=np.float32)
    for of_donor, samples in zip(selected, columns.values(), strict=True):
        known = of_donor != NO_PROBE
        joined[known, samples] = log2[np.searchsorted(probes, of_donor[known]), samples]
    return joined

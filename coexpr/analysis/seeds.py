"""The seeds of a query with several: what their names mean, and the profile that represents each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.probe_selection import NO_PROBE
from coexpr.analysis.profiles import Profiles, profiles_of_genes, profiles_of_probes, why_no_profile
from coexpr.database.categories import match_names
from coexpr.database.expression import NO_GENE, Expression
from coexpr.database.names import Seed, find_seeds
from coexpr.database.samples import Samples
from coexpr.errors import AmbiguousNameError, LimitError, NotFoundError, OptionError
from coexpr.options import MIN_SAMPLES_FOR_R, Annotation, Level, ProbeSelection

# r of every seed with every gene is kept: 240 MB for all probes.
MAX_SEEDS = 500


@dataclass(frozen=True)
class SeedSet:
    """Several seeds and their profiles.

    Parameters
    ----------
    seeds : list of Seed
    profiles : Profiles
        The profile of each seed, in the same order.
    left_out : dict of str to str
        Why a seed has no profile, by its name.
    duplicates : dict of str to str
        Names that mean a seed that is counted already, with its name.
    """

    seeds: list[Seed]
    profiles: Profiles
    left_out: dict[str, str]
    duplicates: dict[str, str]

    @property
    def level(self) -> Level:
        """The level of their correlates by default: probes if all seeds are, or else genes."""
        return "probe" if all(seed.level == "probe" for seed in self.seeds) else "gene"

    def without(self, constant: NDArray[np.bool_]) -> "SeedSet":
        """Return the set without seeds whose profile is constant.

        Raises
        ------
        OptionError
            If fewer than two remain.
        """
        if not constant.any():
            return self
        reason = "its profile is constant over these samples"
        left_out = {seed.name: reason for seed, is_so in zip(self.seeds, constant, strict=True) if is_so}
        kept = np.flatnonzero(~constant)
        seeds = [self.seeds[row] for row in kept.tolist()]
        return _at_least_two(SeedSet(seeds, self.profiles.take(kept), self.left_out | left_out, self.duplicates))

    def own_rows(self, profiles: Profiles, level: Level) -> NDArray[np.bool_]:
        """Return which profiles are a seed's own, (k, N): its probe or, among genes, its gene."""
        if level == "gene":
            genes = self.profiles.gene_ids[:, None]
            own: NDArray[np.bool_] = (genes == profiles.gene_ids) & (genes != NO_GENE)
        else:
            own = self.profiles.probe_ids[:, None] == profiles.probe_ids
        return own


def find_seed_set(expression: Expression, names: Sequence[str], selection: ProbeSelection, samples: Samples) -> SeedSet:
    """Return the seeds that names mean; those without expression data are left out.

    Raises
    ------
    NotFoundError, AmbiguousNameError
        If a name means nothing, or several things.
    OptionError
        If fewer than two different seeds remain.
    LimitError
        If there are more than `MAX_SEEDS` names.
    """
    given = list(dict.fromkeys(names))
    if len(given) > MAX_SEEDS:
        raise LimitError(f"`seeds`: there are {len(given):,} names; the limit is {MAX_SEEDS}. Give fewer seeds.")
    known, left_out = _look_up(expression, given, selection.annotation)
    seeds = find_seeds(expression.connection, known, selection.annotation)
    profiles, rows = _read_profiles(expression, seeds, selection, samples)
    kept: dict[tuple[int, int], Seed] = {}
    kept_rows: list[int] = []
    duplicates: dict[str, str] = {}
    for name, seed in zip(known, seeds, strict=True):
        row = rows.get(seed)
        if row is None:
            left_out[seed.name] = why_no_profile(expression, seed.gene_ids[0], selection).rstrip(".")
        elif np.count_nonzero(~np.isnan(profiles.expression[row])) < MIN_SAMPLES_FOR_R:
            left_out[seed.name] = "it has no expression in these samples"
        elif (key := _identity(profiles, row)) in kept:
            duplicates[name] = kept[key].name
        else:
            kept[key] = seed
            kept_rows.append(row)
    found = SeedSet(list(kept.values()), profiles.take(np.array(kept_rows, dtype=np.intp)), left_out, duplicates)
    return _at_least_two(found)


def _look_up(expression: Expression, names: Sequence[str], annotation: Annotation) -> tuple[list[str], dict[str, str]]:
    """Return the names of genes and probes in the database, and why others are left out."""
    matches = match_names(expression.connection, names, annotation)
    wrong = len(matches.unmatched) + len(matches.ambiguous)
    if wrong > 1:
        kind = NotFoundError if matches.unmatched else AmbiguousNameError
        notes = "; ".join(matches.notes()).replace("ambiguous names, left out", "ambiguous names")
        raise kind(f"{wrong} of {len(names)} seeds mean nothing, or several genes: {notes}. Correct or remove them.")
    if wrong:
        find_seeds(expression.connection, [*matches.unmatched, *matches.ambiguous], annotation)  # raises the error
    absent = [name for name, meaning in matches.genes.items() if meaning.level == "gene" and meaning.gene_id is None]
    return [name for name in names if name not in absent], dict.fromkeys(absent, "this database has no probe of it")


def _read_profiles(
    expression: Expression, seeds: Sequence[Seed], selection: ProbeSelection, samples: Samples
) -> tuple[Profiles, dict[Seed, int]]:
    """Return the profiles of probes and genes, and the row of each seed that has one."""
    probe_ids = np.unique([seed.probe_id for seed in seeds if seed.probe_id is not None]).astype(np.int32)
    gene_ids = sorted({gene_id for seed in seeds if seed.level == "gene" for gene_id in seed.gene_ids})
    profiles = profiles_of_probes(expression, selection.annotation, samples, probe_ids)
    row_of_probe = {probe_id: row for row, probe_id in enumerate(probe_ids.tolist())}
    row_of_gene: dict[int, int] = {}
    if gene_ids:
        of_genes = profiles_of_genes(expression, selection, samples, gene_ids)
        row_of_gene = {gene_id: len(profiles) + row for row, gene_id in enumerate(of_genes.gene_ids.tolist())}
        profiles = profiles.concatenate(of_genes)
    found = {
        seed: row_of_probe.get(seed.probe_id) if seed.probe_id is not None else row_of_gene.get(seed.gene_id or NO_GENE)
        for seed in seeds
    }
    return profiles, {seed: row for seed, row in found.items() if row is not None}


def _identity(profiles: Profiles, row: int) -> tuple[int, int]:
    """Return what two seeds of the same profile have in common: a gene and the probe that represents it are one."""
    probe_id, gene_id = int(profiles.probe_ids[row]), int(profiles.gene_ids[row])
    return probe_id, gene_id if probe_id == NO_PROBE else NO_GENE


def _at_least_two(found: SeedSet) -> SeedSet:
    """Return the set, or raise OptionError if it has fewer than two seeds."""
    if len(found.seeds) > 1:
        return found
    reasons = [f"{name} is the same profile as {other}" for name, other in found.duplicates.items()]
    reasons += [f"{name} was left out: {reason}" for name, reason in found.left_out.items()]
    which = f"only one seed, {found.seeds[0].name}," if found.seeds else "no seed"
    explanation = f" ({'; '.join(reasons)})" if reasons else ""
    raise OptionError(
        f"`seeds`: {which} is left{explanation}. Give at least two different ones, or query a single one."
    )

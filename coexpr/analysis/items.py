"""What the rows of a matrix or network are: named probes and genes, or those of a category."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from coexpr.analysis.limits import Limits
from coexpr.analysis.probe_selection import probes_of_genes
from coexpr.analysis.profiles import Profiles, profiles_of_genes, profiles_of_probes, why_no_profile
from coexpr.choice import Annotation, Choice
from coexpr.database.expression import Expression
from coexpr.database.names import Level
from coexpr.database.samples import Samples
from coexpr.database.seeds import Seed, find_seeds
from coexpr.errors import NotFoundError, OptionError


@dataclass(frozen=True)
class RowsWanted:
    """Probes by themselves, and genes by their one profile.

    Parameters
    ----------
    probe_ids, gene_ids : list of int
    choice : Choice
        How genes get their profiles.
    are_named : bool
        Whether each was named, so that none may be left out.
    limited : dict
        What the route says of the categories that they are of.
    """

    probe_ids: list[int]
    gene_ids: list[int]
    choice: Choice
    are_named: bool
    limited: dict[str, Any]

    def __len__(self) -> int:
        return len(self.probe_ids) + len(self.gene_ids)


def find_rows(
    expression: Expression, items: Sequence[str], limits: Limits, level: Level | None, choice: Choice | None
) -> RowsWanted:
    """Return the rows that items, or the genes of categories and lists, are at a level.

    Raises
    ------
    OptionError
        If both or none are given, or an option says nothing of them.
    NotFoundError, AmbiguousNameError
        As for `find_seed` and `Limits.choose`.
    """
    connection = expression.connection
    if items and (limits.match != "any" or limits.include_regulates):
        raise OptionError("--match and --include-regulates say which genes of categories count, and there is none.")
    if bool(items) == bool(limits.categories or limits.genes):
        raise OptionError("name probes or genes, or give a category or a list of genes: one of the two.")
    annotation = choice.annotation if choice else "allen"
    limited: dict[str, Any] = {}
    if items:
        seeds = find_seeds(connection, items, annotation)
        probe_ids, gene_ids = _rows_of_items(expression, seeds, level, annotation)
    else:
        limited = limits.choose(connection, annotation)
        probe_ids, gene_ids = _rows_of_genes(expression, limits.gene_ids(connection), level, annotation)
    if choice is not None and choice.is_of_profiles and (level == "probe" or (items and not gene_ids)):
        raise OptionError(
            "--rule, --min-present and --scope say which profile a gene gets, but the rows are probes. Leave them out."
        )
    return RowsWanted(probe_ids, gene_ids, choice or Choice(annotation=annotation), bool(items), limited)


def profiles_of_rows(expression: Expression, wanted: RowsWanted, samples: Samples) -> Profiles:
    """Return the profiles of the rows in their order, probes before genes.

    A gene of a category that has no profile is left out.

    Raises
    ------
    NotFoundError
        If a gene that was named has no profile, or no row has.
    """
    parts = []
    if wanted.probe_ids:
        ids = np.sort(np.array(wanted.probe_ids, dtype=np.int32))
        of_probes = profiles_of_probes(expression, wanted.choice.annotation, samples, ids)
        parts.append(of_probes.at(np.searchsorted(of_probes.probe_ids, wanted.probe_ids)))
    if wanted.gene_ids:
        of_genes = profiles_of_genes(expression, wanted.choice, samples, wanted.gene_ids)
        order = np.argsort(of_genes.gene_ids)
        found = of_genes.gene_ids[order]
        missing = sorted(set(wanted.gene_ids) - set(found.tolist()))
        if missing and wanted.are_named:
            raise NotFoundError(why_no_profile(expression, missing[0], wanted.choice))
        there = np.array(wanted.gene_ids, dtype=np.int32)
        there = there[np.isin(there, found)]
        parts.append(of_genes.at(order[np.searchsorted(found, there)]))
    if not any(len(part) for part in parts):
        raise NotFoundError("none of these genes has a usable probe with expression data.")
    return parts[0] if len(parts) == 1 else parts[0].followed_by(parts[1])


def unique_names(labels: Sequence[tuple[Any, ...]], profiles: Profiles, probes: int) -> list[str]:
    """Return the name of each row, the first of which are probes; two that are one are told apart by Entrez id."""
    names = [str(label[1] if row < probes else label[2]) for row, label in enumerate(labels)]
    times = Counter(names)
    return [
        name if times[name] == 1 else f"{name} ({label[4] or f'gene {gene_id}'})"
        for name, label, gene_id in zip(names, labels, profiles.gene_ids.tolist(), strict=True)
    ]


def _rows_of_items(
    expression: Expression, seeds: list[Seed], level: Level | None, annotation: Annotation
) -> tuple[list[int], list[int]]:
    """Return the probes and genes that named ones are at a level, each once; as they are where none is given."""
    if level == "gene" and (without := [seed.name for seed in seeds if seed.gene_id is None]):
        raise OptionError(f"probe {without[0]} measures no known gene, so it has no row among genes.")
    genes = [seed.gene_id for seed in seeds if level == "gene" or seed.level == "gene"]
    probes = [seed.probe_id for seed in seeds if level != "gene" and seed.level == "probe"]
    gene_ids = list(dict.fromkeys(gene_id for gene_id in genes if gene_id is not None))
    if level == "probe" and gene_ids:
        of_genes = probes_of_genes(expression, annotation, gene_ids).probe_ids
        probes, gene_ids = [*probes, *of_genes.tolist()], []
    return list(dict.fromkeys(probe_id for probe_id in probes if probe_id is not None)), gene_ids


def _rows_of_genes(
    expression: Expression, gene_ids: list[int], level: Level | None, annotation: Annotation
) -> tuple[list[int], list[int]]:
    """Return the probes and genes that the genes of a category are: those that have probes, or all of these."""
    probes = probes_of_genes(expression, annotation, gene_ids)
    return (probes.probe_ids.tolist(), []) if level == "probe" else ([], probes.gene_ids.tolist())

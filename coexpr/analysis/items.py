"""The rows of a matrix, a network or a table of expression: named probes and genes, or the genes of a filter."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coexpr.analysis.probe_selection import probes_of_genes
from coexpr.analysis.profiles import Profiles, profiles_of_genes, profiles_of_probes, why_no_profile
from coexpr.database.categories import GeneFilterUse, choose_genes, chosen_gene_ids
from coexpr.database.expression import Expression
from coexpr.database.names import Seed, find_seeds
from coexpr.database.samples import Samples
from coexpr.errors import NotFoundError, OptionError
from coexpr.options import Annotation, GeneFilter, Level, ProbeSelection


@dataclass(frozen=True)
class Items:
    """Probes, and genes with their representative probes.

    Parameters
    ----------
    probe_ids, gene_ids : list of int
    are_named : bool
        Whether each was named, so that none may be left out.
    gene_filter : GeneFilterUse, optional
    """

    probe_ids: list[int]
    gene_ids: list[int]
    are_named: bool
    gene_filter: GeneFilterUse | None = None

    def __len__(self) -> int:
        return len(self.probe_ids) + len(self.gene_ids)


def find_items(
    expression: Expression,
    names: Sequence[str],
    gene_filter: GeneFilter,
    level: Level | None,
    selection: ProbeSelection,
) -> Items:
    """Return the probes and genes that names, or the genes of a filter, are at a level.

    Raises
    ------
    OptionError
        If both or none are given, or an option has no effect.
    NotFoundError, AmbiguousNameError
        As for `find_seed` and `choose_genes`.
    """
    if bool(names) == bool(gene_filter):
        raise OptionError("give probes or genes, or a category or list of genes: one of the two.")
    annotation = selection.annotation
    use = None
    if names:
        seeds = find_seeds(expression.connection, names, annotation)
        probe_ids, gene_ids = _items_of_seeds(expression, seeds, level, annotation)
    else:
        use = choose_genes(expression.connection, gene_filter, annotation)
        probes = probes_of_genes(expression, annotation, chosen_gene_ids(expression.connection))
        probe_ids, gene_ids = probes.probe_ids.tolist(), probes.gene_ids.tolist()
        probe_ids, gene_ids = (probe_ids, []) if level == "probe" else ([], gene_ids)
    if selection.selects_probes and (level == "probe" or (names and not gene_ids)):
        raise OptionError(
            "`rule`, `min_present` and `scope` select the probe of a gene, but the rows are probes. Leave them out."
        )
    return Items(probe_ids, gene_ids, bool(names), use)


def profiles_of_items(expression: Expression, items: Items, selection: ProbeSelection, samples: Samples) -> Profiles:
    """Return the profiles of items in order, probes before genes.

    A gene of a filter without a profile is left out.

    Raises
    ------
    NotFoundError
        If a named gene has no profile, or no item has one.
    """
    parts = []
    if items.probe_ids:
        ids = np.sort(np.array(items.probe_ids, dtype=np.int32))
        of_probes = profiles_of_probes(expression, selection.annotation, samples, ids)
        parts.append(of_probes.take(np.searchsorted(of_probes.probe_ids, items.probe_ids)))
    if items.gene_ids:
        of_genes = profiles_of_genes(expression, selection, samples, items.gene_ids)
        order = np.argsort(of_genes.gene_ids)
        found = of_genes.gene_ids[order]
        missing = sorted(set(items.gene_ids) - set(found.tolist()))
        if missing and items.are_named:
            raise NotFoundError(why_no_profile(expression, missing[0], selection))
        kept = np.array(items.gene_ids, dtype=np.int32)
        kept = kept[np.isin(kept, found)]
        parts.append(of_genes.take(order[np.searchsorted(found, kept)]))
    if not any(len(part) for part in parts):
        raise NotFoundError("none of these genes has a usable probe with expression data.")
    return parts[0] if len(parts) == 1 else parts[0].concatenate(parts[1])


def _items_of_seeds(
    expression: Expression, seeds: list[Seed], level: Level | None, annotation: Annotation
) -> tuple[list[int], list[int]]:
    """Return the probes and genes that seeds are at a level, each once; without a level, seeds as they are."""
    if level == "gene" and (without := [seed.name for seed in seeds if seed.gene_id is None]):
        raise OptionError(f"probe {without[0]} measures no known gene, so it has no row among genes.")
    genes = [seed.gene_id for seed in seeds if level == "gene" or seed.level == "gene"]
    probes = [seed.probe_id for seed in seeds if level != "gene" and seed.level == "probe"]
    gene_ids = list(dict.fromkeys(gene_id for gene_id in genes if gene_id is not None))
    if level == "probe" and gene_ids:
        of_genes = probes_of_genes(expression, annotation, gene_ids).probe_ids
        probes, gene_ids = [*probes, *of_genes.tolist()], []
    return list(dict.fromkeys(probe_id for probe_id in probes if probe_id is not None)), gene_ids

"""The rows of a network: probes and genes, their profiles, and what a file says of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.items import Items, find_items, profiles_of_items
from coexpr.analysis.labels import find_labels, unique_names
from coexpr.analysis.profiles import Profiles, profiles_at_level
from coexpr.database.expression import NO_GENE, Expression
from coexpr.database.marks import Marks, marks_of_filter
from coexpr.database.samples import Samples
from coexpr.errors import OptionError
from coexpr.network.nodes import Nodes
from coexpr.network.plan import ROWS_AT_A_TIME
from coexpr.options import GeneFilter, Level, ProbeSelection
from coexpr.stats.correlate import Rows


@dataclass(frozen=True)
class NetworkRows:
    """The rows of a network.

    Parameters
    ----------
    profiles : Profiles
    probes : int
        How many rows are probes. They come before those that are genes.
    level : "probe" or "gene"
    items : Items, optional
        What the rows are limited to.
    marks : dict
        The categories that the rows are limited to, if there are several.
    """

    profiles: Profiles
    probes: int
    level: Level
    items: Items | None
    marks: Marks = field(default_factory=dict)


def find_rows(
    expression: Expression,
    names: Sequence[str],
    gene_filter: GeneFilter,
    selection: ProbeSelection,
    level: Level | None,
    samples: Samples,
) -> NetworkRows:
    """Return the rows: items, or everything at a level where no item is given."""
    if names or gene_filter:
        items = find_items(expression, names, gene_filter, level, selection)
        use = items.gene_filter
        marks = marks_of_filter(expression.connection, use, gene_filter.categories) if use else {}
        profiles = _mapped_probes(expression, items, selection, samples)
        if profiles is None:
            profiles = profiles_of_items(expression, items, selection, samples)
        return NetworkRows(profiles, len(items.probe_ids), "gene" if items.gene_ids else "probe", items, marks)
    if level == "probe" and selection.selects_probes:
        raise OptionError("`rule`, `min_present` and `scope` select the probe of a gene, but the rows are probes.")
    level = level or "gene"
    profiles = profiles_at_level(expression, level, selection, samples)
    return NetworkRows(profiles, len(profiles) if level == "probe" else 0, level, None)


def nodes_of(expression: Expression, rows: NetworkRows, marks: Marks, *, are_described: bool) -> Nodes:
    """Return the nodes, with mean_log2 and categories only if the file describes nodes."""
    profiles = rows.profiles
    labels = find_labels(expression.connection, profiles)
    names = unique_names(labels, profiles, rows.probes)
    nodes = [
        (
            name,
            label.probe_id,
            label.probe_name,
            None if gene_id == NO_GENE else gene_id,
            label.gene_symbol,
            label.gene_name,
            label.entrez_id,
        )
        for name, label, gene_id in zip(names, labels, profiles.gene_ids.tolist(), strict=True)
    ]
    if not are_described:
        return Nodes(nodes)
    categories = {category: np.isin(profiles.gene_ids, gene_ids) for category, gene_ids in (rows.marks | marks).items()}
    return Nodes(nodes, _means(profiles.expression), categories)


def _mapped_probes(
    expression: Expression, items: Items, selection: ProbeSelection, samples: Samples
) -> Profiles | None:
    """Return the profiles of probes, read when they are indexed; None for genes, and where there is no cache.

    Each block of rows is then read once, and no copy of all rows is made.
    """
    ids = np.array(items.probe_ids, dtype=np.int32)
    if items.gene_ids or not expression.has_cache or not np.isin(ids, expression.matrix.probe_ids).all():
        return None
    rows, one = expression.mapped_rows(ids, samples), np.ones(len(ids), dtype=np.intp)
    return Profiles(rows, ids, expression.genes_of(ids, selection.annotation), one, one, [None] * len(ids))


def _means(rows: Rows) -> NDArray[np.float64]:
    """Return the mean of the values of each row, block by block; NaN for a row without values."""
    means = np.full(len(rows), np.nan)
    for start in range(0, len(rows), ROWS_AT_A_TIME):
        block = rows[start : start + ROWS_AT_A_TIME]
        is_known = ~np.isnan(block)
        total = np.sum(block, axis=1, where=is_known, dtype=np.float64)
        count = np.count_nonzero(is_known, axis=1)
        np.divide(total, count, out=means[start : start + len(block)], where=count > 0)
    return means

"""The matrix of r of every probe or gene with every other."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.design import find_design
from coexpr.analysis.items import find_items, profiles_of_items
from coexpr.analysis.labels import find_labels, unique_names
from coexpr.analysis.provenance import CorrelationProvenance, describe_data
from coexpr.database.expression import Expression
from coexpr.database.marks import find_marks, marks_of_filter
from coexpr.errors import LimitError
from coexpr.options import MAX_HEATMAP_ROWS, CorrelationMethod, GeneFilter, Level, ProbeSelection, SampleFilter
from coexpr.output.figures.drawable import Drawable
from coexpr.progress import Progress
from coexpr.result import MatrixResult, MatrixTable
from coexpr.stats.clustering import cluster

if TYPE_CHECKING:
    from coexpr.output.figures.heatmap import Heatmap


# r in double precision, and the number of samples of each r.
_BYTES_PER_CELL = 12


@dataclass(frozen=True, kw_only=True)
class MatrixProvenance(CorrelationProvenance):
    """The provenance of a matrix.

    Parameters
    ----------
    rows : int
    fewest_samples : int
        The fewest samples of any r.
    genes_without_profile : int
        How many genes were left out because they have no usable probe.
    without_r : int
        How many rows have no r, because the profile is constant or missing.
    """

    rows: int
    fewest_samples: int
    genes_without_profile: int
    without_r: int


@dataclass(frozen=True, repr=False, eq=False)
class CorrelationMatrix(MatrixResult[MatrixProvenance], Drawable):
    """A matrix of r.

    Parameters
    ----------
    marks : dict of str to (N,) bool
        For each category that marks rows, which are members.
    """

    marks: dict[str, NDArray[np.bool_]] = field(default_factory=dict)

    def drawing(self, *, max_rows: int | None = MAX_HEATMAP_ROWS) -> "Heatmap":
        """Return a heatmap, clustered by average linkage of 1 - r, with a strip for each marking category.

        Parameters
        ----------
        max_rows : int or None
            A larger heatmap is refused; None for no limit.
        """
        from coexpr.output.figures.heatmap import Heatmap

        title = f"{self.provenance.rows:,} {'rows' if self.provenance.rows != 1 else 'row'}"
        use = self.provenance.gene_filter
        if use and len(use.categories) == 1 and use.gene_list is None:
            title = f"{use.categories[0].name}: {title.replace('row', 'gene')}"
        Heatmap.check_size(len(self.r), max_rows)
        clusters = cluster(self.r)
        return Heatmap(self.names, self.r, clusters.tree, clusters.order, title, self.marks)


def correlation_matrix(
    expression: Expression,
    names: Sequence[str],
    gene_filter: GeneFilter,
    selection: ProbeSelection,
    sample_filter: SampleFilter,
    method: CorrelationMethod,
    *,
    level: Level | None,
    mark: Sequence[str],
    max_rows: int | None,
) -> CorrelationMatrix:
    """Return the matrix of r of items; see `Atlas.correlation_matrix`."""
    # Before the genes are chosen: both use the same temporary table.
    marks = find_marks(expression.connection, mark, selection.annotation) if mark else {}
    items = find_items(expression, names, gene_filter, level, selection)
    if items.gene_filter:
        marks |= marks_of_filter(expression.connection, items.gene_filter, gene_filter.categories)
    _check_size(len(items), max_rows, expression.progress)
    design = find_design(expression, sample_filter, method)
    profiles = profiles_of_items(expression, items, selection, design.samples)
    log2 = np.asarray(profiles.expression)
    r, n = design.correlate_all(log2)
    provenance = MatrixProvenance(
        database=str(expression.path),
        data=describe_data(expression, design.samples, design.region, ~np.isnan(log2).all(axis=0)),
        method=method,
        probe_selection=selection if items.gene_ids else None,
        gene_filter=items.gene_filter,
        cache_problem=expression.cache_problem,
        rows=len(profiles),
        fewest_samples=int(n.min()),
        genes_without_profile=profiles.genes_without_profile,
        without_r=int(np.count_nonzero(np.isnan(np.diagonal(r)))),
    )
    labels = find_labels(expression.connection, profiles)
    row_names = unique_names(labels, profiles, len(items.probe_ids))
    members = {name: np.isin(profiles.gene_ids, gene_ids) for name, gene_ids in marks.items()}
    return CorrelationMatrix(["name", *row_names], MatrixTable(row_names, r), provenance, row_names, r, members)


def _check_size(rows: int, max_rows: int | None, progress: Progress) -> None:
    """Report the size of a matrix, and refuse one past the limit."""
    size = f"{rows:,} x {rows:,}: {rows * rows:,} values of r, {rows * rows * _BYTES_PER_CELL / 1e6:,.1f} MB of memory"
    if max_rows is not None and rows > max_rows:
        raise LimitError(f"{size}, and the limit is {max_rows:,} rows. `max_rows` lifts it.")
    progress.say(f"{size}.")

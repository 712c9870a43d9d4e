"""The matrix of r of every probe or gene with every other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from coexpr.analysis.design import find_design
from coexpr.analysis.items import find_items, profiles_of_items
from coexpr.analysis.labels import find_labels, unique_names
from coexpr.analysis.provenance import CorrelationProvenance, describe_data
from coexpr.database.expression import Expression
from coexpr.errors import LimitError
from coexpr.options import CorrelationMethod, GeneFilter, Level, ProbeSelection, SampleFilter
from coexpr.result import MatrixResult, MatrixTable

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


def correlation_matrix(
    expression: Expression,
    names: Sequence[str],
    gene_filter: GeneFilter,
    selection: ProbeSelection,
    sample_filter: SampleFilter,
    method: CorrelationMethod,
    *,
    level: Level | None,
    max_rows: int | None,
    progress: Callable[[str], None],
) -> MatrixResult[MatrixProvenance]:
    """Return the matrix of r of items; see `Atlas.correlation_matrix`."""
    items = find_items(expression, names, gene_filter, level, selection)
    _check_size(len(items), max_rows, progress)
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
    return MatrixResult(["name", *row_names], MatrixTable(row_names, r), provenance, row_names, r)


def _check_size(rows: int, max_rows: int | None, progress: Callable[[str], None]) -> None:
    """Report the size of a matrix, and refuse one past the limit."""
    size = f"{rows:,} x {rows:,}: {rows * rows:,} values of r, {rows * rows * _BYTES_PER_CELL / 1e6:,.1f} MB of memory"
    if max_rows is not None and rows > max_rows:
        raise LimitError(f"{size}, and the limit is {max_rows:,} rows. `max_rows` lifts it.")
    progress(f"{size}.")

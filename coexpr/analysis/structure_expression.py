"""Mean and standard deviation of expression by structure, in each donor and over donors."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.expression import ExpressionProvenance, expression_values
from coexpr.database.expression import Expression
from coexpr.options import GeneFilter, Level, ProbeSelection, SampleFilter
from coexpr.result import Result, number_or_none

_LABELS = ("structure_id", "acronym", "structure_name", "hemisphere", "donor", "n")
# What the column donor has in the row of all donors.
ALL_DONORS = "all"


def expression_by_structure(
    expression: Expression,
    names: Sequence[str],
    gene_filter: GeneFilter,
    selection: ProbeSelection,
    sample_filter: SampleFilter,
    *,
    level: Level | None,
) -> Result[ExpressionProvenance]:
    """Return expression by structure and donor; see `Atlas.expression_by_structure`."""
    values = expression_values(expression, names, gene_filter, selection, sample_filter, level=level)
    structures, of_structure = values.labels.by_structure
    donors, of_donor = values.labels.donors
    hemispheres = {row[2]: row[5] for row in values.labels.rows}
    rows: list[tuple[Any, ...]] = []
    for place, structure in enumerate(structures):
        in_structure = np.flatnonzero(of_structure == place)
        parts = [(donors[donor], in_structure[of_donor[in_structure] == donor]) for donor in range(len(donors))]
        for donor, samples in [*parts, (ALL_DONORS, in_structure)]:
            if len(samples):
                moments = _moments(values.log2[:, samples])
                hemisphere = hemispheres[structure.structure_id]
                label = (structure.structure_id, structure.acronym, structure.name, hemisphere, donor, len(samples))
                rows.append((*label, *map(number_or_none, moments)))
    columns = [*_LABELS, *(f"{name}_{what}" for name in values.names for what in ("mean", "sd"))]
    return Result(columns, rows, values.provenance)


def _moments(log2: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return mean and standard deviation of each row (K, n), in turn; NaN where there are too few values."""
    values = log2.astype(np.float64)
    known = ~np.isnan(values)
    n = known.sum(axis=1)
    means = np.divide(np.where(known, values, 0).sum(axis=1), n, out=np.full(len(n), np.nan), where=n > 0)
    squares = np.square(np.where(known, values - means[:, None], 0)).sum(axis=1)
    variances = np.divide(squares, n - 1, out=np.full(len(n), np.nan), where=n > 1)
    return np.stack([means, np.sqrt(variances)], axis=1).ravel()

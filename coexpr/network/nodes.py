"""The nodes of a network, which are its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

COLUMNS = pa.schema(
    {
        "name": pa.string(),
        "probe_id": pa.int32(),
        "probe_name": pa.string(),
        "gene_id": pa.int32(),
        "gene_symbol": pa.string(),
        "gene_name": pa.string(),
        "entrez_id": pa.int32(),
    }
)


@dataclass(frozen=True, eq=False)
class Nodes:
    """The nodes of a network in the order of its rows.

    Parameters
    ----------
    rows : sequence of tuples
        The values of `COLUMNS`; None where a value is missing.
    mean_log2 : (N,) float64, optional
        Mean of each profile, NaN if it has no values. Only formats with nodes need it.
    categories : dict of str to (N,) bool
        For each category that marks nodes, which are its members.
    """

    rows: Sequence[tuple[Any, ...]]
    mean_log2: NDArray[np.float64] | None = None
    categories: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The name of each node; no two are equal."""
        return [str(row[0]) for row in self.rows]

    def table(self) -> pa.Table:
        """Return `COLUMNS` and mean_log2 as a table."""
        cells = zip(*self.rows, strict=True)
        columns = [pa.array(column, kind) for column, kind in zip(cells, COLUMNS.types, strict=True)]
        means = np.full(len(self.rows), np.nan) if self.mean_log2 is None else self.mean_log2
        return pa.table(columns, schema=COLUMNS).append_column("mean_log2", pa.array(means, from_pandas=True))

    def members(self) -> pa.Table:
        """Return a table of name and category, with one row for each member of each category."""
        names = np.array(self.names, dtype=object)
        members = [(name, category) for category, is_in in self.categories.items() for name in names[is_in]]
        schema = pa.schema({"name": pa.string(), "category": pa.string()})
        return pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in members], schema)

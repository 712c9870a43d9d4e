"""A small network as a spreadsheet, with a sheet of edges and one of nodes."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import IO, Any

import numpy as np

from coexpr.network.nodes import COLUMNS, Nodes
from coexpr.output.spreadsheet import Sheet, write_workbook


def write_xlsx(
    stream: IO[bytes], parts: Iterator[Mapping[str, Any]], nodes: Nodes, provenance: Mapping[str, Any]
) -> None:
    """Write edges, nodes with their mean and categories, and the provenance."""
    first = next(parts, {"source": np.empty(0), "target": np.empty(0), "r": np.empty(0), "rank": np.empty(0)})
    edges = Sheet("edges", list(first), _rows(first, parts, nodes.names))
    write_workbook([edges, _nodes_sheet(nodes)], provenance, stream)


def _rows(
    first: Mapping[str, Any], others: Iterator[Mapping[str, Any]], names: Sequence[str]
) -> Iterator[tuple[Any, ...]]:
    for part in chain([first], others):
        columns = {name: values.tolist() for name, values in part.items()}
        for end in ("source", "target"):
            columns[end] = [names[int(row)] for row in columns[end]]
        yield from zip(*columns.values(), strict=True)


def _nodes_sheet(nodes: Nodes) -> Sheet:
    means = nodes.table()["mean_log2"].to_pylist()
    members = [is_in.tolist() for is_in in nodes.categories.values()]
    rows = [(*row, mean, *is_in) for row, mean, *is_in in zip(nodes.rows, means, *members, strict=True)]
    return Sheet("nodes", [*COLUMNS.names, "mean_log2", *nodes.categories], rows)

"""The edges of a network in the order in which they are written: directed, with mutual ranks, or as pairs."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coexpr.network.edge_store import AllEdges, TopEdges
from coexpr.network.plan import EdgeSelection, Plan
from coexpr.stats.edges import merge_directions, mutual_ranks, strongest

Part = dict[str, NDArray[Any]]


def written_edges(found: TopEdges | AllEdges, selection: EdgeSelection, plan: Plan) -> Iterator[Part]:
    """Yield source, target, r and rank of all edges in order, in one part per block of sources.

    If the selection includes mutual_rank, it is yielded too. It is NaN if the reverse edge is not in the network.
    If edges are undirected, each pair is yielded once, and its source is the row with the smaller number.
    """
    if selection.undirected:
        return _undirected(found, selection, plan)
    return _with_mutual_rank(found) if selection.mutual_rank else found.edges()


def _with_mutual_rank(found: TopEdges | AllEdges) -> Iterator[Part]:
    parts = list(found.edges())
    source, target, rank = (np.concatenate([part[name] for part in parts]) for name in ("source", "target", "rank"))
    mutual = mutual_ranks(source, target, rank)
    start = 0
    for part in parts:
        yield part | {"mutual_rank": mutual[start : start + len(part["rank"])]}
        start += len(part["rank"])


def _undirected(found: TopEdges | AllEdges, selection: EdgeSelection, plan: Plan) -> Iterator[Part]:
    """Yield pairs by source, then strongest first."""
    pairs = merge_directions(**_concatenate(found.edges()))
    for number in range(plan.blocks):
        rows = plan.block(number)
        start, stop = np.searchsorted(pairs.source, (rows.start, rows.stop))
        part = {name: values[start:stop] for name, values in pairs._asdict().items()}
        order, _ = strongest(part["source"], part["target"], part["r"], None, selection.strength)
        if not selection.mutual_rank:
            del part["mutual_rank"]
        yield {name: values[order] for name, values in part.items()}


def _concatenate(parts: Iterator[Part]) -> Part:
    """Return all parts as one; they are released on return."""
    together = list(parts)
    return {name: np.concatenate([part[name] for part in together]) for name in together[0]}

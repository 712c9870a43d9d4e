"""Summary of a network, gathered while its edges are written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

_BINS = 200
# A network of more edges has no list of edges in its summary.
_MOST_EDGES = 500


class SummaryEdges(NamedTuple):
    """The edges of a small network; every field is (E,).

    Parameters
    ----------
    source, target : int32
        Row numbers.
    r : float32
    """

    source: NDArray[np.int32]
    target: NDArray[np.int32]
    r: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class NetworkSummary:
    """What a figure of a network shows.

    Parameters
    ----------
    names : list of str
        The names of the rows, as in the file.
    degrees : (N,) int64
        Number of edges of which each row is the source or the target. In a directed network, a pair with an edge in
        both directions counts twice at both ends.
    r_counts : (200,) int64
        Number of edges by r, in equal bins from -1 to 1. The last bin includes 1.
    edges : SummaryEdges or None
        All edges, if there are at most 500.
    """

    names: list[str]
    degrees: NDArray[np.int64]
    r_counts: NDArray[np.int64]
    edges: SummaryEdges | None


class SummaryBuilder:
    """Counts of the edges that pass through on the way to a file.

    Parameters
    ----------
    rows : int
        Number of rows of the network.
    """

    def __init__(self, rows: int) -> None:
        self._degrees = np.zeros(rows, dtype=np.int64)
        self._r_counts = np.zeros(_BINS, dtype=np.int64)
        self._edges: list[SummaryEdges] | None = []
        self._count = 0

    def pass_on(self, parts: Iterator[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
        """Yield the parts of a network unchanged, and count their edges."""
        for part in parts:
            self._add(SummaryEdges(part["source"], part["target"], part["r"]))
            yield part

    def _add(self, edges: SummaryEdges) -> None:
        for ends in (edges.source, edges.target):
            self._degrees += np.bincount(ends, minlength=len(self._degrees))
        self._r_counts += np.histogram(edges.r, bins=_BINS, range=(-1, 1))[0]
        self._count += len(edges.r)
        if self._count > _MOST_EDGES:
            self._edges = None
        elif self._edges is not None:
            self._edges.append(edges)

    def summary(self, names: list[str]) -> NetworkSummary:
        """Return the summary of the edges passed on so far, with the names of the rows."""
        edges = None
        if self._edges:
            edges = SummaryEdges(*(np.concatenate(fields) for fields in zip(*self._edges, strict=True)))
        return NetworkSummary(names, self._degrees, self._r_counts, edges)

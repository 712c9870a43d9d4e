"""What a network returns: what was written, its provenance, and a figure."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from coexpr.analysis.provenance import CorrelationProvenance
from coexpr.network.plan import EdgeSelection
from coexpr.network.summary import NetworkSummary
from coexpr.options import Level
from coexpr.output.figures.drawable import Drawable
from coexpr.result import Result
from coexpr.stats.clustering import cluster
from coexpr.wording import count_of

if TYPE_CHECKING:
    from coexpr.output.figures.graph import Circle, Distributions


@dataclass(frozen=True, kw_only=True)
class NetworkProvenance(CorrelationProvenance):
    """The provenance of a network.

    Parameters
    ----------
    level : "probe" or "gene"
    edges : EdgeSelection
    rows : int
    genes_without_profile : int
        How many genes were left out because they have no usable probe.
    rows_with_missing_values, constant_rows : int
        How many rows have no edge because a value is missing, or the profile is constant.
    marks : dict of str to int
        How many rows each category marks, in a file with nodes.
    """

    level: Level
    edges: EdgeSelection
    rows: int
    genes_without_profile: int
    rows_with_missing_values: int
    constant_rows: int
    marks: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, repr=False)
class NetworkResult(Result[NetworkProvenance], Drawable):
    """What was written: one row of output, rows and edges, and a summary of the network.

    Parameters
    ----------
    summary : NetworkSummary
        What a figure of the network shows.
    """

    summary: NetworkSummary

    def drawing(self) -> "Circle | Distributions":
        """Return the graph of a small network, or else the distributions of r and of degree."""
        from coexpr.output.figures.graph import MAX_NODES, Circle, Distributions

        summary, ((_, rows, edges),) = self.summary, self.rows
        kind = "undirected " * self.provenance.edges.undirected
        title = f"{count_of(rows, self.provenance.level)}, {count_of(edges, f'{kind}edge')}"
        if summary.edges is None or len(summary.names) > MAX_NODES:
            return Distributions(summary.degrees, summary.r_counts, title)
        similarity = np.eye(len(summary.names))
        similarity[summary.edges.source, summary.edges.target] = summary.edges.r
        similarity[summary.edges.target, summary.edges.source] = summary.edges.r
        return Circle(summary.names, cluster(similarity).order, *summary.edges, title)

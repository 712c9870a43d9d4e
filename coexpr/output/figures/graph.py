"""A network: a small one as a circle of nodes, a larger one as the distributions of degree and r."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from coexpr.errors import FigureError, OptionError
from coexpr.output.figures.drawing import Size
from coexpr.output.figures.page import line_height, text_width
from coexpr.output.figures.palette import DIVERGING, color_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# A graph with more nodes cannot be read.
MAX_NODES = 60
_SMALLEST = 3.0  # points of a name


@dataclass(frozen=True)
class Circle:
    """A small network.

    Parameters
    ----------
    names : sequence of str
        Of the nodes.
    order : (N,) intp
        The nodes around the circle; strongly connected ones are neighbors.
    source, target : (E,) int
        Nodes of each edge.
    r : (E,) float
    title : str
    """

    names: Sequence[str]
    order: NDArray[np.intp]
    source: NDArray[np.integer]
    target: NDArray[np.integer]
    r: NDArray[np.floating]
    title: str
    width: float = 120

    def __post_init__(self) -> None:
        if not len(self.r):
            raise FigureError("there is nothing to draw: the network has no edges.")

    def height(self, width: float, page: float) -> float:
        """Return the height in mm."""
        return width

    def draw(self, ax: "Axes", size: Size) -> list[str]:
        """Draw nodes on a circle, with names outside, and edges as curves through it."""
        import matplotlib
        from matplotlib.collections import PathCollection
        from matplotlib.path import Path

        nodes = len(self.names)
        angles = np.empty(nodes)
        angles[self.order] = np.pi / 2 - 2 * np.pi * np.arange(nodes) / nodes
        places = np.column_stack([np.cos(angles), np.sin(angles)])
        scale = matplotlib.colors.Normalize(-1, 1)
        colors = matplotlib.colormaps[DIVERGING](scale(self.r))
        strongest = np.argsort(np.abs(self.r))  # drawn last, above the others
        code = [Path.MOVETO, Path.CURVE3, Path.CURVE3]
        paths = [
            Path([places[a], (places[a] + places[b]) * 0.2, places[b]], code)
            for a, b in zip(self.source[strongest], self.target[strongest], strict=True)
        ]
        widths = 0.4 + 1.6 * np.abs(self.r[strongest])
        ax.add_collection(
            PathCollection(paths, facecolors="none", edgecolors=colors[strongest], linewidths=widths, gid="edges")
        )
        ax.scatter(places[:, 0], places[:, 1], s=14, color="0.2", zorder=3, gid="nodes")
        radius = size.width / 2 - text_width(self.names) - 2
        font = float(min(6.0, 6.0 * 2 * np.pi * max(radius, 5.0) / nodes / line_height(6.0)))
        for name, angle, (x, y) in zip(self.names, angles.tolist(), places.tolist(), strict=True):
            is_left = np.cos(angle) < -1e-9
            ax.text(
                x * 1.05, y * 1.05, name, fontsize=font, rotation=np.degrees(angle) + (180 if is_left else 0),
                rotation_mode="anchor", ha="right" if is_left else "left", va="center",
            )  # fmt: skip
        if font < _SMALLEST:
            raise OptionError(f"`width` {size.page:g} is too narrow for the names of {nodes} nodes. Use a larger one.")
        edge = 1.08 + text_width(self.names, font) / max(radius, 5.0)
        ax.set(xlim=(-edge, edge), ylim=(-edge, edge))
        ax.set_aspect("equal")
        ax.set_axis_off()
        ax.set_title(self.title, loc="left")
        self._draw_bar(ax, matplotlib.cm.ScalarMappable(scale, DIVERGING))
        return []

    def _draw_bar(self, ax: "Axes", colors: Any) -> None:
        bar = ax.inset_axes((0.0, 0.0, 0.25, 0.015))
        ax.figure.colorbar(colors, cax=bar, orientation="horizontal", ticks=[-1, 0, 1], label="r")
        bar.xaxis.set_ticks_position("top")
        bar.xaxis.set_label_position("top")


@dataclass(frozen=True)
class Distributions:
    """The distributions of a larger network.

    Parameters
    ----------
    degrees : (N,) int
        Number of edges of each node.
    r_counts : (B,) int
        Number of edges by r, in equal bins from -1 to 1.
    title : str
    """

    degrees: NDArray[np.int64]
    r_counts: NDArray[np.int64]
    title: str
    width: float = 120

    def __post_init__(self) -> None:
        if not self.r_counts.any():
            raise FigureError("there is nothing to draw: the network has no edges.")

    def height(self, width: float, page: float) -> float:
        """Return the height in mm."""
        return width / 2.4

    def draw(self, ax: "Axes", size: Size) -> list[str]:
        """Draw both distributions next to each other."""
        from matplotlib.ticker import MaxNLocator

        left, right = ax.inset_axes((0, 0, 0.44, 1)), ax.inset_axes((0.58, 0, 0.42, 1))
        edges = np.linspace(-1, 1, len(self.r_counts) + 1)
        found = np.flatnonzero(self.r_counts)
        left.stairs(self.r_counts, edges, fill=True, color=color_of(0), gid="r")
        left.set_xlim(edges[found[0]] - 0.02, edges[found[-1] + 1] + 0.02)
        left.set(xlabel="r", ylabel="edges")
        most = int(self.degrees.max())
        bins = np.arange(most + 2) if most < 50 else np.linspace(0, most + 1, 51)
        right.hist(self.degrees, bins=(bins - 0.5).tolist(), color=color_of(2), gid="degree")
        right.set(xlabel="degree", ylabel="nodes")
        ticks = max(2, int(size.width / 25))
        left.xaxis.set_major_locator(MaxNLocator(ticks))
        right.xaxis.set_major_locator(MaxNLocator(ticks, integer=True))
        right.set_yscale("symlog", linthresh=1)
        right.yaxis.set_major_formatter("{x:g}")
        ax.set_axis_off()
        ax.set_title(self.title, loc="left", pad=8)
        return []

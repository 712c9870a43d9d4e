"""Correlates as a dot plot: r of each with the seed, and its range over donors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from coexpr.errors import FigureError
from coexpr.output.figures.drawing import Size
from coexpr.output.figures.page import add_legend, add_title, wrapped
from coexpr.output.figures.palette import PLAIN, color_of
from coexpr.output.figures.strips import STRIP, draw_strips, handles_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MAX_ROWS = 400
_ROW = 3.0


@dataclass(frozen=True)
class Dots:
    """A dot plot of correlates.

    Parameters
    ----------
    names : sequence of str
        One per row, the first at the top.
    r : (N,) float
    low, high : (N,) float
        The range of r over donors; NaN where it is not known.
    title, label : str
        Above the figure, and below its axis.
    marks : mapping of str to (N,) bool
        For each category, which rows are members.
    """

    names: Sequence[str]
    r: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    title: str
    label: str
    marks: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    width: float = 89

    def __post_init__(self) -> None:
        if not len(self.r) or np.isnan(self.r).all():
            raise FigureError("there is nothing to draw: no row has an r.")
        if len(self.r) > _MAX_ROWS:
            raise FigureError(
                f"a figure of {len(self.r):,} rows would be {len(self.r) * _ROW / 1000:,.1f} m high; the limit is "
                f"{_MAX_ROWS} rows. Limit them with `top` or `min_r`."
            )

    def height(self, width: float, page: float) -> float:
        """Return the height in mm."""
        return len(self.r) * _ROW

    def draw(self, ax: "Axes", size: Size) -> list[str]:
        """Draw the rows."""
        rows = np.arange(len(self.r))
        colors = [PLAIN if self.marks else color_of(0)] * len(self.r)
        if len(self.marks) == 1:
            (members,) = self.marks.values()
            colors = [color_of(0) if member else PLAIN for member in members.tolist()]
        ax.hlines(rows, self.low, self.high, colors=colors, linewidth=1.0, gid="range-over-donors")
        ax.scatter(self.r, rows, s=14, c=colors, zorder=3, gid="r")
        every = np.concatenate([self.r, self.low, self.high])
        lowest, highest = float(np.nanmin(every)), float(np.nanmax(every))
        margin = 0.04 * (highest - lowest) or 0.05
        ax.set_xlim(lowest - margin, highest + margin)
        if lowest < 0 < highest:
            ax.axvline(0, color="0.6", linewidth=0.5, zorder=0)
        ax.set_ylim(len(self.r) - 0.4, -0.6)
        ax.set_yticks(rows, list(self.names))
        ax.tick_params(axis="y", length=0)
        ax.grid(axis="x", color="0.9", linewidth=0.4)
        ax.set_axisbelow(True)
        ax.set_xlabel(wrapped(self.label, size.width))
        add_title(ax, self.title, size)
        self._draw_marks(ax, size)
        return []

    def _draw_marks(self, ax: "Axes", size: Size) -> None:
        if not self.marks:
            return
        if len(self.marks) > 1:
            strips = ax.inset_axes((1 + 1 / size.width, 0, len(self.marks) * STRIP / size.width, 1))
            draw_strips(strips, self.marks)
            strips.set_ylim(len(self.r) - 0.4, -0.6)
        add_legend(ax, handles_of(list(self.marks), with_others=len(self.marks) == 1), None, size)

"""Statistics with the interval that a null model gives each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from coexpr.errors import FigureError
from coexpr.output.figures.drawing import Size
from coexpr.output.figures.page import add_legend, add_title, wrapped
from coexpr.output.figures.palette import PLAIN, color_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MAX_ROWS = 400
_ROW = 3.6
_LONGEST_NAME = 60
_LABEL = "mean r; grey: 95 % of surrogates with the same spatial autocorrelation"
_INTERVAL = "0.85"


@dataclass(frozen=True)
class Intervals:
    """Rows with a statistic and a null interval.

    Parameters
    ----------
    names : sequence of str
        One per row, the first at the top.
    values, low, high : (N,) float
        The statistic, and the interval of its null distribution.
    significant : (N,) bool
        Rows with a false discovery rate of at most 5 %.
    title : str
    """

    names: Sequence[str]
    values: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    significant: NDArray[np.bool_]
    title: str
    width: float = 120

    def __post_init__(self) -> None:
        if not len(self.values) or np.isnan(self.values).all():
            raise FigureError("there is nothing to draw: no row has a mean r.")
        if len(self.values) > _MAX_ROWS:
            raise FigureError(
                f"a figure of {len(self.values):,} rows would be {len(self.values) * _ROW / 1000:,.1f} m high; the "
                f"limit is {_MAX_ROWS} rows. Limit them with `top`."
            )

    def height(self, width: float, page: float) -> float:
        """Return the height in mm."""
        return len(self.values) * _ROW

    def draw(self, ax: "Axes", size: Size) -> list[str]:
        """Draw the rows."""
        from matplotlib.lines import Line2D

        rows = np.arange(len(self.values))
        colors = [color_of(0) if is_significant else PLAIN for is_significant in self.significant.tolist()]
        ax.hlines(rows, self.low, self.high, colors=_INTERVAL, linewidth=5, gid="null-interval")
        ax.scatter(self.values, rows, s=16, c=colors, zorder=3, gid="mean-r")
        every = np.concatenate([self.values, self.low, self.high])
        lowest, highest = float(np.nanmin(every)), float(np.nanmax(every))
        margin = 0.04 * (highest - lowest) or 0.05
        ax.set_xlim(lowest - margin, highest + margin)
        if lowest < 0 < highest:
            ax.axvline(0, color="0.6", linewidth=0.5, zorder=0)
        ax.set_ylim(len(self.values) - 0.4, -0.6)
        ax.set_yticks(rows, [_shortened(name) for name in self.names])
        ax.tick_params(axis="y", length=0)
        ax.grid(axis="x", color="0.9", linewidth=0.4)
        ax.set_axisbelow(True)
        ax.set_xlabel(wrapped(_LABEL, size.width))
        add_title(ax, self.title, size)
        legend = {"q ≤ 0.05": (color_of(0), True), "q > 0.05": (PLAIN, False)}
        handles = [
            Line2D([], [], linestyle="", marker="o", markersize=4, color=color, label=label)
            for label, (color, kind) in legend.items()
            if kind in self.significant
        ]
        add_legend(ax, handles, None, size)
        return []


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"

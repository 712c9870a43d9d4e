"""Probes by structures as a heatmap: where in the brain probes differ, as on the site of the atlas."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from coexpr.errors import FigureError
from coexpr.output.figures.columns import draw_strip, font_of
from coexpr.output.figures.drawing import Size
from coexpr.output.figures.page import POINTS, add_title, measure, wrapped
from coexpr.output.figures.palette import DIVERGING, MISSING, Groups

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MAX_ROWS = 400
# z-scores beyond this have the same color.
_MOST = 3.0


@dataclass(frozen=True)
class ProfileHeatmap:
    """A heatmap of probes by structures.

    Parameters
    ----------
    names : sequence of str
        One per row.
    z : (P, C) float
        z-scores; NaN where missing.
    groups : Groups
        The top-level structure of each column.
    colors : list of str
        Allen's color of each column.
    title : str
    selected : int or None
        The row whose name is bold.
    """

    names: Sequence[str]
    z: NDArray[np.float64]
    groups: Groups
    colors: list[str]
    title: str
    selected: int | None = None
    width: float = 180

    def __post_init__(self) -> None:
        if not self.z.size or np.isnan(self.z).all():
            raise FigureError("there is nothing to draw: no probe differs between structures.")
        if len(self.z) > _MAX_ROWS:
            raise FigureError(f"a heatmap of {len(self.z):,} probes cannot be read; the limit is {_MAX_ROWS}.")

    def height(self, width: float, page: float) -> float:
        """Return the height in mm."""
        return len(self.z) * (3.0 if len(self.z) <= 40 else 1.9)

    def draw(self, ax: "Axes", size: Size) -> list[str]:
        """Draw heatmap, strip of structures and color bar."""
        import matplotlib

        rows, columns = self.z.shape
        colors = matplotlib.colormaps[DIVERGING].with_extremes(bad=MISSING)
        image = ax.imshow(
            np.ma.masked_invalid(self.z), cmap=colors, vmin=-_MOST, vmax=_MOST, aspect="auto",
            interpolation="none", gid="z",
        )  # fmt: skip
        ax.set_yticks(range(rows), list(self.names), fontsize=font_of(size.height / rows, 6))
        if self.selected is not None:
            ax.get_yticklabels()[self.selected].set_fontweight("bold")
        ax.set_xticks([])
        ax.tick_params(length=0, pad=1)
        for spine in ax.spines.values():
            spine.set_visible(False)
        draw_strip(ax, self.groups, self.colors, size)
        ax.set_xlabel(wrapped(f"{columns:,} structures in the order of the ontology", size.width), loc="left")
        wide = min(1, 30 / size.width)
        below = measure(ax).bottom + 3
        bar = ax.inset_axes((0, -below / size.height, wide, 1.8 / size.height))
        ax.figure.colorbar(
            image, cax=bar, orientation="horizontal", ticks=[-_MOST, 0, _MOST], extend="both",
            label="z-score of the mean",
        )  # fmt: skip
        bar.tick_params(pad=1, length=1.5)
        add_title(ax, self.title, size, pad=(measure(ax).top + 1) * POINTS)
        return []

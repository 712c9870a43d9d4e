"""A matrix of r as a clustered heatmap, with a dendrogram and strips of categories."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from coexpr.errors import FigureError
from coexpr.output.figures.columns import font_of
from coexpr.output.figures.drawing import Size
from coexpr.output.figures.page import FONT_SIZE, POINTS, add_legend, add_title, text_width
from coexpr.output.figures.palette import DIVERGING, MISSING
from coexpr.output.figures.strips import STRIP, draw_strips, handles_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Sizes in points: of the smallest names that are drawn, and of a row in units of its name.
_SMALLEST, _ROW = 3.5, 1.3
# In mm: of the dendrogram, and of a heatmap of few rows.
_DENDROGRAM, _LEAST = 12, 30


@dataclass(frozen=True)
class Heatmap:
    """A clustered heatmap of r.

    Parameters
    ----------
    names : sequence of str
    r : (N, N) float
    tree : (M, 4) float
        Linkage of the first M + 1 rows in `order`, as scipy returns it; heights are 1 - r. M may be 0.
    order : (N,) intp
        The rows from top to bottom; those that are not clustered come last.
    title : str
    marks : mapping of str to (N,) bool
    """

    names: Sequence[str]
    r: NDArray[np.float64]
    tree: NDArray[np.float64]
    order: NDArray[np.intp]
    title: str
    marks: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if np.isnan(self.r).all():
            raise FigureError("there is nothing to draw: no r is defined.")

    @staticmethod
    def check_size(rows: int, limit: int | None) -> None:
        """Raise FigureError if there are more rows than a limit; called before they are clustered."""
        if limit is not None and rows > limit:
            raise FigureError(
                f"a heatmap of {rows:,} x {rows:,} values of r cannot be read; the limit is {limit:,} rows. Choose "
                "fewer genes; `max_rows` lifts the limit."
            )

    @property
    def width(self) -> float:
        """The usual width in mm: names can be read, as far as a page allows it."""
        around = _DENDROGRAM + len(self.marks) * STRIP + text_width(self.names, 5) + 6
        return float(np.clip(around + max(_LEAST, len(self.r) * (_SMALLEST + 0.5) * _ROW / POINTS), 60, 700))

    def height(self, width: float, page: float) -> float:
        """Return the height in mm of square Axes."""
        return width

    def draw(self, ax: "Axes", size: Size) -> list[str]:
        """Draw heatmap, names, dendrogram, strips and color bar."""
        r = self.r[np.ix_(self.order, self.order)]
        image = ax.imshow(
            np.ma.masked_invalid(r), cmap=_colors(), vmin=-1, vmax=1, interpolation="none", aspect="auto", gid="r"
        )
        for spine in ax.spines.values():
            spine.set_visible(False)
        font = font_of(min(size.width, size.height) / len(r), FONT_SIZE - 1)
        has_names = font >= _SMALLEST
        places = range(len(r)) if has_names else []
        shown = [self.names[row] for row in self.order] if has_names else []
        ax.set_xticks(places, shown, rotation=90, fontsize=font)
        ax.set_yticks(places, shown, fontsize=font)
        ax.yaxis.tick_right()
        ax.tick_params(length=0, pad=1)
        left = len(self.marks) * STRIP / size.width
        if self.marks:
            strips = ax.inset_axes((-left - 1 / size.width, 0, left, 1))
            draw_strips(strips, {name: members[self.order] for name, members in self.marks.items()})
        if len(self.tree):
            self._draw_dendrogram(ax, left + 2 / size.width, _DENDROGRAM / size.width)
        _draw_bar(ax, image, size)
        add_title(ax, self.title, size)
        if self.marks:
            add_legend(ax, handles_of(list(self.marks)), None, size)
        if has_names:
            return []
        needed = size.page - size.width + len(r) * _SMALLEST * 1.25 / POINTS
        return [f"Names are left out: they need a width of {needed:,.0f} mm."]

    def _draw_dendrogram(self, ax: "Axes", right: float, share: float) -> None:
        from matplotlib.collections import LineCollection

        tree = ax.inset_axes((-right - share, 0, share, 1))
        tree.add_collection(
            LineCollection(branches(self.tree, self.order), colors="0.25", linewidths=min(0.5, 25 / len(self.r)))
        )
        tree.set_xlim(max(float(self.tree[:, 2].max()) * 1.03, 1e-9), 0)
        tree.set_ylim(len(self.r) - 0.5, -0.5)
        tree.set_axis_off()


def _draw_bar(ax: "Axes", image: Any, size: Size) -> None:
    wide = min(0.5, 25 / size.width)
    bar = ax.inset_axes((1 - wide, 1 + 1.5 / size.height, wide, 1.8 / size.height))
    ax.figure.colorbar(image, cax=bar, orientation="horizontal", ticks=[-1, 0, 1])
    bar.set_title("r", fontsize=FONT_SIZE - 1, pad=8)
    bar.xaxis.set_ticks_position("top")
    bar.tick_params(pad=1, length=1.5)


def branches(tree: NDArray[np.float64], order: NDArray[np.intp]) -> list[NDArray[np.float64]]:
    """Return the lines of a dendrogram.

    Parameters
    ----------
    tree : (M, 4) float
        Linkage as scipy returns it; its leaves are the clustered rows, ascending.
    order : (N,) intp
        Rows from top to bottom; the first M + 1 are the leaves.

    Returns
    -------
    list of (4, 2) float
        For each merge: height and row of the ends of its three lines.
    """
    leaves = len(tree) + 1
    place = np.empty(2 * leaves - 1)
    place[:leaves] = np.argsort(order[:leaves])
    height = np.zeros(2 * leaves - 1)
    lines = []
    for number, (first, second, merged, _) in enumerate(tree, start=leaves):
        a, b = int(first), int(second)
        height[number], place[number] = merged, (place[a] + place[b]) / 2
        lines.append(np.array([[height[a], place[a]], [merged, place[a]], [merged, place[b]], [height[b], place[b]]]))
    return lines


def _colors() -> Any:
    import matplotlib

    return matplotlib.colormaps[DIVERGING].with_extremes(bad=MISSING)

"""Specification curves: r in every analysis above the levels of each, and the range of r of each hit."""

from collections.abc import Iterator, Sequence
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
_ROW = 3.0
# Heights in mm of the curve, of what is between it and the levels, and of a level.
_CURVE, _GAP, _LEVEL = 42, 3, 2.7
# Up to this many analyses per mm, each is drawn as a dot; or else shades show how many have a level.
_DOTS_PER_MM = 1.0
_SHADES_PER_MM = 3
# What the levels of each choice are.
_HEADINGS = {
    "rule": "Rule",
    "min_present": "Present in at least",
    "annotation": "Annotation",
    "method": "Method",
    "adjust": "Adjusted for",
    "without_donor": "Donor left out",
}


@dataclass(frozen=True)
class Panel:
    """The levels of one choice.

    Parameters
    ----------
    choice : str
    names : list of str
        The levels, that of the default analysis first.
    levels : (A,) intp
        The level of each analysis.
    """

    choice: str
    names: list[str]
    levels: NDArray[np.intp]


@dataclass(frozen=True)
class SpecificationCurve:
    """A specification curve.

    Parameters
    ----------
    r : (A,) float64
        r of each analysis.
    panels : sequence of Panel
        The choices that vary.
    default : int or None
        The default analysis, where it has an r.
    title : str
    """

    r: NDArray[np.float64]
    panels: Sequence[Panel]
    default: int | None
    title: str
    width: float = 180

    def __post_init__(self) -> None:
        if not len(self.r):
            raise FigureError("there is nothing to draw: no analysis has an r.")

    @property
    def _below(self) -> float:
        """The height in mm of the panels."""
        return sum(len(panel.names) + 1 for panel in self.panels) * _LEVEL

    def height(self, width: float, page: float) -> float:
        """Return the height in mm."""
        return _CURVE + (_GAP + self._below if self.panels else 0)

    def draw(self, ax: "Axes", size: Size) -> list[str]:
        """Draw the curve, and the levels below it."""
        order = np.argsort(self.r, kind="stable")
        place = None if self.default is None else int(np.flatnonzero(order == self.default)[0])
        for spine in ax.spines.values():
            spine.set_visible(False)
        ax.tick_params(left=False, bottom=False, labelleft=False, labelbottom=False)
        share = _CURVE / size.height
        curve = ax.inset_axes((0, 1 - share, 1, share))
        self._draw_curve(curve, order, place, size)
        if self.panels:
            panel = ax.inset_axes((0, 0, 1, self._below / size.height), sharex=curve)
            self._draw_panels(panel, order, place, size)
        add_title(ax, self.title, size)
        return []

    def _draw_curve(self, ax: "Axes", order: NDArray[np.intp], place: int | None, size: Size) -> None:
        count = len(order)
        ax.scatter(np.arange(count), self.r[order], s=8 if count < 400 else 1.5, color=PLAIN, linewidths=0, gid="r")
        if place is not None:
            r = float(self.r[order[place]])
            ax.axvline(place, color=color_of(3), linewidth=0.6, zorder=0)
            ax.scatter([place], [r], s=16, marker="D", color=color_of(3), zorder=3, gid="default")
            on_left = place > count / 2
            ax.annotate(
                f"default: {r:.3f}", (place, r), xytext=(-5 if on_left else 5, 0), textcoords="offset points",
                ha="right" if on_left else "left", va="bottom" if on_left else "top", color=color_of(3),
            )  # fmt: skip
        if self.r.min() < 0 < self.r.max():
            ax.axhline(0, color="0.6", linewidth=0.5, zorder=0)
        margin = max(0.5, 0.01 * count)
        ax.set_xlim(-margin, count - 1 + margin)
        ax.tick_params(bottom=False, labelbottom=False)
        ax.set_ylabel("r")
        ax.grid(axis="y", color="0.9", linewidth=0.4)
        ax.set_axisbelow(True)

    def _draw_panels(self, ax: "Axes", order: NDArray[np.intp], place: int | None, size: Size) -> None:
        rows = list(self._rows())
        are_dots = len(order) <= size.width * _DOTS_PER_MM
        for panel, first in self._first_rows():
            levels = panel.levels[order]
            if are_dots:
                ax.scatter(np.arange(len(order)), first + levels, s=3, color="0.2", linewidths=0, gid=panel.choice)
            else:
                self._draw_shades(ax, panel, levels, first, size)
        if place is not None:
            ax.axvline(place, color=color_of(3), linewidth=0.6, zorder=3)
        ax.set_ylim(len(rows) - 0.5, -0.5)
        ax.set_yticks(range(len(rows)), [name for name, _ in rows])
        for label, (_, kind) in zip(ax.get_yticklabels(), rows, strict=True):
            label.set_fontsize(5.5)
            label.set_fontweight("bold" if kind == "heading" else "normal")
            label.set_color(color_of(3) if kind == "default" else "black")
        ax.tick_params(axis="y", length=0)
        ax.tick_params(bottom=False, labelbottom=False)
        for side in ("left", "bottom"):
            ax.spines[side].set_visible(False)
        shades = "" if are_dots else "; the darker, the more of these analyses have the level"
        ax.set_xlabel(wrapped(f"{len(order):,} analyses in the order of r{shades}", size.width))

    def _draw_shades(self, ax: "Axes", panel: Panel, levels: NDArray[np.intp], first: int, size: Size) -> None:
        """Draw how many of the analyses in each of many columns have each level."""
        columns = int(min(len(levels), size.width * _SHADES_PER_MM))
        column = np.arange(len(levels)) * columns // len(levels)
        counts = np.zeros((len(panel.names), columns))
        np.add.at(counts, (levels, column), 1)
        counts /= np.bincount(column, minlength=columns)
        ax.imshow(
            counts, cmap="Greys", vmin=0, vmax=counts.max(), aspect="auto", interpolation="none", gid=panel.choice,
            extent=(-0.5, len(levels) - 0.5, first + len(panel.names) - 0.5, first - 0.5),
        )  # fmt: skip

    def _first_rows(self) -> Iterator[tuple[Panel, int]]:
        """Yield each panel and the row of its first level, below its heading."""
        row = 1
        for panel in self.panels:
            yield panel, row
            row += len(panel.names) + 1

    def _rows(self) -> Iterator[tuple[str, str]]:
        """Yield the text of each row, and whether it is a heading, the level of the default, or another one."""
        for panel in self.panels:
            yield _HEADINGS.get(panel.choice, panel.choice), "heading"
            for place, name in enumerate(panel.names):
                yield name, "other" if place else "default"


@dataclass(frozen=True)
class HitRanges:
    """The range of r of each hit over many analyses.

    Parameters
    ----------
    names : sequence of str
        One per row, the first at the top.
    r : (N,) float64
        r in the default analysis.
    median : (N,) float64
    limits : (4, N) float64
        The quartiles, and the lowest and highest r.
    title : str
    """

    names: Sequence[str]
    r: NDArray[np.float64]
    median: NDArray[np.float64]
    limits: NDArray[np.float64]
    title: str
    width: float = 120

    def __post_init__(self) -> None:
        if not len(self.r):
            raise FigureError("there is nothing to draw: no hit has an r.")
        if len(self.r) > _MAX_ROWS:
            raise FigureError(f"a figure of {len(self.r):,} rows cannot be read; the limit is {_MAX_ROWS}.")

    def height(self, width: float, page: float) -> float:
        """Return the height in mm."""
        return len(self.r) * _ROW

    def draw(self, ax: "Axes", size: Size) -> list[str]:
        """Draw the rows and a legend."""
        rows = np.arange(len(self.r))
        q25, q75, least, most = self.limits
        whole = ax.hlines(rows, least, most, colors=PLAIN, linewidth=0.7, label="all analyses", gid="range")
        half = ax.hlines(rows, q25, q75, colors=color_of(5), linewidth=4, label="middle half", gid="quartiles")
        median = ax.scatter(
            self.median, rows, s=22, marker="|", color="black", linewidths=1.1, zorder=3, label="median", gid="median"
        )
        default = ax.scatter(
            self.r, rows, s=12, marker="D", color=color_of(3), linewidths=0, zorder=4, label="default analysis",
            gid="default",
        )  # fmt: skip
        ax.axvline(0, color="0.6", linewidth=0.5, zorder=0)
        ax.set_ylim(len(self.r) - 0.4, -0.6)
        ax.set_yticks(rows, list(self.names))
        ax.tick_params(axis="y", length=0)
        ax.grid(axis="x", color="0.9", linewidth=0.4)
        ax.set_axisbelow(True)
        ax.set_xlabel("r")
        add_title(ax, self.title, size)
        add_legend(ax, [default, median, half, whole], None, size, 4)
        return []

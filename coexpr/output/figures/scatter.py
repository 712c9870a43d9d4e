"""Two profiles against each other: one point per sample, with a fitted line per donor."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from coexpr.errors import FigureError
from coexpr.output.figures.drawing import Size
from coexpr.output.figures.page import POINTS, add_legend, add_title, measure, wrapped
from coexpr.output.figures.palette import DonorR, Groups, color_of, marker_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# From this width of the page in mm on, there are three panels in a row, and legends are to the right, not below.
_WIDE = 110
_NARROW = 70
# Between panels, and above each for its title.
_GAP, _TITLE = 6, 8


@dataclass(frozen=True)
class Scatter:
    """A scatter plot of two profiles.

    Parameters
    ----------
    x, y : (S,) float
        log2 expression; samples in which one is missing are not drawn.
    names : tuple of str
        Of the two profiles.
    donors : (S,) intp
        The place of each sample's donor in `by_donor`.
    by_donor : sequence of DonorR
    title : str
    groups : Groups, optional
        Structures that color the points, instead of donors.
    by_facet : bool
        Draw a panel per donor.
    with_lines : bool
        Draw the line of least squares of each donor; it contradicts an r that is adjusted for something.
    """

    x: NDArray[np.floating]
    y: NDArray[np.floating]
    names: tuple[str, str]
    donors: NDArray[np.intp]
    by_donor: Sequence[DonorR]
    title: str
    groups: Groups | None = None
    by_facet: bool = False
    with_lines: bool = True
    width: float = 120

    def __post_init__(self) -> None:
        if not self._is_known.any():
            raise FigureError(f"there is nothing to draw: no sample has values of both {' and '.join(self.names)}.")

    @property
    def _is_known(self) -> NDArray[np.bool_]:
        known: NDArray[np.bool_] = ~np.isnan(self.x) & ~np.isnan(self.y)
        return known

    @property
    def _shown_groups(self) -> list[int]:
        """The groups with a drawn sample."""
        return [] if self.groups is None else np.unique(self.groups.members[self._is_known]).tolist()

    def _grid(self, page: float) -> tuple[int, int]:
        most = 3 if page >= _WIDE else 2 if page >= _NARROW else 1
        columns = min(len(self.by_donor), most)
        return -(-len(self.by_donor) // columns), columns

    def height(self, width: float, page: float) -> float:
        """Return the height in mm of square panels."""
        if not self.by_facet:
            return width
        rows, columns = self._grid(page)
        return rows * ((width - (columns - 1) * _GAP) / columns + _TITLE)

    def draw(self, ax: "Axes", size: Size) -> list[str]:
        """Draw the panels and legends."""
        if self.by_facet:
            self._draw_facets(ax, size)
        else:
            self._draw_panel(ax, self._is_known, range(len(self.by_donor)))
        # The axes of facets are not its own: the labels go below and to the left of all.
        around = measure(ax) if self.by_facet else None
        x_label, y_label = (
            wrapped(f"{name} (log2 expression)", length)
            for name, length in zip(self.names, (size.width, size.height), strict=True)
        )
        ax.set_xlabel(x_label, labelpad=around and (around.bottom + 0.7) * POINTS)
        ax.set_ylabel(y_label, labelpad=around and (around.left + 0.7) * POINTS)
        add_title(ax, self.title, size)
        self._draw_legends(ax, size)
        return []

    def _draw_facets(self, ax: "Axes", size: Size) -> None:
        rows, columns = self._grid(size.page)
        side = (size.width - (columns - 1) * _GAP) / columns
        known = self._is_known
        limits_x, limits_y = (_limits(values[known]) for values in (self.x, self.y))
        for place, (donor, r, n) in enumerate(self.by_donor):
            row, column = divmod(place, columns)
            left, bottom = column * (side + _GAP), (rows - row - 1) * (side + _TITLE)
            height = size.height / rows - _TITLE
            panel = ax.inset_axes((left / size.width, bottom / size.height, side / size.width, height / size.height))
            self._draw_panel(panel, known & (self.donors == place), [place])
            panel.set_xlim(limits_x)
            panel.set_ylim(limits_y)
            panel.tick_params(labelleft=column == 0, labelbottom=place + columns >= len(self.by_donor))
            panel.set_title(f"{donor}\n{_label(None, r, n)}", loc="left", pad=2)
        for spine in ax.spines.values():
            spine.set_visible(False)
        ax.tick_params(left=False, bottom=False, labelleft=False, labelbottom=False)

    def _draw_panel(self, ax: "Axes", is_drawn: NDArray[np.bool_], donors: Sequence[int]) -> None:
        """Draw the points of some samples, and the line of some donors."""
        size, alpha = _point(int(np.count_nonzero(is_drawn)))
        for donor in donors:
            of_donor = is_drawn & (self.donors == donor)
            x, y = self.x[of_donor], self.y[of_donor]
            color: Any = color_of(donor)
            if self.groups is not None:
                color = [self.groups.colors[group] for group in self.groups.members[of_donor].tolist()]
            ax.scatter(
                x, y, s=size, c=color, marker=marker_of(donor), alpha=alpha,
                linewidths=0.15 if self.groups is not None else 0, edgecolors="0.3",
                gid=f"donor-{self.by_donor[donor].donor}",
            )  # fmt: skip
        for donor in donors if self.with_lines else ():
            of_donor = is_drawn & (self.donors == donor)
            if line := _fitted_line(self.x[of_donor], self.y[of_donor]):
                is_by_donor = self.groups is None
                ax.plot(
                    *line, color=color_of(donor) if is_by_donor else "0.15", zorder=3,
                    linestyle=self._line_style(donor), linewidth=1.2, gid=f"line-{donor}",
                )  # fmt: skip

    def _line_style(self, donor: int) -> Any:
        """Return how the line of a donor is drawn: by its dashes where its color does not say whose it is."""
        if not self.with_lines:
            return ""
        return "-" if self.groups is None else _dashes(donor)

    def _draw_legends(self, ax: "Axes", size: Size) -> None:
        from matplotlib.lines import Line2D

        is_wide = size.page >= _WIDE
        if self.groups is not None:
            handles = [
                Line2D(
                    [], [], color=self.groups.colors[group], marker="o", markersize=3.5, linestyle="",
                    markeredgecolor="0.3", markeredgewidth=0.3, label=self.groups.full_names[group],
                )
                for group in self._shown_groups
            ]  # fmt: skip
            add_legend(ax, handles, "Structure", size, 1 if is_wide else 2, on_right=is_wide)
        if not self.by_facet:
            handles = [
                Line2D(
                    [], [], color=color_of(place) if self.groups is None else "0.15", marker=marker_of(place),
                    markersize=3, linestyle=self._line_style(place), label=_label(donor, r, n),
                )
                for place, (donor, r, n) in enumerate(self.by_donor)
            ]  # fmt: skip
            on_right = is_wide and self.groups is None
            add_legend(ax, handles, "Donor", size, 1 if on_right else 2, on_right=on_right)


def _point(count: int) -> tuple[float, float]:
    """Return the area in square points and the opacity of each of some points."""
    if count < 200:
        return 10, 0.85
    return (6, 0.6) if count < 1500 else (4, 0.45)


def _dashes(place: int) -> tuple[int, tuple[float, ...]]:
    patterns: tuple[tuple[float, ...], ...] = (
        (), (4, 1.5), (1.5, 1.5), (6, 1.5, 1.5, 1.5), (3, 3), (8, 2, 1, 2, 1, 2),
    )  # fmt: skip
    return 0, patterns[place % len(patterns)]


def _label(donor: str | None, r: float | None, n: int) -> str:
    value = "r undefined" if r is None else f"r = {r:.3f}"
    return f"{donor + '  ' if donor else ''}{value}, n = {n:,}"


def _limits(values: NDArray[np.floating]) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    margin = 0.05 * (high - low) or 0.5
    return low - margin, high + margin


def _fitted_line(x: NDArray[np.floating], y: NDArray[np.floating]) -> tuple[list[float], list[float]] | None:
    """Return the two ends of the line of least squares of y on x; None if x does not vary."""
    if len(x) < 3 or np.ptp(x) == 0:
        return None
    x = x.astype(np.float64)
    centered = x - x.mean()
    slope = float(centered @ (y - y.mean())) / float(centered @ centered)
    ends = [float(x.min()), float(x.max())]
    return ends, [float(y.mean()) + slope * (end - float(x.mean())) for end in ends]

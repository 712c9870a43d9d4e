"""Columns of structures: a strip of Allen's colors above a figure, with the names of the top-level structures."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from coexpr.output.figures.drawing import Size
from coexpr.output.figures.page import POINTS, line_height
from coexpr.output.figures.palette import Groups

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Heights in mm: of the strip, and of the lines from it to the names.
_STRIP, _LINES = 2.2, 3.0
_FONT = 5.0


def draw_strip(ax: "Axes", groups: Groups, colors: list[str], size: Size) -> None:
    """Draw the colors of the columns above Axes, and the names of groups of neighboring columns.

    Parameters
    ----------
    ax : Axes
        With a column per structure, from 0.
    groups : Groups
        The top-level structure of each column.
    colors : list of str
        The color of each column.
    size : Size
    """
    from matplotlib.colors import to_rgb

    height = size.height
    strip = ax.inset_axes((0, 1 + 0.4 / height, 1, _STRIP / height))
    strip.imshow(np.array([[to_rgb(color) for color in colors]]), aspect="auto", interpolation="none")
    strip.set_axis_off()
    columns = len(colors)
    present, centers = _centers(groups.members)
    font = font_of(size.width / len(present), _FONT)
    needed = line_height(font) / size.width * columns
    places = spread(centers, needed, columns - 1)
    bottom = 1 + (0.4 + _STRIP) / height
    for group, center, place in zip(present, centers.tolist(), places.tolist(), strict=True):
        xs = [(center + 0.5) / columns, (place + 0.5) / columns]
        ax.plot(
            xs, [bottom + 0.3 / height, bottom + (_LINES - 0.3) / height], color="0.5", linewidth=0.4,
            transform=ax.transAxes, clip_on=False,
        )  # fmt: skip
        ax.text(
            xs[1], bottom + _LINES / height, groups.names[group], rotation=90, fontsize=font, ha="center",
            va="bottom", transform=ax.transAxes,
        )  # fmt: skip


def _centers(members: NDArray[np.intp]) -> tuple[list[int], NDArray[np.float64]]:
    """Return each group, and the center of the longest run of its columns; from left to right."""
    starts = np.flatnonzero(np.concatenate([[True], members[1:] != members[:-1]]))
    ends = np.concatenate([starts[1:], [len(members)]])
    longest: dict[int, tuple[int, float]] = {}
    for group, start, end in zip(members[starts].tolist(), starts.tolist(), ends.tolist(), strict=True):
        longest[group] = max(longest.get(group, (0, 0.0)), (end - start, (start + end - 1) / 2))
    order = sorted(longest, key=lambda group: longest[group][1])
    return order, np.array([longest[group][1] for group in order])


def spread(centers: NDArray[np.float64], apart: float, last: float) -> NDArray[np.float64]:
    """Return places as close to ascending centers as possible that are at least `apart`, within 0 to `last`.

    Names that would overlap are moved together as a block (pool-adjacent-violators).
    """
    apart = min(apart, last / max(1, len(centers) - 1)) if len(centers) > 1 else apart
    offsets = np.arange(len(centers)) * apart
    blocks: list[list[float]] = []  # of the mean of centers minus offsets, and the number of centers
    for value in (centers - offsets).tolist():
        blocks.append([value, 1])
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            (first, count), (second, added) = blocks[-2:]
            blocks[-2:] = [[(first * count + second * added) / (count + added), count + added]]
    level = np.concatenate([np.full(int(count), value) for value, count in blocks]) if blocks else np.empty(0)
    spare = last - (offsets[-1] if len(offsets) else 0)
    places: NDArray[np.float64] = np.clip(level, 0, max(0.0, spare)) + offsets
    return places


def font_of(row_height: float, largest: float) -> float:
    """Return the size in points of a name next to a row of some height in mm."""
    return min(largest, row_height * POINTS / 1.25)

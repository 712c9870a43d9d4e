"""Strips of colors next to the rows of a figure: which rows are in which category."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from coexpr.output.figures.palette import PLAIN, color_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

# The width of the strip of one category, in mm.
STRIP = 2.2


def draw_strips(ax: "Axes", marks: Mapping[str, NDArray[np.bool_]]) -> None:
    """Fill Axes with a column per category, from the first row at the top; members have its color."""
    from matplotlib.colors import to_rgb

    members = np.array(list(marks.values())).T
    image = np.ones((*members.shape, 3))
    for column in range(members.shape[1]):
        image[:, column] = np.where(members[:, column, None], to_rgb(color_of(column)), to_rgb("#F2F2F2"))
    ax.imshow(image, aspect="auto", interpolation="none")
    ax.set_axis_off()


def handles_of(names: Sequence[str], *, with_others: bool = False) -> "list[Line2D]":
    """Return the entries of a legend of categories."""
    from matplotlib.lines import Line2D

    entries = [(name, color_of(place)) for place, name in enumerate(names)]
    if with_others:
        entries.append(("other", PLAIN))
    return [
        Line2D([], [], color=color, marker="s" if not with_others else "o", linestyle="", markersize=4, label=name)
        for name, color in entries
    ]

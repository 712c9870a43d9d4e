"""What a figure shows: the texts that are drawn, where they are, and which of them overlap."""

from typing import Any, NamedTuple

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from numpy.typing import NDArray

from coexpr.output.figures import page
from coexpr.output.figures.drawing import Drawing

CAPTION = (
    "Pearson r of log2 expression over 3,702 samples of 6 donors (H0351.2001, H0351.2002, H0351.1009, H0351.1012, "
    "H0351.1015, H0351.1016), all structures. Each gene by its probe with the highest mean expression. coexpr 1.0."
)


class Line(NamedTuple):
    """A line of text as it is drawn: its four corners in pixels, one after the other."""

    text: str
    corners: NDArray[np.float64]


class Recorder(RendererAgg):
    """A renderer that also records the lines of text that it draws."""

    def __init__(self, figure: Figure) -> None:
        self.lines: list[Line] = []
        super().__init__(*map(int, figure.bbox.size), figure.dpi)

    def draw_text(
        self, gc: Any, x: float, y: float, s: str, prop: Any, angle: float, ismath: Any = False, mtext: Any = None
    ) -> None:
        width, height, descent = self.get_text_width_height_descent(s, prop, ismath)
        box = np.array([(0, -descent), (width, -descent), (width, height - descent), (0, height - descent)])
        turn = np.radians(angle)
        matrix = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        self.lines.append(Line(s, box @ matrix + (x, self.height - y)))
        super().draw_text(gc, x, y, s, prop, angle, ismath, mtext)


class Drawn(NamedTuple):
    """A figure after it is drawn."""

    ax: Axes
    lines: list[Line]
    left_out: list[str]
    page: tuple[float, float]  # width and height in pixels
    extent: tuple[float, float, float, float]  # left, bottom, right and top of all that is drawn


def draw(drawing: Drawing, width: float | None = None, caption: str = CAPTION) -> Drawn:
    """Draw a figure as it is saved, at 300 dpi."""
    with page.style():
        figure = Figure(dpi=300)
        ax, left_out = page._compose(figure, drawing, width or drawing.width, caption)
        figure.set_dpi(300)
        recorder = Recorder(figure)
        figure.draw(recorder)
        box = ax.get_tightbbox(recorder)
    assert box is not None
    return Drawn(ax, recorder.lines, left_out, tuple(figure.bbox.size), tuple(box.extents))


def axes_of(drawing: Drawing) -> Axes:
    """Draw into Axes of a figure of 180 x 180 mm."""
    figure = Figure(figsize=(180 / 25.4, 180 / 25.4))
    return page.plot(drawing, figure.add_subplot(), None)


def with_gid(ax: Axes, start: str) -> list[Artist]:
    """Return the artists in Axes and in their panels whose id starts with a text, in the order of drawing."""
    panels = [ax, *(child for child in ax.child_axes)]
    return [artist for panel in panels for artist in panel.get_children() if (artist.get_gid() or "").startswith(start)]


def legends_of(ax: Axes) -> list[Legend]:
    return [artist for artist in ax.get_children() if isinstance(artist, Legend)]


def legend_texts(ax: Axes) -> list[str]:
    """Return the entries of all legends."""
    return [text.get_text() for legend in legends_of(ax) for text in legend.get_texts()]


def overlapping(lines: list[Line], tolerance: float = 0.5) -> list[tuple[str, str]]:
    """Return the pairs of lines of text that overlap by more than a tolerance in pixels."""
    lows = np.array([line.corners.min(axis=0) for line in lines])
    highs = np.array([line.corners.max(axis=0) for line in lines])
    near = ((lows[:, None] < highs[None] - tolerance) & (lows[None] < highs[:, None] - tolerance)).all(axis=2)
    pairs = [(int(a), int(b)) for a, b in np.argwhere(np.triu(near, 1))]
    return [
        (lines[a].text, lines[b].text)
        for a, b in pairs
        if all(_shared(lines[a].corners, lines[b].corners, axis) > tolerance for axis in _axes(lines[a], lines[b]))
    ]


def _axes(*lines: Line) -> list[NDArray[np.float64]]:
    """Return the directions of the sides of rectangles: rectangles that overlap do so along each of them."""
    sides = [line.corners[end] - line.corners[0] for line in lines for end in (1, 3)]
    return [side / np.linalg.norm(side) for side in sides]


def _shared(a: NDArray[np.float64], b: NDArray[np.float64], axis: NDArray[np.float64]) -> float:
    """Return by how much two rectangles overlap along a direction."""
    along_a, along_b = a @ axis, b @ axis
    return float(min(along_a.max(), along_b.max()) - max(along_a.min(), along_b.min()))

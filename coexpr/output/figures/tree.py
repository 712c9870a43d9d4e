"""The tree of structures, with a bar of the number of samples in each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coexpr.errors import FigureError
from coexpr.output.figures.drawing import Size
from coexpr.output.figures.page import add_title, text_width

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MAX_ROWS = 500
_ROW = 2.8
_INDENT = 2.0  # mm per level of the tree
_MAX_CHARACTERS = 46
_FONT = 5.5


@dataclass(frozen=True)
class Tree:
    """Structures with numbers of samples.

    Parameters
    ----------
    names : sequence of str
    depths : sequence of int
        In the tree; the least deep is not indented.
    samples : sequence of int
    colors : sequence of str
        Allen's colors.
    title : str
    """

    names: Sequence[str]
    depths: Sequence[int]
    samples: Sequence[int]
    colors: Sequence[str]
    title: str
    width: float = 120

    def __post_init__(self) -> None:
        if not self.names:
            raise FigureError("there is nothing to draw: no structure has enough samples.")
        if len(self.names) > _MAX_ROWS:
            raise FigureError(
                f"a figure of {len(self.names):,} structures would be {len(self.names) * _ROW / 1000:,.1f} m high; the "
                f"limit is {_MAX_ROWS}. Search for fewer."
            )

    def height(self, width: float, page: float) -> float:
        """Return the height in mm."""
        return len(self.names) * _ROW

    def draw(self, ax: "Axes", size: Size) -> list[str]:
        """Draw the bars, with names to their left."""
        rows = range(len(self.names))
        names = [_shortened(name) for name in self.names]
        least = min(self.depths)
        indents = [(depth - least) * _INDENT for depth in self.depths]
        margin = max(indent + text_width([name], _FONT) for indent, name in zip(indents, names, strict=True)) + 1
        ax.barh(rows, self.samples, color=list(self.colors), edgecolor="0.5", linewidth=0.3, height=0.75)
        for row, name, indent, count in zip(rows, names, indents, self.samples, strict=True):
            ax.text(
                (indent - margin) / size.width, row, name, fontsize=_FONT, va="center", ha="left",
                transform=ax.get_yaxis_transform(),
            )  # fmt: skip
            ax.annotate(
                f"{count:,}", (count, row), xytext=(2, 0), textcoords="offset points", fontsize=_FONT, va="center"
            )
        ax.set_ylim(len(self.names) - 0.4, -0.6)
        ax.set_xlim(0, max(self.samples))
        ax.set_yticks([])
        ax.spines["left"].set_visible(False)
        ax.set_xlabel("samples")
        add_title(ax, self.title, size)
        return []


def _shortened(name: str) -> str:
    return name if len(name) <= _MAX_CHARACTERS else f"{name[: _MAX_CHARACTERS - 1]}…"

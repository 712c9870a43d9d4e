"""What a figure is to `page`, which lays it out."""

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Size(NamedTuple):
    """Width and height of Axes in mm, without what is around them, and the width of the page."""

    width: float
    height: float
    page: float


class Drawing(Protocol):
    """Something that can be drawn into Axes."""

    @property
    def width(self) -> float:
        """The usual width in mm of the whole figure."""

    def height(self, width: float, page: float) -> float:
        """Return the height in mm of Axes, for their width and that of the page."""

    def draw(self, ax: "Axes", size: Size) -> list[str]:
        """Draw into Axes; return sentences about what had to be left out, for the caption."""

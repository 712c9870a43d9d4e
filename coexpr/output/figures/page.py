"""The page of a figure: its style, size, caption, and file."""

import textwrap
import warnings
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple, cast

import coexpr
from coexpr.errors import OptionError
from coexpr.extras import require
from coexpr.output.figures.drawing import Drawing, Size
from coexpr.output.files import check_file, write_binary_file
from coexpr.result import Provenance, json_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ENDINGS = (".png", ".svg", ".pdf")
_DPI = 300
_SCREEN_DPI = 150
# Widths in mm.
_NARROWEST, _WIDEST = 30, 1000
MM = 1 / 25.4
# Points per mm, and the mean width of a character in units of the font size.
POINTS = 72 / 25.4
CHARACTER = 0.6
FONT_SIZE = 7.0
_CAPTION_SIZE = 5.0
_LINE = 1.4  # height of a line of text in units of the font size
_LINE_OF_CAPTION = 2.4  # in mm
# Around the page, and the narrowest Axes, in mm.
_PADDING = 1.5
_NARROWEST_AXES = 12
# Marks the legends below Axes.
_BELOW = "legend-below"
# Width of a legend in mm without its text, for each column.
_HANDLE = 9
# The most passes until what is around Axes does not change; three are usual.
_PASSES = 5
_TOLERANCE = 0.2  # in mm
_STYLE: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib, so a figure looks the same everywhere
    "font.size": FONT_SIZE,
    "axes.titlesize": FONT_SIZE,
    "axes.labelsize": FONT_SIZE,
    "xtick.labelsize": FONT_SIZE - 1,
    "ytick.labelsize": FONT_SIZE - 1,
    "legend.fontsize": FONT_SIZE - 1,
    "legend.frameon": False,
    "legend.handletextpad": 0.5,
    "legend.borderaxespad": 0.3,
    "axes.linewidth": 0.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.width": 0.5,
    "ytick.major.width": 0.5,
    "xtick.major.size": 2,
    "ytick.major.size": 2,
    "lines.linewidth": 0.8,
    "patch.linewidth": 0.5,
    "text.parse_math": False,  # a name may contain "$"
    "pdf.fonttype": 42,  # embedded TrueType, which remains text in a drawing program
    "svg.fonttype": "path",  # SVG cannot embed a font
    "svg.hashsalt": "coexpr",  # the same figure gives the same file
}


def check_figure_file(path: Path, width: float | None = None) -> None:
    """Check that a figure can be written to a file, before it is computed.

    Raises
    ------
    OptionError
        If the ending of its name is unknown, or the width is outside the limits.
    OutputError
        If its folder does not exist.
    MissingPackageError
        If matplotlib is not installed.
    """
    if path.suffix.lower() not in _ENDINGS:
        raise OptionError(f"{path}: unknown file name ending of a figure; use one of {', '.join(_ENDINGS)}.")
    if width is not None and not _NARROWEST <= width <= _WIDEST:
        raise OptionError(f"`width` {width:g}: expected a width in mm, from {_NARROWEST} to {_WIDEST}.")
    check_file(path)
    require("matplotlib")


def style() -> "AbstractContextManager[None]":
    """Return a context in which matplotlib has the style of coexpr's figures."""
    import matplotlib

    return matplotlib.rc_context(cast(Any, _STYLE))


def plot(drawing: Drawing, ax: "Axes | None", width: float | None) -> "Axes":
    """Draw into Axes, by default of a new figure of pyplot, which a notebook shows."""
    require("matplotlib")
    if ax is None:
        from matplotlib import pyplot

        # Outside the style: the first figure of a notebook changes settings of matplotlib that must last.
        figure = pyplot.figure(dpi=_SCREEN_DPI)
        with style():
            return _compose(figure, drawing, width or drawing.width, "")[0]
    extent, dpi = ax.get_window_extent(), ax.figure.dpi
    page = ax.figure.get_window_extent().width
    with style():
        drawing.draw(ax, Size(*(pixels / dpi / MM for pixels in (extent.width, extent.height, page))))
    return ax


def save(drawing: Drawing, path: Path, width: float | None, provenance: Provenance) -> list[str]:
    """Draw into a file, with the provenance as a caption and in its metadata; return what had to be left out."""
    check_figure_file(path, width)
    from matplotlib.figure import Figure

    with style(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # reported below, once
        figure = Figure(dpi=_DPI)  # text has other widths at another resolution
        _, left_out = _compose(figure, drawing, width or drawing.width, provenance.caption)
        write_binary_file(path, lambda stream: _write(figure, path, stream, provenance))
        missing = _missing_characters(figure)
    return (
        [*left_out, f"Boxes are drawn for characters that the font does not have: {missing}."] if missing else left_out
    )


def _missing_characters(figure: "Figure") -> str:
    """Return the characters in a figure that its font does not have."""
    from matplotlib.font_manager import findfont, get_font
    from matplotlib.text import Text

    font = get_font(findfont(_STYLE["font.sans-serif"][0]))
    texts = [text.get_text() for text in figure.findobj(Text) if isinstance(text, Text)]
    characters = dict.fromkeys("".join(texts).replace("\n", ""))
    return "".join(character for character in characters if not font.get_char_index(ord(character)))


def _compose(figure: "Figure", drawing: Drawing, width: float, caption: str) -> "tuple[Axes, list[str]]":
    """Draw into a figure of exactly some width, as high as the drawing, what is around its Axes, and a caption need.

    How much is around Axes (names, legends) is known once they are drawn, so they are drawn, measured and drawn again.
    """
    around = Around(width / 6, width / 6, 10, 10)
    left_out: list[str] = []
    for number in range(_PASSES):
        size_width = width - around.left - around.right - 2 * _PADDING
        if size_width < _NARROWEST_AXES:
            raise OptionError(
                f"`width` {width:g} is too narrow for this figure: what is next to its axes takes "
                f"{width - size_width:.0f} mm. Use at least {width - size_width + _NARROWEST_AXES:.0f}."
            )
        size = Size(size_width, drawing.height(size_width, width), width)
        figure.clear()
        lines = wrapped(caption and " ".join([caption, *left_out]), width - 2 * _PADDING, _CAPTION_SIZE)
        below = around.bottom + (lines.count("\n") + bool(lines)) * _LINE_OF_CAPTION + _PADDING
        height = below + size.height + around.top + _PADDING
        figure.set_size_inches(width * MM, height * MM)
        place = (
            (around.left + _PADDING) / width, below / height, size.width / width, size.height / height
        )  # fmt: skip
        ax = figure.add_axes(place)
        before, left_out = left_out, drawing.draw(ax, size)
        measured = measure(ax)
        if left_out == before and max(abs(a - b) for a, b in zip(measured, around, strict=True)) < _TOLERANCE / 4:
            break
        # Tick labels may change from pass to pass; in the end there must be space for each of them.
        around = measured if number < _PASSES // 2 else Around(*map(max, around, measured))
    if not _is_on_page(ax, width):
        raise OptionError(f"`width` {width:g} is too narrow for this figure. Use a larger one.")
    figure.text(
        _PADDING / width, _PADDING / height, lines, fontsize=_CAPTION_SIZE, color="0.35",
        linespacing=_LINE_OF_CAPTION * POINTS / _CAPTION_SIZE / 1.17, va="bottom",
    )  # fmt: skip
    return ax, left_out


class Around(NamedTuple):
    """How far names, titles and legends extend beyond Axes, in mm."""

    left: float
    right: float
    bottom: float
    top: float


def measure(ax: "Axes") -> Around:
    """Return how far what is drawn extends beyond Axes.

    Titles, the label below and legends below are as wide as the page allows, whatever the width of Axes.
    """
    extent, whole = ax.get_window_extent(), ax.get_tightbbox()
    below = [legend for legend in ax.get_children() if legend.get_gid() == _BELOW]
    for legend in below:
        legend.set_in_layout(False)
    across = ax.get_tightbbox(for_layout_only=True)
    for legend in below:
        legend.set_in_layout(True)
    if whole is None or across is None:
        return Around(0, 0, 0, 0)
    mm = 1 / ax.figure.dpi / MM
    return Around(
        max(0.0, extent.x0 - across.x0) * mm,
        max(0.0, across.x1 - extent.x1) * mm,
        max(0.0, extent.y0 - whole.y0) * mm,
        max(0.0, whole.y1 - extent.y1) * mm,
    )


def _is_on_page(ax: "Axes", width: float) -> bool:
    """Return whether all that is drawn is within the width of the page in mm."""
    whole = ax.get_tightbbox()
    mm = 1 / ax.figure.dpi / MM
    return whole is None or (whole.x0 * mm > -_TOLERANCE and whole.x1 * mm < width + _TOLERANCE)


def add_title(ax: "Axes", title: str, size: Size, pad: float = 4) -> None:
    """Add a title at the left edge of the page, `pad` points above Axes."""
    lines = wrapped(title, size.page - 2 * _PADDING)
    ax.set_title(lines, loc="left", x=-measure(ax).left / size.width, pad=pad)


def add_legend(
    ax: "Axes", handles: Sequence[Any], title: str | None, size: Size, columns: int = 1, *, on_right: bool = False
) -> None:
    """Add a legend to the right of what is drawn, or below it in as many columns as fit, `columns` at most."""
    from matplotlib.legend import Legend
    from matplotlib.transforms import ScaledTranslation

    labels = [wrapped(str(handle.get_label()), size.page - _HANDLE, FONT_SIZE - 1) for handle in handles]
    fitting = int((size.page - 2 * _PADDING) // (text_width(labels) + _HANDLE))
    around = measure(ax)
    x, y = (around.right + 2, 0.0) if on_right else (-around.left, -around.bottom - 1)
    corner = ax.transAxes + ScaledTranslation(x * MM, y * MM, ax.figure.dpi_scale_trans)
    legend = Legend(
        ax, handles, labels, title=title, ncols=max(1, min(columns, fitting)), alignment="left", loc="upper left",
        bbox_to_anchor=(1, 1) if on_right else (0, 0), bbox_transform=corner, borderaxespad=0, borderpad=0,
    )  # fmt: skip
    ax.add_artist(legend)
    legend.set_gid(None if on_right else _BELOW)
    legend.set_clip_on(False)  # what is clipped is not measured


def _write(figure: "Figure", path: Path, stream: IO[bytes], provenance: Provenance) -> None:
    file_format = path.suffix.lower().removeprefix(".")
    whole = json_text(provenance)
    creator = f"coexpr {coexpr.__version__}"
    by_format: dict[str, dict[str, Any]] = {
        "png": {"Title": provenance.caption, "Description": whole, "Software": creator},
        # Without a date, the same figure gives the same file.
        "svg": {"Title": provenance.caption, "Description": whole, "Creator": creator, "Date": None},
        "pdf": {"Title": provenance.caption, "Subject": whole, "Creator": creator, "CreationDate": None},
    }
    figure.savefig(stream, format=file_format, dpi=_DPI, metadata=by_format[file_format])


def wrapped(text: str, width: float, font_size: float = FONT_SIZE) -> str:
    """Return text in lines of about a width in mm."""
    return textwrap.fill(text, max(12, int(width * POINTS / (font_size * CHARACTER))))


def text_width(texts: Sequence[str], font_size: float = FONT_SIZE - 1) -> float:
    """Return about how many mm the longest line of some texts takes."""
    lines = (line for text in texts for line in text.split("\n"))
    return max(map(len, lines), default=0) * font_size * CHARACTER / POINTS


def line_height(font_size: float = FONT_SIZE - 1) -> float:
    """Return how many mm a line of text takes."""
    return font_size * _LINE / POINTS

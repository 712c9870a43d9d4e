"""Results that can be drawn."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coexpr.result import Provenance

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Drawable:
    """A result that can be drawn: its method `drawing` returns what is drawn, and raises FigureError if it cannot."""

    provenance: Provenance
    drawing: Callable[..., Any]  # a Drawing

    def plot(self, ax: "Axes | None" = None, *, width: float | None = None, **options: Any) -> "Axes":
        """Draw the result with matplotlib.

        Parameters
        ----------
        ax : Axes, optional
            Where to draw; by default a new figure of pyplot.
        width : float, optional
            Width of a new figure in mm. By default it depends on what is drawn.
        **options
            As for `drawing`.

        Returns
        -------
        Axes

        Raises
        ------
        FigureError
            If there is nothing to draw, or too much for a figure.
        MissingPackageError
            If matplotlib is not installed.
        """
        from coexpr.output.figures import page

        return page.plot(self.drawing(**options), ax, width)

    def save_figure(self, path: Path | str, *, width: float | None = None, **options: Any) -> list[str]:
        """Draw the result into a file, with the provenance as a caption and in the metadata of the file.

        Parameters
        ----------
        path : path
            .png (300 dpi), .svg or .pdf, with embedded fonts.
        width : float, optional
            Width in mm; a column of a journal is about 85, a page 180.
        **options
            As for `drawing`.

        Returns
        -------
        list of str
            What had to be left out, in sentences.

        Raises
        ------
        FigureError, MissingPackageError
            As for `plot`.
        OptionError, OutputError
            If the ending of the file name is unknown, or the file cannot be written.
        """
        from coexpr.output.figures import page

        return page.save(self.drawing(**options), Path(path), width, self.provenance)

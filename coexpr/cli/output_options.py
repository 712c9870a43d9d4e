"""The options that say where a result goes and in which format. What cannot work is refused before it is computed."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NamedTuple

from coexpr.cli.groups import FIGURE, OUTPUT, option
from coexpr.errors import OptionError

# Paths that mean stdout. If it is redirected, /dev/stdout is a file of the user that must not be replaced.
_STDOUT = (Path("-"), Path("/dev/stdout"))


# The formats that are not text.
BINARY = frozenset({"parquet", "arrow", "xlsx", "npz"})


class Format(StrEnum):
    """How a result is written."""

    TABLE = "table"
    CSV = "csv"
    TSV = "tsv"
    JSON = "json"
    JSONL = "jsonl"
    MARKDOWN = "markdown"
    PARQUET = "parquet"
    ARROW = "arrow"
    XLSX = "xlsx"


class MatrixFormat(StrEnum):
    """How a matrix is written."""

    CSV = "csv"
    TSV = "tsv"
    JSON = "json"
    JSONL = "jsonl"
    MARKDOWN = "markdown"
    PARQUET = "parquet"
    ARROW = "arrow"
    XLSX = "xlsx"
    NPZ = "npz"


class Target(NamedTuple):
    """A file, or stdout if it is None, and the format to write."""

    file: Path | None
    format: str


@dataclass(eq=False, repr=False)
class FileOptions:
    """Where and how a result is written."""

    wide: Annotated[bool, option(OUTPUT, "--wide", "Show all columns, even if they do not fit the terminal.")] = False
    output_format: Annotated[
        Format | None, option(OUTPUT, "--format", "Output format. Default: a table, or the format of -o FILE.")
    ] = None
    output: Annotated[
        Path | None,
        option(
            OUTPUT,
            "--output -o",
            "Write the result to a file: .csv, .tsv, .json, .jsonl, .md, .parquet, .arrow, .xlsx.",
            "FILE",
        ),
    ] = None

    def __post_init__(self) -> None:
        self.target()

    def target(self) -> Target:
        """Return where the result goes."""
        return _target_of(self.output, self.output_format, Format, Format.TABLE)


@dataclass(eq=False, repr=False)
class OutputOptions(FileOptions):
    """Where and how a result is written, and which of its columns."""

    columns: Annotated[
        str | None, option(OUTPUT, "--columns", "Only these columns, in this order, in any format.", "A,B")
    ] = None


@dataclass(eq=False, repr=False)
class MatrixFileOptions:
    """Where and how a matrix is written."""

    output_format: Annotated[
        MatrixFormat | None, option(OUTPUT, "--format", "Output format. Default: csv, or the format of -o FILE.")
    ] = None
    output: Annotated[
        Path | None,
        option(
            OUTPUT,
            "--output -o",
            "Write to a file: .csv, .tsv, .json, .jsonl, .md, .parquet, .arrow, .xlsx, .npz.",
            "FILE",
        ),
    ] = None

    def __post_init__(self) -> None:
        self.target()

    def target(self) -> Target:
        """Return where the matrix goes."""
        return _target_of(self.output, self.output_format, MatrixFormat, MatrixFormat.CSV)


@dataclass(eq=False, repr=False)
class PlotOptions:
    """The figure of a result."""

    plot: Annotated[
        Path | None, option(FIGURE, "--plot", "Draw the result: .png, .svg or .pdf (docs/gallery.md).", "FILE")
    ] = None
    width: Annotated[
        float | None, option(FIGURE, "--width", "Width of the figure in mm. Default: by what it shows.", "MM")
    ] = None

    def __post_init__(self) -> None:
        if self.plot is not None:
            from coexpr.output.figures.page import check_figure_file

            check_figure_file(self.plot, self.width)
        elif self.width is not None:
            raise OptionError("--width is the width of a figure, and there is none. Add --plot FILE.")

    def refuse_same_file(self, output: Path | None) -> None:
        """Raise OptionError if the figure would replace the file of the result."""
        if self.plot is not None and output is not None and self.plot.resolve() == output.resolve():
            raise OptionError(f"-o and --plot name the same file, {output}. Give each a file of its own.")


def _target_of(output: Path | None, given: StrEnum | None, names: Iterable[StrEnum], default: StrEnum) -> Target:
    """Return where a result goes.

    Raises
    ------
    OptionError
        If the format is unknown, or is not text and would go to a terminal.
    OutputError
        If the folder of the file does not exist.
    MissingPackageError
        If the format needs a package that is not installed.
    """
    if output is None and given is None:
        return Target(None, default.value)
    from coexpr.output import formats
    from coexpr.output.files import check_file

    file = None if output in _STDOUT else output
    name = given.value if given else formats.format_of_file(file, map(str, names)) if file else default.value
    formats.check_format(name)
    if file is not None:
        check_file(file)
    elif name in BINARY and sys.stdout.isatty():
        raise OptionError(f"{name} is not text: write it to a file with -o FILE.")
    return Target(file, name)

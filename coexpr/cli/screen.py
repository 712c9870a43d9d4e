"""Output of results: tables on the screen or files, sentences about them, and figures."""

import io
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import IO, Any

from coexpr.cli.messages import say
from coexpr.cli.options import with_options
from coexpr.cli.output_options import BINARY, Format, OutputOptions, PlotOptions, Target
from coexpr.cli.table import Layout, draw_table
from coexpr.errors import OptionError
from coexpr.output.columns import shown as text_of
from coexpr.result import Provenance, Result, Table

# Columns of an SQL result that are omitted last on a narrow terminal.
_KEPT = ("r", "n", "gene_symbol", "rank")
# Limits of rows, and of characters per cell, of a table on a terminal. Files and pipes have no limits.
_MAX_ROWS = 1000
_MAX_CHARACTERS = 60


@dataclass(frozen=True)
class Screen:
    """How a table is shown.

    Parameters
    ----------
    wide : bool
        Whether the table may be wider than the terminal.
    """

    wide: bool = False

    def width(self, stream: IO[str]) -> int | None:
        """Return the width that a table must fit, or None for no limit."""
        return None if self.wide or not stream.isatty() else shutil.get_terminal_size().columns


def deliver(
    result: Table[Provenance],
    options: OutputOptions | None = None,
    layout: Layout | None = None,
    draw: Callable[[Any, IO[str], Screen], None] | None = None,
    matching: int | None = None,
    writers: Mapping[str, Callable[[Any, IO[Any]], None]] | None = None,
) -> None:
    """Write a result to stdout or to a file, in the selected format or that of the file's extension.

    Parameters
    ----------
    result : Table
    options : OutputOptions, optional
    layout : Layout, optional
        Layout of the table, for `write_table`.
    draw : callable, optional
        Function that draws the result as a table, instead of `write_table`.
    matching : int, optional
        Number of rows before the result was limited, for the message.
    writers : mapping of str to callable, optional
        Functions that write some formats, instead of those in `coexpr.output.formats`; unless columns are selected.
    """
    options = options or OutputOptions()
    screen = Screen(options.wide)
    if options.columns is not None:
        result, draw, writers = _select(result, options.columns), None, None

    def draw_it(table: Any, stream: IO[str]) -> None:
        if draw:
            draw(table, stream, screen)
        else:
            write_table(table, stream, screen, layout)

    write_as(result, options.target(), {**(writers or {}), Format.TABLE.value: draw_it}, matching)


def write_as(
    result: Table[Provenance],
    target: Target,
    writers: Mapping[str, Callable[[Any, IO[Any]], None]],
    matching: int | None = None,
) -> None:
    """Write a result to a file or stdout; `writers` come before those in `coexpr.output.formats`."""
    writer = writers.get(target.format)
    if writer is None:
        from coexpr.output import formats  # a table needs none of its formats

        writer = formats.WRITERS[target.format]
    write_to(target, partial(writer, result))
    if target.file:
        say(f"Wrote {_extent(result, matching)} to {target.file}.")


def write_to(target: Target, write: Callable[[IO[Any]], None]) -> None:
    """Write to a file, whole or not at all, or to stdout."""
    is_binary = target.format in BINARY
    if target.file:
        from coexpr.output.files import write_binary_file, write_file

        (write_binary_file if is_binary else write_file)(target.file, write)
    elif is_binary:
        whole = io.BytesIO()  # some formats are not written from start to end
        write(whole)
        sys.stdout.buffer.write(whole.getvalue())
    else:
        write(sys.stdout)
    sys.stdout.flush()  # so that messages come after the result, even if both go to the same file


def tell(sentences: Iterable[str]) -> None:
    """Print sentences about a result to stderr, with options in place of the parameters that they name."""
    for sentence in sentences:
        say(with_options(sentence))


def draw_figure(result: Any, options: PlotOptions, **settings: Any) -> None:
    """Draw a result into the file of --plot, if it is given."""
    if options.plot is None:
        return
    for line in result.save_figure(options.plot, width=options.width, **settings):
        say(f"Figure: {line}")
    say(f"Wrote the figure to {options.plot}.")


def _select(result: Table[Provenance], names: str) -> Result[Provenance]:
    """Return a result with only some columns, given as names separated by commas.

    Raises
    ------
    OptionError
        If a column does not exist.
    """
    selected = [name.strip() for name in names.split(",") if name.strip()]
    if not selected:
        raise OptionError(f"--columns names no column. There are {', '.join(result.columns)}.")
    for name in selected:
        if name not in result.columns:
            raise OptionError(f"--columns {name}: there is no such column. There are {', '.join(result.columns)}.")
    places = [list(result.columns).index(name) for name in selected]
    rows = [[row[place] for place in places] for row in result.rows]
    return Result(selected, rows, result.provenance)


def _extent(result: Table[Provenance], matching: int | None) -> str:
    """Return the number of rows of a result as text, with the number before it was limited."""
    if not isinstance(result.rows, Sized):
        return "the result"
    rows = len(result.rows)
    return f"{rows:,} of {matching:,} rows" if matching is not None else f"{rows:,} row{'s' * (rows != 1)}"


def write_table(
    result: Table[Provenance], stream: IO[str], screen: Screen | None = None, layout: Layout | None = None
) -> None:
    """Draw a result as a table, in which r has three decimals as on the web site of the atlas."""
    screen = screen or Screen()
    is_terminal = stream.isatty()
    max_rows = _MAX_ROWS if is_terminal else None
    max_characters = _MAX_CHARACTERS if is_terminal and not screen.wide else None
    has_layout = layout is not None
    layout = layout or _layout_of(result.columns)
    rows = iter(result.rows)
    shown = [
        [text_of(name, value) for name, value in zip(result.columns, row, strict=True)]
        for row in islice(rows, max_rows)
    ]
    if max_characters is not None:
        may_be_long = {place for place, name in enumerate(result.columns) if name not in layout.wrap}
        shown = [
            [_shortened(cell, max_characters) if place in may_be_long else cell for place, cell in enumerate(row)]
            for row in shown
        ]
    left_out = draw_table(result.columns, shown, layout, screen.width(stream), stream)
    if left_out:
        remedy = "--wide, --columns NAME,… or -o FILE" if has_layout else "--wide, -o FILE, or SELECT fewer columns"
        say(f"Columns left out at this width: {', '.join(left_out)}. To see them: {remedy}.")
    if next(rows, None) is not None:
        left = f"{len(result.rows) - len(shown):,} more" if isinstance(result.rows, Sized) else "More"
        say(f"{left} rows are not shown. To get all rows, use --format csv or -o FILE.")


def _layout_of(columns: Sequence[str]) -> Layout:
    """Return the layout for arbitrary columns: the last are omitted first, and those in `_KEPT` after all others."""
    others = [name for name in columns[1:] if name not in _KEPT]
    kept = [name for name in _KEPT if name in columns[1:]]
    return Layout(drop=(*reversed(others), *reversed(kept)), shorten=tuple(columns))


def counts(numbers: Mapping[str, int], *things: str) -> str:
    """Return numbers as text, such as "6 donors, 3,702 samples, 112 probes, 1 gene"."""
    return ", ".join(
        f"{numbers[thing]:,} {thing.removesuffix('s') if numbers[thing] == 1 else thing}" for thing in things
    )


def _shortened(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"

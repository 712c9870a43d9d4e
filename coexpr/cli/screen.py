"""Output of results as tables on the screen or as files."""

import re
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any

from coexpr.cli.messages import say
from coexpr.cli.options import Format, OutputOptions
from coexpr.cli.table import Layout, draw_table
from coexpr.errors import OptionError
from coexpr.output import formats
from coexpr.output.files import write_file
from coexpr.result import Provenance, Table, json_text

# Columns of an SQL result that are omitted last on a narrow terminal.
_KEPT = ("r", "n", "gene_symbol", "rank")
# Limits of rows, and of characters per cell, of a table on a terminal. Files and pipes have no limits.
_MAX_ROWS = 1000
_MAX_CHARACTERS = 60
# Paths that mean stdout. If it is redirected, /dev/stdout is a file of the user that must not be replaced.
STDOUT = (Path("-"), Path("/dev/stdout"))
# Columns of r and of the limits of its intervals.
_IS_R = re.compile(r"r|r_.*|.*_r|(random|ci95|naive_ci95)_(low|high)|(lowest|highest)_without_one")


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


@dataclass(frozen=True)
class _Selected:
    """Some columns of a result."""

    columns: Sequence[str]
    rows: Iterable[Sequence[Any]]
    provenance: Provenance


def deliver(
    result: Table[Provenance],
    options: OutputOptions | None = None,
    layout: Layout | None = None,
    draw: Callable[[Any, IO[str], Screen], None] | None = None,
    matching: int | None = None,
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
    """
    options = options or OutputOptions()
    screen = Screen(options.wide)
    if options.columns is not None:
        result, draw = _select(result, options.columns), None
    output = None if options.output in STDOUT else options.output

    def draw_it(table: Any, stream: IO[str]) -> None:
        if draw:
            draw(table, stream, screen)
        else:
            write_table(table, stream, screen, layout)

    write_as(result, output, options.output_format, draw_it, matching)


def write_as(
    result: Table[Provenance],
    output: Path | None,
    output_format: StrEnum | None,
    draw: Callable[[Any, IO[str]], None],
    matching: int | None = None,
) -> None:
    """Write a result to a file or stdout in a format; `draw` draws it as a table."""
    name = output_format.value if output_format else formats.format_of_file(output) if output else Format.TABLE.value
    writers: dict[str, Callable[[Any, IO[str]], None]] = {
        "table": draw,
        "csv": formats.write_csv,
        "tsv": formats.write_tsv,
        "json": formats.write_json,
        "jsonl": formats.write_jsonl,
    }
    if output:
        write_file(output, partial(writers[name], result))
        say(f"Wrote {_extent(result, matching)} to {output}.")
    else:
        writers[name](result, sys.stdout)
        sys.stdout.flush()  # so that messages come after the result, even if both go to the same file


def _select(result: Table[Provenance], names: str) -> Table[Provenance]:
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
    rows: Iterable[Sequence[Any]] = (
        [[row[place] for place in places] for row in result.rows]
        if isinstance(result.rows, Sized)
        else ([row[place] for place in places] for row in result.rows)
    )
    return _Selected(selected, rows, result.provenance)


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
        [_cell(name, value) for name, value in zip(result.columns, row, strict=True)] for row in islice(rows, max_rows)
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


def _cell(name: str, value: Any) -> str:
    """Return the text of a value: r with three decimals, other numbers with six digits."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}" if _IS_R.fullmatch(name) else f"{value:.6g}"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return json_text(value) if isinstance(value, list | dict) else str(value)

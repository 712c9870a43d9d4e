"""Results on the screen and into files: data to stdout, messages to stderr."""

import os
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

import typer

from coexpr.cli.options import Format
from coexpr.cli.table import Layout, draw_table
from coexpr.errors import OptionError
from coexpr.output import export
from coexpr.result import Rows

# A table on the screen is for reading: this many rows and characters are. A file or a pipe gets everything.
# Columns of a result of SQL that leave a narrow terminal last.
_KEPT = ("r", "n", "gene_symbol", "rank")
_MOST_ROWS = 1000
_MOST_CHARACTERS = 60
# Redirected, /dev/stdout is somebody's file, which must not be replaced.
STDOUT = (Path("-"), Path("/dev/stdout"))
# Columns of r and of the limits of its intervals.
_IS_R = re.compile(r"r|r_.*|.*_r|(random|ci95|naive_ci95)_(low|high)|(lowest|highest)_without_one")


@dataclass(frozen=True)
class Screen:
    """How a result is shown.

    Parameters
    ----------
    columns : str, optional
        The columns to show, between commas; all of them unless given.
    wide : bool
        Whether tables may be wider than the terminal.
    """

    columns: str | None = None
    wide: bool = False

    def width(self, stream: IO[str]) -> int | None:
        """Return the width that tables must fit; None for none."""
        return None if self.wide or not stream.isatty() else shutil.get_terminal_size().columns


@dataclass(frozen=True)
class _Selected:
    """Some columns of a result."""

    columns: Sequence[str]
    rows: Iterable[Sequence[Any]]
    route: dict[str, Any]


def deliver(
    answer: Rows,
    output: Path | None,
    chosen: StrEnum | None,
    screen: Screen | None = None,
    layout: Layout | None = None,
    draw: Callable[[Any, IO[str], Screen], None] | None = None,
) -> None:
    """Write a result to stdout, or to the file `output`, in the chosen format or that of the file.

    `draw` draws a table of it for reading, where that is not `write_table` with the layout.
    """
    screen = screen or Screen()
    if screen.columns is not None:
        answer, draw = _select(answer, screen.columns), None
    if output in STDOUT:
        output = None
    name = chosen.value if chosen else export.format_of_file(output) if output else Format.TABLE.value

    def draw_it(rows: Any, stream: IO[str]) -> None:
        if draw:
            draw(rows, stream, screen)
        else:
            write_table(rows, stream, screen, layout)

    writers: dict[str, Callable[[Any, IO[str]], None]] = {
        "table": draw_it,
        "csv": export.write_csv,
        "tsv": export.write_tsv,
        "json": export.write_json,
        "jsonl": export.write_jsonl,
    }
    if output:
        export.write_file(output, partial(writers[name], answer))
        say(f"Wrote {_extent(answer)} to {output}.")
    else:
        writers[name](answer, sys.stdout)
        sys.stdout.flush()  # messages come after the result, also where both go to one file


def _select(answer: Rows, names: str) -> Rows:
    """Return some columns of a result.

    Raises
    ------
    OptionError
        If there is no such column.
    """
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    if not wanted:
        raise OptionError(f"--columns names no column. There are {', '.join(answer.columns)}.")
    for name in wanted:
        if name not in answer.columns:
            raise OptionError(f"--columns {name}: there is no such column. There are {', '.join(answer.columns)}.")
    places = [list(answer.columns).index(name) for name in wanted]
    rows: Iterable[Sequence[Any]] = (
        [[row[place] for place in places] for row in answer.rows]
        if isinstance(answer.rows, Sized)
        else ([row[place] for place in places] for row in answer.rows)
    )
    return _Selected(wanted, rows, answer.route)


def _extent(answer: Rows) -> str:
    """Say how many rows a result has, and out of how many."""
    if not isinstance(answer.rows, Sized):
        return "the result"
    rows = len(answer.rows)
    matching = answer.route.get("matching")
    return f"{rows:,} of {matching:,} rows" if matching is not None else f"{rows:,} row{'s' * (rows != 1)}"


def say(text: str) -> None:
    """Give the user a message, which is not data."""
    typer.echo(text, err=True)


def program_name() -> str:
    """Return how the user runs coexpr: by name where the shell finds it, else by the path of this program."""
    found = shutil.which("coexpr")
    own = Path(sys.argv[0])
    if (found and Path(found).resolve() == own.resolve()) or own.name != "coexpr":
        return "coexpr"
    relative = os.path.relpath(own)
    return str(own) if relative.startswith("..") else relative


def write_table(answer: Rows, stream: IO[str], screen: Screen | None = None, layout: Layout | None = None) -> None:
    """Draw a result as a table: r with three decimals, as the atlas's site prints it."""
    screen = screen or Screen()
    is_terminal = stream.isatty()
    most_rows = _MOST_ROWS if is_terminal else None
    most_characters = _MOST_CHARACTERS if is_terminal and not screen.wide else None
    has_layout = layout is not None
    layout = layout or _layout_of(answer.columns)
    rows = iter(answer.rows)
    shown = [
        [_cell(name, value) for name, value in zip(answer.columns, row, strict=True)] for row in islice(rows, most_rows)
    ]
    if most_characters is not None:
        may_be_long = {place for place, name in enumerate(answer.columns) if name not in layout.wrap}
        shown = [
            [_shortened(cell, most_characters) if place in may_be_long else cell for place, cell in enumerate(row)]
            for row in shown
        ]
    left_out = draw_table(answer.columns, shown, layout, screen.width(stream), stream)
    if left_out:
        remedy = "--wide, --columns NAME,… or -o FILE" if has_layout else "--wide, -o FILE, or SELECT fewer columns"
        say(f"Columns left out at this width: {', '.join(left_out)}. To see them: {remedy}.")
    if next(rows, None) is not None:
        left = f"{len(answer.rows) - len(shown):,} more" if isinstance(answer.rows, Sized) else "More"
        say(f"{left} rows are not shown. Use --format csv or -o FILE to get them all.")


def _layout_of(columns: Sequence[str]) -> Layout:
    """Return the layout of a result with any columns: the last ones give way first, and r last of all."""
    others = [name for name in columns[1:] if name not in _KEPT]
    kept = [name for name in _KEPT if name in columns[1:]]
    return Layout(drop=(*reversed(others), *reversed(kept)), shorten=tuple(columns))


def counts(numbers: Mapping[str, int], *things: str) -> str:
    """Return "6 donors, 3,702 samples, 112 probes, 1 gene"."""
    return ", ".join(
        f"{numbers[thing]:,} {thing.removesuffix('s') if numbers[thing] == 1 else thing}" for thing in things
    )


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _cell(name: str, value: Any) -> str:
    """Return a value as it is shown: r with three decimals, other numbers with six digits."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}" if _IS_R.fullmatch(name) else f"{value:.6g}"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return export.json_text(value) if isinstance(value, list | dict) else str(value)

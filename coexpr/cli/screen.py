"""Answers on the screen and into files: data to stdout, talk to stderr."""

import re
import sys
from collections.abc import Callable, Mapping, Sized
from enum import StrEnum
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any

import typer

from coexpr import export
from coexpr.answer import Rows
from coexpr.cli.options import Format

# A table on the screen is for reading: this many rows and characters are. A file or a pipe gets everything.
_MOST_ROWS = 1000
_MOST_CHARACTERS = 60
# Redirected, /dev/stdout is somebody's file, which must not be replaced.
STDOUT = (Path("-"), Path("/dev/stdout"))
_WIDTH_WITHOUT_TERMINAL = 1_000_000
# Columns of r and of the limits of its intervals.
_IS_R = re.compile(r"r|r_.*|.*_r|(random|ci95|naive_ci95)_(low|high)|(lowest|highest)_without_one")
_NUMBER = re.compile(r"-?[\d.]+(e[-+]?\d+)?")


def deliver(
    answer: Rows,
    output: Path | None,
    chosen: StrEnum | None,
    draw: Callable[[Any, IO[str]], None] | None = None,
) -> None:
    """Write an answer to stdout, or to the file `output`, in the chosen format or that of the file.

    `draw` is what draws a table of it for reading, where that is not `write_table`.
    """
    if output in STDOUT:
        output = None
    name = chosen.value if chosen else export.format_of_file(output) if output else Format.TABLE.value
    writers: dict[str, Callable[[Any, IO[str]], None]] = {
        "table": draw or write_table,
        "csv": export.write_csv,
        "tsv": export.write_tsv,
        "json": export.write_json,
        "jsonl": export.write_jsonl,
    }
    if output:
        export.write_file(output, partial(writers[name], answer))
        say(f"Wrote {output}.")
    else:
        writers[name](answer, sys.stdout)


def say(text: str) -> None:
    """Tell the user something that is not data."""
    typer.echo(text, err=True)


def write_table(answer: Rows, stream: IO[str]) -> None:
    """Draw an answer as a table: r at three decimals, as the atlas's site prints it."""
    from rich.box import SIMPLE_HEAD  # a third of the time of a query that prints no table
    from rich.console import Console
    from rich.table import Table

    is_terminal = stream.isatty()
    most_rows, most_characters = (_MOST_ROWS, _MOST_CHARACTERS) if is_terminal else (None, None)
    rows = iter(answer.rows)
    shown = [
        [_cell(name, value, most_characters) for name, value in zip(answer.columns, row, strict=True)]
        for row in islice(rows, most_rows)
    ]
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for index, name in enumerate(answer.columns):
        widest = max([len(name), *(len(row[index]) for row in shown)])
        table.add_column(
            name,
            justify="right" if any(_NUMBER.fullmatch(row[index]) for row in shown) else "left",
            no_wrap=True,
            overflow="ellipsis",
            # Where the screen is too narrow, names give way before numbers do.
            min_width=None if name == "gene_name" else min(12, widest),
        )
    for row in shown:
        table.add_row(*row)
    Console(
        file=stream, width=None if is_terminal else _WIDTH_WITHOUT_TERMINAL, highlight=False, markup=False, emoji=False
    ).print(table)
    if next(rows, None) is not None:
        left = f"{len(answer.rows) - len(shown):,} more" if isinstance(answer.rows, Sized) else "More"
        say(f"{left} rows are not shown. Use --format csv or -o FILE to get them all.")


def counts(numbers: Mapping[str, int], *things: str) -> str:
    """Return "6 donors, 3,702 samples, 112 probes, 1 gene"."""
    return ", ".join(
        f"{numbers[thing]:,} {thing.removesuffix('s') if numbers[thing] == 1 else thing}" for thing in things
    )


def _cell(name: str, value: Any, most: int | None) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}" if _IS_R.fullmatch(name) else f"{value:.6g}"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        text = ", ".join(value)
    else:
        text = export.json_text(value) if isinstance(value, list | dict) else str(value)
    return text if most is None or len(text) <= most else text[: most - 1] + "…"

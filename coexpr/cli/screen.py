"""Answers on the screen and into files: data to stdout, talk to stderr."""

import sys
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, Any

import typer

from coexpr import export
from coexpr.answer import Answer
from coexpr.cli.options import Format

# A table on the screen is for reading; this many rows are.
_MOST_TABLE_ROWS = 1000
_MOST_CELL_CHARACTERS = 60
_WIDTH_WITHOUT_TERMINAL = 250


def deliver(answer: Answer, output: Path | None, chosen: Format | None) -> None:
    """Write an answer to stdout, or to the file `output`, in the chosen format or that of the file."""
    name = chosen.value if chosen else export.format_of_file(output) if output else Format.TABLE.value
    writers: dict[str, Callable[[Answer, IO[str]], None]] = {
        "table": write_table,
        "csv": export.write_csv,
        "tsv": export.write_tsv,
        "json": export.write_json,
        "jsonl": export.write_jsonl,
    }
    if output:
        export.write_file(answer, output, writers[name])
        say(f"Wrote {output}.")
    else:
        writers[name](answer, sys.stdout)


def say(text: str) -> None:
    """Tell the user something that is not data."""
    typer.echo(text, err=True)


def write_table(answer: Answer, stream: IO[str]) -> None:
    """Draw an answer as a table: r at three decimals, as the atlas's site prints it."""
    from rich.box import SIMPLE_HEAD  # a third of the time of a query that prints no table
    from rich.console import Console
    from rich.table import Table

    rows = iter(answer.rows)
    shown = list(islice(rows, _MOST_TABLE_ROWS))
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for index, name in enumerate(answer.columns):
        is_number = any(_is_number(row[index]) for row in shown)
        table.add_column(
            name,
            justify="right" if is_number else "left",
            no_wrap=True,
            overflow="ellipsis",
            # Where the screen is too narrow, names give way before numbers do.
            min_width=None if name == "gene_name" else min(12, _widest(shown, index, name)),
        )
    for row in shown:
        table.add_row(*(_cell(name, value) for name, value in zip(answer.columns, row, strict=True)))
    is_terminal = stream.isatty()
    console = Console(
        file=stream, width=None if is_terminal else _WIDTH_WITHOUT_TERMINAL, highlight=False, markup=False
    )
    console.print(table)
    if left := sum(1 for _ in rows):
        say(f"{left:,} more rows are not shown. Use --format csv or -o FILE to get them all.")


def _widest(rows: Sequence[Sequence[Any]], index: int, name: str) -> int:
    return max([len(name), *(len(_cell(name, row[index])) for row in rows)])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3f}" if name == "r" else f"{value:.6g}"
    if isinstance(value, list) and len(value) > 6:
        return f"[{', '.join(map(str, value[:3]))}, … {len(value)} values]"
    text = str(value)
    return text if len(text) <= _MOST_CELL_CHARACTERS else text[: _MOST_CELL_CHARACTERS - 1] + "…"

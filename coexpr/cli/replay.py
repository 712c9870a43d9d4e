"""coexpr replay: ask the question of a result again."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from coexpr.cli.options import Database, Threads
from coexpr.cli.output_options import OutputOptions
from coexpr.cli.table import Layout

_CHANGED = 1
_LAYOUT = Layout(keys=("what",), wrap=("before", "now"))


def replay(
    path: Annotated[
        Path, typer.Argument(metavar="RESULT", help="A result as .json, .parquet or .arrow.", show_default=False)
    ],
    *,
    result_options: OutputOptions,
    threads: Threads = None,
    db: Database = None,
) -> None:
    """Ask the question of a result again, and compare.

    The result contains the question and its options. Exit code 1: rows changed.

    \b
    Example:
      coexpr query NTRK2 --all -o r.json
      coexpr replay r.json
    """
    from coexpr.cli.opened import open_atlas  # loads DuckDB and numpy, which --help does not need
    from coexpr.cli.screen import deliver, tell
    from coexpr.sentences.checks import describe_replay

    with open_atlas(db, threads) as atlas:
        result = atlas.replay(path)
    if len(result) or not sys.stdout.isatty() or result_options.output:
        deliver(result, result_options, _LAYOUT)
    tell(describe_replay(result))
    if not result.provenance.is_identical:
        raise typer.Exit(_CHANGED)

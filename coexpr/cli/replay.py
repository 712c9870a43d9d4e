"""coexpr replay: ask the question of a result again."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from coexpr.cli.options import Database, Threads
from coexpr.cli.output_options import OutputOptions
from coexpr.cli.table import Layout
from coexpr.wording import count_of

if TYPE_CHECKING:
    from coexpr.analysis.replay import ReplayProvenance

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
    from coexpr.cli.messages import say
    from coexpr.cli.opened import open_atlas  # loads DuckDB and numpy, which --help does not need
    from coexpr.cli.screen import deliver

    with open_atlas(db, threads) as atlas:
        result = atlas.replay(path)
    if len(result) or not sys.stdout.isatty() or result_options.output:
        deliver(result, result_options, _LAYOUT)
    for line in _describe(result.provenance, len(result)):
        say(line)
    if not result.provenance.is_identical:
        raise typer.Exit(_CHANGED)


def _describe(provenance: "ReplayProvenance", changes: int) -> list[str]:
    rows = count_of(provenance.rows, "row")
    gone = f"; {provenance.rows_gone:,} gone" if provenance.rows_gone else ""
    new = f"; {provenance.rows_new:,} new" if provenance.rows_new else ""
    lines = [f"Asked again: {provenance.asked}"]
    if provenance.is_identical:
        also = f", although {count_of(changes, 'part')} of the provenance changed" if changes else " and the provenance"
        lines.append(f"Identical: {rows}{also}.")
    else:
        by = f"; numbers by up to {provenance.largest_difference:.3g}" if provenance.largest_difference else ""
        lines.append(f"Changed: {provenance.rows_changed:,} of {rows}{gone}{new}{by}.")
    return [*lines, f"Database: {provenance.database}."]

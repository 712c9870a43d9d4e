"""coexpr structures: the tree of structures, with numbers of samples."""

from typing import IO, TYPE_CHECKING, Annotated

import typer

from coexpr.cli.options import ColumnsOption, Database, OutputFile, OutputFormat, WideOption
from coexpr.cli.table import Layout
from coexpr.cli.words import number_of
from coexpr.restriction import FEWEST_SAMPLES

if TYPE_CHECKING:
    from coexpr.cli.screen import Screen
    from coexpr.result import Answer

_LAYOUT = Layout(keys=("structure_id", "acronym"), drop=("hemisphere",), shorten=("name",), comfortable=45)


def structures(
    search: Annotated[
        str | None,
        typer.Argument(
            metavar="[SEARCH]",
            help="Only structures with this acronym or id, or with this text in their name.",
            show_default=False,
        ),
    ] = None,
    all_rows: Annotated[
        bool, typer.Option("--all", help=f"With structures of fewer than {FEWEST_SAMPLES} samples, too few for r.")
    ] = False,
    columns: ColumnsOption = None,
    wide: WideOption = False,
    output_format: OutputFormat = None,
    output: OutputFile = None,
    db: Database = None,
) -> None:
    """List the structures with samples as a tree, with the numbers of samples of each donor in and below each.

    Example: coexpr structures hippocamp
    """
    from coexpr.atlas import Atlas  # loads DuckDB and numpy, which --help need not wait for
    from coexpr.cli.screen import Screen, deliver, say
    from coexpr.result import Answer

    with Atlas(db) as atlas:
        found = atlas.structures(search)
    place = list(found.columns).index("samples")
    rows = [row for row in found.rows if all_rows or row[place] >= FEWEST_SAMPLES]
    answer = Answer(found.columns, rows, found.route)
    deliver(answer, output, output_format, Screen(columns, wide), draw=_draw)
    if left_out := len(found.rows) - len(rows):
        say(f"Not listed: {number_of(left_out, 'structure')} with fewer than {FEWEST_SAMPLES} samples (--all).")
    if not found.rows:
        say(f"No structure with samples matches {search!r}." if search else "This database has no samples.")
    elif not any(row[4] for row in answer.rows) and search is None:
        say("The tree of structures is known once a full-donor download is loaded.")


def _draw(answer: "Answer", stream: IO[str], screen: "Screen") -> None:
    """Draw the tree by indenting names; --structure takes their ids."""
    from coexpr.cli.screen import write_table
    from coexpr.result import Answer

    kept = [place for place, name in enumerate(answer.columns) if name != "depth"]
    rows = [[f"{'  ' * row[4]}{row[2]}" if place == 2 else row[place] for place in kept] for row in answer.rows]
    write_table(Answer([answer.columns[place] for place in kept], rows), stream, screen, _LAYOUT)

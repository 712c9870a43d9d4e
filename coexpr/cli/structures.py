"""coexpr structures: the tree of structures, with numbers of samples."""

from typing import IO, TYPE_CHECKING, Annotated

import typer

from coexpr.cli.options import Database, OutputFile, OutputFormat

if TYPE_CHECKING:
    from coexpr.answer import Answer


def structures(
    search: Annotated[
        str | None,
        typer.Argument(
            metavar="[SEARCH]",
            help="Only structures with this acronym or id, or whose name holds it.",
            show_default=False,
        ),
    ] = None,
    output_format: OutputFormat = None,
    output: OutputFile = None,
    db: Database = None,
) -> None:
    """List the structures that have samples, as a tree, with the samples of each donor there or below.

    Example: coexpr structures hippocamp
    """
    from coexpr.atlas import Atlas  # loads DuckDB and numpy, which --help need not wait for
    from coexpr.cli.screen import deliver, say

    with Atlas(db) as atlas:
        answer = atlas.structures(search)
    deliver(answer, output, output_format, draw=_draw)
    if not answer.rows:
        say(f"No structure with samples is called {search!r}." if search else "No samples are loaded.")
    elif not any(row[4] for row in answer.rows) and search is None:
        say("The tree of structures is not loaded: a full-donor download brings it.")


def _draw(answer: "Answer", stream: IO[str]) -> None:
    """Draw the tree by indenting names; structures by the id that --structure takes."""
    from coexpr.answer import Answer
    from coexpr.cli.screen import write_table

    kept = [place for place, name in enumerate(answer.columns) if name != "depth"]
    rows = [[f"{'  ' * row[4]}{row[2]}" if place == 2 else row[place] for place in kept] for row in answer.rows]
    write_table(Answer([answer.columns[place] for place in kept], rows), stream)

"""coexpr structures: the tree of structures, with numbers of samples."""

from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from coexpr.cli.completion import complete_structures
from coexpr.cli.groups import option
from coexpr.cli.options import Database
from coexpr.cli.output_options import OutputOptions, PlotOptions
from coexpr.cli.table import Layout
from coexpr.options import MIN_SAMPLES

if TYPE_CHECKING:
    from coexpr.cli.screen import Screen

_LAYOUT = Layout(keys=("structure_id", "acronym"), drop=("hemisphere",), shorten=("name",), comfortable=45)


def structures(
    search: Annotated[
        str | None,
        typer.Argument(
            metavar="[SEARCH]",
            autocompletion=complete_structures,
            help="Only structures with this acronym or id, or with this text in their name.",
            show_default=False,
        ),
    ] = None,
    *,
    all_rows: Annotated[
        bool, option(None, "--all", f"Include structures with fewer than {MIN_SAMPLES} samples, too few for r.")
    ] = False,
    result_options: OutputOptions,
    figure: PlotOptions,
    db: Database = None,
) -> None:
    """List the tree of structures with numbers of samples.

    \b
    Example:
      coexpr structures hippocamp
    """
    from coexpr.cli.opened import open_atlas  # loads DuckDB and numpy, which --help does not need
    from coexpr.cli.screen import deliver, draw_figure, tell
    from coexpr.sentences.structures import describe_structures

    figure.refuse_same_file(result_options.output)
    with open_atlas(db) as atlas:
        found = atlas.structures(search, min_samples=1 if all_rows else MIN_SAMPLES)
    deliver(found, result_options, draw=_draw)
    tell(describe_structures(found))
    draw_figure(found, figure)


def _draw(result: Any, stream: IO[str], screen: "Screen") -> None:
    """Draw the tree by indenting names."""
    from coexpr.cli.screen import write_table
    from coexpr.result import Result

    columns = [name for name in result.columns if name != "depth"]
    rows = []
    for row in result:
        cells = dict(zip(result.columns, row, strict=True))
        cells["name"] = f"{'  ' * cells['depth']}{cells['name']}"
        rows.append([cells[name] for name in columns])
    write_table(Result(columns, rows, result.provenance), stream, screen, _LAYOUT)

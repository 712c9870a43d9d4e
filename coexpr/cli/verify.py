"""coexpr verify: the database, or the site's own r."""

from pathlib import Path
from typing import Annotated

import typer

from coexpr.cli.options import ColumnsOption, Database, OutputFile, OutputFormat, WideOption

_DOES_NOT_HOLD = 1
# What an r that is off may come from.
_WHY = {
    "the values in the download": "They are as the site displayed them: only log2, sample by sample, gives its r.",
    "the database": "It may hold other samples than the site took, or not all of its donors.",
}


def verify(
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="[PATH]",
            help="A Find Correlates download: its r is computed again. Without it the database is checked.",
            show_default=False,
        ),
    ] = None,
    columns: ColumnsOption = None,
    wide: WideOption = False,
    output_format: OutputFormat = None,
    output: OutputFile = None,
    db: Database = None,
) -> None:
    """Check the database, or compare the r of a Find Correlates download with r computed from values.

    Exit code 1 says that something does not hold.
    """
    from coexpr.atlas import Atlas, verify_find_correlates  # loads DuckDB and numpy, which --help need not wait for
    from coexpr.cli.screen import Screen, deliver, say

    if path is None:
        with Atlas(db) as atlas:
            answer = atlas.verify()
    else:
        answer = verify_find_correlates(path, db)
    deliver(answer, output, output_format, Screen(columns, wide))
    route = answer.route
    if path is not None:
        say(f"Seed: {route['seed']}. {route['title'] or ''}".strip())
    if route["holds"]:
        say("All checks hold." if path is None else f"Every r agrees within {route['tolerance']}.")
        return
    if path is None:
        say("Something does not hold: load the downloads into a new database.")
    for source in route.get("off", []):
        say(f"Not every r of {source} agrees within {route['tolerance']}. {_WHY[source]}")
    raise typer.Exit(_DOES_NOT_HOLD)

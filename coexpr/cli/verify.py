"""coexpr verify: check the database, or the site's own r."""

from pathlib import Path
from typing import Annotated

import typer

from coexpr.cli.options import Database
from coexpr.cli.output_options import OutputOptions
from coexpr.resources import database_path

_FAILED = 1
# Why r may deviate.
_WHY = {
    "the values in the download": "They are as the site displayed them: only log2 of single samples gives its r.",
    "the database": "It may hold other samples than the site used, or not all of its donors.",
}


def verify(
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="[PATH]",
            help="A Find Correlates download, to compare its r. Without it, the database is checked.",
            show_default=False,
        ),
    ] = None,
    *,
    result_options: OutputOptions,
    db: Database = None,
) -> None:
    """Check the database, or r of a Find Correlates download.

    Exit code 1: a check failed.
    """
    from coexpr.analysis.verify import verify_download  # loads DuckDB and numpy, which --help does not need
    from coexpr.cli.messages import say
    from coexpr.cli.opened import open_atlas
    from coexpr.cli.screen import deliver

    if path is None:
        with open_atlas(db) as atlas:
            checks = atlas.verify()
        deliver(checks, result_options)
        holds = checks.provenance.holds
        say("All checks hold." if holds else "A check failed: load the downloads into a new database.")
    else:
        if database_path(db).exists():
            with open_atlas(db) as atlas:
                compared = atlas.verify_download(path)
        else:
            compared = verify_download(None, path)
        deliver(compared, result_options)
        provenance = compared.provenance
        holds = provenance.holds
        say(f"Seed: {provenance.seed}. {provenance.title or ''}".strip())
        if holds:
            say(f"Every r agrees within {provenance.tolerance}.")
        for source in provenance.deviating:
            say(f"Not every r of {source} agrees within {provenance.tolerance}. {_WHY[source]}")
    if not holds:
        raise typer.Exit(_FAILED)

"""coexpr verify: check the database, or the site's own r."""

from pathlib import Path
from typing import Annotated

import typer

from coexpr.cli.options import Database
from coexpr.cli.output_options import OutputOptions
from coexpr.errors import OptionError
from coexpr.resources import database_path

_FAILED = 1


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
    deep: Annotated[
        bool, typer.Option("--deep", help="Also read the downloads again that were loaded, and compare all values.")
    ] = False,
    result_options: OutputOptions,
    db: Database = None,
) -> None:
    """Check the database, or r of a Find Correlates download.

    Exit code 1: a check failed.
    """
    from coexpr.analysis.verify import verify_download  # loads DuckDB and numpy, which --help does not need
    from coexpr.cli.opened import open_atlas
    from coexpr.cli.screen import deliver, tell
    from coexpr.sentences.checks import describe_database_checks, describe_download_checks

    if deep and path is not None:
        raise OptionError("--deep checks the database: give no PATH.")
    if path is None:
        with open_atlas(db) as atlas:
            checks = atlas.verify_deep() if deep else atlas.verify()
        deliver(checks, result_options)
        holds = checks.provenance.holds
        tell(describe_database_checks(checks))
    else:
        if database_path(db).exists():
            with open_atlas(db) as atlas:
                compared = atlas.verify_download(path)
        else:
            compared = verify_download(None, path)
        deliver(compared, result_options)
        holds = compared.provenance.holds
        tell(describe_download_checks(compared))
    if not holds:
        raise typer.Exit(_FAILED)

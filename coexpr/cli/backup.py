"""coexpr backup: copy a database."""

from pathlib import Path
from typing import Annotated

import typer

from coexpr.cli.options import Database


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The copy to write.", show_default=False)],
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
    db: Database = None,
) -> None:
    """Copy the database to a file.

    Other processes can read it meanwhile; the copy is complete or does not exist.

    \b
    Examples:
      coexpr backup atlas-2026-11-27.duckdb
      coexpr restore atlas-2026-11-27.duckdb
    """
    from coexpr.cli.messages import say
    from coexpr.cli.progress import progress_of_command
    from coexpr.cli.screen import deliver
    from coexpr.loading.backup import back_up  # loads DuckDB, which --help does not need

    copied = back_up(file, db, force=force, progress=progress_of_command())
    deliver(copied)
    say(f"Copied {copied.provenance.copied_from} to {copied.provenance.database}.")

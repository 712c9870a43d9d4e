"""coexpr restore: put a backup in the place of a database."""

from pathlib import Path
from typing import Annotated

import typer

from coexpr.cli.options import Database


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What coexpr backup has written.", show_default=False)],
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace a database that exists.")] = False,
    db: Database = None,
) -> None:
    """Restore the database from a backup.

    The backup remains. With --force, what was loaded since the backup is lost.

    \b
    Example:
      coexpr restore atlas-2026-11-27.duckdb --force
    """
    from coexpr.cli.messages import say
    from coexpr.cli.progress import progress_of_command
    from coexpr.cli.screen import deliver
    from coexpr.loading.backup import restore as restore_from  # loads DuckDB, which --help does not need

    restored = restore_from(file, db, force=force, progress=progress_of_command())
    deliver(restored)
    say(f"Copied {restored.provenance.copied_from} to {restored.provenance.database}.")

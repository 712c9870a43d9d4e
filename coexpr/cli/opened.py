"""The database that a command reads."""

from pathlib import Path

from coexpr.atlas import Atlas
from coexpr.cli.progress import progress_of_command


def open_atlas(database: Path | None, threads: int | None = None) -> Atlas:
    """Open a database for a command, and show the progress of what takes long."""
    return Atlas(database, threads=threads, progress=progress_of_command())

"""Messages to the user, which go to stderr."""

import os
import shutil
import sys
from pathlib import Path

import typer


def say(text: str) -> None:
    """Print a message to stderr."""
    typer.echo(text, err=True)


def program_name() -> str:
    """Return how the user runs coexpr: by name if the shell finds it, or else by the path of this program."""
    found = shutil.which("coexpr")
    own = Path(sys.argv[0])
    if (found and Path(found).resolve() == own.resolve()) or own.name != "coexpr":
        return "coexpr"
    relative = os.path.relpath(own)
    return str(own) if relative.startswith("..") else relative

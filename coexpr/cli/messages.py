"""Messages to the user, which go to stderr."""

import os
import shutil
import sys
from pathlib import Path

import typer

from coexpr.wording import bytes_of, one_line

_QUIET, _NORMAL, _VERBOSE = range(3)
_verbosity = _NORMAL


def set_verbosity(*, quiet: bool = False, verbose: bool = False) -> None:
    """Choose what is printed besides results and errors: nothing, messages, or messages and details."""
    global _verbosity  # noqa: PLW0603  # one process runs one command
    _verbosity = _QUIET if quiet else _VERBOSE if verbose else _NORMAL


def is_quiet() -> bool:
    """Return whether only results and errors are printed."""
    return _verbosity == _QUIET


def say(text: str) -> None:
    """Print a message of one line to stderr, unless --quiet is given."""
    if not is_quiet():
        typer.echo(one_line(text), err=True)


def detail(text: str) -> None:
    """Print a message of one line to stderr if --verbose is given."""
    if _verbosity == _VERBOSE:
        typer.echo(one_line(text), err=True)


def program_name() -> str:
    """Return how the user runs coexpr: by name if the shell finds it, or else by the path of this program."""
    found = shutil.which("coexpr")
    own = Path(sys.argv[0])
    if (found and Path(found).resolve() == own.resolve()) or own.name != "coexpr":
        return "coexpr"
    relative = os.path.relpath(own)
    return str(own) if relative.startswith("..") else relative


def peak_memory() -> float | None:
    """Return the largest memory that this process has used, in bytes; None where the system does not say."""
    try:
        import resource  # not on Windows
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * (1 if sys.platform == "darwin" else 1024)


def memory_used() -> str:
    """Return ", peak memory 1.2 GB"; nothing where the system does not say."""
    peak = peak_memory()
    return "" if peak is None else f", peak memory {bytes_of(peak)}"

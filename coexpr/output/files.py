"""Files that are written completely or not at all."""

import io
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

from coexpr.errors import CoexprError, OutputError
from coexpr.resources import is_duckdb_file


def write_file(path: Path, write: Callable[[IO[str]], None]) -> None:
    """Write text to a file, whole or not at all; see `write_binary_file`."""

    def encode(stream: IO[bytes]) -> None:
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=True)
        write(text)
        text.flush()
        text.detach()

    write_binary_file(path, encode)


def write_binary_file(path: Path, write: Callable[[IO[bytes]], None]) -> None:
    """Write a file, whole or not at all.

    Raises
    ------
    OutputError
        If the file cannot be written; one that was there before is left as it was.
    """
    check_file(path)
    if path.exists() and not path.is_file():  # a pipe or a device takes what it is given
        with path.open("wb") as stream:
            write(stream)
        return
    path = path.resolve()
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}.") from None
    try:
        with os.fdopen(descriptor, "wb") as stream:
            write(stream)
        os.chmod(name, 0o666 & ~_umask())  # a temporary file is private; an answer is not
        os.replace(name, path)
    except BaseException as error:
        with suppress(OSError):
            os.unlink(name)
        if isinstance(error, OSError) and not isinstance(error, CoexprError):
            raise OutputError(f"{path} cannot be written: {error.strerror}.") from None
        raise


def check_file(path: Path) -> None:
    """Raise OutputError if the folder of a file does not exist, or the file is a database."""
    if not path.parent.is_dir():
        raise OutputError(f"{path} cannot be written: there is no folder {path.parent}.")
    if is_duckdb_file(path):
        raise OutputError(f"{path} is a DuckDB database, and would be lost. Write to another file.")


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current

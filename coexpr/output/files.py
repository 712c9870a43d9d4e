"""Files that are written completely or not at all."""

import errno
import io
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO

from coexpr.errors import CoexprError, OutputError
from coexpr.output.unfinished import UnfinishedFile
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
    with explained(path), closing(UnfinishedFile(path)) as file:
        write(file.stream)
        file.publish()


@contextmanager
def explained(path: Path, otherwise: str = "write to another folder") -> Iterator[None]:
    """Raise OutputError, which says what to do, for an error of the system while a file is written in the block.

    `otherwise` is what else can be done.
    """
    try:
        yield
    except CoexprError:
        raise
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written: {error.strerror or error}. {remedy_of(error)}, or {otherwise}."
        ) from None


def remedy_of(error: OSError) -> str:
    """Return what to do after an error of the system while a file was read or written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "Free some space"
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return "Close other programs, or allow more open files"
    return "Check the disk" if error.errno == errno.EIO else "Check the folder"


def check_file(path: Path) -> None:
    """Raise OutputError if the folder of a file does not exist, or the file is a database."""
    if not path.parent.is_dir():
        raise OutputError(f"{path} cannot be written: there is no folder {path.parent}.")
    if is_duckdb_file(path):
        raise OutputError(f"{path} is a DuckDB database, and would be lost. Write to another file.")

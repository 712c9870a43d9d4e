"""What every reader of category files hands on, and how such a file becomes text.

Members are given as the file names them: Entrez ids, symbols or probes. What gene each name means is
for the database to say.
"""

import codecs
import gzip
import sys
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from coexpr.errors import DownloadError

STDIN = Path("-")


class WrongFormatError(DownloadError):
    """A file is not of the format that a reader reads; the message says why."""


@dataclass(frozen=True)
class Category:
    """A named set of genes."""

    name: str
    members: Sequence[str]
    accession: str | None = None
    aspect: str | None = None


@dataclass(frozen=True)
class CategoryFile:
    """The categories of one file, or of several pages of one list.

    Parameters
    ----------
    what : str
        The format, in words.
    categories : sequence of Category
    edges : sequence of (int, int, str)
        Child, parent (as positions in `categories`) and relation, where the file has a hierarchy.
    source, release : str or None
        As the file tells them.
    notes : tuple of str
        What the user should know although nothing is wrong.
    """

    what: str
    categories: Sequence[Category]
    edges: Sequence[tuple[int, int, str]] = field(default_factory=list)
    source: str | None = None
    release: str | None = None
    notes: tuple[str, ...] = ()


def read_bytes(path: Path) -> bytes:
    """Return a file's bytes, decompressed where it is gzip; "-" is stdin.

    Raises
    ------
    DownloadError
        If it cannot be read, is empty, or its compression is damaged.
    """
    try:
        content = sys.stdin.buffer.read() if path == STDIN else path.read_bytes()
        if content.startswith(b"\x1f\x8b"):
            content = gzip.decompress(content)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DownloadError(f"{path} is a gzip file that is cut short or damaged ({error}). Get it again.") from None
    except OSError as error:
        raise DownloadError(f"{path} cannot be read: {error.strerror or error}.") from None
    if not content.strip():
        raise DownloadError(f"{path} is empty.")
    return content


def as_text(content: bytes, path: Path) -> str:
    """Return bytes as text without a byte order mark.

    Raises
    ------
    DownloadError
        If they are no text.
    """
    if b"\0" in content:
        raise DownloadError(f"{path} is a binary file, not a list of genes in a text format.")
    try:
        return content.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")  # gene names are ASCII; descriptions may be of any encoding

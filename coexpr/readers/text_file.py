"""Open text files, compressed or not, and read them within limits; "-" is stdin."""

import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from coexpr.errors import CoexprError, DownloadError
from coexpr.readers import limits
from coexpr.wording import bytes_of

STDIN = Path("-")
_GZIP = b"\x1f\x8b"
_BLOCK_BYTES = 1 << 20
_AGAIN = "Download it again."


class TextFile:
    """An open text file.

    Parameters
    ----------
    where : str
        The file, for messages.
    packed : BufferedReader
        The file on disk.
    stream : BufferedReader or GzipFile
        The same, decompressed.
    """

    def __init__(
        self, where: str, packed: "io.BufferedReader[Any]", stream: "io.BufferedReader[Any] | gzip.GzipFile"
    ) -> None:
        self.where = where
        self._packed, self._stream = packed, stream

    def start(self, size: int) -> bytes:
        """Return the first bytes, which will be read again."""
        return self._stream.peek(size)[:size]

    def read(self) -> bytes:
        """Return the contents.

        Raises
        ------
        DownloadError
            If there are none, or they are larger than any text of genes.
        """
        content = self._stream.read(limits.TEXT_BYTES + 1)
        if len(content) > limits.TEXT_BYTES:
            raise DownloadError(
                f"{self.where} has more than {bytes_of(limits.TEXT_BYTES)} of text: expected genes, categories or a "
                "map, which have less. Give the original file, without other contents."
            )
        if not content or content.isspace():
            raise DownloadError(f"{self.where} is empty.")
        return content

    def blocks(self) -> Iterator[bytes]:
        """Yield the contents in blocks of whole lines.

        Raises
        ------
        DownloadError
            If a line is too long, or the file expands more than any text does.
        """
        size = 0
        while block := self._stream.read(_BLOCK_BYTES):
            rest = self._stream.readline(limits.LINE_BYTES)
            if len(rest) == limits.LINE_BYTES:
                raise DownloadError(
                    f"{self.where} has a line of more than {bytes_of(limits.LINE_BYTES)}: it is not text, or damaged.",
                    remedy=_AGAIN,
                )
            size += len(block) + len(rest)
            if self._stream is not self._packed and self._packed.seekable():
                packed = self._packed.tell()
                if size > limits.TEXT_BYTES and size > packed * limits.EXPANSION:
                    raise DownloadError(
                        f"{self.where}: {bytes_of(packed)} expand to more than {bytes_of(size)}. Text does not expand "
                        "so much: the file is damaged.",
                        remedy=_AGAIN,
                    )
            yield block + rest


@contextmanager
def open_text(path: Path) -> Iterator[TextFile]:
    """Open a text file for reading, decompressed if it is gzip.

    Raises
    ------
    DownloadError
        If it cannot be read, or its compression is damaged; also later, when it is read.
    """
    where = "stdin" if path == STDIN else str(path)
    try:
        with _open_packed(path) as packed:
            if packed.peek(len(_GZIP)).startswith(_GZIP):
                with gzip.open(packed) as stream:
                    yield TextFile(where, packed, stream)
            else:
                yield TextFile(where, packed, packed)
    except CoexprError:
        raise
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DownloadError(f"{where} is a gzip file that is cut short or damaged ({error}).", remedy=_AGAIN) from None
    except OSError as error:
        raise DownloadError(f"{where:.200} cannot be read: {error.strerror or error}.") from None


@contextmanager
def _open_packed(path: Path) -> Iterator["io.BufferedReader[Any]"]:
    if path == STDIN:
        raw: Any = sys.stdin.buffer  # of no particular class in tests
        stream = io.BufferedReader(raw)
        try:
            yield stream
        finally:
            stream.detach()
        return
    try:
        opened = path.open("rb")
    except ValueError as error:  # a null character in the path
        raise DownloadError(f"{str(path)!r:.200} cannot be read: {error}.") from None
    with opened:
        yield opened

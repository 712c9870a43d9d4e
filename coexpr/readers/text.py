"""Read text files of gene names and categories, and split them into lines.

Compressed files are decompressed, and encodings are recognised. Only LF, CRLF and CR end a line: characters such as NEL
(0x85), VT, FF and U+2028, at which Python's `splitlines` splits too, occur in descriptions.
"""

import codecs
import gzip
import re
import sys
import zlib
from pathlib import Path

from coexpr.errors import DownloadError

STDIN = Path("-")
_LINE_END = re.compile(r"\r\n|\n|\r")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a file, decompressed if it is gzip; "-" is stdin.

    Raises
    ------
    DownloadError
        If it cannot be read, is empty, or its compression is damaged.
    """
    where = "stdin" if path == STDIN else path
    try:
        content = sys.stdin.buffer.read() if path == STDIN else path.read_bytes()
        if content.startswith(b"\x1f\x8b"):
            content = gzip.decompress(content)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DownloadError(
            f"{where} is a gzip file that is cut short or damaged ({error}).", remedy="Download it again."
        ) from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        reason = getattr(error, "strerror", None) or error
        raise DownloadError(f"{where} cannot be read: {reason}.") from None
    if not content.strip():
        raise DownloadError(f"{where} is empty.")
    return content


def as_text(content: bytes, path: Path) -> str:
    """Decode bytes, without a byte order mark, as UTF-8 or else as Windows-1252.

    Raises
    ------
    DownloadError
        If they are not text, or are UTF-16.
    """
    if content.startswith(_UTF_16):
        raise DownloadError(f'{path} is UTF-16 text. Save it as UTF-8: in Excel as "CSV UTF-8".')
    if b"\0" in content:
        raise DownloadError(f"{path} is a binary file, not a text file.")
    content = content.removeprefix(codecs.BOM_UTF8)
    for encoding in ("utf-8", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")  # gene names are ASCII; other cells may be in any encoding


def read_text(path: Path) -> str:
    """Read a file as text; see `read_bytes` and `as_text`."""
    return as_text(read_bytes(path), path)


def split_lines(text: str) -> list[str]:
    """Return the lines of a text without their ends."""
    lines = _LINE_END.split(text)
    return lines[:-1] if lines[-1] == "" else lines

"""Read text files of gene names and categories, and split them into lines.

Compressed files are decompressed, and encodings are recognised. Only LF, CRLF and CR end a line: characters such as NEL
(0x85), VT, FF and U+2028, at which Python's `splitlines` splits too, occur in descriptions.
"""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from coexpr.errors import DownloadError
from coexpr.readers import limits
from coexpr.readers.text_file import TextFile, open_text
from coexpr.wording import bytes_of

_LINE_END = re.compile(r"\r\n|\n|\r")
# A character past U+FFFF in UTF-8. With one of them, a text takes four bytes in memory for each character.
_WIDE = re.compile(rb"[\xf0-\xf4][\x80-\xbf]{3}")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a file, decompressed if it is gzip; "-" is stdin.

    Raises
    ------
    DownloadError
        If it cannot be read, is empty or too large, or its compression is damaged.
    """
    with open_text(path) as file:
        return file.read()


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
    if len(content) > limits.WIDE_TEXT_BYTES and _WIDE.search(content):
        raise DownloadError(
            f"{path} has more than {bytes_of(limits.WIDE_TEXT_BYTES)} of text with characters that no gene has. Give "
            "the original file, without other contents."
        )
    for encoding in ("utf-8", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")  # gene names are ASCII; other cells may be in any encoding


def read_text(path: Path) -> str:
    """Read a file as text; see `as_text`.

    Raises
    ------
    DownloadError
        If it cannot be read as text, is empty or is too large, or its compression is damaged.
    """
    with open_text(path) as file:
        return whole_text(file, path)


def whole_text(file: TextFile, path: Path) -> str:
    """Return the contents of an open file as text; see `read_text`."""
    text = as_text(file.read(), path)
    if not text or text.isspace():
        raise DownloadError(f"{path} is empty.")
    if max(text.count("\n"), text.count("\r")) > limits.LINES:
        raise DownloadError(f"{path} has more than {limits.LINES:,} lines: expected genes, categories or a map.")
    refuse_long_lines(text, path)
    return text


def refuse_long_lines(text: str, path: Path) -> None:
    """Raise DownloadError for a line without end; it is looked for in parts of the text of this length."""
    for start in range(0, len(text) - limits.LINE_BYTES, limits.LINE_BYTES):
        if all(text.find(end, start, start + limits.LINE_BYTES) < 0 for end in "\n\r"):
            raise DownloadError(
                f"{path} has a line of more than {limits.LINE_BYTES:,} characters: expected genes, categories or a "
                "map, with a line for each row."
            )


def lines_of(file: TextFile, path: Path) -> Iterator[str]:
    """Yield the lines of an open file, which may be too large to be read as a whole; see `as_text`."""
    for block in file.blocks():
        yield from split_lines(as_text(block, path))


def split_lines(text: str) -> list[str]:
    """Return the lines of a text without their ends."""
    lines = _LINE_END.split(text) if "\r" in text else text.split("\n")
    return lines[:-1] if lines[-1] == "" else lines

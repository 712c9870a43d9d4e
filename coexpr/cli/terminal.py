"""Text that a terminal shows and does not obey: control characters are escaped on the way to it.

Names come from files and arguments, and may contain sequences that move the cursor, hide text, or set the title of a
window. A stream that is a terminal, and stderr in any case, escapes them all; other files receive data as they are.
"""

import io
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import typer

# C0 without tab and line feed, DEL, C1, marks that reorder text, separators of lines, and lone surrogates.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_CONTROLS_AND_BREAKS = re.compile(_CONTROLS.pattern.replace("\x08\x0b", "\x1f"))


def escaped(text: str) -> str:
    r"""Return a text in which control characters are escaped, such as `\x1b`; lines and tabs are kept."""
    return text if text.isascii() and text.isprintable() else _CONTROLS.sub(_escape, text)


def one_line(text: str) -> str:
    r"""Return a text in which line feeds and tabs are escaped, too: a cell of a table, or a message of one line."""
    return text if text.isascii() and text.isprintable() else _CONTROLS_AND_BREAKS.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


def print_lines(lines: Iterable[str]) -> None:
    """Print lines to stdout, each as one line whatever names it contains."""
    typer.echo("\n".join(map(one_line, lines)))


class EscapingStream(io.TextIOWrapper):
    """A text stream that escapes control characters.

    Parameters
    ----------
    stream : TextIOWrapper
        The stream in whose place it is used. What cannot be encoded is escaped; an ASCII stream becomes UTF-8, because
        Python assumes ASCII where no language is set.
    """

    def __init__(self, stream: io.TextIOWrapper) -> None:
        stream.flush()
        encoding = "utf-8" if stream.encoding.lower() in ("ascii", "us-ascii", "ansi_x3.4-1968") else stream.encoding
        super().__init__(stream.buffer, encoding, "backslashreplace", line_buffering=True)
        self.original = stream

    def write(self, text: str, /) -> int:
        """Write a text, escaped."""
        super().write(escaped(text))
        return len(text)


def escape_streams() -> None:
    """Escape what is written to stderr, and to stdout if that is a terminal, from now on.

    Other stdout is UTF-8 on every system, whatever the encoding of the terminal.
    """
    if isinstance(sys.stdout, io.TextIOWrapper) and not isinstance(sys.stdout, EscapingStream):
        if sys.stdout.isatty():
            sys.stdout = EscapingStream(sys.stdout)
        else:
            sys.stdout.reconfigure(encoding="utf-8")
    if isinstance(sys.stderr, io.TextIOWrapper) and not isinstance(sys.stderr, EscapingStream):
        sys.stderr = EscapingStream(sys.stderr)


@contextmanager
def escaped_streams() -> Iterator[None]:
    """Do so within the block."""
    before = sys.stdout, sys.stderr
    escape_streams()
    inside = sys.stdout, sys.stderr
    try:
        yield
    finally:
        for name, stream, original in zip(("stdout", "stderr"), inside, before, strict=True):
            if getattr(sys, name) is stream and stream is not original:
                setattr(sys, name, original)
                stream.detach()  # or it would close the file that both write to

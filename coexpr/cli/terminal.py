"""Text that a terminal shows and does not obey: control characters are escaped on the way to it.

Names come from files and arguments, and may contain sequences that move the cursor, hide text, or set the title of a
window. A stream that is a terminal, and stderr in any case, escapes them all; other files receive data as they are.
"""

import io
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import typer

from coexpr.wording import escaped, one_line


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

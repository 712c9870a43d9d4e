"""Numbers and names in sentences: long names are cut short, and control characters escaped."""

import re

_KILO = 1000
_BYTE_UNITS = ("kB", "MB", "GB", "TB")
_MINUTE, _HOUR = 60, 3600
# A number from this fraction of a unit on is 1.00 of it when it is rounded to three digits.
_ROUNDS_UP = 0.9995
# A longer name is no name, and would fill the screen; so many of its characters are shown.
_LONG, _SHOWN = re.compile(r"\S{600,}"), 200
# C0 without tab and line feed, DEL, C1, marks that reorder text, separators of lines, and lone surrogates.
_ALWAYS = "\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_CONTROLS = re.compile(f"[\x00-\x08\x0b-\x1f{_ALWAYS}]")
_CONTROLS_AND_BREAKS = re.compile(f"[\x00-\x1f{_ALWAYS}]")


def count_of(count: int, thing: str, things: str | None = None) -> str:
    """Return "1 gene" or "2,164 genes"; `things` is a plural that does not only add an s."""
    return f"{count:,} {thing if count == 1 else things or f'{thing}s'}"


def bytes_of(size: float) -> str:
    """Return a size with three digits: "958 bytes", "1.53 GB".

    Examples
    --------
    >>> bytes_of(958), bytes_of(1_534_000_000), bytes_of(20_480_000)
    ('958 bytes', '1.53 GB', '20.5 MB')
    """
    if round(size) < _KILO:
        return count_of(round(size), "byte")
    for unit in _BYTE_UNITS:
        size /= _KILO
        if size < _KILO * _ROUNDS_UP or unit == _BYTE_UNITS[-1]:
            break
    return f"{_three_digits(size)} {unit}"


def amount_of(count: float) -> str:
    """Return a count, in millions or billions where it is large: "58,692", "217 million".

    Examples
    --------
    >>> amount_of(58_692), amount_of(217_277_784), amount_of(1_722_346_086)
    ('58,692', '217 million', '1.72 billion')
    """
    for limit, name in ((10**9, "billion"), (10**6, "million")):
        if count >= limit * _ROUNDS_UP:
            return f"{_three_digits(count / limit).removesuffix('.00')} {name}"
    return f"{count:,.0f}"


def _three_digits(number: float) -> str:
    """Return a number with three digits: "1.53", "20.5", "217"; from 1,000 on without decimals."""
    return f"{number:,.0f}" if number >= _KILO * _ROUNDS_UP else f"{number:#.3g}".rstrip(".")


def duration_of(seconds: float) -> str:
    """Return a duration: "12 s", "4 min", "2.5 h".

    Examples
    --------
    >>> duration_of(12.3), duration_of(251), duration_of(9000)
    ('12 s', '4 min', '2.5 h')
    """
    if seconds < 1.5 * _MINUTE:
        return f"{max(0, round(seconds))} s"
    if seconds < 1.5 * _HOUR:
        return f"{round(seconds / _MINUTE)} min"
    return f"{seconds / _HOUR:.1f} h"


def abridged(text: str) -> str:
    """Return a sentence in which a name of hundreds of characters is cut short."""
    return _LONG.sub(lambda found: f"{found[0][:_SHOWN]}… ({len(found[0]):,} characters)", text)


def escaped(text: str) -> str:
    r"""Return a text in which control characters are escaped, such as `\x1b`; lines and tabs are kept."""
    return text if text.isascii() and text.isprintable() else _CONTROLS.sub(_escape, text)


def one_line(text: str) -> str:
    r"""Return a text in which line feeds and tabs are escaped, too: a cell of a table, or a message of one line."""
    return text if text.isascii() and text.isprintable() else _CONTROLS_AND_BREAKS.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()

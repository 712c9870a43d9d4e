"""Numbers in sentences."""

_KILO = 1000
_BYTE_UNITS = ("kB", "MB", "GB", "TB")
_MINUTE, _HOUR = 60, 3600


def count_of(count: int, thing: str) -> str:
    """Return "1 gene" or "2,164 genes"."""
    return f"{count:,} {thing}{'s' * (count != 1)}"


def bytes_of(size: float) -> str:
    """Return a size with three digits: "958 bytes", "1.53 GB".

    Examples
    --------
    >>> bytes_of(958), bytes_of(1_534_000_000), bytes_of(20_480_000)
    ('958 bytes', '1.53 GB', '20.5 MB')
    """
    if round(size) < _KILO:
        return f"{round(size)} bytes"
    for unit in _BYTE_UNITS:
        size /= _KILO
        if size < _KILO * 0.9995 or unit == _BYTE_UNITS[-1]:
            break
    return f"{size:.{max(0, 2 - len(f'{int(size)}') + 1)}f} {unit}"


def amount_of(count: float) -> str:
    """Return a count, in millions or billions where it is large: "58,692", "217 million".

    Examples
    --------
    >>> amount_of(58_692), amount_of(217_277_784), amount_of(1_722_346_086)
    ('58,692', '217 million', '1.72 billion')
    """
    for limit, name in ((10**9, "billion"), (10**6, "million")):
        if count >= limit:
            return f"{count / limit:.3g} {name}"
    return f"{count:,.0f}"


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

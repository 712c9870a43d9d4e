"""Characters that are not printed but do something: control characters, and marks of the direction of text."""

import re
from collections.abc import Iterable

_CONTROL = re.compile(
    r"[\0-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


def has_control(name: str) -> bool:
    """Return whether a name has a character that is not printed."""
    return not name.isprintable() and _CONTROL.search(name) is not None


def first_with_control(names: Iterable[str | None]) -> str | None:
    """Return the first of some names that has a character that is not printed; None if there is none."""
    return next((name for name in names if name is not None and has_control(name)), None)

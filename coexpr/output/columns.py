"""How values are shown to people, by the name of their column."""

import re
from typing import Any

from coexpr.result import json_text

# Columns of r and of the limits of its intervals.
_IS_R = re.compile(r"r|r_.*|.*_r|(random|ci95|naive_ci95|null)_(low|high)|(lowest|highest)_without_one")
# Columns of tests of categories, of which three digits say enough.
_IS_TEST = re.compile(r"(p|q|t)_(spatial|camera)|percentile")


def is_r(name: str) -> bool:
    """Return whether a column holds r or a limit of its interval."""
    return _IS_R.fullmatch(name) is not None


def shown(name: str, value: Any) -> str:
    """Return a value as text: r with three decimals as on the site of the atlas, others with six or three digits."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}" if is_r(name) else f"{value:.{3 if _IS_TEST.fullmatch(name) else 6}g}"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return json_text(value) if isinstance(value, list | dict) else str(value)

"""Hints for common typing mistakes: long dashes, decimal commas, names without quotation marks."""

import re
import sys
from collections.abc import Sequence

# Dashes that word processors insert instead of hyphens.
_LONG_DASHES = ("\u2013", "\u2014", "\u2212", "\u2010", "\u2011")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")


def hint_for(message: str, arguments: Sequence[str] | None = None) -> str:
    """Return a hint to append to the message of a usage error; empty if no common mistake is recognised.

    Parameters
    ----------
    message : str
    arguments : sequence of str, optional
        Arguments that were typed. Default: the command line of this process.
    """
    typed = sys.argv[1:] if arguments is None else arguments
    if dashed := next((word for word in typed if word.startswith(_LONG_DASHES)), None):
        plain = re.sub(f"^[{''.join(_LONG_DASHES)}-]+", "--", dashed)
        return f" {dashed} begins with a long dash. Type hyphens: {plain}"
    comma = next((word for word in typed if _DECIMAL_COMMA.fullmatch(word)), None)
    if comma and ("number" in message or "float" in message):
        return f" Write numbers with a decimal point: {comma.replace(',', '.')}"
    if "extra argument" in message:
        return _about_extra_arguments(typed)
    return ""


def _about_extra_arguments(typed: Sequence[str]) -> str:
    """Return a hint for extra arguments, which are usually the rest of a name of several words."""
    for option in ("--category", "--structure", "--genes"):
        if option in typed:
            place = typed.index(option) + 1
            rest = typed[place:]
            end = next((number for number, word in enumerate(rest) if word.startswith("-")), len(rest))
            if end > 1:
                return f' Put a name of several words in quotation marks: {option} "{" ".join(rest[:end])}"'
    if typed and typed[0] in ("query", "probes"):
        return " This command takes one gene or probe. For several, use: coexpr matrix A B C, or coexpr pair A B"
    return " Put a name of several words in quotation marks."

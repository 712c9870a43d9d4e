"""Names for the box of a page that begin with a text, or contain it."""

from pathlib import Path

from coexpr.database.name_index import Kind, find_names, find_names_containing
from coexpr.errors import OptionError

_KINDS: dict[str, tuple[Kind, ...]] = {
    "": ("genes_and_probes", "categories"),
    "genes": ("genes_and_probes",),
    "categories": ("categories",),
    "structures": ("structures",),
    "donors": ("donors",),
}
_LIMIT = 12
# Longer texts are not completed.
_LONGEST = 200


def complete(database: Path, kind: str, text: str) -> list[tuple[str, str]]:
    """Return names and their descriptions for a text that is being typed.

    Parameters
    ----------
    database : path
    kind : str
        "genes", "categories", "structures", "donors", or "" for genes and categories.
    text : str

    Raises
    ------
    OptionError
        If the kind is unknown.
    DatabaseError
        If there is no database that can be read.
    """
    if kind not in _KINDS:
        raise OptionError(f"`kind` {kind!r:.60}: expected one of {', '.join(filter(None, _KINDS))}.")
    typed = text.strip()
    if not typed or len(typed) > _LONGEST:
        return []
    found: dict[str, str] = {}
    each = _LIMIT // len(_KINDS[kind])
    for one in _KINDS[kind]:
        names = dict(find_names(database, one, typed, each))
        if one != "genes_and_probes" and len(names) < each:  # 43,000 categories are known by their last word, too
            names |= dict(find_names_containing(database, one, typed, each))
        found |= dict(list(names.items())[:each])
    return list(found.items())

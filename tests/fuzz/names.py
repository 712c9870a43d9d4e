"""Names that readers return: which of them mean a gene, as there is no database to ask, and which a terminal prints."""

from collections.abc import Collection, Hashable, Iterable, Mapping
from unicodedata import category as kind_of

# Control characters, marks of direction and others without a form, halves of pairs, and line ends.
_NOT_PRINTED = ("Cc", "Cf", "Cs", "Zl", "Zp")

_GENES = {
    "NTRK2": 4915, "TRKB": 4915, "4915": 4915, "A_23_P216779": 4915, "BDNF": 627, "627": 627, "A_32_P7316": 627,
    "SET": 6418, "APP": 351, "GABRA4": 2557, "GFAP": 2670, "MBP": 4155, "SNAP25": 6616, "GAD1": 2571,
}  # fmt: skip


def lookup(names: Collection[str]) -> Mapping[str, Hashable]:
    """Return the genes that names mean, as readers of lists and categories ask it."""
    return {name: _GENES[name.upper()] for name in names if name.upper() in _GENES}


def refuse_unprintable(names: Iterable[object]) -> None:
    """Fail for names that a terminal would not print as they are."""
    for name in names:
        if isinstance(name, str) and any(kind_of(character) in _NOT_PRINTED for character in name):
            raise AssertionError(f"not printable: {name!r:.80}")

"""Which names mean a gene, where a reader has no database to ask."""

from collections.abc import Collection, Hashable, Mapping

_GENES = {
    "NTRK2": 4915, "TRKB": 4915, "4915": 4915, "A_23_P216779": 4915, "BDNF": 627, "627": 627, "A_32_P7316": 627,
    "SET": 6418, "APP": 351, "GABRA4": 2557, "GFAP": 2670, "MBP": 4155, "SNAP25": 6616, "GAD1": 2571,
}  # fmt: skip


def lookup(names: Collection[str]) -> Mapping[str, Hashable]:
    """Return the genes that names mean, as readers of lists and categories ask it."""
    return {name: _GENES[name.upper()] for name in names if name.upper() in _GENES}

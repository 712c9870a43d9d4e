"""Cells that name genes: how they are cleaned, and which names a cell contains."""

import re
from collections.abc import Collection, Sequence
from functools import lru_cache
from itertools import pairwise

from coexpr.readers.spreadsheet import is_date

# Missing values. Some of these are aliases of genes too; in a table they are read as missing.
_MISSING = {"", "na", "n/a", "#n/a", "nan", "null", "none", "-", "--", "---", "."}
# No part of these patterns can match the same characters as the part before it: the time would grow with the square
# of the length of a cell.
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|\.\d+)(e[+-]?\d+)?%?", re.I | re.ASCII)
_COLUMN_NUMBER = re.compile(r"\d{1,9}", re.ASCII)
_ID = re.compile(r"\d{1,9}(\.0*)?", re.ASCII)
# Probe names are recognised by their form, because the download with the probe may not be loaded yet.
_PROBE_NAME = re.compile(r"A_\d{2}_P\d+|CUST_\d+_PI\d+", re.I | re.ASCII)
# A weight after a gene, as in some libraries of Enrichr.
_WEIGHT_BEHIND = re.compile(r",[+-]?[\d.]+(e[+-]?\d+)?$", re.I | re.ASCII)
_LISTED = re.compile(r"[,;]")
_ALTERNATIVES = re.compile(r"\s*/{1,3}\s*|\||\s+")
# A word of a text such as "PRAME family member 2", which is not a list of alternatives.
_WORD_BEHIND = re.compile(r"\s[a-z]{3,}(-[a-z]+)*,?(?=\s|$)")
_LONGEST_NAME = 60
# Nearly all cells; nothing in them is to be cleaned.
_IS_CLEAN = re.compile(r"[\w.+-]+", re.ASCII).fullmatch
# Zero-width characters, which occur in text copied from web pages.
_INVISIBLE = dict.fromkeys([*range(0x200B, 0x2010), 0x2060, 0xFEFF, 0x00AD])


def clean_cell(cell: str) -> str:
    """Return a cell without surrounding white space and quotes, and without marks of text for spreadsheets."""
    if _IS_CLEAN(cell):
        return cell
    cell = cell.translate(_INVISIBLE).strip()
    if len(cell) > 3 and cell.startswith('="') and cell.endswith('"'):  # ="SEPT2" is text for a spreadsheet
        cell = cell[1:]
    while len(cell) > 1 and cell[0] == cell[-1] and cell[0] in "\"'" and cell[1:-1].count(cell[0]) < 2:
        cell = cell[1:-1].strip()
    return cell[1:] if len(cell) > 1 and cell[0] == "'" and "'" not in cell[1:] else cell


def is_missing(cell: str) -> bool:
    """Return whether a cell has no value."""
    return cell.lower() in _MISSING


def is_number(cell: str) -> bool:
    """Return whether a cell is a number, with a decimal point or comma.

    A few aliases of genes are numbers, such as 464.2; they are treated as numbers too.
    """
    return _NUMBER.fullmatch(cell) is not None


def is_id(cell: str) -> bool:
    """Return whether a cell can be an Entrez id: a whole number, possibly written with decimals, as in 4915.0."""
    return _ID.fullmatch(cell) is not None


def is_column_number(text: str) -> bool:
    """Return whether a text may be the number of a column."""
    return _COLUMN_NUMBER.fullmatch(text) is not None


def count_rows(cells: Sequence[str]) -> bool:
    """Return whether cells are row numbers: each is the previous one plus 1."""
    if len(cells) < 2 or not all(map(is_id, cells)):
        return False
    numbers = [int(float(cell)) for cell in cells]
    return all(after - before == 1 for before, after in pairwise(numbers))


def is_probe_name(cell: str) -> bool:
    """Return whether a cell has the form of a probe name of the atlas."""
    return _PROBE_NAME.fullmatch(cell) is not None


def parts_of(cell: str) -> list[str]:
    """Return the names that a cell may contain: the whole cell, and each part of it that could be a name."""
    if cell.isalnum():  # nearly all cells; they have one part
        return [cell] if len(cell) <= _LONGEST_NAME else []
    parts = [cell]
    for item in _items_of(cell):
        parts += [item, _first_alternative(item)]
    return [part for part in dict.fromkeys(parts) if part and len(part) <= _LONGEST_NAME]


def names_in(cell: str, known: Collection[str]) -> list[str]:
    """Return the names of genes in a cell.

    Parameters
    ----------
    cell : str
    known : collection of str
        The names that mean a gene.

    Returns
    -------
    list of str
        The cell, if it is in `known`. Otherwise each item between commas or semicolons; of alternatives between
        slashes, bars or spaces, as in "CYP3A4 CYP3A3", the first. Items that are not in `known` are returned unchanged.
    """
    if cell in known:
        return [cell]
    if cell.isalnum():
        return [] if is_missing(cell) else [cell]
    names = []
    for item in _items_of(cell):
        first = _first_alternative(item)
        if not is_missing(item):
            names.append(first if item not in known and first in known else item)
    return names


def holds_alternatives(cell: str, known: Collection[str]) -> bool:
    """Return whether a cell has alternative names between slashes, bars or spaces; only the first is used."""
    return any(
        item not in known and _first_alternative(item) in known and _first_alternative(item) != item
        for item in (() if cell in known else _items_of(cell))
    )


def _first_alternative(item: str) -> str:
    """Return the first of alternative names.

    A date, a number before other text, and a text of several words are not split.
    """
    if not item or is_date(item) or _WORD_BEHIND.search(item):
        return item
    alternatives = _ALTERNATIVES.split(item)
    return item if is_number(alternatives[0]) and not all(map(is_id, alternatives)) else alternatives[0]


def without_weight(cell: str) -> str:
    """Return a member of a gene set without the weight after it, as in "TP53,1.0"."""
    return _WEIGHT_BEHIND.sub("", cell)


def tokens_of(line: str) -> list[str]:
    """Return the cleaned words of a line, separated by white space."""
    return [clean_cell(token) for token in line.split()]


@lru_cache(maxsize=4096)  # a cell is examined several times, and may be a list of thousands
def _items_of(cell: str) -> tuple[str, ...]:
    """Return the items of a cell, separated by commas and semicolons, without brackets."""
    return tuple(clean_cell(item.strip("[](){} ")) for item in _LISTED.split(cell))


def holds_names(cell: str, known: Collection[str]) -> bool:
    """Return whether a cell contains only names of genes; a number together with other names is not an Entrez id."""
    names = names_in(cell, known)
    return bool(names) and all(name in known for name in names) and len(set(map(is_number, names))) == 1

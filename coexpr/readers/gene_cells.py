"""Cells of tables and lists that name genes: how they are cleaned, and which names one cell holds."""

import re
from collections.abc import Collection, Sequence
from itertools import pairwise

from coexpr.readers.spreadsheet import is_date

# Cells that hold no value. Some of these are aliases of genes too; a cell of a table with one of them is missing.
_MISSING = {"", "na", "n/a", "#n/a", "nan", "null", "none", "-", "--", "---", "."}
_NUMBER = re.compile(r"[+-]?(\d+[.,]?\d*|\.\d+)(e[+-]?\d+)?%?", re.I)
_ID = re.compile(r"\d{1,9}(\.0*)?")
# Probes of the atlas: their names are known by their form before the download that holds them is loaded.
_PROBE_NAME = re.compile(r"A_\d{2}_P\d+|CUST_\d+_PI\d+", re.I)
# As behind genes of the sets of some libraries of Enrichr.
_WEIGHT_BEHIND = re.compile(r",[+-]?[\d.]+(e[+-]?\d+)?$", re.I)
_LISTED = re.compile(r"[,;]")
_ALTERNATIVES = re.compile(r"\s*/{1,3}\s*|\||\s+")
# A word of a text, as in "PRAME family member 2", which is no list of alternatives.
_WORD_BEHIND = re.compile(r"\s[a-z]{3,}(-[a-z]+)*,?(?=\s|$)")
_LONGEST_NAME = 60
# Characters without width, which come with text that is copied from web pages.
_INVISIBLE = dict.fromkeys([*range(0x200B, 0x2010), 0x2060, 0xFEFF, 0x00AD])


def clean_cell(cell: str) -> str:
    """Return a cell without surrounding white space and quotes, and without what protects it from spreadsheets."""
    cell = cell.translate(_INVISIBLE).strip()
    if len(cell) > 3 and cell.startswith('="') and cell.endswith('"'):  # ="SEPT2" is text for a spreadsheet
        cell = cell[1:]
    while len(cell) > 1 and cell[0] == cell[-1] and cell[0] in "\"'" and cell[1:-1].count(cell[0]) < 2:
        cell = cell[1:-1].strip()
    return cell[1:] if len(cell) > 1 and cell[0] == "'" and "'" not in cell[1:] else cell


def is_missing(cell: str) -> bool:
    """Say whether a cell holds no value."""
    return cell.lower() in _MISSING


def is_number(cell: str) -> bool:
    """Say whether a cell is a number, with a decimal point or comma.

    A few aliases of genes are numbers, such as 464.2; in a table a number is a number.
    """
    return _NUMBER.fullmatch(cell) is not None


def is_id(cell: str) -> bool:
    """Say whether a cell can be an Entrez id: a whole number, also as programs write it that know only decimals."""
    return _ID.fullmatch(cell) is not None


def count_rows(cells: Sequence[str]) -> bool:
    """Say whether cells are the numbers of rows: each one more than the one before."""
    if len(cells) < 2 or not all(map(is_id, cells)):
        return False
    numbers = [int(float(cell)) for cell in cells]
    return all(after - before == 1 for before, after in pairwise(numbers))


def is_probe_name(cell: str) -> bool:
    """Say whether a cell has the form of a probe name of the atlas."""
    return _PROBE_NAME.fullmatch(cell) is not None


def parts_of(cell: str) -> list[str]:
    """Return the names that a cell may hold: the whole cell and each part of it that could be a name."""
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
        The cell, if it is a name. Of items between commas or semicolons, each. Of alternatives between slashes, bars
        or spaces, as in "CYP3A4 CYP3A3", the first. What is not known is returned as it is.
    """
    if cell in known:
        return [cell]
    names = []
    for item in _items_of(cell):
        first = _first_alternative(item)
        if not is_missing(item):
            names.append(first if item not in known and first in known else item)
    return names


def holds_alternatives(cell: str, known: Collection[str]) -> bool:
    """Say whether a cell holds several names between slashes, bars or spaces, of which the first one counts."""
    return any(
        item not in known and _first_alternative(item) in known and _first_alternative(item) != item
        for item in ([] if cell in known else _items_of(cell))
    )


def _first_alternative(item: str) -> str:
    """Return the first of alternative names.

    A date is one name, and so are a number before something else and a text of words.
    """
    if not item or is_date(item) or _WORD_BEHIND.search(item):
        return item
    alternatives = _ALTERNATIVES.split(item)
    return item if is_number(alternatives[0]) and not all(map(is_id, alternatives)) else alternatives[0]


def without_weight(cell: str) -> str:
    """Return a member of a set without the weight behind it, as in "TP53,1.0"."""
    return _WEIGHT_BEHIND.sub("", cell)


def tokens_of(line: str) -> list[str]:
    """Return what stands between the white space of a line."""
    return [clean_cell(token) for token in line.split()]


def _items_of(cell: str) -> list[str]:
    """Return what stands between the commas and semicolons of a cell, without brackets."""
    return [clean_cell(item.strip("[](){} ")) for item in _LISTED.split(cell)]


def holds_names(cell: str, known: Collection[str]) -> bool:
    """Say whether a cell holds names of genes and nothing else; a number next to a name is no Entrez id."""
    names = names_in(cell, known)
    return bool(names) and all(name in known for name in names) and len(set(map(is_number, names))) == 1

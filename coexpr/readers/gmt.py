"""GMT: one gene set per line, as tab-separated name, description and genes.

MSigDB writes names like GOBP_NERVOUS_SYSTEM_DEVELOPMENT, and a URL as the description. Enrichr writes names like
"nervous system development (GO:0007399)", no description, a trailing tab and, in some libraries, a weight after each
gene. Some files have sets without genes, or no column of descriptions.
"""

import re
from collections.abc import Hashable, Mapping
from pathlib import Path

from coexpr.readers import limits
from coexpr.readers.category_file import AmbiguousFormatError, Category, CategoryFile, Lookup, WrongFormatError
from coexpr.readers.gene_cells import (
    clean_cell,
    holds_names,
    is_id,
    is_missing,
    is_number,
    parts_of,
    without_weight,
)
from coexpr.readers.text import split_lines

_ACCESSION_BEHIND = re.compile(r"\((GO:\d{7})\)$", re.ASCII)
# In a file that is not called .gmt, the fraction of the cells after name and description that must name genes.
_ENOUGH = 0.8
# The second cells are read as genes if at least the first fraction of them names genes, and as descriptions below the
# second. Between the two, the file is refused.
_GENES = 0.8
_DESCRIPTIONS = 0.5


def read(text: str, path: Path, lookup: Lookup, *, is_forced: bool = False) -> CategoryFile:
    """Read a GMT file.

    Parameters
    ----------
    text : str
    path : path
    lookup : Lookup
    is_forced : bool
        Whether to read the file as GMT without regard to its contents.

    Raises
    ------
    WrongFormatError
        If the file is not GMT.
    AmbiguousFormatError
        If its second cells may be descriptions or genes.
    """
    rows = _rows(text)
    is_named = is_forced or ".gmt" in (suffix.lower() for suffix in path.suffixes)
    _refuse_other_formats(rows, lookup, is_named=is_named)
    known = lookup({without_weight(cell) for row in rows for cell in row[1:] if not is_missing(cell)})
    has_descriptions = is_forced or _has_descriptions(rows, known, path)
    start = 2 if has_descriptions else 1
    categories = []
    for name, *_rest in rows:
        members = dict.fromkeys(without_weight(cell) for cell in [name, *_rest][start:] if not is_missing(cell))
        accession = _ACCESSION_BEHIND.search(name)
        term = name[: accession.start()].rstrip() if accession else name
        categories.append(Category(term, list(members), accession[1] if accession else None))
    notes = []
    if not has_descriptions:
        notes.append("it has no descriptions: the second cell of each line is read as a gene.")
    if empty := sum(not category.members for category in categories):
        notes.append(f"sets without genes: {empty:,} of {len(categories):,}.")
    return CategoryFile("GMT file", categories, source=path.name.partition(".")[0], notes=tuple(notes))


class _Cleaned(dict[str, str]):
    """Cleaned cells; equal ones, such as a gene in many sets, are cleaned once and are one object."""

    def __missing__(self, cell: str) -> str:
        found = clean_cell(cell)
        self[cell] = self.setdefault(found, found)
        return found


def _rows(text: str) -> list[list[str]]:
    """Return the cells of each line that is not blank."""
    if text.count("\t") > limits.GMT_CELLS:
        raise WrongFormatError(f"it has more than {limits.GMT_CELLS:,} cells")
    if max(text.count("\n"), text.count("\r")) > limits.GENE_SETS:
        raise WrongFormatError(f"it has more than {limits.GENE_SETS:,} lines")
    cleaned = _Cleaned()
    rows: list[list[str]] = []
    for line in split_lines(text):
        if line.strip():
            if "\t" not in line:  # at once, because most lists of genes are found to be no GMT here
                raise WrongFormatError(
                    f"line {len(rows) + 1} is not a tab-separated name, description and genes of a set"
                )
            rows.append([cleaned[cell] for cell in line.split("\t")])
            if len(cleaned) > limits.NAMES:
                raise WrongFormatError(f"it has more than {limits.NAMES:,} different names")
    return rows


def _refuse_other_formats(rows: list[list[str]], lookup: Lookup, *, is_named: bool) -> None:
    """Raise WrongFormatError unless the lines are gene sets."""
    for number, row in enumerate(rows, start=1):
        if not row[0]:
            raise WrongFormatError(f"line {number} does not begin with the name of a gene set")
        if len(row) < 2:
            raise WrongFormatError(f"line {number} is not a tab-separated name, description and genes of a set")
    if is_named:
        return
    lengths = [len(row) for row in rows]
    if len(set(lengths[1:])) == 1 and lengths[0] in (lengths[1], lengths[1] - 1):
        raise WrongFormatError("its lines have equal numbers of cells, as in a table")
    members = [without_weight(cell) for row in rows for cell in row[2:] if not is_missing(cell)]
    names = [cell for cell in members if is_id(cell) or not is_number(cell)]
    known = lookup(set(names) | {part for row in rows for cell in row[:2] for part in parts_of(cell)})
    if sum(name in known for name in names) < max(1, _ENOUGH * len(members)):
        raise WrongFormatError("the cells after the second are not names of genes")
    if len(rows) == 1 and all(map(is_id, members)):
        raise WrongFormatError("its only line contains numbers after the second cell, as a row of a table may")
    if all(holds_names(cell, known) for row in rows for cell in row[:2] if cell):
        raise WrongFormatError("all its cells name genes, as in a list")


def _has_descriptions(rows: list[list[str]], known: Mapping[str, Hashable], path: Path) -> bool:
    """Return whether the second cells describe the sets.

    Raises
    ------
    AmbiguousFormatError
        If some look like genes and others like descriptions, or if they are the genes that the sets are named after.
    """
    members_are_ids = all(is_id(without_weight(cell)) for row in rows for cell in row[2:] if not is_missing(cell))
    given = [(row[0], without_weight(row[1])) for row in rows if not is_missing(row[1])]
    are_genes = [cell in known and (members_are_ids or not is_number(cell)) for _, cell in given]
    share = sum(are_genes) / len(rows)
    if share < _DESCRIPTIONS:
        return True
    repeat_names = sum(cell.lower() in name.lower() for name, cell in given)
    if share >= _GENES and repeat_names < len(given) / 2:
        return False
    raise AmbiguousFormatError(
        f"{path} is a GMT file, and the second cells of {sum(are_genes):,} of its {len(rows):,} lines name genes: they "
        "may be descriptions or genes. If they are descriptions, use `format` gmt; if they are genes, insert a second "
        "tab after the name of each set."
    )

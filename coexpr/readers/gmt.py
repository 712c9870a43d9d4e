"""GMT: one gene set a line, its name, a description, then its genes, between tabs.

MSigDB writes names like GOBP_NERVOUS_SYSTEM_DEVELOPMENT and a URL as description; Enrichr names like
"nervous system development (GO:0007399)", no description, a trailing tab, and in some libraries a
weight behind each gene.
"""

import re
from pathlib import Path

from coexpr.readers.category_file import Category, CategoryFile, WrongFormatError

_ACCESSION_BEHIND = re.compile(r"\s*\((GO:\d{7})\)$")


def read(text: str, path: Path) -> CategoryFile:
    """Read a GMT file.

    Raises
    ------
    WrongFormatError
        If a line has no genes behind its name and description.
    """
    categories = []
    for row, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        name, *rest = (cell.strip() for cell in line.split("\t"))
        if len(rest) < 2 or not name:
            raise WrongFormatError(f"line {row} is not a name, a description and genes between tabs")
        genes = dict.fromkeys(cell.partition(",")[0] for cell in rest[1:] if cell)
        accession = _ACCESSION_BEHIND.search(name)
        categories.append(Category(_ACCESSION_BEHIND.sub("", name), list(genes), accession[1] if accession else None))
    return CategoryFile("GMT", categories, source=path.name.partition(".")[0])

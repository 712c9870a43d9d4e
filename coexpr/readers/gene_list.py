"""A plain list of genes: one symbol, Entrez id or probe a line, or a column of a CSV or TSV file."""

import csv
from pathlib import Path

from coexpr.readers.category_file import STDIN, Category, CategoryFile, WrongFormatError

# Headers of columns that hold genes, the best first.
_HEADERS = ("entrez_id", "entrez-id", "gene_symbol", "gene-symbol", "symbol", "gene", "gene_name", "probe_name", "name")
_LONGEST_NAME = 40


def read(text: str, path: Path) -> CategoryFile:
    """Read a list; lines that begin with # are comments.

    Raises
    ------
    WrongFormatError
        If what stands there does not look like names of genes.
    """
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    separator = "\t" if lines and "\t" in lines[0] else ","
    try:
        rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=separator, strict=True)]
    except csv.Error as error:
        raise WrongFormatError(str(error)) from None
    header = [cell.lower() for cell in rows[0]] if rows else []
    column = next((header.index(name) for name in _HEADERS if name in header), None)
    names = [row[column or 0] for row in rows[column is not None :] if len(row) > (column or 0)]
    names = list(dict.fromkeys(name for name in names if name))
    if not names:
        raise WrongFormatError("it holds no names")
    if strange := next((name for name in names if len(name) > _LONGEST_NAME or not name.isprintable()), None):
        raise WrongFormatError(f"{strange!r:.60} is no name of a gene")
    name = "stdin" if path == STDIN else path.stem
    return CategoryFile("list", [Category(name, names)], source="list")

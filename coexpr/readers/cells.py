"""Split text into rows of cells, and recognise separators, quoting, comments and headers.

Programs write such files differently: R escapes quotation marks with a backslash and omits the header of the row names,
spreadsheets write a first line sep=;, and lists have comments after names.
"""

import contextlib
import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from functools import partial

from coexpr.readers.category_file import Lookup, WrongFormatError
from coexpr.readers.gene_cells import (
    clean_cell,
    count_rows,
    holds_names,
    is_missing,
    is_number,
    parts_of,
    without_weight,
)
from coexpr.readers.spreadsheet import is_date
from coexpr.readers.tables import plain_header
from coexpr.readers.text import split_lines

# Headers without case and punctuation.
SYMBOL_HEADERS = {
    "gene", "genes", "genesymbol", "genesymbols", "symbol", "symbols", "hgncsymbol", "hgnc", "approvedsymbol",
    "genename", "genenames", "genenamesprimary", "externalgenename", "officialgenesymbol", "officialsymbol",
    "associatedgenename", "geneshortname", "hgncgenesymbol", "probename", "probe", "markergene", "targetgene",
}  # fmt: skip
_ID_HEADERS = {"ncbigene", "ncbigeneid", "ncbiid", "locuslink", "locuslinkid", "probeid"}
SET_HEADERS = (
    "gsname", "geneset", "genesetname", "setname", "pathwayname", "pathway", "termname", "term", "cellname",
    "celltype", "celltypename", "category", "module", "cluster", "signature", "set", "ont", "goterm", "group",
)  # fmt: skip
SPECIES_HEADERS = {"species", "speciestype", "organism", "taxid", "taxonid", "taxon"}
PROSE_HEADERS = {
    "description", "fullname", "title", "genetitle", "genedescription", "genefullname", "product", "function", "note",
    "notes", "comment", "comments",
}  # fmt: skip
_OTHER_HEADERS = {
    "rank", "index", "score", "scores", "logfc", "log2fc", "log2foldchange", "foldchange", "pvalue", "pval", "padj",
    "fdr", "qvalue", "basemean", "chromosome", "chr", "start", "end", "strand", "ensembl", "ensemblid",
    "ensemblgeneid", "genestableid", "id", "name", "names", "geneid", "weight", "count", "counts", "nhits", "r", "n",
    "p", "q", "no", "type", "biotype", "genebiotype", "direction", "regulation", "nicknames", "location", "length",
} | PROSE_HEADERS  # fmt: skip
_DEFAULT_HEADER = re.compile(r"v\d+|x\d+|column\d+|unnamed\d+")
_SEPARATOR_LINE = re.compile(r"\"?sep=(.)\"?\s*", re.I)
_REMARK = re.compile(r"(?<!\s)\s+#.*$")
_MOSTLY = 0.8
# How a quotation mark in a quoted cell is written: doubled, or after a backslash as in R.
_ESCAPES = (None, "\\")


def is_id_header(plain: str) -> bool:
    """Return whether a header, in lower case without punctuation, is that of a column of ids."""
    return plain in _ID_HEADERS or "entrez" in plain


def split_rows(text: str, lookup: Lookup) -> tuple[list[str] | None, list[list[str]]]:
    """Return the header, if there is one, and the rows of a text, all of equal length.

    Lines that begin with # are comments. In a list, text after # is a comment too.

    Raises
    ------
    WrongFormatError
        If there are no cells, a row is longer than most, or a shorter first line is not a header.
    """
    lines, separator, commented = _data_lines(text)
    separator = separator or _separator(lines)
    cells = _cells(lines, separator)
    if separator is None:
        names = [[cell] for row in cells for cell in row]
        if not names:
            raise WrongFormatError("it contains no names")
        return (names[0], names[1:]) if is_header(names, lookup) else (None, names)
    rows, has_header = _even(cells)
    if commented and commented.count(separator) == lines[0].count(separator):
        header = _cells([commented], separator)[0][: len(rows[0])]
        is_only_header = _has_header_word(header) and not _has_header_word(rows[0])
        if len(header) == len(rows[0]) and is_only_header and not is_header(rows, lookup):
            return header, rows
    if has_header and not _has_header_word(rows[0]):
        known = lookup({part for cell in rows[0] for part in parts_of(cell)})
        if _are_mostly(rows[0], partial(_names_some, known)):
            raise WrongFormatError("its first line has one cell fewer than the others, and names genes")
    if has_header or is_header(rows, lookup):
        return rows[0], rows[1:]
    return None, rows


def _data_lines(text: str) -> tuple[list[str], str | None, str]:
    """Return the lines of data, the separator declared by a line sep=, and the last comment before the data."""
    lines = [line for line in split_lines(text) if line.strip()]
    declared = _SEPARATOR_LINE.fullmatch(lines[0]) if lines else None
    if declared:
        lines = lines[1:]
    first = next((number for number, line in enumerate(lines) if not line.startswith("#")), len(lines))
    data = [line for line in lines[first:] if not line.startswith("#")]
    if not data:
        raise WrongFormatError("it contains no names")
    without_remarks = [_REMARK.sub("", line) if "#" in line else line for line in data]
    if not any(mark in line for line in without_remarks for mark in "\t;,"):
        data = [line for line in without_remarks if line.strip()]
    return data, declared[1] if declared else None, lines[first - 1].lstrip("#") if first else ""


def _separator(lines: Sequence[str]) -> str | None:
    """Return the first of tab, semicolon and comma that splits all lines into equal numbers of cells, or None.

    In lines with tabs, such as those of a GMT file with weights, commas do not separate cells.
    """
    possible = "\t" if all("\t" in line for line in lines) else "\t;,"
    lengths = {
        separator: [len(row) for row in _quoted_cells(lines, separator) if row]
        for separator in possible
        if any(separator in line for line in lines)
    }
    for omitted in (0, 1):  # R omits the header of the row names
        for separator, (first, *others) in lengths.items():
            usual = others[-1] if others else first
            if usual > 1 and set(others) <= {usual} and first == usual - omitted:
                return separator
    return "\t" if sum("\t" in line for line in lines) > len(lines) / 2 else None


def _cells(lines: Sequence[str], separator: str | None) -> list[list[str]]:
    """Split lines into cells; without a separator, only lines with quoted names are split."""
    if separator is None:
        return [_cells_of_line(line) for line in lines]
    rows = _quoted_cells(lines, separator)
    return [[clean_cell(cell) for cell in row] for row in rows if row]


def _quoted_cells(lines: Sequence[str], separator: str) -> list[list[str]]:
    """Return the cells of lines in which cells may be quoted, or may contain quotation marks.

    A quotation mark that is part of a cell can join lines. Line breaks within cells are therefore accepted only if the
    lines have different numbers of cells otherwise.
    """
    text = "\n".join(lines)
    plain = [line.split(separator) for line in lines]
    if '"' not in text:
        return plain
    quoted = []
    for escape in _ESCAPES if '\\"' in text else _ESCAPES[:1]:
        source = io.StringIO(text, newline="")
        with contextlib.suppress(csv.Error):
            quoted.append(
                list(csv.reader(source, delimiter=separator, doublequote=not escape, escapechar=escape, strict=True))
            )
    if unbroken := [rows for rows in quoted if len(rows) == len(lines)]:
        return unbroken[0]
    is_even = len({len(row) for row in plain[1:]}) == 1
    return quoted[0] if quoted and not is_even else plain


def _cells_of_line(line: str) -> list[str]:
    """Return the names of a line in which they are quoted, or any other line as one cell."""
    if '"' not in line and "'" not in line:
        return [clean_cell(line)]
    quote = '"' if '"' in line else "'"
    separator = max(";,", key=line.count)
    try:
        (row,) = csv.reader([line], delimiter=separator, quotechar=quote, skipinitialspace=True, strict=True)
    except (csv.Error, ValueError):
        return [clean_cell(line)]
    return [cell for cell in map(clean_cell, row) if cell]


def _even(rows: list[list[str]]) -> tuple[list[list[str]], bool]:
    """Return rows of equal length, and whether the first is a header without a cell for the row names.

    Raises
    ------
    WrongFormatError
        If a row is longer than most rows.
    """
    lengths = [len(row) for row in rows]
    usual = Counter(lengths[1:] or lengths).most_common(1)[0][0]
    if len(rows) > 1 and lengths[0] == usual - 1 and set(lengths[1:]) == {usual}:
        return [["", *rows[0]], *rows[1:]], True  # R omits the header of the row names
    width = max(usual, lengths[0])
    for number, row in enumerate(rows, start=1):
        if any(row[width:]) or (number > 1 and any(row[usual:]) and lengths[0] < width):
            raise WrongFormatError(f"row {number} has {len(row)} cells; most rows have {usual}")
    rows = [row if len(row) == width else row[:width] + [""] * (width - len(row)) for row in rows]
    while width > 1 and not any(row[width - 1] for row in rows):
        width -= 1
    return [row if len(row) == width else row[:width] for row in rows], False


def is_header(rows: Sequence[Sequence[str]], lookup: Lookup) -> bool:
    """Return whether the first row of a table is a header.

    It is a header if one of its cells is a header of genes, if all its cells are known headers, or if one of them is a
    known header and does not name a gene. Otherwise, in a table with a column of genes, it is a header unless it names
    a gene in that column; in other tables, if it has a known header, or text above columns of numbers. A row
    without a header of genes is not a header if it has text, other than known headers, that occurs again in its column.
    """
    first, rest = rows[0], rows[1:]
    plain = [plain_header(cell) for cell in first]
    if any(name in SYMBOL_HEADERS or is_id_header(name) for name in plain):
        return True
    if len(first) == 1 or not rest:
        return plain == ["geneid"]
    words = [cell for name, cell in zip(plain, first, strict=True) if _is_header_word(name)]
    if any(cell in below and cell not in words and _is_text(cell) for cell, *below in zip(*rows, strict=True)):
        return False  # text that occurs again in its column is not a header
    known = lookup({part for row in rows for cell in row if not is_number(cell) for part in parts_of(cell)})
    if len(words) == len(first) or any(word not in known for word in words):
        return True
    if any(_are_mostly(cells, partial(_is_gene, known)) for cells in zip(*rest, strict=True)):
        return not _names_a_gene(rows, words, known) or (bool(words) and _is_text_over_numbers(rows))
    return bool(words) or _is_text_over_numbers(rows)


def _names_a_gene(rows: Sequence[Sequence[str]], words: Sequence[str], known: Collection[str]) -> bool:
    """Return whether the first row has a gene, a number or no value in a column of genes, and no known header."""
    first, *rest = rows
    titles = [] if any(map(is_number, first)) else words  # SET is both a header and a gene
    return any(
        cell not in titles and (is_missing(cell) or is_number(cell) or _names_some(known, cell))
        for cell, cells in zip(first, zip(*rest, strict=True), strict=True)
        if _are_mostly(cells, partial(_names_some, known))
    )


def _is_text(cell: str) -> bool:
    return not is_missing(cell) and not is_number(cell)


def _is_text_over_numbers(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether the first row is text above columns of numbers, or begins with an empty cell above row numbers."""
    if len(rows) > 2 and rows[0][0] == "" and count_rows([row[0] for row in rows[1:]]):
        return True
    of_numbers = []
    for first, *cells in zip(*rows, strict=True):
        below = [cell for cell in cells if not is_missing(cell)]
        if below and all(map(is_number, below)) and not is_missing(first):
            of_numbers.append(without_weight(first))
    return bool(of_numbers) and not any(map(is_number, of_numbers))


def _names_some(known: Collection[str], cell: str) -> bool:
    return is_date(cell) or any(part in known for part in parts_of(cell))


def _is_gene(known: Collection[str], cell: str) -> bool:
    return is_date(cell) or holds_names(cell, known)


def _are_mostly(cells: Sequence[str], is_one: Callable[[str], bool]) -> bool:
    given = [cell for cell in cells if not is_missing(cell)]
    return bool(given) and sum(map(is_one, given)) >= _MOSTLY * len(given)


def _is_header_word(plain: str) -> bool:
    is_word = plain in _OTHER_HEADERS or plain in SET_HEADERS or plain in SPECIES_HEADERS
    return is_word or _DEFAULT_HEADER.fullmatch(plain) is not None


def _has_header_word(cells: Sequence[str]) -> bool:
    plain = [plain_header(cell) for cell in cells]
    return any(name in SYMBOL_HEADERS or is_id_header(name) or _is_header_word(name) for name in plain)

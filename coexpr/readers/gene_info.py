"""NCBI's gene_info: symbols, other symbols and names of genes."""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from coexpr.errors import DownloadError
from coexpr.readers import limits
from coexpr.readers.printable import first_with_control
from coexpr.readers.text_file import TextFile, open_text

HEADER = "#tax_id\tGeneID\tSymbol\t"
_COLUMNS = ("#tax_id", "GeneID", "Symbol", "Synonyms", "description", "Modification_date")
_HUMAN_TAXON = "9606"
_NONE = "-"
_NEW = "NEWENTRY"
_AGAIN = "Download it again."
_HUMAN = f"{_HUMAN_TAXON}\t".encode()
_HUMAN_LINE = b"\n" + _HUMAN
# Entrez ids are stored with 32 bits.
_MOST = 2**31
_ID_DIGITS = 10
_DATE_DIGITS = 8


@dataclass(frozen=True)
class GeneNames:
    """Names of human genes.

    Parameters
    ----------
    release : str
        The date of the newest record, such as 2026-05-19.
    genes : list of (entrez_id, symbol, name)
    aliases : list of (entrez_id, alias)
        Other symbols, and the symbol itself.
    """

    release: str
    genes: list[tuple[int, str, str | None]]
    aliases: list[tuple[int, str]]


def human_lines(path: Path) -> Iterator[str]:
    """Yield the header and the lines of human genes of a file of NCBI, which may be of all species and gigabytes long.

    Raises
    ------
    DownloadError
        If the file cannot be read, or is damaged.
    """
    with open_text(path) as file:
        yield from human_lines_of(file)


def human_lines_of(file: TextFile) -> Iterator[str]:
    """Yield the header and the lines of human genes of an open file; see `human_lines`."""
    is_first = True
    for block in file.blocks():
        lines: list[bytes] = []
        if is_first:
            header, *lines = block.removeprefix(codecs.BOM_UTF8).splitlines() or [b""]
            yield _text_of(header, file)
            is_first = False
        elif _HUMAN_LINE in block or block.startswith(_HUMAN):  # most blocks of all species have no human gene
            lines = block.splitlines()
        yield from (_text_of(line, file) for line in lines if line.startswith(_HUMAN))


def _text_of(line: bytes, file: TextFile) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        raise DownloadError(f"{file.where}: expected UTF-8 text, found {line!r:.60}.", remedy=_AGAIN) from None


def as_entrez_id(text: str) -> int | None:
    """Return a GeneID as a number; None if it is not one."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _ID_DIGITS and int(text) < _MOST else None


def _is_date(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) == _DATE_DIGITS


def _is_day(digits: str) -> bool:
    try:
        datetime.strptime(digits, "%Y%m%d").replace(tzinfo=UTC)
    except ValueError:
        return False
    return True


def date_of(path: Path) -> str:
    """Return the date of a gzip file according to its header, or of any other file according to the disk."""
    with path.open("rb") as stream:
        header = stream.read(8)
    seconds = int.from_bytes(header[4:8], "little") if header.startswith(b"\x1f\x8b") else 0
    return datetime.fromtimestamp(seconds or path.stat().st_mtime, UTC).strftime("%Y-%m-%d")


def read(path: Path) -> GeneNames:
    """Read a gene_info file, gzipped or not.

    Raises
    ------
    DownloadError
        If its columns are other than expected, a line is incomplete, or it has no human gene.
    """
    lines = human_lines(path)
    header = next(lines, "").split("\t")
    if absent := [name for name in _COLUMNS if name not in header]:
        raise DownloadError(f"{path}: expected the header of gene_info, with the columns {', '.join(absent)}.")
    places = [header.index(name) for name in _COLUMNS]
    genes: list[tuple[int, str, str | None]] = []
    aliases: list[tuple[int, str]] = []
    newest = ""
    for line in lines:
        cells = line.split("\t")
        if len(cells) != len(header):
            raise DownloadError(
                f"{path}: expected {len(header)} tab-separated cells for each gene, found {len(cells)}: {line!r:.60}.",
                remedy=_AGAIN,
            )
        taxon, gene_id, symbol, synonyms, name, modified = (cells[place] for place in places)
        if taxon != _HUMAN_TAXON or symbol == _NEW:
            continue
        entrez_id = as_entrez_id(gene_id)
        if entrez_id is None or not _is_date(modified):
            raise DownloadError(f"{path}: expected a GeneID and a date, found {gene_id!r:.20} and {modified!r:.20}.")
        if strange := first_with_control((symbol, synonyms, name)):
            raise DownloadError(f"{path}: GeneID {entrez_id}: {strange!r:.60} has characters that are not printed.")
        if not symbol:
            raise DownloadError(f"{path}: GeneID {entrez_id} has no symbol.", remedy=_AGAIN)
        if len(genes) == limits.HUMAN_GENES:
            raise DownloadError(f"{path} has more than {limits.HUMAN_GENES:,} human genes.", remedy=_AGAIN)
        genes.append((entrez_id, symbol, None if name == _NONE else name))
        others = [] if synonyms == _NONE else synonyms.split("|")
        aliases += [(entrez_id, alias) for alias in dict.fromkeys([symbol, *others]) if alias]
        newest = max(newest, modified)
    if not genes:
        raise DownloadError(f"{path} has no human gene (taxon {_HUMAN_TAXON}).")
    if not _is_day(newest):
        raise DownloadError(f"{path}: expected dates such as 20260519, found {newest}.", remedy=_AGAIN)
    return GeneNames(f"{newest[:4]}-{newest[4:6]}-{newest[6:8]}", genes, aliases)

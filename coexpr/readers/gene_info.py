"""NCBI's gene_info: symbols, other symbols and names of genes."""

import codecs
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BufferedIOBase
from pathlib import Path

from coexpr.errors import DownloadError

HEADER = "#tax_id\tGeneID\tSymbol\t"
_COLUMNS = ("#tax_id", "GeneID", "Symbol", "Synonyms", "description", "Modification_date")
_HUMAN = "9606"
_NONE = "-"
_NEW = "NEWENTRY"
_AGAIN = "Download it again."
_HUMAN_LINE = b"\n9606\t"
_BLOCK_BYTES = 1 << 20
# Entrez ids are stored with 32 bits.
_MOST = 2**31
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
    try:
        with path.open("rb") as stream:
            is_gzip = stream.read(2) == b"\x1f\x8b"
        with gzip.open(path) if is_gzip else path.open("rb") as lines:
            yield _text_of(lines.readline().removeprefix(codecs.BOM_UTF8))
            for block in _blocks(lines):
                if _HUMAN_LINE in block:  # most blocks of a file of all species have no line of a human gene
                    yield from (_text_of(line) for line in block.splitlines() if line.startswith(_HUMAN_LINE[1:]))
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DownloadError(f"{path} is a gzip file that is cut short or damaged ({error}).", remedy=_AGAIN) from None
    except OSError as error:
        raise DownloadError(f"{path} cannot be read: {error.strerror or error}.") from None


def _blocks(stream: BufferedIOBase) -> Iterator[bytes]:
    """Yield the rest of a file in blocks of whole lines, each after a line end."""
    while block := stream.read(_BLOCK_BYTES):
        yield b"\n" + block + stream.readline()


def _text_of(line: bytes) -> str:
    return line.decode("utf-8", errors="replace").rstrip("\r\n")


def as_entrez_id(text: str) -> int | None:
    """Return a GeneID as a number; None if it is not one."""
    return int(text) if text.isascii() and text.isdecimal() and int(text) < _MOST else None


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
                f"{path}: expected {len(header)} tab-separated cells for each gene, found {len(cells)}: {line:.60}",
                remedy=_AGAIN,
            )
        taxon, gene_id, symbol, synonyms, name, modified = (cells[place] for place in places)
        if taxon != _HUMAN or symbol == _NEW:
            continue
        entrez_id = as_entrez_id(gene_id)
        if entrez_id is None or not (modified.isdecimal() and len(modified) == _DATE_DIGITS):
            raise DownloadError(f"{path}: expected a GeneID and a date, found {gene_id!r:.20} and {modified!r:.20}.")
        genes.append((entrez_id, symbol, None if name == _NONE else name))
        others = [] if synonyms == _NONE else synonyms.split("|")
        aliases += [(entrez_id, alias) for alias in dict.fromkeys([symbol, *others])]
        newest = max(newest, modified)
    if not genes:
        raise DownloadError(f"{path} has no human gene (taxon {_HUMAN}).")
    return GeneNames(f"{newest[:4]}-{newest[4:6]}-{newest[6:8]}", genes, aliases)

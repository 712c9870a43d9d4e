"""Random files of genes and gene sets, each with the genes that were written into it.

A reader must return these genes or refuse the file. It must not return other genes or sets, or raise an exception other
than `CoexprError`. A file depends only on the numbers that are drawn for it. All names that are written mean genes,
except dates that a spreadsheet made of symbols; these are in `File.dates`.
"""

import csv
import gzip
import io
import re
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path
from random import Random
from typing import Literal, TypeVar

import duckdb

from coexpr.errors import CoexprError
from coexpr.readers.categories import ReadingOptions, read_categories
from coexpr.readers.category_file import CategoryFile, Lookup
from coexpr.readers.gene_cells import is_missing, is_number
from coexpr.readers.spreadsheet import is_date

T = TypeVar("T")
Below = Callable[[int], int]
Keys = frozenset[Hashable]
Rows = list[list[str]]

SYMBOL_HEADERS = [
    "gene", "Gene Symbol", "gene_symbol", "geneSymbol", "GENE", "hgnc_symbol", "HGNC symbol", "Approved symbol",
    "Gene names", "Gene names  (primary )", "external_gene_name", "SYMBOL", "symbol", "gene name", "Gene.Symbol",
    "gene_short_name", "Associated Gene Name", "Official Symbol", "genes",
]  # fmt: skip
ENTREZ_HEADERS = [
    "entrez_id", "Entrez", "entrezgene", "NCBI gene ID", "Entrez Gene ID", "ENTREZID", "entrezgene_id",
    "NCBI gene (formerly Entrezgene) ID", "EntrezGene.ID",
]  # fmt: skip
UNKNOWN_HEADERS = ["my genes", "X1", "Feature", "hit", "Target (human)", "Unnamed: 0", "V1", "name", "ID", "gene_id"]
PHRASES = [
    "membrane protein", "receptor, cell surface", "involved in cell-cell signalling", "kinase activity; binding", "",
    "see Smith et al., 2019", 'the "new" one', '"quoted"', 'probe at the 5" end', "neurotrophins\x85and more",
    "two\x0blines", "two\u2028lines", "caf\xe9 \xb5m", "it's one", "na", "Homo sapiens", "unknown", "a, b, and c",
    '"open', '"new" one',
]  # fmt: skip
SET_NAMES = [
    "Trk signalling", "GOBP_NERVOUS_SYSTEM_DEVELOPMENT", "HALLMARK_APOPTOSIS", "Gamma delta T cells",
    "nervous system development (GO:0007399)", "B cells, naive", "Neurons", "NEURONS", "Microglia", "KEGG_GLYCOLYSIS",
    "R-HSA-12345", "hsa04722", "5-HT receptors", "synapse (GO:0045202)", "Astrocyte", "module_1", "M12", "blue",
    "TNF-alpha Signaling via NF-kB", "GSE1234_UP", "up", "down", "brain development", "Oligodendrocytes; mature",
    "cell's edge",
]  # fmt: skip
# Symbols and aliases of genes that are words, known headers, or gene symbols with small Entrez ids.
WORDS = [
    "SET", "RANK", "ID", "P", "ONT", "REST", "MAX", "CAT", "IMPACT", "CLOCK", "HR", "T", "AR", "GC", "A1BG", "A2M",
    "NAT1", "NAT2", "MYC", "SEPTIN2", "SEPT2", "MARCHF1", "DEC1", "F2", "C3", "CS", "KIT", "ACE", "CYP3A4",
]  # fmt: skip
DATES = ["2-Sep", "1-Mar", "Sep-02", "2-Sep-23", "2023-09-02", "9/2/2023", "2-Sept"]
MISSING = ["", "NA", "NaN"]
EVIDENCE = ["IDA", "IMP", "IEA", "TAS", "IBA", "HDA"]
_PLAIN = re.compile(r"[A-Za-z0-9][\w.-]*")
_ACCESSION = re.compile(r"\s*\(GO:\d{7}\)$")
_NUMBERED = re.compile(r" \(\d+\)$")


@dataclass(frozen=True)
class Gene:
    """A gene or probe, with the names that mean only it: symbol, aliases and other spellings.

    Names in `odd` contain white space or punctuation.
    """

    key: Hashable
    names: tuple[str, ...]
    odd: tuple[str, ...] = ()
    title: str = ""

    @property
    def entrez_id(self) -> str | None:
        return str(self.key) if isinstance(self.key, int) else None


@dataclass(frozen=True)
class File:
    """A file and its contents.

    `sets` has the gene sets that were written under each name, without numbers; a list or table has one, under None.
    `evidence` has the evidence codes of the genes of each set, for a format with evidence. `dress` lists the variations
    that were drawn.
    """

    format: str
    name: str
    content: bytes
    sets: Mapping[str | None, Collection[Keys]]
    dress: tuple[str, ...]
    options: ReadingOptions = field(default_factory=ReadingOptions)
    ontology: bytes | None = None
    evidence: Mapping[str, Mapping[Hashable, Collection[str]]] | None = None
    dates: Collection[str] = ()


@dataclass(frozen=True)
class Outcome:
    """The result of reading a file, with the difference that was found or the error message."""

    verdict: Literal["right", "refused", "WRONG"]
    reason: str = ""


class Dice:
    """Draw random values, and record them. The first value is the simplest, so that Hypothesis can reduce examples.

    `below` returns a number from 0 to its argument, exclusive.
    """

    def __init__(self, below: Below) -> None:
        self.below = below
        self.drawn: list[str] = []

    def chance(self, percent: int, what: str = "") -> bool:
        """Return true in `percent` of a hundred cases, and record `what` if so."""
        happens = self.below(100) >= 100 - percent
        if happens and what:
            self.drawn.append(what)
        return happens

    def one(self, of: Sequence[T], what: str = "") -> T:
        """Return one of several values, and record it as `what`."""
        chosen = of[self.below(len(of))]
        if what:
            self.drawn.append(f"{what}: {chosen}")
        return chosen

    def number(self, least: int, most: int) -> int:
        return least + self.below(most - least + 1)

    def some(self, of: Sequence[T], least: int, most: int) -> list[T]:
        """Return from `least` to `most` different values, in random order."""
        left = list(of)
        return [left.pop(self.below(len(left))) for _ in range(min(len(left), self.number(least, most)))]

    def shuffled(self, of: Sequence[T]) -> list[T]:
        return self.some(of, len(of), len(of))


def remembering(lookup: Lookup) -> Lookup:
    """Return a lookup that calls another lookup once for each name."""
    known: dict[str, Hashable] = {}
    looked_up: set[str] = set()

    def look_up(names: Collection[str]) -> Mapping[str, Hashable]:
        if new := set(names) - looked_up:
            known.update(lookup(new))
            looked_up.update(new)
        return {name: known[name] for name in names if name in known}

    return look_up


def gene_pool(lookup: Lookup, size: int = 1500) -> list[Gene]:
    """Return genes to draw from, with the names that mean only one gene."""
    data = files("coexpr") / "data"
    found = duckdb.sql(
        "select entrez_id, symbol, gene_name, list(alias order by alias) "
        f"from '{data / 'genes.parquet'}' join '{data / 'aliases.parquet'}' using (entrez_id) "
        f"where entrez_id in (from '{data / 'annotations.parquet'}' select entrez_id) group by all order by entrez_id"
    ).fetchall()
    words = [row for row in found if not {row[1], *row[3]}.isdisjoint(WORDS)]
    rows = dict.fromkeys((entrez_id, symbol, title, *aliases) for entrez_id, symbol, title, aliases in words)
    rows |= dict.fromkeys((row[0], row[1], row[2], *row[3]) for row in Random(0).sample(found, size))
    names = {row[0]: [row[1], row[1].lower(), row[1].capitalize(), *row[3:]] for row in rows}
    known = lookup({name for spelled in names.values() for name in spelled} | {str(entrez_id) for entrez_id in names})
    pool = []
    for entrez_id, symbol, title, *_ in rows:
        good = [name for name in dict.fromkeys(names[entrez_id]) if known.get(name) == entrez_id and _is_written(name)]
        if symbol in good and known.get(str(entrez_id)) == entrez_id:
            plain = tuple(name for name in good if _PLAIN.fullmatch(name))
            odd = tuple(name for name in good if not _PLAIN.fullmatch(name))
            pool.append(Gene(entrez_id, plain, odd, title or ""))
    probes = ["A_23_P216779", "A_32_P7316", "CUST_9_PI416261804"]
    probes += [f"A_23_P{number}" for number in range(100001, 100020)]
    return pool + [Gene(key, (name,)) for name, key in lookup(probes).items()]


def _is_written(name: str) -> bool:
    """Return whether a name is written: names that look like numbers, dates or missing values are not."""
    return not (is_number(name) or is_missing(name) or is_date(name) or "\t" in name)


class Names:
    """The genes of one file, and how they are written."""

    def __init__(self, dice: Dice, pool: Sequence[Gene], *, as_ids: bool = False, odd: bool = True) -> None:
        self.dice = dice
        self.genes = [gene for gene in pool if gene.entrez_id]
        self.probes = [] if as_ids or not dice.chance(10, "probes") else [gene for gene in pool if not gene.entrez_id]
        self.words = [gene for gene in self.genes if not set(gene.names).isdisjoint(WORDS)]
        self.as_ids = as_ids
        self.decimals = as_ids and dice.chance(30, "4915.0")
        self.aliases = 0 if as_ids or not dice.chance(50, "aliases") else 30
        self.odd = 0 if as_ids or not odd or not dice.chance(10, "odd aliases") else 20

    def gene(self) -> Gene:
        if self.probes and self.dice.chance(40):
            return self.dice.one(self.probes)
        return self.dice.one(self.words if self.dice.chance(10) else self.genes)

    def written(self, gene: Gene) -> str:
        if self.as_ids:
            return f"{gene.entrez_id}{'.0' * self.decimals}"
        if gene.odd and self.dice.chance(self.odd):
            return self.dice.one(gene.odd)
        return self.dice.one(gene.names) if self.dice.chance(self.aliases) else gene.names[0]


def as_bytes(dice: Dice, lines: Sequence[str]) -> tuple[bytes, str]:
    """Return lines as the bytes of a file, and the suffix of its name."""
    end = dice.one(["\n", "\r\n", "\r"]) if dice.chance(40) else "\n"
    if end != "\n":
        dice.drawn.append("CRLF" if end == "\r\n" else "CR")
    text = end.join(lines) + ("" if dice.chance(30, "no final newline") else end)
    content = text.encode()
    if dice.chance(20, "cp1252"):
        content = b"".join(_in_cp1252(character) for character in text)
    elif dice.chance(20, "BOM"):
        content = b"\xef\xbb\xbf" + content
    return (gzip.compress(content, mtime=0), ".gz") if dice.chance(10, "gzip") else (content, "")


def _in_cp1252(character: str) -> bytes:
    """Return a character in Windows-1252 or else in Latin-1; no bytes if neither has it."""
    try:
        return character.encode("cp1252")
    except UnicodeEncodeError:
        return character.encode("latin-1", errors="ignore")


def finished(
    dice: Dice, made: str, stem: str, lines: Sequence[str], sets: Mapping[str | None, Collection[Keys]]
) -> File:
    content, gz = as_bytes(dice, lines)
    return File(made, stem + gz, content, sets, tuple(dice.drawn))


# --- tables ---


def _numbers(dice: Dice, rows: int, decimal: str) -> list[tuple[str, list[str]]]:
    """Return columns of numbers; many of the numbers are Entrez ids too."""
    small = [str(dice.number(1, 60)) for _ in range(rows)]
    changes = [f"{dice.number(-500, 500) / 100}".replace(".", decimal) for _ in range(rows)]
    p_values = [dice.one(["0.01", "1e-05", "0", "1", "3.2E-10"]).replace(".", decimal) for _ in range(rows)]
    return [
        (dice.one(["rank", "Rank", "no."]), [str(number) for number in range(1, rows + 1)]),
        (dice.one(["n_hits", "count", "papers", "weeks"]), small),
        (dice.one(["logFC", "log2FoldChange", "effect"]), changes),
        (dice.one(["pvalue", "padj", "P.Value"]), p_values),
        (dice.one(["length", "start"]), [str(dice.number(1000, 99999)) for _ in range(rows)]),
    ]


def _texts(dice: Dice, genes: Sequence[Gene | None], names: Names) -> list[tuple[str, list[str]]]:
    """Return columns of words; some mention other genes."""
    mentions = dice.chance(15, "descriptions mention genes")
    about = [
        f"binds {names.gene().names[0]}, {names.gene().names[0]}" if mentions and dice.chance(50) else dice.one(PHRASES)
        for _ in genes
    ]
    return [
        (dice.one(["description", "Notes", "function"]), about),
        (dice.one(["Gene title", "full name", "product"]), [gene.title if gene else "" for gene in genes]),
        (dice.one(["chromosome", "chr", "Chromosome/scaffold name"]), [_place(dice) for _ in genes]),
        (dice.one(["ensembl_gene_id", "Gene stable ID"]), [f"ENSG{dice.number(0, 10**6):011}" for _ in genes]),
        (dice.one(["biotype", "type", "direction"]), [dice.one(["protein_coding", "up", "down"]) for _ in genes]),
    ]


def _place(dice: Dice) -> str:
    return dice.one([f"chr{dice.number(1, 22)}", str(dice.number(1, 22)), "X", "9q21.33"])


def _in_one_cell(dice: Dice, names: Names, gene: Gene, separator: str) -> tuple[str, set[Hashable]]:
    """Return a cell with two names, and the genes to read from it: the first alternative, or all items of a list."""
    other = names.gene()
    cells = [gene.entrez_id if names.as_ids else gene.names[0], other.entrez_id if names.as_ids else other.names[0]]
    return separator.join(map(str, cells)), {gene.key, other.key} if separator.strip() in (",", ";") else {gene.key}


def table(below: Below, pool: Sequence[Gene]) -> File:
    """Return a table with a column of genes."""
    dice = Dice(below)
    by = dice.one(["symbol", "symbol", "unknown", "entrez", "both"], "genes by")
    names = Names(dice, pool, as_ids=by == "entrez")
    names.probes = names.probes if by != "both" else []
    some_ids = by == "both" and dice.chance(20, "some Entrez ids missing")
    separator = dice.one([",", "\t", ";"], "separator")
    quoting = dice.one(["minimal", "all", "none", "R"], "quoting")
    joint = dice.one([" /// ", " ", "/", "|", ", ", ";"], "two names by") if by != "both" and dice.chance(20) else ""
    blanks = dice.chance(25, "missing genes")
    spoils = by in ("symbol", "unknown") and dice.chance(5, "dates")
    protects = by == "symbol" and quoting != "R" and dice.chance(5, '="SEPT2"')
    genes: list[Gene | None] = [names.gene() for _ in range(dice.number(1, 25))]
    cells, ids, keys, dates = [], [], set(), set()
    for place, gene in enumerate(genes):
        if place and blanks and dice.chance(25):
            cell, genes[place] = dice.one(MISSING), None
            ids.append(cell)
        elif place and spoils and dice.chance(25):
            cell, genes[place] = dice.one(DATES), None
            dates.add(cell)
        elif joint and dice.chance(30):
            cell, meant = _in_one_cell(dice, names, gene, joint)
            keys |= meant
        else:
            cell = names.written(gene)
            keys.add(gene.key)
            ids.append("" if some_ids and dice.chance(20) else str(gene.entrez_id))
        cells.append(f'="{cell}"' if protects and cell else cell)
    titles = {"symbol": SYMBOL_HEADERS, "unknown": UNKNOWN_HEADERS, "entrez": ENTREZ_HEADERS, "both": SYMBOL_HEADERS}
    title = dice.one(titles[by])
    own = [(title, cells)] + ([(dice.one(ENTREZ_HEADERS), ids)] if by == "both" else [])
    others = _numbers(dice, len(genes), "," if separator == ";" else ".") + _texts(dice, genes, names)
    others = dice.some(others, 1 if len(own) == 1 else 0, 5)
    if by == "symbol" and dice.chance(5, "a column of other genes"):
        others.append((dice.one(["partner", "nearest"]), [names.gene().names[0] for _ in genes]))
    columns = dice.shuffled(own + others)
    if quoting == "none" and any(separator in cell for cell in cells):
        quoting = "minimal"
    rows = [list(row) for row in zip(*(cells for _, cells in columns), strict=True)]
    if dice.chance(20, "missing cells"):
        free = [number for number, column in enumerate(columns) if column not in own]
        for row in rows:
            if free and dice.chance(30):
                row[dice.one(free)] = dice.one(MISSING)
    if quoting != "none" and dice.chance(5, "line breaks in cells"):
        for row in rows:
            row[:] = [cell.replace(" of ", "\n") if len(cell) > 20 else cell for cell in row]
    if dice.chance(15, "duplicate rows"):
        rows += dice.some(rows, 1, 3)
    lines, options = _as_lines(dice, [name for name, _ in columns], rows, separator, quoting, title)
    stem = dice.one(["genes.csv", "genes.tsv", "results.txt", "de"])
    return replace(finished(dice, "table", stem, lines, {None: [frozenset(keys)]}), options=options, dates=dates)


def _as_lines(
    dice: Dice, header: list[str], rows: Rows, separator: str, quoting: str, gene_title: str
) -> tuple[list[str], ReadingOptions]:
    """Return a table as lines, possibly with row names and comments, and the options to read it with."""
    rarer = ["row numbers", "row names", "genes as row names", "pandas index", "no header", "# header"]
    variant = dice.one([*["header"] * 5, *rarer], "variant")
    options = ReadingOptions()
    if variant == "genes as row names":
        number = header.index(gene_title)
        header = [*header[:number], *header[number + 1 :]]
        rows = [[row[number], *row[:number], *row[number + 1 :]] for row in rows]
    elif variant in ("row numbers", "row names"):
        rows = [[f"{'row' * (variant == 'row names')}{place}", *row] for place, row in enumerate(rows, start=1)]
    elif variant == "pandas index":
        rows = [[str(place), *row] for place, row in enumerate(rows)]
    if variant == "pandas index" or (len(header) < len(rows[0]) and dice.chance(30, "blank header")):
        header = ["", *header]
    if variant == "header" and header.count(gene_title) == 1 and dice.chance(10, "--gene-column"):
        options = ReadingOptions(gene_column=dice.one([gene_title, str(header.index(gene_title) + 1)]))
    lines = [_line(row, separator, quoting) for row in rows]
    if variant != "no header":
        lines.insert(0, "#" * (variant == "# header") + _line(header, separator, quoting))
        if dice.chance(5, "comments"):
            lines.insert(0, dice.one(["# made by hand", "# genes, of mine", "#"]))
    if dice.chance(5, "blank lines"):
        lines.insert(dice.number(0, len(lines)), "")
    if separator != "\t" and dice.chance(2, "sep="):
        lines.insert(0, f"sep={separator}")
    if not options.gene_column and dice.chance(5, "--format table"):
        options = ReadingOptions(format="table")
    return lines, options


def _line(row: Sequence[str], separator: str, quoting: str) -> str:
    """Return cells as a line. "R" quotes cells other than numbers, and escapes quotes as R's write.table does."""
    if quoting == "none":
        return separator.join(cell.replace(separator, " ") for cell in row)
    if quoting == "R":
        return separator.join(cell if is_number(cell) or cell == "NA" else f'"{_escaped(cell)}"' for cell in row)
    stream = io.StringIO()
    style = csv.QUOTE_ALL if quoting == "all" else csv.QUOTE_MINIMAL
    csv.writer(stream, delimiter=separator, quoting=style, lineterminator="\r\n").writerow(row)
    return stream.getvalue().removesuffix("\r\n")


def _escaped(cell: str) -> str:
    return cell.replace('"', '\\"')


# --- lists ---


def gene_list(below: Below, pool: Sequence[Gene]) -> File:
    """Return a list of genes: one per line, several per line, or all in one line."""
    dice = Dice(below)
    names = Names(dice, pool, as_ids=dice.chance(15, "Entrez ids"))
    layout = dice.one(["one per line", "one per line", "several per line", "one line"], "layout")
    genes = [names.gene() for _ in range(dice.number(1, 40))]
    if dice.chance(15, "duplicates"):
        genes += dice.some(genes, 1, 4)
    keys = {gene.key for gene in genes}
    quote = dice.one(['"', "'"]) if dice.chance(15, "quotes") else ""
    dirt = dice.one([" ", "\xa0", "\u200b", "  ", "\ufeff"]) if dice.chance(20, "white space") else ""
    separator = dice.one([", ", ",", "; ", ";", "\t", " "], "names by") if layout != "one per line" else ""
    if separator:
        names.odd = 0
    cells = [f"{quote}{names.written(gene)}{quote}{dirt * dice.number(0, 1)}" for gene in genes]
    dates = set(dice.some(DATES, 1, 2)) if not (names.as_ids or separator) and dice.chance(5, "dates") else set()
    cells += sorted(dates)
    step = {"one per line": 1, "one line": len(cells)}.get(layout) or dice.number(2, 8)
    lines = [separator.join(cells[first : first + step]) for first in range(0, len(cells), step)]
    if dice.chance(10, "trailing separators"):
        trailing = separator.strip(" ") or ","
        lines = [line + trailing for line in lines]
    elif layout == "one per line" and dice.chance(5, "comments after names"):
        lines = [f"{line}  # {dice.one(PHRASES)}" if dice.chance(30) else line for line in lines]
    if layout == "one per line" and dice.chance(40, "header"):
        titles = ENTREZ_HEADERS if names.as_ids else [*SYMBOL_HEADERS, "hgnc", "GENES"]
        lines.insert(0, f"{quote}{dice.one(titles)}{quote}")
    if dice.chance(25, "comments"):
        for _ in range(dice.number(1, 3)):
            lines.insert(dice.number(0, len(lines)), dice.one(["# mine", "# a, b", "#", "# BDNF", "#NTRK2, BDNF; old"]))
    if dice.chance(15, "blank lines"):
        for _ in range(dice.number(1, 3)):
            lines.insert(dice.number(0, len(lines)), dice.one(["", " ", "\t"]))
    stem = dice.one(["genes.txt", "genes", "genes.csv", "my.list"])
    options = ReadingOptions(format="list" if dice.chance(5, "--format list") else None)
    return replace(finished(dice, "list", stem, lines, {None: [frozenset(keys)]}), dates=dates, options=options)


# --- gene sets ---


def _set_names(dice: Dice, names: Names, most: int) -> list[str]:
    """Return different names of sets: words, names of genes, or numbers."""
    kind = dice.one(["words", "words", "words", "genes", "numbers"], "sets named by")
    count = dice.number(1, most)
    if kind == "numbers":
        return [str(number) for number in range(count)]
    if kind == "genes":
        return list(dict.fromkeys(gene.names[0] for gene in (names.gene() for _ in range(count)) if gene.entrez_id))
    return dice.some(SET_NAMES, count, count)


def gmt(below: Below, pool: Sequence[Gene]) -> File:
    """Return a GMT file."""
    dice = Dice(below)
    names = Names(dice, pool, as_ids=dice.chance(15, "Entrez ids"))
    about = dice.one(["text", "URL", "na", "blank", "mixed", "the name", "none"], "descriptions")
    titles = _set_names(dice, names, 10) or ["Trk signalling"]
    empties = about != "none" and dice.chance(20, "empty sets")
    size = dice.number(1, 6) if dice.chance(10, "sets of equal size") else 0
    weights = dice.chance(15, "weights")
    quoted = dice.chance(10, "quoted cells")
    trailing = dice.number(1, 3) if dice.chance(20, "trailing tabs") else 0
    twins = dice.chance(10, "duplicate genes")
    if dice.chance(15, "duplicate names"):
        titles += dice.some(titles, 1, 2)
    sets: dict[str | None, set[Keys]] = {}
    lines = []
    for title in titles:
        genes = [names.gene() for _ in range(0 if empties and dice.chance(30) else size or dice.number(1, 15))]
        members = [names.written(gene) for gene in genes]
        if twins and members:
            members.append(dice.one(members))
        if weights:
            members = [f"{name},{dice.one(['1.0', '0.5', '1e-3', '-2.31'])}" for name in members]
        cells = [title, *([] if about == "none" else [_description(dice, about, title)]), *members]
        if quoted:
            cells = [f'"{cell}"' if cell else "" for cell in cells]
        lines.append("\t".join(cells) + "\t" * dice.number(0, trailing))
        sets.setdefault(_ACCESSION.sub("", title), set()).add(frozenset(gene.key for gene in genes))
    if dice.chance(5, "blank lines"):
        lines.insert(dice.number(0, len(lines)), "")
    stem = dice.one(["c5.go.bp.v2026.1.Hs.symbols.gmt", "x.GMT", "x.txt", "x"])
    largest = max(len(genes) for some in sets.values() for genes in some)
    if len(lines) == 1 or largest < 2 or (about == "none" and "sets named by: genes" in dice.drawn):
        stem = "x.gmt"  # its contents may also be a list, or a table without a header
    dice.drawn.append("called .gmt" if stem.lower().endswith("gmt") else "not called .gmt")
    forced = about != "none" and dice.chance(10, "--format gmt")
    return replace(finished(dice, "gmt", stem, lines, sets), options=ReadingOptions(format="gmt" if forced else None))


def _description(dice: Dice, about: str, title: str) -> str:
    if about == "mixed":
        about = dice.one(["text", "URL", "na", "blank", "the name"])
    if about == "text":
        return dice.one([*PHRASES, f"{title} targets"])
    url = f"https://example.org/card/{title.replace(' ', '_')}"
    return {"URL": url, "blank": "", "the name": title}.get(about, about)


def long(below: Below, pool: Sequence[Gene]) -> File:
    """Return a long table, with one row for each set and gene."""
    dice = Dice(below)
    kind = dice.one(list(_LONG), "kind")
    names = Names(dice, pool, as_ids=kind == "entrez", odd=kind != "CellMarker")
    names.probes = [] if kind in ("CellMarker", "msigdbr") else names.probes  # these have Entrez ids too
    titles = _set_names(dice, names, 8) or ["Trk signalling"]
    blanks = dice.chance(15, "missing genes")
    others = kind in ("PanglaoDB", "CellMarker") and dice.chance(30, "other species")
    set_title, gene_title, more = _LONG[kind]
    if kind == "TERM2GENE":
        set_title, gene_title = dice.one([("gs_name", "gene_symbol"), ("term", "gene"), ("pathway", "symbol")])
    sets: dict[str | None, set[Hashable]] = {}
    rows = []
    for title in titles:
        for _ in range(dice.number(1, 8)):
            human = not (others and dice.chance(30))
            genes = [names.gene() for _ in range(dice.number(1, 4) if kind == "CellMarker" else 1)]
            symbols = [names.written(gene) for gene in genes]
            known = not (blanks and dice.chance(20))
            if human and known:
                sets.setdefault(title, set()).update(gene.key for gene in genes)
            row = {set_title: title, gene_title: _listed(dice, symbols) if known else dice.one(MISSING)}
            for header in more:
                row[header] = _cell(dice, header, genes if known else [], human)
            rows.append(row)
    if not sets:
        gene = names.gene()
        row = {header: _cell(dice, header, [gene], True) for header in more}
        rows.append(row | {set_title: "last", gene_title: names.written(gene)})
        sets = {"last": {gene.key}}
    optional = [header for header in more if header not in ("species", "speciesType")]
    dropped = dice.some(optional, 0, len(optional)) if optional and dice.chance(50, "fewer columns") else []
    header = [name for name in rows[0] if name not in dropped]
    if dice.chance(60, "other order"):
        header = dice.shuffled(header)
    separator = dice.one(["\t", ",", ";"], "separator")
    quoting = dice.one(["minimal", "all", "R"] + ["none"] * (separator == "\t"), "quoting")
    options = ReadingOptions()
    if dice.chance(10, "options"):
        options = ReadingOptions(
            format="long", set_column=dice.one([None, set_title]), gene_column=dice.one([None, gene_title])
        )
    if dice.chance(30, "rows in any order"):
        rows = dice.shuffled(rows)
    lines = [_line([row[name] for name in header], separator, quoting) for row in rows]
    if kind == "Seurat" and dice.chance(60, "row names"):
        symbols = [f"{row['gene']}.{place}" for place, row in enumerate(rows)]
        names_of_rows = [_line([name], separator, quoting) for name in symbols]
        lines = [name + separator + line for name, line in zip(names_of_rows, lines, strict=True)]
        header = header if dice.chance(50, "header one cell short") else ["", *header]
    if kind != "TERM2GENE" or "sets named by: numbers" in dice.drawn or not dice.chance(10, "no header"):
        lines.insert(0, _line(header, separator, quoting))
    stem = dice.one(["markers.tsv", "markers.csv", "x.txt"])
    written = {title: [frozenset(keys)] for title, keys in sets.items()}
    return replace(finished(dice, "long", stem, lines, written), options=options)


# For each kind of long table: the header of sets, that of genes, and those of other columns.
_LONG: dict[str, tuple[str, str, list[str]]] = {
    "TERM2GENE": ("gs_name", "gene_symbol", []),
    "entrez": ("gs_name", "entrez_gene", []),
    "PanglaoDB": (
        "cell type", "official gene symbol",
        ["species", "nicknames", "ubiquitousness index", "product description", "organ"],
    ),
    "CellMarker": (
        "cellName", "geneSymbol",
        ["speciesType", "tissueType", "cancerType", "cellType", "cellMarker", "geneID", "proteinName", "PMID"],
    ),
    "msigdbr": (
        "gs_name", "gene_symbol",
        ["gs_cat", "gs_subcat", "entrez_gene", "ensembl_gene", "human_gene_symbol", "gs_id", "gs_url",
         "gs_description"],
    ),
    "Seurat": ("cluster", "gene", ["p_val", "avg_log2FC", "pct.1", "pct.2", "p_val_adj"]),
}  # fmt: skip


def _listed(dice: Dice, symbols: Sequence[str]) -> str:
    """Return names as listed by CellMarker: separated by commas, with the genes of one complex in brackets."""
    if len(symbols) > 2 and dice.chance(40):
        return f"[{', '.join(symbols[:2])}], {', '.join(symbols[2:])}"
    return ", ".join(symbols)


def _cell(dice: Dice, header: str, genes: Sequence[Gene], human: bool) -> str:
    """Return a cell of a long table in a column other than those of sets and genes."""
    of_genes: dict[str, Callable[[Gene], str]] = {
        "entrez_gene": lambda gene: gene.entrez_id or "NA",
        "geneID": lambda gene: gene.entrez_id or "NA",
        "human_gene_symbol": lambda gene: gene.names[0],
        "nicknames": lambda gene: "|".join(gene.names[1:4]) or "NA",
        "product description": lambda gene: gene.title,
        "proteinName": lambda gene: f"{gene.names[0]}_HUMAN",
    }
    if header in of_genes:
        return ", ".join(map(of_genes[header], genes)) or "NA"
    fixed = {
        "species": ["Mm Hs", "Hs"] if human else ["Mm"], "speciesType": ["Human"] if human else ["Mouse"],
        "tissueType": ["Brain", "Blood"], "cancerType": ["Normal"], "cellType": ["Normal cell", "Cancer cell"],
        "cellMarker": ["CD166, CD45", "marker"], "PMID": ["30287551", "1234"], "organ": ["Brain", "Immune system"],
        "gs_cat": ["H", "C5"], "gs_subcat": ["", "GO:BP"], "ensembl_gene": [f"ENSG{dice.number(0, 10**6):011}"],
        "gs_id": [f"M{dice.number(1, 9999)}"], "gs_url": ["", "https://example.org"], "gs_description": PHRASES,
    }  # fmt: skip
    return dice.one(fixed.get(header, ["0", "1.5", "0.03", "3e-12", "1", "-0.7"]))


# --- the Gene Ontology ---


def _ontology(dice: Dice) -> tuple[list[str], dict[str, str], dict[str, str | None]]:
    """Return an OBO file, the names of its terms in use, and the term in use for every id (None if there is none)."""
    count = dice.number(2, 8)
    terms = {f"GO:{number:07}": f"process {number}, of a kind" for number in range(1, count + 1)}
    leads: dict[str, str | None] = {term: term for term in terms}
    frames = []
    for place, (term, name) in enumerate(terms.items()):
        frame = ["[Term]", f"id: {term}", f"name: {name}", "namespace: biological_process"]
        frame.append('def: "Any process\u2028of \\"a\\" kind." [GOC:x, URL:http\\://example.org]')
        if dice.chance(30, "alt_id"):
            leads[f"GO:{100 + place:07}"] = term
            frame.append(f"alt_id: GO:{100 + place:07}")
        for parent in dice.some(list(terms)[:place], 0, 2) if place else []:
            if dice.chance(70):
                frame.append(f"is_a: {parent} ! {terms[parent]}")
            else:
                frame.append(f"relationship: {dice.one(['part_of', 'regulates'])} {parent} ! {terms[parent]}")
        frames.append(frame)
    for number in range(200, 200 + dice.number(0, 3)):
        term = f"GO:{number:07}"
        frame = ["[Term]", f"id: {term}", "name: obsolete something", "is_obsolete: true"]
        if dice.chance(50, "replaced_by"):
            replacement = dice.one(list(leads))
            frame.append(f"replaced_by: {replacement}")
            leads[term] = leads[replacement]
        else:
            frame.append(f"consider: {dice.one(list(terms))}")
            leads[term] = None
        frames.append(frame)
    frames = dice.shuffled(frames)
    frames.append(["[Typedef]", "id: part_of", "name: part of"])
    lines = ["format-version: 1.2", "data-version: releases/2026-01-01"]
    comments = dice.chance(30, "comments in the OBO")
    for frame in frames:
        if comments and dice.chance(50):
            frame.insert(dice.number(0, len(frame)), dice.one(["! a comment", " ! [Term]", "!"]))
        lines += ["", *frame]
    return lines, terms, leads


def annotations(below: Below, pool: Sequence[Gene]) -> File:
    """Return a GAF or gene2go with its ontology."""
    dice = Dice(below)
    made = dice.one(["GAF", "GAF", "GAF", "gene2go"], "format")
    obo, terms, leads = _ontology(dice)
    names = Names(dice, pool, as_ids=made == "gene2go")
    names.decimals = False
    if alone := made == "gene2go" and dice.chance(30, "without ontology"):
        terms = {term: f"term {term}" for term in leads}
        leads = {term: term for term in terms}
    evidence: dict[str, dict[Hashable, set[str]]] = {name: {} for name in terms.values()}
    lines = []
    genes = [names.gene() for _ in range(dice.number(1, 6))]
    for _ in range(dice.number(1, 25)):
        gene, accession = dice.one(genes), dice.one(list(leads))
        code = "ND" if dice.chance(8, "ND") else dice.one(EVIDENCE)
        negated = dice.chance(10, "NOT")
        taxon, human = "9606", True
        if dice.chance(10, "other species"):
            taxon, human = "10090", False
        term = leads[accession]
        if term is not None and code != "ND" and not negated and human:
            evidence[terms[term]].setdefault(gene.key, set()).add(code)
        write = _gaf_line if made == "GAF" else _gene2go_line
        lines.append(write(dice, names.written(gene), accession, code, negated, taxon))
    if made == "GAF":
        version = dice.one(["2.2", "2.1"])
        lines.insert(0, f"!gaf-version: {version}")
        for _ in range(dice.number(0, 3)):
            lines.insert(
                dice.number(0, len(lines)), dice.one(["!", "! a comment\twith a tab", "!date-generated: 2026-01-01"])
            )
    else:
        lines.insert(0, "#tax_id\tGeneID\tGO_ID\tEvidence\tQualifier\tGO_term\tPubMed\tCategory")
    sets: dict[str | None, list[Keys]] = {name: [frozenset(members)] for name, members in evidence.items()}
    end = dice.one(["\n", "\n", "\r\n"], "ends in the OBO")
    ontology = end.join([*obo, ""]).encode()
    if dice.chance(20, "gzipped OBO"):
        ontology = gzip.compress(ontology, mtime=0)
    stem = dice.one(["goa_human.gaf", "gene2go", "x"])
    if alone:  # without an ontology, only terms with genes are read
        sets = {name: some for name, some in sets.items() if some != [frozenset()]}
    file = finished(dice, "annotations", stem, lines, sets)
    return replace(file, ontology=None if alone else ontology, evidence=evidence)


def _gaf_line(dice: Dice, symbol: str, term: str, code: str, negated: bool, taxon: str) -> str:
    relation = dice.one(["involved_in", "contributes_to", "acts_upstream_of_or_within", "colocalizes_with"])
    qualifier = dice.one(["NOT|" + relation, "NOT"]) if negated else dice.one([relation, relation, ""])
    taxa = f"taxon:{taxon}"
    if dice.chance(10, "two taxa"):
        taxa += f"|taxon:{dice.one(['9606', '10090', '11676'])}"
    about = [dice.one(PHRASES), f"{symbol}|SYN1", dice.one(["protein", "gene_product"])]
    cells = ["UniProtKB", f"P{dice.number(10000, 99999)}", symbol, qualifier, term, "PMID:1|GO_REF:2", code]
    cells += [dice.one(["", "UniProtKB:Q1"]), "P", *about, taxa, "20240131", "UniProt"]
    more = dice.one([["", ""], ["part_of(CL:0000540)", f"UniProtKB:P{dice.number(1, 9)}-2"], [""], []])
    return "\t".join(cells + more)


def _gene2go_line(dice: Dice, gene: str, term: str, code: str, negated: bool, taxon: str) -> str:
    qualifier = "NOT " * negated + dice.one(["involved_in", "acts_upstream_of"])
    return "\t".join([taxon, gene, term, code, qualifier, f"term {term}", dice.one(["-", "1|2"]), "Process"])


FORMATS: dict[str, Callable[[Below, Sequence[Gene]], File]] = {
    "table": table, "list": gene_list, "gmt": gmt, "long": long, "annotations": annotations,
}  # fmt: skip


def make(made: str, seed: int, pool: Sequence[Gene]) -> File:
    """Return the file of a format for a seed."""
    return FORMATS[made](Random(f"{made} {seed}").randrange, pool)


# --- reading ---


def read(file: File, folder: Path, lookup: Lookup) -> Outcome:
    """Write a file into a folder, read it, and compare the sets that were read with those that were written."""
    path = folder / file.name
    path.write_bytes(file.content)
    options = file.options
    if file.ontology is not None:
        options = replace(options, ontology=folder / "go.obo")
        (folder / "go.obo").write_bytes(file.ontology)
    try:
        found = read_categories([path], lookup, options=options)
    except CoexprError as refusal:
        return Outcome("refused", str(refusal).replace(str(folder), ""))
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # the parser of OBO files panics with exceptions that are not an Exception
        return Outcome("WRONG", f"raises {type(error).__name__}: {error}")
    wrong = _difference(file, found, lookup)
    return Outcome("WRONG", f"{wrong} (read as {found.what})") if wrong else Outcome("right")


def _difference(file: File, found: CategoryFile, lookup: Lookup) -> str:
    """Return how the sets that were read differ from those that were written; an empty text if they do not."""
    names = {name for category in found.categories for name in category.members}
    keys = lookup(names)
    if others := sorted(names - keys.keys() - set(file.dates)):
        return f"names that were not written: {others[:5]}"
    one_list = None in file.sets
    if one_list and len(found.categories) != 1:
        return f"sets instead of one list: {[category.name for category in found.categories][:5]}"
    read_sets: dict[str | None, set[Keys]] = {}
    for category in found.categories:
        without_number = _NUMBERED.sub("", category.name)
        name = without_number if category.name not in file.sets and without_number in file.sets else category.name
        members = frozenset(keys[member] for member in category.members if member in keys)
        read_sets.setdefault(None if one_list else name, set()).add(members)
    written = {name: set(sets) for name, sets in file.sets.items()}
    if file.format == "long":  # a set without human genes may be read or not
        read_sets = {name: sets for name, sets in read_sets.items() if sets != {frozenset()}}
    if read_sets.keys() != written.keys():
        return f"other sets: {sorted(map(str, read_sets.keys() ^ written.keys()))[:5]}"
    for name, sets in written.items():
        if read_sets[name] != sets:
            read, meant = (frozenset().union(*some) for some in (read_sets[name], sets))
            return f"other genes in {name}: lost {_some(meant - read)}, added {_some(read - meant)}"
    for category in found.categories if file.evidence is not None else []:
        codes: dict[Hashable, set[str]] = {}
        for member, given in category.evidence.items():
            codes.setdefault(keys[member], set()).update(given)
        if codes != (file.evidence or {}).get(category.name):
            return f"other evidence in {category.name}"
    return ""


def _some(keys: Iterable[Hashable]) -> str:
    return str(sorted(map(str, keys))[:5])

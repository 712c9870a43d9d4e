"""GAF and gene2go: annotations of genes to terms of the Gene Ontology.

A negative annotation (NOT) and one with the evidence code ND (no data) do not make a gene a member of a term. Only
human genes are read. GAF files follow the specification 2.2
(geneontology.org/docs/go-annotation-file-gaf-format-2.2); older 2.x files are read too.
"""

import codecs
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from sys import intern
from typing import Literal

from coexpr.errors import DownloadError, OptionError
from coexpr.readers import limits
from coexpr.readers.category_file import Category, CategoryFile, WrongFormatError
from coexpr.readers.obo import Ontology
from coexpr.readers.printable import has_control

_HUMAN = "9606"
_NO_DATA = "ND"
_GAF_VERSION = re.compile(r"!\s*gaf-version:\s*(\S+)", re.I)
_GAF_DATE = re.compile(r"!\s*date-generated:\s*([\w:.+-]+)", re.I | re.ASCII)
_VERSION_2 = re.compile(r"2\.\d+", re.ASCII)
_DATE = re.compile(r"\d{4}-?\d{2}-?\d{2}", re.ASCII)
_TERM = re.compile(r"\w+:\w+", re.ASCII)
_GENE_ID = re.compile(r"\d{1,10}", re.ASCII)
_MOST_COMMENTS = 10_000
_AGAIN = "Download it again."
_GENE2GO_COLUMNS = ["#tax_id", "GeneID", "GO_ID", "Evidence", "Qualifier", "GO_term", "PubMed", "Category"]
_ASPECTS = {"Process": "BP", "Function": "MF", "Component": "CC"}
_EVIDENCE = re.compile(r"[A-Z]{2,3}")


AnnotationFormat = Literal["gaf", "gene2go"]
# How files begin.
STARTS: Mapping[AnnotationFormat, bytes] = {"gaf": b"!gaf-version:", "gene2go": b"#tax_id\tGeneID\tGO_ID\t"}
LONGEST_START = max(map(len, STARTS.values())) + len(codecs.BOM_UTF8)


def format_of(start: bytes) -> AnnotationFormat | None:
    """Return the format of a file that begins like this; None for other files."""
    start = start.removeprefix(codecs.BOM_UTF8)
    return next((kind for kind, beginning in STARTS.items() if start.startswith(beginning)), None)


@dataclass(frozen=True, slots=True)
class _Annotation:
    """One gene annotated to one term."""

    term: str
    gene: str
    evidence: str


def read_gaf(lines: Iterable[str], path: Path, ontology: Ontology | None) -> CategoryFile:
    """Read the lines of a GAF 2.x file with its ontology; genes are named by symbol.

    Raises
    ------
    WrongFormatError
        If the file is not GAF 2.
    OptionError
        If no ontology is given. A GAF file has neither the names nor the hierarchy of its terms.
    DownloadError
        If a line is incomplete, or a term is not in the ontology.
    """
    comments: list[str] = []
    rows = _rows_after(lines, comments, path)
    first = next(rows, None)
    version = next((found[1] for line in comments if (found := _GAF_VERSION.match(line))), None)
    if version is None or not _VERSION_2.fullmatch(version):
        raise WrongFormatError(
            "the line !gaf-version: 2.x is missing"
            if version is None
            else f"its gaf-version is {version!r:.20}, expected 2.x"
        )
    if ontology is None:
        raise OptionError(f"{path} is a GAF file, which has no names of terms. Give the OBO file with `ontology`.")
    annotations = _some(_gaf_annotations(chain([first] if first else [], rows), path), path)
    date = next((found[1] for line in comments if (found := _GAF_DATE.match(line))), None)
    notes = [f"annotations generated on {date}."] if date else []
    return _annotated_terms(ontology, annotations, f"GAF {version}", path, notes)


def _rows_after(lines: Iterable[str], comments: list[str], path: Path) -> Iterator[tuple[int, str]]:
    """Yield the numbers and lines that are not blank; comments are appended to a list."""
    count = 0
    for row, line in enumerate(lines, start=1):
        if line.startswith("!"):
            count += 1
            if count <= _MOST_COMMENTS:
                comments.append(line)
            elif count > limits.COMMENTS:
                raise DownloadError(f"{path} has more than {limits.COMMENTS:,} lines of comments.", remedy=_AGAIN)
        elif line and not line.isspace():
            yield row, line


def _some(annotations: Iterator[_Annotation], path: Path) -> list[_Annotation]:
    """Return annotations, if there are not too many."""
    found = list(islice(annotations, limits.ANNOTATIONS + 1))
    if len(found) > limits.ANNOTATIONS:
        raise DownloadError(f"{path} has more than {limits.ANNOTATIONS:,} annotations of human genes.", remedy=_AGAIN)
    return found


def _gaf_annotations(rows: Iterable[tuple[int, str]], path: Path) -> Iterator[_Annotation]:
    # Equal strings are one object, which takes a third of the memory.
    for row, line in rows:
        cells = [cell.strip() for cell in line.split("\t")]
        if not 15 <= len(cells) <= 17:
            raise DownloadError(
                f"{path}, line {row}: expected 15 to 17 tab-separated cells, found {len(cells)}.",
                remedy=_AGAIN,
            )
        symbol, qualifiers, term, evidence, taxa, date = (cells[place] for place in (2, 3, 4, 6, 12, 13))
        if not symbol or has_control(symbol):
            raise DownloadError(
                f"{path}, line {row}: expected the symbol of a gene, found {symbol!r:.40}.", remedy=_AGAIN
            )
        for cell, expected, pattern in (
            (term, "a term such as GO:0007399", _TERM),
            (evidence, "an evidence code such as IDA", _EVIDENCE),
            (date, "a date such as 20240131", _DATE),
        ):
            if not pattern.fullmatch(cell):
                raise DownloadError(f"{path}, line {row}: expected {expected}, found {cell!r:.40}.")
        # The first of two taxa is that of the gene product; the second is an organism that it interacts with.
        is_human = taxa.split("|")[0] == f"taxon:{_HUMAN}"
        if is_human and "NOT" not in qualifiers.split("|") and evidence != _NO_DATA:
            yield _Annotation(intern(term), intern(symbol), intern(evidence))


def read_gene2go(lines: Iterable[str], path: Path, ontology: Ontology | None) -> CategoryFile:
    """Read the lines of NCBI's gene2go; genes are named by Entrez id.

    Without an ontology, the terms have only their directly annotated genes.

    Raises
    ------
    WrongFormatError
        If the header is not that of gene2go.
    DownloadError
        If a line is incomplete, or a term is not in the ontology.
    """
    lines = iter(lines)
    if next(lines, "").split("\t") != _GENE2GO_COLUMNS:
        raise WrongFormatError(f"its first line is not the header {' '.join(_GENE2GO_COLUMNS)}")
    found: list[_Annotation] = []
    terms: dict[str, tuple[str, str]] = {}
    for line in lines:
        if not line.strip():
            continue
        cells = line.split("\t")
        if len(cells) != len(_GENE2GO_COLUMNS):
            raise DownloadError(
                f"{path}: expected 8 tab-separated cells, found {len(cells)} in {line!r:.60}.", remedy=_AGAIN
            )
        taxon, gene, term, evidence, qualifier, name, _, aspect = cells
        for cell, expected, pattern in (
            (gene, "a GeneID", _GENE_ID),
            (term, "a term such as GO:0007399", _TERM),
            (evidence, "an evidence code such as IDA", _EVIDENCE),
        ):
            if not pattern.fullmatch(cell):
                raise DownloadError(f"{path}: expected {expected}, found {cell!r:.40}.", remedy=_AGAIN)
        if len(found) == limits.ANNOTATIONS:
            raise DownloadError(
                f"{path} has more than {limits.ANNOTATIONS:,} annotations of human genes.", remedy=_AGAIN
            )
        if taxon == _HUMAN and evidence != _NO_DATA and not qualifier.startswith("NOT"):
            found.append(_Annotation(intern(term), intern(gene), intern(evidence)))
            terms[term] = (name, _ASPECTS.get(aspect, ""))
    if ontology:
        return _annotated_terms(ontology, found, "gene2go file", path, [])
    members = _by_term(found, list(terms))
    categories = [
        Category(name, list(members[term]), term, aspect, members[term]) for term, (name, aspect) in terms.items()
    ]
    note = "only direct annotations are read. Give an ontology (go-basic.obo) to include those to the terms below."
    return CategoryFile("gene2go file", categories, source="gene2go", notes=(note,))


def _annotated_terms(
    ontology: Ontology, annotations: list[_Annotation], what: str, path: Path, notes: list[str]
) -> CategoryFile:
    """Return the terms of an ontology as categories of their annotated genes."""
    if not annotations:
        raise DownloadError(f"{path} has no annotation of a human gene (taxon {_HUMAN}).")
    known = ontology.names.keys() | ontology.primary.keys() | ontology.obsolete
    if absent := sorted({annotation.term for annotation in annotations} - known):
        raise DownloadError(
            f"{path}: {len(absent):,} of its terms are not in the ontology; the first is {absent[0]}.",
            remedy="Use the OBO file of the same release.",
        )
    notes = [*notes, *ontology.notes]
    placed = [
        _Annotation(term, annotation.gene, annotation.evidence)
        for annotation in annotations
        if (term := ontology.in_use(annotation.term)) is not None
    ]
    if obsolete := len(annotations) - len(placed):
        notes = [*notes, f"annotations to obsolete terms without a replacement, left out: {obsolete:,}."]
    accessions = list(ontology.names)
    members = _by_term(placed, accessions)
    categories = [
        Category(ontology.names[term], list(members[term]), term, ontology.aspects[term], members[term])
        for term in accessions
    ]
    position = {term: number for number, term in enumerate(accessions)}
    edges = [(position[child], position[parent], relation) for child, parent, relation in ontology.edges]
    source = f"GO-{ontology.release}" if ontology.release else "GO"
    return CategoryFile(what, categories, edges, source, ontology.release, tuple(notes))


def _by_term(annotations: list[_Annotation], terms: list[str]) -> dict[str, dict[str, set[str]]]:
    """Return the annotated genes of each term, with their evidence codes."""
    members: dict[str, dict[str, set[str]]] = {term: {} for term in terms}
    for annotation in annotations:
        members[annotation.term].setdefault(annotation.gene, set()).add(annotation.evidence)
    return members

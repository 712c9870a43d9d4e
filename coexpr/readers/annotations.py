"""GAF and gene2go: annotations of genes to terms of the Gene Ontology.

A negative annotation (NOT) and one with the evidence code ND (no data) do not make a gene a member of a term. Only
human genes are read. GAF files follow the specification 2.2
(geneontology.org/docs/go-annotation-file-gaf-format-2.2); older 2.x files are read too.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from coexpr.errors import DownloadError, OptionError
from coexpr.readers.category_file import Category, CategoryFile, WrongFormatError
from coexpr.readers.obo import Ontology
from coexpr.readers.text import split_lines

_HUMAN = "9606"
_NO_DATA = "ND"
_GAF_VERSION = re.compile(r"!\s*gaf-version:\s*(\S+)", re.I)
_GAF_DATE = re.compile(r"!\s*date-generated:\s*(\S+)", re.I)
_DATE = re.compile(r"\d{4}-?\d{2}-?\d{2}")
_TERM = re.compile(r"\w+:\w+")
_GENE2GO_COLUMNS = ["#tax_id", "GeneID", "GO_ID", "Evidence", "Qualifier", "GO_term", "PubMed", "Category"]
_ASPECTS = {"Process": "BP", "Function": "MF", "Component": "CC"}
_EVIDENCE = re.compile(r"[A-Z]{2,3}")


@dataclass(frozen=True)
class _Annotation:
    """One gene annotated to one term."""

    term: str
    gene: str
    evidence: str


def read_gaf(text: str, path: Path, ontology: Ontology | None) -> CategoryFile:
    """Read a GAF 2.x file with its ontology; genes are named by symbol.

    Raises
    ------
    WrongFormatError
        If the file is not GAF 2.
    OptionError
        If no ontology is given. A GAF file has neither the names nor the hierarchy of its terms.
    DownloadError
        If a line is incomplete, or a term is not in the ontology.
    """
    lines = split_lines(text)
    comments = [line for line in lines if line.startswith("!")]
    version = next((found[1] for line in comments if (found := _GAF_VERSION.match(line))), None)
    if version is None or not version.startswith("2."):
        raise WrongFormatError(
            "the line !gaf-version: 2.x is missing"
            if version is None
            else f"its gaf-version is {version}, expected 2.x"
        )
    if ontology is None:
        raise OptionError(f"{path} is a GAF file, which has no names of terms. Give the OBO file with `ontology`.")
    date = next((found[1] for line in comments if (found := _GAF_DATE.match(line))), None)
    notes = [f"annotations generated on {date}."] if date else []
    return _annotated_terms(ontology, list(_gaf_annotations(lines, path)), f"GAF {version}", path, notes)


def _gaf_annotations(lines: list[str], path: Path) -> Iterator[_Annotation]:
    for row, line in enumerate(lines, start=1):
        if line.startswith("!") or not line.strip():
            continue
        cells = [cell.strip() for cell in line.split("\t")]
        if not 15 <= len(cells) <= 17:
            raise DownloadError(
                f"{path}, line {row}: expected 15 to 17 tab-separated cells, found {len(cells)}.",
                remedy="Download it again.",
            )
        symbol, qualifiers, term, evidence, taxa, date = (cells[place] for place in (2, 3, 4, 6, 12, 13))
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
            yield _Annotation(term, symbol, evidence)


def read_gene2go(text: str, path: Path, ontology: Ontology | None) -> CategoryFile:
    """Read NCBI's gene2go; genes are named by Entrez id.

    Without an ontology, the terms have only their directly annotated genes.

    Raises
    ------
    WrongFormatError
        If the header is not that of gene2go.
    DownloadError
        If a line is incomplete, or a term is not in the ontology.
    """
    header, *lines = split_lines(text)
    if header.split("\t") != _GENE2GO_COLUMNS:
        raise WrongFormatError(f"its first line is not the header {' '.join(_GENE2GO_COLUMNS)}")
    found: list[_Annotation] = []
    terms: dict[str, tuple[str, str]] = {}
    for row, line in enumerate(lines, start=2):
        if not line.strip():
            continue
        cells = line.split("\t")
        if len(cells) != len(_GENE2GO_COLUMNS):
            raise DownloadError(
                f"{path}, line {row}: expected 8 tab-separated cells, found {len(cells)}.", remedy="Download it again."
            )
        taxon, gene, term, evidence, qualifier, name, _, aspect = cells
        if taxon == _HUMAN and evidence != _NO_DATA and not qualifier.startswith("NOT"):
            found.append(_Annotation(term, gene, evidence))
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
    edges = [
        (position[child], position[parent], relation)
        for child, parent, relation in ontology.edges
        if child in position and parent in position
    ]
    source = f"GO-{ontology.release}" if ontology.release else "GO"
    return CategoryFile(what, categories, edges, source, ontology.release, tuple(notes))


def _by_term(annotations: list[_Annotation], terms: list[str]) -> dict[str, dict[str, set[str]]]:
    """Return the annotated genes of each term, with their evidence codes."""
    members: dict[str, dict[str, set[str]]] = {term: {} for term in terms}
    for annotation in annotations:
        members[annotation.term].setdefault(annotation.gene, set()).add(annotation.evidence)
    return members

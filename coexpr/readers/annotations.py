"""GAF and gene2go: which genes are annotated to which terms of the Gene Ontology.

In both, a negative annotation (NOT) says that a gene is no member, and the evidence code ND that
nothing is known; neither makes a member. Only human genes are taken.
"""

from collections.abc import Iterator
from pathlib import Path

from coexpr.errors import DownloadError, OptionError
from coexpr.readers.category_file import Category, CategoryFile, WrongFormatError
from coexpr.readers.obo import Ontology

_HUMAN = "9606"
_NO_DATA = "ND"
_GAF_HEADER = "!gaf-version: 2."
_GENE2GO_COLUMNS = ["#tax_id", "GeneID", "GO_ID", "Evidence", "Qualifier", "GO_term", "PubMed", "Category"]
_ASPECTS = {"Process": "BP", "Function": "MF", "Component": "CC"}


def read_gaf(text: str, path: Path, ontology: Ontology | None) -> CategoryFile:
    """Read a GAF 2.1 or 2.2 file over an ontology; genes by symbol.

    Raises
    ------
    WrongFormatError
        If it is no GAF 2.
    OptionError
        If no ontology is given: a GAF has neither names nor hierarchy of terms.
    DownloadError
        If a line is cut, or a term is not in the ontology.
    """
    if not text.startswith(_GAF_HEADER):
        raise WrongFormatError(f"it does not begin with {_GAF_HEADER}")
    if ontology is None:
        raise OptionError(f"{path} is a GAF, which has no names of terms: give the OBO file with --ontology.")
    return _over(ontology, list(_gaf_pairs(text, path)), "GAF", path)


def _gaf_pairs(text: str, path: Path) -> Iterator[tuple[str, str]]:
    for row, line in enumerate(text.splitlines(), start=1):
        if line.startswith("!") or not line.strip():
            continue
        cells = line.split("\t")
        if len(cells) < 15:
            raise DownloadError(f"{path}, line {row}: expected 15 to 17 cells between tabs, found {len(cells)}.")
        symbol, qualifiers, term, evidence, taxon = cells[2], cells[3].split("|"), cells[4], cells[6], cells[12]
        if "NOT" not in qualifiers and evidence != _NO_DATA and f"taxon:{_HUMAN}" in taxon.split("|"):
            yield term, symbol


def read_gene2go(text: str, path: Path, ontology: Ontology | None) -> CategoryFile:
    """Read NCBI's gene2go; genes by Entrez id. Without an ontology only direct members are known.

    Raises
    ------
    WrongFormatError
        If it has not the header of gene2go.
    DownloadError
        If a line is cut, or a term is not in the ontology.
    """
    header, *lines = text.splitlines()
    if header.split("\t") != _GENE2GO_COLUMNS:
        raise WrongFormatError(f"its first line is not {' '.join(_GENE2GO_COLUMNS)}")
    pairs: list[tuple[str, str]] = []
    terms: dict[str, tuple[str, str]] = {}
    for row, line in enumerate(lines, start=2):
        cells = line.split("\t")
        if len(cells) != len(_GENE2GO_COLUMNS):
            raise DownloadError(f"{path}, line {row}: expected 8 cells between tabs, found {len(cells)}.")
        taxon, gene, term, evidence, qualifier, name, _, aspect = cells
        if taxon == _HUMAN and evidence != _NO_DATA and not qualifier.startswith("NOT"):
            pairs.append((term, gene))
            terms[term] = (name, _ASPECTS.get(aspect, ""))
    if ontology:
        return _over(ontology, pairs, "gene2go", path)
    categories = [
        Category(name, members, term, aspect)
        for (term, (name, aspect)), members in zip(terms.items(), _by_term(pairs, list(terms)), strict=True)
    ]
    note = "only direct annotations: with --ontology go-basic.obo the genes of terms below count too."
    return CategoryFile("gene2go", categories, source="gene2go", notes=(note,))


def _over(ontology: Ontology, pairs: list[tuple[str, str]], what: str, path: Path) -> CategoryFile:
    """Return the terms of an ontology with their annotated genes."""
    if not pairs:
        raise DownloadError(f"{path} has no annotation of a human gene.")
    known = ontology.names.keys() | ontology.primary.keys() | ontology.obsolete
    if strange := sorted({term for term, _ in pairs} - known):
        raise DownloadError(
            f"{path}: {len(strange):,} of its terms are not in the ontology; the first is {strange[0]}. "
            "Use the OBO file of the same release."
        )
    accessions = list(ontology.names)
    in_use = [(ontology.in_use(term), gene) for term, gene in pairs]
    placed = [(term, gene) for term, gene in in_use if term is not None]
    obsolete = len(pairs) - len(placed)
    categories = [
        Category(ontology.names[term], members, term, ontology.aspects[term])
        for term, members in zip(accessions, _by_term(placed, accessions), strict=True)
    ]
    position = {term: number for number, term in enumerate(accessions)}
    edges = [
        (position[child], position[parent], relation)
        for child, parent, relation in ontology.edges
        if child in position and parent in position
    ]
    notes = (f"{obsolete:,} annotations to obsolete terms that nothing replaces were left out.",) if obsolete else ()
    source = f"GO-{ontology.release}" if ontology.release else "GO"
    return CategoryFile(what, categories, edges, source, ontology.release, notes)


def _by_term(pairs: list[tuple[str, str]], terms: list[str]) -> list[list[str]]:
    members: dict[str, dict[str, None]] = {term: {} for term in terms}
    for term, gene in pairs:
        members[term][gene] = None
    return [list(members[term]) for term in terms]

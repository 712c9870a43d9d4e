"""The files that gene names and the Gene Ontology are renewed from: which is which, and their contents as tables."""

import codecs
import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa

from coexpr.errors import DownloadError, NoDownloadError
from coexpr.readers import annotations, gene_info, obo
from coexpr.readers.category_file import CategoryFile
from coexpr.readers.text import lines_of
from coexpr.readers.text_file import open_text

Kind = Literal["gene_info", "ontology", "gene2go", "gaf"]
# How each kind of file begins, after decompression.
_STARTS: dict[Kind, bytes] = {
    "gene_info": gene_info.HEADER.encode(),
    "ontology": b"format-version:",
    "gene2go": annotations.STARTS["gene2go"],
    "gaf": annotations.STARTS["gaf"],
}
_EXPECTED = "go-basic.obo with gene2go.gz or a GAF, Homo_sapiens.gene_info.gz, or all three"
_FETCH = "Get them with: coexpr fetch genes"


@dataclass(frozen=True)
class Terms:
    """The terms of an ontology and their genes, as tables with the columns of coexpr/data.

    Parameters
    ----------
    release : str
        Of the ontology.
    annotated : str
        Date of the annotations.
    tables : mapping of str to Table
        terms, edges and annotations.
    notes : list of str
    """

    release: str
    annotated: str
    tables: Mapping[str, pa.Table]
    notes: list[str]


def find_gene_files(paths: Sequence[Path]) -> dict[Kind, Path]:
    """Return the files under some paths, by kind.

    Parameters
    ----------
    paths : sequence of path
        Files, or folders with them.

    Raises
    ------
    NoDownloadError
        If a path does not exist, or there is no such file.
    DownloadError
        If there are two files of one kind, or terms without genes or genes without terms.
    """
    found: dict[Kind, Path] = {}
    for path in paths:
        if not path.exists():
            raise NoDownloadError(f"{path} does not exist. {_FETCH}")
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            kind = _kind_of(file) if file.is_file() else None
            if kind is None and not path.is_dir():
                raise DownloadError(f"{path} is none of the files that are expected: {_EXPECTED}.")
            if kind in found and not found[kind].samefile(file):
                raise DownloadError(f"{found[kind]} and {file} are both {kind} files. Give one of them.")
            if kind:
                found[kind] = file
    has_genes = "gene2go" in found or "gaf" in found
    if "gene2go" in found and "gaf" in found:
        raise DownloadError(f"{found['gene2go']} and {found['gaf']} both have the genes of terms. Give one of them.")
    if not found:
        raise NoDownloadError(f"{', '.join(map(str, paths))}: expected {_EXPECTED}. {_FETCH}")
    if has_genes != ("ontology" in found):
        missing = "go-basic.obo, the terms" if has_genes else "gene2go.gz or a GAF, the genes of the terms"
        raise DownloadError(f"{', '.join(map(str, found.values()))}: missing is {missing}. {_FETCH}")
    return found


def _kind_of(path: Path) -> Kind | None:
    try:
        with open_text(path) as file:
            head = file.start(max(map(len, _STARTS.values())) + len(codecs.BOM_UTF8)).removeprefix(codecs.BOM_UTF8)
    except DownloadError:
        return None
    return next((kind for kind, start in _STARTS.items() if head.startswith(start)), None)


def tables_of_names(names: gene_info.GeneNames) -> dict[str, pa.Table]:
    """Return the tables genes and aliases."""
    ids, symbols, descriptions = zip(*names.genes, strict=True)
    of_aliases, aliases = zip(*names.aliases, strict=True)
    return {
        "genes": pa.table(
            {
                "entrez_id": pa.array(ids, pa.int64()),
                "symbol": pa.array(symbols, pa.string()),
                "gene_name": pa.array(descriptions, pa.string()),
            }
        ),
        "aliases": pa.table({"entrez_id": pa.array(of_aliases, pa.int64()), "alias": pa.array(aliases, pa.string())}),
    }


@contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Pause the garbage collector, which visits a million new objects again and again, and takes half of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@_without_garbage_collection()
def read_terms(files: Mapping[Kind, Path], entrez_ids: Mapping[str, int]) -> Terms:
    """Read the terms and their genes.

    Parameters
    ----------
    files : mapping of str to path
    entrez_ids : mapping of str to int
        The gene that each symbol means, for a GAF.

    Raises
    ------
    DownloadError
        If a file is damaged, or the terms of the annotations are not those of the ontology.
    """
    ontology = obo.read_ontology(files["ontology"])
    if not ontology.release:
        raise DownloadError(f"{files['ontology']} does not name its release (data-version). Download it again.")
    if path := files.get("gene2go"):
        found = annotations.read_gene2go(gene_info.human_lines(path), path, ontology)
        ids: Mapping[str, int] = _ids_of(found, path)
    else:
        path = files["gaf"]
        with open_text(path) as file:
            found = annotations.read_gaf(lines_of(file, path), path, ontology)
        ids = entrez_ids
    rows: list[tuple[str | None, int, list[str]]] = []
    absent: set[str] = set()
    for category in found.categories:
        for name in category.members:
            if name in ids:
                rows.append((category.accession, ids[name], sorted(category.evidence[name])))
            else:
                absent.add(name)
    notes = list(found.notes)
    if absent:
        few = ", ".join(sorted(absent)[:5])
        notes.append(f"names of {path.name} that are not the symbol of one gene, left out: {len(absent):,} ({few}).")
    return Terms(ontology.release, gene_info.date_of(path), _tables_of_terms(ontology, rows), notes)


def _ids_of(found: CategoryFile, path: Path) -> dict[str, int]:
    """Return each GeneID of a gene2go file as a number."""
    ids: dict[str, int] = {}
    for name in {name for category in found.categories for name in category.members}:
        entrez_id = gene_info.as_entrez_id(name)
        if entrez_id is None:
            raise DownloadError(f"{path}: expected a GeneID, found {name!r:.20}. Download it again.")
        ids[name] = entrez_id
    return ids


def _tables_of_terms(ontology: obo.Ontology, annotated: list[tuple[str | None, int, list[str]]]) -> dict[str, pa.Table]:
    accessions = list(ontology.names)
    children, parents, relations = zip(*ontology.edges, strict=True) if ontology.edges else ((), (), ())
    of_terms, genes, codes = zip(*annotated, strict=True) if annotated else ((), (), ())
    return {
        "terms": pa.table(
            {
                "go_id": pa.array(accessions, pa.string()),
                "name": pa.array([ontology.names[term] for term in accessions], pa.string()),
                "aspect": pa.array([ontology.aspects[term] for term in accessions], pa.string()),
            }
        ),
        "edges": pa.table(
            {
                "child_id": pa.array(children, pa.string()),
                "parent_id": pa.array(parents, pa.string()),
                "relation": pa.array(relations, pa.string()),
            }
        ),
        "annotations": pa.table(
            {
                "go_id": pa.array(of_terms, pa.string()),
                "entrez_id": pa.array(genes, pa.int64()),
                "evidence": pa.array(codes, pa.list_(pa.string())),
            }
        ),
    }

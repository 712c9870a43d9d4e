"""Renew the gene names and the Gene Ontology of a database, in one transaction."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from coexpr.database.bundled import (
    ANNOTATIONS,
    GENE_NAMES,
    ONTOLOGY,
    Release,
    fill_with_shipped,
    replace_gene_names,
    replace_terms,
)
from coexpr.database.connection import refuse_missing
from coexpr.database.name_matching import match_names_again
from coexpr.database.queries import query, run, transaction
from coexpr.database.writing import open_for_writing
from coexpr.progress import SILENT, Progress
from coexpr.readers import gene_info
from coexpr.readers.gene_files import Kind, Terms, find_gene_files, read_terms, tables_of_names
from coexpr.resources import database_path
from coexpr.result import Provenance, Result

_COLUMNS = ("name", "release_before", "release", "rows_before", "rows")


@dataclass(frozen=True, kw_only=True)
class GeneUpdateProvenance(Provenance):
    """What gene names and terms were renewed from.

    Parameters
    ----------
    files : list of str
    notes : list of str
    """

    files: list[str]
    notes: list[str]


def update_genes(
    paths: Sequence[Path | str] | Path | str, database: Path | str | None = None, *, progress: Progress = SILENT
) -> Result[GeneUpdateProvenance]:
    """Replace the gene names, the terms of the Gene Ontology and their genes by those of newer files.

    Names of added categories are matched to genes again. Terms keep their category_id.

    Parameters
    ----------
    paths : path, or sequence of path
        Files, or folders with them, recognised by their contents: go-basic.obo with gene2go or a GAF, and gene_info of
        human genes; each gzipped or not. `coexpr.fetching.fetch` gets them.
    database : path, optional
        See `coexpr.resources.database_path`.
    progress : Progress, optional

    Returns
    -------
    Result
        One row each for gene names, the Gene Ontology and annotations: name, release_before, release, rows_before and
        rows: the numbers of names, terms, and pairs of a term and a gene.

    Raises
    ------
    NoDownloadError
        If a path does not exist, or no such file is found.
    DownloadError
        If a file is damaged, or terms are given without their genes. Nothing is changed then.
    """
    files = find_gene_files([Path(path) for path in ([paths] if isinstance(paths, str | Path) else paths)])
    path = database_path(database)
    refuse_missing(path)
    with open_for_writing(path, say=progress.say) as connection:
        fill_with_shipped(connection)
        before = _releases(connection)
        with progress.task("Renewing gene names and categories", 3, "steps") as advance:
            names = gene_info.read(files["gene_info"]) if "gene_info" in files else None
            advance(1)
            terms = read_terms(files, _ids_of_symbols(connection, names)) if "ontology" in files else None
            advance(1)
            with transaction(connection):
                if names:
                    of_names = Release(names.release, _sha256(files["gene_info"]))
                    replace_gene_names(connection, tables_of_names(names), of_names)
                if terms:
                    _replace_terms(connection, terms, files)
                match_names_again(connection)
            advance(1)
        after = _releases(connection)
    rows = []
    for name, (release, count) in after.items():
        release_before, count_before = before.get(name, (None, 0))
        rows.append((name, release_before, release, count_before, count))
    notes = terms.notes if terms else []
    used = [str(file) for file in files.values()]
    return Result(_COLUMNS, rows, GeneUpdateProvenance(database=str(path), files=used, notes=notes))


def _replace_terms(connection: duckdb.DuckDBPyConnection, terms: Terms, files: Mapping[Kind, Path]) -> None:
    genes = files["gene2go"] if "gene2go" in files else files["gaf"]
    ontology = Release(terms.release, _sha256(files["ontology"]))
    replace_terms(connection, terms.tables, ontology, Release(terms.annotated, _sha256(genes)))


def _ids_of_symbols(connection: duckdb.DuckDBPyConnection, names: gene_info.GeneNames | None) -> dict[str, int]:
    """Return the gene of every symbol that one gene has, by the new names or else by those of the database."""
    if names is None:
        pairs: Sequence[tuple[str, int]] = connection.execute(query("current_symbols")).fetchall()
    else:
        pairs = [(symbol, entrez_id) for entrez_id, symbol, _ in names.genes]
    ids = dict(pairs)
    several = {symbol for symbol, entrez_id in pairs if ids[symbol] != entrez_id}
    return {symbol: entrez_id for symbol, entrez_id in ids.items() if symbol not in several}


def _releases(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, int]]:
    """Return the release of gene names, terms and annotations, and how many there are."""
    (counts,) = run(connection, "count_of_releases")
    rows_of = {GENE_NAMES: counts["names"], ONTOLOGY: counts["terms"], ANNOTATIONS: counts["annotations"]}
    return {row["name"]: (row["release"], rows_of[row["name"]]) for row in run(connection, "releases")}


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()

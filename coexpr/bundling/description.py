"""The description of a bundle: what it contains, in sentences and for its pages."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import coexpr
from coexpr.bundling.duckdb_wasm import DUCKDB_VERSION, VERSION
from coexpr.bundling.extract import Selection
from coexpr.bundling.folder import FORMAT
from coexpr.database.categories import GeneFilterUse
from coexpr.options import GeneFilter
from coexpr.readers.download import SYNTHETIC_TITLE
from coexpr.wording import bytes_of, count_of


def describe_genes(use: GeneFilterUse) -> str:
    """Return what the genes of a bundle are, such as "nervous system development (GO:0007399, release 2022-07-01)"."""
    parts = [category.reference for category in use.categories]
    if use.gene_list:
        parts.append(f"a list of {count_of(use.gene_list.genes, 'gene')}")
    text = (" and " if use.match == "all" else " or ").join(parts)
    if use.include_regulates:
        text += ", with the genes of terms that regulate it"
    if use.evidence_not:
        text += f", without annotations of evidence {', '.join(use.evidence_not)} only"
    return text


def title_of(use: GeneFilterUse) -> str:
    """Return the default title: the names of the categories."""
    names = [category.name for category in use.categories]
    if use.gene_list:
        names.append(count_of(use.gene_list.genes, "gene"))
    return f"Gene co-expression: {', '.join(names)}"


def announce(selection: Selection, engine_bytes: int) -> str:
    """Return how large a bundle will be."""
    return (
        f"Bundle of {describe_genes(selection.gene_filter)}: {count_of(selection.genes, 'gene')} with expression data, "
        f"{count_of(len(selection.probe_ids), 'probe')}, {count_of(selection.samples, 'sample')} of "
        f"{count_of(len(selection.donors), 'donor')}. Database about {bytes_of(selection.expected_bytes)}, DuckDB-Wasm "
        f"{VERSION} about {bytes_of(engine_bytes)}."
    )


def describe(
    selection: Selection,
    gene_filter: GeneFilter,
    *,
    title: str,
    all_probes: bool,
    program_bytes: int,
    files: Iterable[tuple[str, int, str]],
) -> dict[str, Any]:
    """Return what the pages of a bundle need to know before its database is open.

    Parameters
    ----------
    selection : Selection
    gene_filter : GeneFilter
        What was given for it, from which the pages compose a command.
    title : str
    all_probes : bool
    program_bytes : int
        The size of the decompressed program.
    files : iterable of (name, bytes, sha256)
    """
    return {
        "format": FORMAT,
        "title": title,
        "genes": describe_genes(selection.gene_filter),
        "category": _category_of(selection.gene_filter),
        "gene_filter": asdict(gene_filter),
        "counts": {
            "genes": selection.genes,
            "probes": len(selection.probe_ids),
            "samples": selection.samples,
            "donors": len(selection.donors),
        },
        "all_probes": all_probes,
        "atlas": selection.titles,
        "is_synthetic": SYNTHETIC_TITLE in selection.titles,
        "releases": selection.sources.releases,
        "coexpr": coexpr.__version__,
        "duckdb_wasm": VERSION,
        "duckdb": DUCKDB_VERSION,
        "program_bytes": program_bytes,
        "files": {name: {"bytes": size, "sha256": digest} for name, size, digest in files},
    }


def _category_of(use: GeneFilterUse) -> str | None:
    """Return the category if the genes of a bundle are exactly its members, for the macro `correlates`."""
    is_plain = not (use.gene_list or use.include_regulates or use.evidence_not)
    return use.categories[0].name if is_plain and len(use.categories) == 1 else None

"""What names mean: the gene or probe, what it was matched by, and what the database has of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from coexpr.database.categories import look_up
from coexpr.database.names import Meaning, meanings_of, similar_names
from coexpr.database.queries import registered, run
from coexpr.options import Annotation
from coexpr.readers.category_file import CategoryFile
from coexpr.readers.spreadsheet import is_date, symbols_of_date
from coexpr.result import Provenance, Result

COLUMNS = (
    "name",
    "status",
    "gene_symbol",
    "entrez_id",
    "matched_by",
    "current_symbol",
    "probe_name",
    "probes",
    "probes_with_expression",
    "explanation",
)
EXPRESSION, CHIP, ABSENT, AMBIGUOUS, UNKNOWN = (
    "with expression data",
    "on the chip",
    "not in this database",
    "ambiguous",
    "unknown",
)


@dataclass(frozen=True, kw_only=True)
class NamesProvenance(Provenance):
    """The provenance of what names mean: the annotation that assigns probes to genes."""

    annotation: Annotation


def resolve_names(
    connection: duckdb.DuckDBPyConnection, database: str, names: Sequence[str], annotation: Annotation
) -> Result[NamesProvenance]:
    """Return what each name means; see `Atlas.resolve`."""
    meanings = meanings_of(connection, names, annotation)
    probes = _probes_of(connection, [one for found in meanings.values() for one in found])
    rows = [_row(connection, name, meanings[name], probes) for name in names]
    return Result(COLUMNS, rows, NamesProvenance(database=database, annotation=annotation))


def read_list(connection: duckdb.DuckDBPyConnection, path: Path, gene_column: str | None) -> CategoryFile:
    """Read the names of one list of genes from a file; see `Atlas.read_genes`."""
    from coexpr.readers.categories import read_names  # loads readers, which other questions do not need

    return read_names(path, partial(look_up, connection), gene_column)


def _probes_of(connection: duckdb.DuckDBPyConnection, meanings: Sequence[Meaning]) -> dict[int, dict[str, int]]:
    """Return the numbers of probes of the genes, by gene_id."""
    gene_ids = {one.gene_id for one in meanings if one.gene_id is not None}
    with registered(connection, requested_genes={"gene_id": np.array(sorted(gene_ids), dtype=np.int32)}):
        return {row["gene_id"]: row for row in run(connection, "probes_of_requested_genes")}


def _row(
    connection: duckdb.DuckDBPyConnection, name: str, meanings: list[Meaning], probes: dict[int, dict[str, int]]
) -> tuple[Any, ...]:
    if len(meanings) != 1:
        status = AMBIGUOUS if meanings else UNKNOWN
        why = "; ".join(map(str, meanings)) if meanings else _why_unknown(connection, name)
        return (name, status, None, None, None, None, None, None, None, why)
    (found,) = meanings
    of_gene = probes.get(found.gene_id or 0, {"probes": 0, "probes_with_expression": 0})
    current = found.current_symbol
    if found.gene_id is None and found.level == "gene":
        status = ABSENT
    else:
        status = EXPRESSION if of_gene["probes_with_expression"] else CHIP
    return (
        name,
        status,
        found.gene_symbol,
        found.entrez_id,
        found.matched_by,
        current,
        found.probe_name,
        of_gene["probes"],
        of_gene["probes_with_expression"],
        _explain(name, found, status),
    )


def _explain(name: str, found: Meaning, status: str) -> str:
    """Say in one sentence what a name means."""
    current = found.current_symbol
    if found.level == "probe":
        return f"probe of {found.gene_symbol}" if found.gene_symbol else "probe of no known gene"
    if status == ABSENT:
        return f"human gene {current or found.written}"
    parts = (
        [found.gene_name or ""]
        if found.matched_by == "atlas symbol"
        else [f"{found.matched_by} of {found.gene_symbol}"]
    )
    if current and found.gene_symbol and current != found.gene_symbol:
        parts.append(f"current symbol {current}")
    if found.matched_by == "atlas symbol" and found.written != name.strip():
        parts.append(f"spelled {found.written}")
    return "; ".join(part for part in parts if part)


def _why_unknown(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    if symbols := symbols_of_date(name.strip()):
        return f"a date; was it {' or '.join(symbols)}?"
    if is_date(name.strip()):
        return "a date"
    similar = similar_names(connection, name)
    return f"similar: {', '.join(similar)}" if similar else "no similar name"

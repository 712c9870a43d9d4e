"""The category of the tests, the database of a bundle without its pages, and DuckDB-Wasm where it is."""

import os
from pathlib import Path

import pytest

from coexpr.bundling.extract import select, write_database
from coexpr.options import GeneFilter
from coexpr.progress import SILENT

CATEGORY = "nervous system development"


def extract(database: Path, path: Path, gene_filter: GeneFilter | None = None, *, all_probes: bool = False) -> Path:
    """Write the database of a bundle of the category, or of other genes."""
    selection = select(database, gene_filter or GeneFilter((CATEGORY,)), all_probes=all_probes)
    write_database(selection, path, SILENT)
    return path


def unpacked_duckdb_wasm() -> Path:
    """Return the folder of the npm package, which is not part of this repository; skip the test without it."""
    folder = os.environ.get("COEXPR_TEST_DUCKDB_WASM")
    if not folder:
        pytest.skip("COEXPR_TEST_DUCKDB_WASM does not name an unpacked npm package @duckdb/duckdb-wasm")
    return Path(folder)

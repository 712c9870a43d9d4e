"""DuckDB-Wasm where it is, a bundle of the synthetic atlas, and its database."""

from pathlib import Path

import pytest
from bundling.extracting import CATEGORY, extract, unpacked_duckdb_wasm

from coexpr.bundling.bundle import bundle


@pytest.fixture(scope="session")
def duckdb_wasm() -> Path:
    """The unpacked npm package."""
    return unpacked_duckdb_wasm()


@pytest.fixture(scope="session")
def site(synthetic_database: Path, duckdb_wasm: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of one category; tests only read it."""
    folder = tmp_path_factory.mktemp("bundle") / "site"
    bundle(folder, CATEGORY, database=synthetic_database, duckdb_wasm=duckdb_wasm)
    return folder


@pytest.fixture(scope="session")
def extracted(synthetic_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of a bundle of one category; tests only read it."""
    return extract(synthetic_database, tmp_path_factory.mktemp("extracted") / "atlas.duckdb")

"""What most tests need: a synthetic atlas, an empty database, the real files where they are."""

import os
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import duckdb
import hypothesis
import pytest

from coexpr.atlas import Atlas
from coexpr.database.bundled import fill_with_shipped
from coexpr.database.categories import look_up
from coexpr.database.connection import open_readonly
from coexpr.database.queries import query
from coexpr.database.turns import WAIT_VARIABLE
from coexpr.database.writing import open_for_writing
from coexpr.demo.downloads import write_downloads
from coexpr.loading.downloads import ingest
from coexpr.readers.category_file import Lookup

# Seeded, so that a run can be repeated; without deadlines, because machines are noisy.
hypothesis.settings.register_profile("coexpr", deadline=None, derandomize=True)
hypothesis.settings.load_profile("coexpr")

# Tests do not wait for another process that has a database open, unless they say so.
os.environ[WAIT_VARIABLE] = "0"

SHARED_DATA = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real downloads, which are not part of this repository."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the real downloads are not here: ../shared/data is absent")
    return SHARED_DATA


@pytest.fixture(scope="session")
def synthetic_zips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Six full-donor zips of 300 probes and 90 samples."""
    return write_downloads(tmp_path_factory.mktemp("synthetic"), probes=300, samples=90)


@pytest.fixture(scope="session")
def synthetic_database(synthetic_zips: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of those zips; tests only read it."""
    path = tmp_path_factory.mktemp("database") / "synthetic.duckdb"
    ingest(synthetic_zips, path)
    return path


@pytest.fixture(scope="session")
def lookup(synthetic_database: Path) -> Iterator[Lookup]:
    """Which names mean a gene, as readers of lists and categories ask it, of a real database."""
    with open_readonly(synthetic_database) as connection:
        yield partial(look_up, connection)


@pytest.fixture
def atlas(synthetic_database: Path) -> Iterator[Atlas]:
    with Atlas(synthetic_database) as opened:
        yield opened


@pytest.fixture(scope="session")
def gabra4(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of the real GABRA4 heatmap download; tests only read it."""
    path = tmp_path_factory.mktemp("gabra4") / "gabra4.duckdb"
    ingest([shared_data / "heatmap-gabra4" / "samples_log2intensities"], path)
    return path


@pytest.fixture(scope="session")
def shipped_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database without downloads, whose shipped categories take a second to compute; tests copy it."""
    folder = tmp_path_factory.mktemp("shipped")
    with open_for_writing(folder / "new.duckdb") as connection:
        fill_with_shipped(connection)
        connection.execute(query("checkpoint_atlas"))
        # Copied while it is open: a database without downloads is removed when it is closed.
        return Path(shutil.copy(folder / "new.duckdb", folder / "shipped.duckdb"))


@pytest.fixture
def prepared_database(shipped_database: Path, tmp_path: Path) -> Path:
    """A database without downloads for a test to load into."""
    return Path(shutil.copy(shipped_database, tmp_path / "atlas.duckdb"))


@pytest.fixture
def empty_database(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A new database with every migration applied and nothing in it."""
    with open_for_writing(tmp_path / "empty.duckdb") as connection:
        yield connection

"""Ingest onto a disk that fills: whole downloads are kept, and nothing else."""

from contextlib import suppress
from pathlib import Path

import duckdb
import pytest
from helpers.disks import small_disk

from coexpr.demo.downloads import write_downloads
from coexpr.errors import DatabaseError
from coexpr.loading.downloads import ingest

SIZES = (1_000, 20_000, 23_000, 26_000, 60_000)
DONORS = 4


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_downloads(tmp_path_factory.mktemp("downloads"), probes=2000, samples=600)[:DONORS]


def donors_in(path: Path) -> list[int]:
    """Return the donors of a database, after checking that all values of each are there; none without a database."""
    if not path.exists():
        return []
    with duckdb.connect(path, read_only=True) as connection:
        rows = connection.execute(
            "select donor_id, count(*), sum(n), any_value(samples) from expression join "
            "(select donor_id, count(*) as samples from samples group by donor_id) using (donor_id) group by donor_id"
        ).fetchall()
        assert all((probes, values) == (2000, 2000 * samples) for _, probes, values, samples in rows)
        assert connection.execute("select count(*) from downloads").fetchone() == (len(rows),)
    return [donor_id for donor_id, *_ in rows]


@pytest.mark.long
def test_a_full_disk_keeps_the_downloads_before_it(downloads: list[Path], tmp_path: Path) -> None:
    kept = []
    for size in SIZES:
        with small_disk(tmp_path / str(size), size) as disk:
            path = disk / "atlas.duckdb"
            with suppress(DatabaseError):
                ingest(downloads, path)
            kept.append(len(donors_in(path)))
            left = {file.name for file in disk.iterdir()}
            assert left <= {"atlas.duckdb", "atlas.duckdb.wal", "atlas.duckdb.matrix"}
            assert left or not kept[-1]
    assert kept == sorted(kept)
    assert (kept[0], kept[-1]) == (0, DONORS)
    assert set(kept) - {0, DONORS}  # some disks are full in between

"""The cached matrix: its contents, and all cases in which it must not be used."""

import os
import shutil
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pytest
from helpers.missing_values import remove_values
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from coexpr.atlas import Atlas
from coexpr.database.array_file import ArrayWriter, load_arrays, save_arrays
from coexpr.database.matrix import MatrixRows
from coexpr.database.matrix_cache import Matrix, cache_path, load, save, shift_rows
from coexpr.errors import NotFoundError
from coexpr.loading.downloads import ingest
from coexpr.options import SampleFilter

SEED = "A_23_P216779"


def small_matrix() -> Matrix:
    rng = np.random.default_rng(2)
    return Matrix(
        rng.normal(size=(7, 13)).astype(np.float32),
        np.arange(7, dtype=np.float32) / 8,
        np.arange(100, 107, dtype=np.int32),
        np.array([9861, 10021], dtype=np.int32),
        np.full((2, 7), 6, dtype=np.int32),
        rng.normal(size=(2, 7)),
        rng.uniform(size=(2, 7)),
        rng.normal(size=(3, 7)),
    )


def test_a_saved_matrix_is_loaded(tmp_path: Path) -> None:
    matrix = small_matrix()
    save(tmp_path / "m", "key", matrix)
    found = load(tmp_path / "m", "key")
    assert found is not None
    for name, values in vars(matrix).items():
        np.testing.assert_array_equal(getattr(found, name), values)
        assert getattr(found, name).dtype == values.dtype
    assert not found.values.flags.writeable
    assert load(tmp_path / "m", "another key") is None
    assert load(tmp_path / "none", "key") is None
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


@dataclass(frozen=True)
class Three:
    rows: np.ndarray
    names: np.ndarray
    numbers: np.ndarray


def test_a_link_in_place_of_the_cache_is_replaced_and_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (tmp_path / "cache").symlink_to(victim)
    save_arrays(tmp_path / "cache", "key", {"a": np.arange(3)})
    assert victim.read_text() == "mine"
    assert not (tmp_path / "cache").is_symlink()


def test_arrays_without_elements_are_saved(tmp_path: Path) -> None:
    given = {"rows": np.empty((0, 5), dtype=np.float32), "names": np.empty(0), "numbers": np.arange(3)}
    save_arrays(tmp_path / "a", "key", given)
    found = load_arrays(tmp_path / "a", "key", Three)
    assert found is not None
    for name, values in given.items():
        np.testing.assert_array_equal(getattr(found, name), values)


@pytest.mark.parametrize("fraction", [0, 0.001, 0.3, 0.999])
def test_a_truncated_file_is_not_loaded(tmp_path: Path, fraction: float) -> None:
    save(tmp_path / "m", "key", small_matrix())
    whole = (tmp_path / "m").read_bytes()
    (tmp_path / "m").write_bytes(whole[: int(fraction * len(whole))])
    assert load(tmp_path / "m", "key") is None


def test_a_changed_byte_is_detected(tmp_path: Path) -> None:
    matrix = small_matrix()
    save(tmp_path / "m", "key", matrix)
    whole = (tmp_path / "m").read_bytes()
    for start in [0, 20, *(whole.index(values.tobytes()) for values in vars(matrix).values())]:
        damaged = bytearray(whole)
        damaged[start] ^= 0x40
        (tmp_path / "m").write_bytes(damaged)
        assert load(tmp_path / "m", "key") is None, start


@given(
    arrays.arrays(
        np.float32,
        st.tuples(st.integers(1, 6), st.integers(1, 9)),
        elements=st.one_of(
            st.floats(-64, 64, width=32), st.just(np.float32("nan")), st.floats(0, np.float32(1e-3).item(), width=32)
        ),
    ),
    st.integers(-40, 40),
)
def test_a_shift_is_exact(log2: np.ndarray, mean: int) -> None:
    before = log2.copy()
    shift = shift_rows(log2, np.full(len(log2), mean / 7))
    np.testing.assert_array_equal(log2 + shift[:, None], before)


def results_of(path: Path) -> list[object]:
    """Return results of several queries that read expression."""
    with Atlas(path) as atlas:
        results = [
            atlas.correlates(SEED, top=7),
            atlas.correlates("NTRK2", top=7, gene_filter=["nervous system development"]),
            atlas.correlates("BDNF", top=5, ascending=True, by_donor=True, include_self=True),
        ]
        return [atlas._expression.cache_problem, *([row[1:7] for row in result] for result in results)]


@pytest.fixture
def database(synthetic_database: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(synthetic_database, tmp_path / "atlas.duckdb"))


def test_the_first_query_for_all_rows_writes_the_cache(database: Path) -> None:
    with Atlas(database) as atlas:
        atlas.pair("NTRK2", "BDNF")
        assert not cache_path(database).exists()
        atlas.correlates("NTRK2", top=1)
        assert cache_path(database).exists()
    written = cache_path(database).stat().st_mtime_ns
    results_of(database)
    assert cache_path(database).stat().st_mtime_ns == written


@pytest.mark.long
def test_ingest_writes_the_cache_that_a_query_would_write(synthetic_zips: list[Path], tmp_path: Path) -> None:
    database = tmp_path / "atlas.duckdb"
    ingest(synthetic_zips[:1], database)
    assert not cache_path(database).exists()  # one donor has no stability, for which the matrix is read
    ingest(synthetic_zips, database)
    with Atlas(database) as atlas:
        written = load(cache_path(database), atlas._expression.key)
        assert written is not None
        assert atlas._expression.count_stale_rows() == 0
        found = {name: np.array(values) for name, values in vars(written).items() if isinstance(values, np.ndarray)}
    cache_path(database).unlink()
    del written
    with Atlas(database) as atlas:
        for name, values in found.items():
            np.testing.assert_array_equal(getattr(atlas._expression.matrix, name), values)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["atlas.duckdb", "atlas.duckdb.matrix"]


@pytest.mark.long
def test_ingest_without_caches_writes_none(
    synthetic_zips: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COEXPR_CACHE", "off")
    ingest(synthetic_zips[:2], tmp_path / "atlas.duckdb")
    assert [path.name for path in tmp_path.iterdir()] == ["atlas.duckdb"]


@pytest.mark.long
def test_a_cache_that_cannot_be_written_does_not_stop_ingest(synthetic_zips: list[Path], tmp_path: Path) -> None:
    database = tmp_path / "atlas.duckdb"
    cache_path(database).mkdir()  # no file can replace a folder
    assert len(ingest(synthetic_zips[:2], database)) == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["atlas.duckdb", "atlas.duckdb.matrix"]


def test_results_without_a_cache_are_the_same(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COEXPR_CACHE", "off")
    without = results_of(database)
    assert not cache_path(database).exists()
    monkeypatch.delenv("COEXPR_CACHE")
    assert results_of(database) == without == results_of(database)
    assert cache_path(database).exists()


@pytest.mark.long
def test_the_matrix_is_replaced_after_an_ingest(
    synthetic_zips: list[Path], synthetic_database: Path, tmp_path: Path
) -> None:
    path = tmp_path / "atlas.duckdb"
    ingest(synthetic_zips[:3], path)
    before = results_of(path)
    ingest(synthetic_zips[3:], path)
    assert results_of(path) != before
    assert results_of(path) == results_of(synthetic_database)


@pytest.mark.long
def test_a_change_by_the_shell_is_detected(database: Path) -> None:
    before = results_of(database)
    with duckdb.connect(database) as connection:
        connection.execute("delete from expression where probe_id = $1", [before[1][0][0]])
    assert results_of(database)[1][0] == before[1][1]


@pytest.mark.long
@pytest.mark.parametrize("place", ["min", "max"])
def test_a_probe_without_expression_never_has_that_of_another(database: Path, place: str) -> None:
    with duckdb.connect(database) as connection:
        found = connection.execute(f"select {place}(probe_id) from expression").fetchone()
        connection.execute("delete from expression where probe_id = $1", found)
    with Atlas(database) as atlas:
        atlas.correlates("BDNF")
        with pytest.raises(NotFoundError, match="has no expression"):
            atlas.correlates(str(found[0]))


@pytest.mark.long
@pytest.mark.parametrize("damage", ["truncated", "changed", "emptied", "of another database"])
def test_a_damaged_cache_is_rebuilt(database: Path, tmp_path: Path, synthetic_zips: list[Path], damage: str) -> None:
    expected = results_of(database)
    cache = cache_path(database)
    whole = cache.read_bytes()
    if damage == "of another database":
        ingest(synthetic_zips[:2], tmp_path / "other.duckdb")
        results_of(tmp_path / "other.duckdb")
        cache_path(tmp_path / "other.duckdb").replace(cache)
    else:
        middle = len(whole) // 2
        changed = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
        cache.write_bytes({"truncated": whole[:middle], "changed": changed, "emptied": b""}[damage])
    assert results_of(database) == expected
    assert cache.stat().st_size == len(whole)
    cache.write_bytes(whole)  # its time differs from that when it was written, so that the checksums are compared
    written = cache.stat().st_mtime_ns
    assert results_of(database) == expected
    assert cache.stat().st_mtime_ns == written


@pytest.mark.long
def test_verify_detects_damage_that_left_the_time_unchanged(database: Path) -> None:
    results_of(database)
    with Atlas(database) as atlas:
        assert atlas.verify().provenance.holds
    before = cache_path(database).stat()
    with cache_path(database).open("r+b") as stream:
        stream.seek(4096 + 9 * 4)  # the first array is the matrix
        stream.write(np.float32(3.5).tobytes())
    os.utime(cache_path(database), ns=(before.st_atime_ns, before.st_mtime_ns))
    with Atlas(database) as atlas:
        result = atlas.verify()
    assert not result.provenance.holds
    assert [row[2] for row in result if "cached matrix" in row[0]] == ["1"]


def test_a_cache_that_cannot_be_written_is_reported(database: Path) -> None:
    expected = results_of(database)
    cache_path(database).unlink()
    cache_path(database).mkdir()  # a folder of that name also stops a user with all permissions
    problem, *found = results_of(database)
    assert "atlas.duckdb.matrix" in str(problem)
    assert found == expected[1:]
    assert sorted(path.name for path in database.parent.iterdir()) == ["atlas.duckdb", "atlas.duckdb.matrix"]


@pytest.mark.long
def test_two_changes_of_one_backup_are_distinguished(database: Path, tmp_path: Path) -> None:
    other = Path(shutil.copy(database, tmp_path / "other.duckdb"))
    removed = [row[0] for row in results_of(database)[1][:2]]
    for path, probe_id in zip((database, other), removed, strict=True):
        with duckdb.connect(path) as connection:
            connection.execute("delete from expression where probe_id = $1", [probe_id])
    assert results_of(database)[1][0][0] == removed[1]
    shutil.copy(other, database)
    assert results_of(database)[1][0][0] == removed[0]


@pytest.mark.long
def test_the_log_of_a_linked_database_is_part_of_the_key(database: Path, tmp_path: Path) -> None:
    link = tmp_path / "elsewhere" / "link.duckdb"
    link.parent.mkdir()
    link.symlink_to(database)
    first, second = (row[0] for row in results_of(link)[1][:2])
    assert cache_path(database).exists()
    with duckdb.connect(database) as connection:
        connection.execute("set checkpoint_threshold = '1 GB'")
        connection.execute("delete from expression where probe_id = $1", [first])
        log = database.with_name(f"{database.name}.wal")
        kept = log.read_bytes()
    with duckdb.connect(database) as connection:  # as after a crash: committed and not checkpointed
        connection.execute("checkpoint")
    assert kept
    assert results_of(link)[1][0][0] == second


@pytest.mark.long
def test_a_database_that_is_replaced_while_open_has_no_wrong_cache(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = results_of(database)
    changed = Path(shutil.copy(database, tmp_path / "changed.duckdb"))
    with duckdb.connect(changed) as connection:
        connection.execute("delete from expression where probe_id = $1", [expected[1][0][0]])
    cache_path(database).unlink()
    monkeypatch.chdir(tmp_path)
    with Atlas(database.name) as atlas:
        monkeypatch.chdir("/")
        changed.replace(database)
        assert atlas.correlates(SEED, top=1).rows[0][1] == expected[1][0][0]
    assert not cache_path(database).exists()
    assert results_of(database)[1][0] == expected[1][1]


def test_a_changed_header_is_detected(tmp_path: Path) -> None:
    save(tmp_path / "m", "key", small_matrix())
    whole = (tmp_path / "m").read_bytes()
    for old, new in ((b"[7, 13]", b"[13, 7]"), (b"4096", b"8192"), (b'"arrays": {', b'"arrays": [')):
        assert old in whole
        (tmp_path / "m").write_bytes(whole.replace(old, new, 1))
        assert load(tmp_path / "m", "key") is None


def test_exchanged_words_are_detected(tmp_path: Path) -> None:
    save(tmp_path / "m", "key", small_matrix())
    whole = (tmp_path / "m").read_bytes()
    at = 4096
    (tmp_path / "m").write_bytes(whole[:at] + whole[at + 8 : at + 16] + whole[at : at + 8] + whole[at + 16 :])
    assert load(tmp_path / "m", "key") is None


def test_files_of_a_killed_process_are_removed(database: Path) -> None:
    cache = database.with_name(f"{database.name}.matrix")
    left = cache.with_name(f".{cache.name}.0123abcd.tmp")
    left.touch()
    with closing(ArrayWriter(cache)):  # by another process, which is writing the same cache
        assert not left.exists()
        (written,) = database.parent.glob(".*.tmp")
        left.touch()
        results_of(database)
        assert written.exists()
    assert not left.exists()
    assert not list(database.parent.glob(".*.tmp"))


@pytest.fixture
def incomplete(database: Path) -> Path:
    """Return a database with missing values, missing donors, duplicate profiles and constant profiles."""
    with duckdb.connect(database) as connection:
        remove_values(connection)
    return database


@pytest.mark.long
@pytest.mark.parametrize("donors", [(), ("9861",), ("9861", "10021")], ids=str)
@pytest.mark.parametrize("seed", ["NTRK2", "CUST_486_PI416408490"])
def test_scanned_results_are_exact(
    incomplete: Path, monkeypatch: pytest.MonkeyPatch, seed: str, donors: tuple[str, ...]
) -> None:
    def results() -> list[object]:
        found = []
        with Atlas(incomplete) as atlas:
            for sample_filter in (SampleFilter(donors=donors), SampleFilter(("Cx", "DiE"), donors=donors)):
                for top, ascending in ((1, False), (9, True), (60, False)):
                    for categories in ((), ("nervous system development",)):
                        result = atlas.correlates(
                            seed,
                            level="probe",
                            top=top,
                            ascending=ascending,
                            gene_filter=categories,
                            sample_filter=sample_filter,
                            include_self=True,
                        )
                        found.append((result.rows, result.provenance.without_r, result.provenance.compared))
        return found

    scanned = results()
    monkeypatch.setattr(MatrixRows, "scan", lambda self, seed, workers: None)
    assert scanned == results()

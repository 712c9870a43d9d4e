"""The cached matrix: what it gives back, and everything for which it must not be trusted."""

import os
import shutil
import time
from pathlib import Path

import duckdb
import numpy as np
import pytest
from coexpr.sample_filter import SampleFilter
from helpers.gaps import punch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from coexpr.atlas import Atlas
from coexpr.database.expression import MatrixRows
from coexpr.database.matrix_cache import Matrix, cache_path, load, save, shift_rows
from coexpr.errors import NotFoundError
from coexpr.loading.downloads import ingest

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


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
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


@pytest.mark.parametrize("share", [0, 0.001, 0.3, 0.999])
def test_a_file_that_was_cut_short_is_no_matrix(tmp_path: Path, share: float) -> None:
    save(tmp_path / "m", "key", small_matrix())
    whole = (tmp_path / "m").read_bytes()
    (tmp_path / "m").write_bytes(whole[: int(share * len(whole))])
    assert load(tmp_path / "m", "key") is None


def test_a_byte_that_changed_anywhere_is_noticed(tmp_path: Path) -> None:
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
def test_a_shift_loses_nothing(log2: np.ndarray, mean: int) -> None:
    before = log2.copy()
    shift = shift_rows(log2, np.full(len(log2), mean / 7))
    np.testing.assert_array_equal(log2 + shift[:, None], before)


def answers(path: Path) -> list[object]:
    """A little of everything that reads expression."""
    with Atlas(path) as atlas:
        asked = [
            atlas.correlates(SEED, top=7),
            atlas.correlates("NTRK2", top=7, gene_filter=["nervous system development"]),
            atlas.correlates("BDNF", top=5, ascending=True, by_donor=True, include_self=True),
        ]
        return [atlas._expression.cache_problem, *([row[1:7] for row in answer.rows] for answer in asked)]


@pytest.fixture
def database(synthetic_database: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(synthetic_database, tmp_path / "atlas.duckdb"))


def test_the_first_question_about_everything_writes_it(database: Path) -> None:
    with Atlas(database) as atlas:
        atlas.pair("NTRK2", "BDNF")
        assert not cache_path(database).exists()
        atlas.correlates("NTRK2", top=1)
        assert cache_path(database).exists()
    written = cache_path(database).stat().st_mtime_ns
    answers(database)
    assert cache_path(database).stat().st_mtime_ns == written


def test_without_a_cache_the_answers_are_the_same(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COEXPR_CACHE", "off")
    without = answers(database)
    assert not cache_path(database).exists()
    monkeypatch.delenv("COEXPR_CACHE")
    assert answers(database) == without == answers(database)
    assert cache_path(database).exists()


def test_a_question_after_an_ingest_never_sees_the_old_matrix(
    synthetic_zips: list[Path], synthetic_database: Path, tmp_path: Path
) -> None:
    path = tmp_path / "atlas.duckdb"
    ingest(synthetic_zips[:3], path)
    before = answers(path)
    ingest(synthetic_zips[3:], path)
    assert answers(path) != before
    assert answers(path) == answers(synthetic_database)


def test_a_change_from_the_shell_is_seen(database: Path) -> None:
    before = answers(database)
    with duckdb.connect(database) as connection:
        connection.execute("delete from expression where probe_id = $1", [before[1][0][0]])
    assert answers(database)[1][0] == before[1][1]


@pytest.mark.parametrize("place", ["min", "max"])
def test_a_probe_without_expression_does_not_get_that_of_another(database: Path, place: str) -> None:
    with duckdb.connect(database) as connection:
        found = connection.execute(f"select {place}(probe_id) from expression").fetchone()
        connection.execute("delete from expression where probe_id = $1", found)
    with Atlas(database) as atlas:
        atlas.correlates("BDNF")
        with pytest.raises(NotFoundError, match="has no expression"):
            atlas.correlates(str(found[0]))


@pytest.mark.parametrize("damage", ["cut short", "changed", "emptied", "of another database"])
def test_a_damaged_cache_is_made_anew(database: Path, tmp_path: Path, synthetic_zips: list[Path], damage: str) -> None:
    expected = answers(database)
    cache = cache_path(database)
    whole = cache.read_bytes()
    if damage == "of another database":
        ingest(synthetic_zips[:2], tmp_path / "other.duckdb")
        answers(tmp_path / "other.duckdb")
        cache_path(tmp_path / "other.duckdb").replace(cache)
    else:
        middle = len(whole) // 2
        changed = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
        cache.write_bytes({"cut short": whole[:middle], "changed": changed, "emptied": b""}[damage])
    assert answers(database) == expected
    assert cache.stat().st_size == len(whole)
    cache.write_bytes(whole)  # with another time than it got when it was written, so that all of it is checked
    written = cache.stat().st_mtime_ns
    assert answers(database) == expected
    assert cache.stat().st_mtime_ns == written


def test_damage_that_left_the_time_of_the_file_as_it_was_is_found_by_verify(database: Path) -> None:
    answers(database)
    with Atlas(database) as atlas:
        assert atlas.verify().provenance.holds
    before = cache_path(database).stat()
    with cache_path(database).open("r+b") as stream:
        stream.seek(4096 + 9 * 4)  # the first array is the matrix
        stream.write(np.float32(3.5).tobytes())
    os.utime(cache_path(database), ns=(before.st_atime_ns, before.st_mtime_ns))
    with Atlas(database) as atlas:
        answer = atlas.verify()
    assert not answer.provenance.holds
    assert [row[2] for row in answer.rows if "cached matrix" in row[0]] == ["1"]


def test_a_cache_that_cannot_be_written_is_told_and_does_without(database: Path) -> None:
    expected = answers(database)
    cache_path(database).unlink()
    cache_path(database).mkdir()  # a folder of that name stops even those who may write anywhere
    problem, *found = answers(database)
    assert "atlas.duckdb.matrix" in str(problem)
    assert found == expected[1:]
    assert sorted(path.name for path in database.parent.iterdir()) == ["atlas.duckdb", "atlas.duckdb.matrix"]


def test_two_changes_of_one_backup_are_told_apart(database: Path, tmp_path: Path) -> None:
    other = Path(shutil.copy(database, tmp_path / "other.duckdb"))
    removed = [row[0] for row in answers(database)[1][:2]]
    for path, probe_id in zip((database, other), removed, strict=True):
        with duckdb.connect(path) as connection:
            connection.execute("delete from expression where probe_id = $1", [probe_id])
    assert answers(database)[1][0][0] == removed[1]
    shutil.copy(other, database)
    assert answers(database)[1][0][0] == removed[0]


def test_what_lies_in_the_log_beside_a_linked_database_is_seen(database: Path, tmp_path: Path) -> None:
    link = tmp_path / "elsewhere" / "link.duckdb"
    link.parent.mkdir()
    link.symlink_to(database)
    first, second = (row[0] for row in answers(link)[1][:2])
    assert cache_path(database).exists()
    with duckdb.connect(database) as connection:
        connection.execute("set checkpoint_threshold = '1 GB'")
        connection.execute("delete from expression where probe_id = $1", [first])
        log = database.with_name(f"{database.name}.wal")
        kept = log.read_bytes()
    with duckdb.connect(database) as connection:  # as after a crash: committed, not checkpointed
        connection.execute("checkpoint")
    assert kept
    assert answers(link)[1][0][0] == second


def test_a_database_that_is_replaced_while_it_is_open_gets_no_wrong_cache(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = answers(database)
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
    assert answers(database)[1][0] == expected[1][1]


def test_a_head_that_changed_is_noticed(tmp_path: Path) -> None:
    save(tmp_path / "m", "key", small_matrix())
    whole = (tmp_path / "m").read_bytes()
    for old, new in ((b"[7, 13]", b"[13, 7]"), (b"4096", b"8192"), (b'"arrays": {', b'"arrays": [')):
        assert old in whole
        (tmp_path / "m").write_bytes(whole.replace(old, new, 1))
        assert load(tmp_path / "m", "key") is None


def test_words_that_changed_places_are_noticed(tmp_path: Path) -> None:
    save(tmp_path / "m", "key", small_matrix())
    whole = (tmp_path / "m").read_bytes()
    at = 4096
    (tmp_path / "m").write_bytes(whole[:at] + whole[at + 8 : at + 16] + whole[at : at + 8] + whole[at + 16 :])
    assert load(tmp_path / "m", "key") is None


def test_what_a_killed_process_left_is_removed(database: Path) -> None:
    old, new = (database.with_name(f".{database.name}.matrix.{number}") for number in (1, 2))
    for path in (old, new):
        path.touch()
    os.utime(old, (time.time() - 7200,) * 2)
    answers(database)
    assert not old.exists()
    assert new.exists()


@pytest.fixture
def with_gaps(database: Path) -> Path:
    """A database in which probes lack donors, single values, or differ in nothing."""
    with duckdb.connect(database) as connection:
        punch(connection)
    return database


@pytest.mark.parametrize("donors", [(), ("9861",), ("9861", "10021")], ids=str)
@pytest.mark.parametrize("seed", ["NTRK2", "CUST_486_PI416408490"])
def test_scanned_answers_are_exact_answers(
    with_gaps: Path, monkeypatch: pytest.MonkeyPatch, seed: str, donors: tuple[str, ...]
) -> None:
    def ask() -> list[object]:
        asked = []
        with Atlas(with_gaps) as atlas:
            for sample_filter in (SampleFilter(donors=donors), SampleFilter(("Cx", "DiE"), donors=donors)):
                for top, ascending in ((1, False), (9, True), (60, False)):
                    for categories in ((), ("nervous system development",)):
                        answer = atlas.correlates(
                            seed,
                            level="probe",
                            top=top,
                            ascending=ascending,
                            gene_filter=categories,
                            sample_filter=sample_filter,
                            include_self=True,
                        )
                        asked.append((answer.rows, answer.provenance.without_r, answer.provenance.compared))
        return asked

    scanned = ask()
    monkeypatch.setattr(MatrixRows, "scan", lambda self, seed: None)
    assert scanned == ask()

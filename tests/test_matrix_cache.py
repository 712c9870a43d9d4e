"""The cached matrix: what it gives back, and everything for which it must not be trusted."""

import os
import shutil
import time
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from coexpr.atlas import Atlas
from coexpr.errors import NotFoundError
from coexpr.ingest import ingest
from coexpr.matrix_cache import Matrix, cache_path, key_of, load, save, shift_rows

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
            atlas.correlates("NTRK2", top=7, categories=["nervous system development"]),
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
        assert atlas.verify().route["holds"]
    before = cache_path(database).stat()
    with cache_path(database).open("r+b") as stream:
        stream.seek(4096 + 9 * 4)  # the first array is the matrix
        stream.write(np.float32(3.5).tobytes())
    os.utime(cache_path(database), ns=(before.st_atime_ns, before.st_mtime_ns))
    with Atlas(database) as atlas:
        answer = atlas.verify()
    assert not answer.route["holds"]
    assert [row[2] for row in answer.rows if "cached matrix" in row[0]] == ["1"]


def test_a_cache_that_cannot_be_written_is_told_and_does_without(database: Path) -> None:
    expected = answers(database)
    cache_path(database).unlink()
    cache_path(database).mkdir()  # a folder of that name stops even those who may write anywhere
    problem, *found = answers(database)
    assert "atlas.duckdb.matrix" in str(problem)
    assert found == expected[1:]
    assert sorted(path.name for path in database.parent.iterdir()) == ["atlas.duckdb", "atlas.duckdb.matrix"]


def test_the_key_is_of_contents_and_not_of_time_or_place(database: Path, tmp_path: Path) -> None:
    key = key_of(database, "")
    elsewhere = Path(shutil.copy(database, tmp_path / "elsewhere.duckdb"))
    os.utime(elsewhere, (1, 1))
    assert key_of(elsewhere, "") == key
    (tmp_path / "elsewhere.duckdb.wal").write_bytes(b"something was committed")
    assert key_of(elsewhere, "") != key != key_of(database, "other downloads")


def test_what_a_killed_process_left_is_removed(database: Path) -> None:
    old, new = (database.with_name(f"{database.name}.matrix.{number}.tmp") for number in (1, 2))
    for path in (old, new):
        path.touch()
    os.utime(old, (time.time() - 7200,) * 2)
    answers(database)
    assert not old.exists()
    assert new.exists()

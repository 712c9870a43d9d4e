"""Checkpoints that are interrupted at any moment, and undone by the next process."""

import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from coexpr.atlas import Atlas
from coexpr.database.attachment import attach_for_writing
from coexpr.database.checkpoint import _file_of, _save, has_interrupted_checkpoint, undo_interrupted_checkpoint
from coexpr.database.turns import Waiting
from coexpr.database.writing import open_for_writing
from coexpr.errors import DatabaseError

HEADERS = 3 * 4096


@pytest.fixture
def database(synthetic_database: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(synthetic_database, tmp_path / "atlas.duckdb"))


def interrupt(path: Path, *, finished: bool) -> tuple[bytes, bytes]:
    """Save what a checkpoint may overwrite, add a table, and checkpoint or not; return the file before and after."""
    before = path.read_bytes()
    connection = attach_for_writing(path, Waiting(path, 0, print))
    with path.open("rb") as file:
        _save(connection, _file_of(path), file)
        connection.execute("create table mine as select 42 as answer")
        if finished:
            connection.execute("checkpoint atlas")
        connection.close()
    return before, path.read_bytes()


def answer(path: Path) -> list[tuple[int]]:
    with Atlas(path) as atlas:
        assert atlas.verify().provenance.holds
        return atlas.sql("from mine").fetchall()


def test_a_log_is_merged_only_when_asked(database: Path) -> None:
    before, after = interrupt(database, finished=False)
    assert before[HEADERS:] == after[HEADERS : len(before)]
    assert Path(f"{database}.wal").exists()
    assert has_interrupted_checkpoint(database)
    assert answer(database) == [(42,)]
    assert not has_interrupted_checkpoint(database)


@pytest.mark.long
@pytest.mark.parametrize("part", ["first half", "second half", "all"])
def test_metadata_that_were_being_overwritten_are_restored(database: Path, tmp_path: Path, part: str) -> None:
    """As if a checkpoint had been interrupted while it wrote blocks, before its header."""
    log = Path(f"{database}.wal")
    before, _ = interrupt(database, finished=False)
    kept_log = log.read_bytes()
    copy = Path(shutil.copy(database, tmp_path / "copy.duckdb"))
    Path(f"{copy}.wal").write_bytes(kept_log)
    with duckdb.connect(copy) as connection:
        connection.execute("checkpoint")
    after = copy.read_bytes()
    half = len(before) // 2
    blocks = {"first half": after[:half] + before[half:], "second half": before[:half] + after[half : len(before)]}
    torn = blocks.get(part, after[: len(before)])
    database.write_bytes(before[:HEADERS] + torn[HEADERS:] + after[len(before) :])
    log.write_bytes(kept_log)
    assert answer(database) == [(42,)]
    with open_for_writing(database):
        pass
    assert sorted(file.name for file in tmp_path.glob("atlas.duckdb*")) == ["atlas.duckdb"]


def test_half_of_a_header_is_restored(database: Path) -> None:
    interrupt(database, finished=False)
    log = Path(f"{database}.wal").read_bytes()
    with database.open("r+b") as stream:
        stream.seek(4096 + 100)
        stream.write(b"torn" * 64)
        stream.seek(8192 + 100)
        stream.write(b"torn" * 64)
    with pytest.raises(duckdb.Error):
        duckdb.connect(database, read_only=True)
    Path(f"{database}.wal").write_bytes(log)
    assert answer(database) == [(42,)]


def test_a_finished_checkpoint_is_kept(database: Path) -> None:
    interrupt(database, finished=True)
    assert has_interrupted_checkpoint(database)
    after = database.read_bytes()
    undo_interrupted_checkpoint(database)
    assert database.read_bytes() == after
    assert answer(database) == [(42,)]


@pytest.mark.parametrize("content", [b"", b"rubbish", b"coexpr checkpoint 1\n" + bytes(40)])
def test_a_file_that_is_not_ours_is_removed(database: Path, content: bytes) -> None:
    before = database.read_bytes()
    _file_of(database).write_bytes(content)
    Atlas(database).close()
    assert not has_interrupted_checkpoint(database)
    assert database.read_bytes() == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has links for administrators only")
def test_a_link_is_not_followed(database: Path, tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("precious")
    _file_of(database).symlink_to(tmp_path / "victim")
    Atlas(database).close()
    assert (tmp_path / "victim").read_text() == "precious"


@pytest.mark.long
def test_a_database_that_another_process_has_open_is_not_changed(database: Path) -> None:
    interrupt(database, finished=False)
    code = "import sys, duckdb; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        with pytest.raises(DatabaseError):
            Atlas(database)
        with pytest.raises(DatabaseError):
            open_for_writing(database).__enter__()
        assert has_interrupted_checkpoint(database)
        other.communicate("")
    assert answer(database) == [(42,)]

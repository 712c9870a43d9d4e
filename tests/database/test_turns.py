"""Processes that wait for each other: readers, and one that writes."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from coexpr.atlas import Atlas
from coexpr.database.connection import is_open_here
from coexpr.database.turns import WAIT_VARIABLE, Waiting, turn_to_write
from coexpr.database.writing import open_for_writing
from coexpr.errors import DatabaseInUseError, OptionError

WRITER = """
import sys, pathlib
from coexpr.database.writing import open_for_writing
with open_for_writing(pathlib.Path(sys.argv[1])):
    print("open", flush=True)
    sys.stdin.read()
"""
READER = """
import sys
from coexpr.atlas import Atlas
with Atlas(sys.argv[1]):
    print("open", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def database(synthetic_database: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(synthetic_database, tmp_path / "atlas.duckdb"))


@contextmanager
def other_process(code: str, database: Path) -> Iterator[subprocess.Popen[str]]:
    """Run another process, which has the database open, within the block or until its stdin is closed."""
    with subprocess.Popen(
        [sys.executable, "-c", code, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        try:
            yield process
        finally:
            process.communicate("")


@pytest.mark.long
def test_a_reader_waits_for_a_writer(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WAIT_VARIABLE, "60")
    with other_process(WRITER, database) as writer:
        reader = subprocess.Popen(
            [sys.executable, "-m", "coexpr", "query", "NTRK2", "--top", "1", "--db", str(database)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert reader.stderr is not None
        said = reader.stderr.readline()
        assert re.match(rf"Waiting for .*atlas\.duckdb, .* in use by another process \(PID {writer.pid}\)\.$", said)
    output, _ = reader.communicate()
    assert reader.returncode == 0
    assert "NTRK2" not in output.splitlines()[0]
    assert len(output.splitlines()) == 3


@pytest.mark.long
def test_a_writer_waits_for_readers_and_later_readers_for_it(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WAIT_VARIABLE, "60")
    lock = database.with_name("atlas.duckdb.lock")
    with other_process(READER, database) as reader:
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        while not lock.exists():
            time.sleep(0.01)
        monkeypatch.setenv(WAIT_VARIABLE, "0")
        with pytest.raises(DatabaseInUseError, match=rf"in use by another process \(PID {writer.pid}\)"):
            Atlas(database)  # although it can be read: otherwise the writer would wait for ever
        reader.communicate("")
        assert writer.stdout is not None
        assert writer.stdout.readline() == "open\n"
        writer.communicate("")
    Atlas(database).close()
    assert not lock.exists()


def test_a_second_writer_is_refused_with_the_number_of_the_first(database: Path) -> None:
    with other_process(WRITER, database) as writer:
        with pytest.raises(DatabaseInUseError, match=rf"\(PID {writer.pid}\).*{WAIT_VARIABLE}=600"):
            open_for_writing(database).__enter__()
        writer.communicate("")
    with open_for_writing(database):
        pass


def test_a_killed_writer_does_not_keep_others_waiting(database: Path) -> None:
    with other_process(WRITER, database) as writer:
        writer.kill()
        writer.wait()
        assert database.with_name("atlas.duckdb.lock").exists()
        Atlas(database).close()
        with open_for_writing(database):
            pass
    assert not database.with_name("atlas.duckdb.lock").exists()


def test_another_atlas_of_a_process_does_not_wait_for_a_writer_that_waits_for_it(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(WAIT_VARIABLE, "60")
    with Atlas(database):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        while not database.with_name("atlas.duckdb.lock").exists():
            time.sleep(0.01)
        Atlas(database).close()
    writer.communicate("")
    assert writer.returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has links for administrators only")
def test_a_link_in_place_of_the_lock_is_not_followed(database: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    database.with_name("atlas.duckdb.lock").symlink_to(victim)
    with open_for_writing(database):
        pass
    assert victim.read_text() == "precious"


def test_the_lock_of_one_process_excludes_itself(tmp_path: Path) -> None:
    path = tmp_path / "atlas.duckdb"
    with (
        turn_to_write(path, Waiting(path, 0, print)),
        pytest.raises(DatabaseInUseError),
        turn_to_write(path, Waiting(path, 0, print)),
    ):
        pass


@pytest.mark.parametrize("given", ["soon", "-1", "nan", "inf"])
def test_seconds_that_are_no_number(database: Path, monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv(WAIT_VARIABLE, given)
    with pytest.raises(OptionError, match="expected a number of seconds"):
        Atlas(database)


def test_a_reader_that_opens_again_and_again_waits_for_a_writer(database: Path) -> None:
    with Atlas(database) as first:
        first.contents()
    # `first` is closed and not yet deleted, as in a loop over `with Atlas(...) as atlas`.
    with other_process(READER, database), subprocess.Popen(
        [sys.executable, "-c", WRITER, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=os.environ | {WAIT_VARIABLE: "60"},
    ) as writer:  # fmt: skip
        while not database.with_name("atlas.duckdb.lock").exists():
            time.sleep(0.01)
        with pytest.raises(DatabaseInUseError, match=rf"\(PID {writer.pid}\)"):
            Atlas(database)
        writer.kill()


def test_a_database_that_is_open_twice_is_still_open_when_one_is_closed(database: Path) -> None:
    with Atlas(database):
        Atlas(database).close()
        assert is_open_here(database)
    assert not is_open_here(database)

"""Temporary files: those of killed processes are removed, those of others are not."""

import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from coexpr.output.files import write_file
from coexpr.output.unfinished import UnfinishedFile, remove_abandoned, unfinished_folder

KILLED = """
import os, signal, sys
from pathlib import Path
from coexpr.output.unfinished import UnfinishedFile, unfinished_folder
path = Path(sys.argv[1])
file = UnfinishedFile(path)
file.stream.write(b"half")
with unfinished_folder(path) as folder:
    (folder / "half").write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """The path for which a killed process has left a file and a folder."""
    path = tmp_path / "a.csv"
    done = subprocess.run([sys.executable, "-c", KILLED, path], check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(names_in(tmp_path)) == 2
    return path


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no locks of this kind")
def test_what_a_killed_process_left_is_removed_by_the_next(left: Path) -> None:
    write_file(left, lambda stream: None)
    assert names_in(left.parent) == ["a.csv"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no locks of this kind")
def test_what_was_left_for_a_file_next_to_it_is_removed(left: Path) -> None:
    remove_abandoned(left.with_name("b"))
    assert len(names_in(left.parent)) == 2
    remove_abandoned(left.with_name("a"))  # such as a database, whose caches are a.matrix and so on
    assert not names_in(left.parent)


def test_what_is_being_written_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with closing(UnfinishedFile(path)) as first, unfinished_folder(path) as folder:
        first.stream.write(b"first")
        write_file(path, lambda stream: None)
        assert folder.exists()
        assert path.read_bytes() == b""
        first.publish()
    assert path.read_bytes() == b"first"
    assert names_in(tmp_path) == ["a.csv"]


@pytest.mark.parametrize("name", [".a.csv.0123abcd", ".a.csv.tmp", ".a.csv.0123abcdef.tmp", ".a.csv.0123abcg.tmp"])
def test_other_hidden_files_are_kept(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    write_file(tmp_path / "a.csv", lambda stream: None)
    assert names_in(tmp_path) == sorted([name, "a.csv"])

"""Backups of a database, and their restoration."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from helpers.command import run

from coexpr.atlas import Atlas
from coexpr.errors import CoexprError, DatabaseError, DatabaseInUseError, NoDatabaseError, OutputError
from coexpr.loading.backup import back_up, restore
from coexpr.loading.downloads import ingest


@pytest.fixture
def database(synthetic_database: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(synthetic_database, tmp_path / "atlas.duckdb"))


@pytest.mark.long
def test_a_backup_is_a_copy_with_its_checksum(database: Path, tmp_path: Path) -> None:
    done = run("backup", tmp_path / "copy.duckdb", "--db", database)
    assert f"Copied {database} to {tmp_path / 'copy.duckdb'}." in done.stderr
    result = back_up(tmp_path / "again.duckdb", database)
    ((file, size, sha256, *counts),) = result.rows
    content = Path(file).read_bytes()
    assert (len(content), hashlib.sha256(content).hexdigest()) == (size, sha256)
    assert counts[:3] == [6, 90, 300]
    with Atlas(database) as old, Atlas(file) as new:
        assert new.correlates("NTRK2").rows == old.correlates("NTRK2").rows
        assert new.verify().provenance.holds
    assert not [file for file in tmp_path.iterdir() if file.name.startswith(".")]


def test_a_file_that_exists_is_replaced_only_with_force(database: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.duckdb"
    target.write_text("precious")
    assert "--force replaces it" in run("backup", target, "--db", database, code=1).stderr
    assert target.read_text() == "precious"
    run("backup", target, "--db", database, "--force")
    Atlas(target).close()
    other = Path(shutil.copy(database, tmp_path / "other.duckdb"))
    assert "--force replaces it" in run("restore", target, "--db", other, code=1).stderr
    run("restore", target, "--db", other, "--force")


READER = """
import sys
from coexpr.atlas import Atlas
with Atlas(sys.argv[1]) as atlas:
    print("open", flush=True)
    sys.stdin.readline()
    print(len(atlas.correlates("NTRK2")), flush=True)
"""
WRITER = """
import sys, pathlib
from coexpr.database.writing import open_for_writing
with open_for_writing(pathlib.Path(sys.argv[1])):
    print("open", flush=True)
    sys.stdin.read()
"""


def started(code: str, database: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    return process


@pytest.mark.long
def test_others_can_read_meanwhile_and_none_writes(database: Path, tmp_path: Path) -> None:
    reader = started(READER, database)
    back_up(tmp_path / "copy.duckdb", database)
    output, _ = reader.communicate("\n")
    assert int(output) > 10
    writer = started(WRITER, database)
    try:
        with pytest.raises(DatabaseInUseError, match=f"PID {writer.pid}"):
            back_up(tmp_path / "other.duckdb", database)
        with pytest.raises(DatabaseInUseError, match=f"PID {writer.pid}"):
            restore(tmp_path / "copy.duckdb", database, force=True)
    finally:
        writer.communicate("")
    assert not (tmp_path / "other.duckdb").exists()


@pytest.mark.long
def test_the_log_of_a_killed_process_is_in_the_backup(synthetic_zips: list[Path], tmp_path: Path) -> None:
    path = tmp_path / "atlas.duckdb"
    ingest(synthetic_zips[:1], path)
    code = (
        "import sys, os, duckdb; connection = duckdb.connect(sys.argv[1], config={'checkpoint_threshold': '1TB'})\n"
        "connection.execute('create table mine as select 42 as answer'); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)
    assert Path(f"{path}.wal").exists()
    back_up(tmp_path / "copy.duckdb", path)
    assert not (tmp_path / "copy.duckdb.wal").exists()
    with duckdb.connect(tmp_path / "copy.duckdb", read_only=True) as connection:
        assert connection.execute("from mine").fetchall() == [(42,)]


@pytest.mark.long
def test_a_damaged_database_can_be_replaced(database: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.duckdb"
    back_up(copy, database)
    database.write_bytes(database.read_bytes()[:20_000])
    Path(f"{database}.wal").write_bytes(b"rubbish")
    restore(copy, database, force=True)
    with Atlas(database) as atlas:
        assert atlas.verify().provenance.holds
    assert copy.exists()


def test_restoring_where_there_is_none(database: Path, tmp_path: Path) -> None:
    back_up(tmp_path / "copy.duckdb", database)
    restore(tmp_path / "copy.duckdb", tmp_path / "new" / "atlas.duckdb")
    with Atlas(tmp_path / "new" / "atlas.duckdb") as atlas:
        assert atlas.contents().provenance.donors == 6


def test_what_is_refused(database: Path, tmp_path: Path) -> None:
    with pytest.raises(NoDatabaseError):
        back_up(tmp_path / "copy.duckdb", tmp_path / "none.duckdb")
    with pytest.raises(NoDatabaseError, match="no backup at"):
        restore(tmp_path / "copy.duckdb", database)
    with pytest.raises(OutputError, match="there is no folder"):
        back_up(tmp_path / "nowhere" / "copy.duckdb", database)
    with pytest.raises(OutputError, match="is a folder"):
        back_up(tmp_path, database)
    with Atlas(database), pytest.raises(DatabaseInUseError, match="open in this process"):
        back_up(tmp_path / "copy.duckdb", database)
    (tmp_path / "text.duckdb").write_text("not a database" * 100)
    with pytest.raises(DatabaseError, match="is not a DuckDB database"):
        restore(tmp_path / "text.duckdb", tmp_path / "new.duckdb")
    with duckdb.connect(tmp_path / "other.duckdb") as connection:
        connection.execute("create table mine as select 1 as one")
    with pytest.raises(DatabaseError, match="not a database of coexpr"):
        restore(tmp_path / "other.duckdb", tmp_path / "new.duckdb")
    assert not (tmp_path / "new.duckdb").exists()
    with pytest.raises(CoexprError):
        restore(tmp_path / "other.duckdb", database, force=True)
    with Atlas(database) as atlas:
        assert atlas.verify().provenance.holds

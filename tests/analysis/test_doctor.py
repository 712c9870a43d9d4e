"""The examination of an installation: every state of a database, without changing anything."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from helpers.allen import heatmap, write_folder

from coexpr.analysis.doctor import examine
from coexpr.atlas import Atlas
from coexpr.database.writing import open_for_writing
from coexpr.loading.downloads import ingest

WRITER = """
import sys
from pathlib import Path
from coexpr.database.writing import open_for_writing
with open_for_writing(Path(sys.argv[1])):
    print("open", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COEXPR_CACHE", "COEXPR_THREADS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def database(synthetic_database: Path, tmp_path: Path) -> Path:
    path = tmp_path / "atlas.duckdb"
    path.write_bytes(synthetic_database.read_bytes())
    return path


def state_of(folder: Path) -> dict[str, tuple[int, int]]:
    states = {str(file): file.lstat() for file in sorted(folder.rglob("*"))}
    return {name: (state.st_size, state.st_mtime_ns) for name, state in states.items()}


@pytest.fixture(autouse=True)
def unchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test if an examination changes a file, anywhere where it could."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    yield
    assert list(home.iterdir()) == []


def findings(path: Path) -> dict[str, tuple[str, str, str]]:
    """Return status, found and advice by part; check that nothing was written, and quickly."""
    before, start = state_of(path.parent) if path.parent.is_dir() else {}, time.monotonic()
    result = examine(path)
    assert time.monotonic() - start < 5
    assert before == (state_of(path.parent) if path.parent.is_dir() else {})
    assert result.columns == ("part", "status", "found", "advice")
    assert set(result.column("status")) <= {"ok", "note", "problem"}
    assert all(row[3] for row in result.rows if row[1] == "problem" and row[0] != "database")
    return {row[0]: row[1:] for row in result.rows}


def problems(found: dict[str, tuple[str, str, str]]) -> list[str]:
    return [part for part, (status, *_) in found.items() if status == "problem"]


def test_a_synthetic_database(database: Path) -> None:
    found = findings(database)
    assert problems(found) == []
    assert found["database"][0] == "ok"
    assert found["contents"] == (
        "note",
        "6 of 6 donors, 90 of 3,702 samples, 300 of 58,692 probes",
        "synthetic: load real data into another database",
    )
    assert found["min_present"] == found["rule diff-stability"] == ("ok", "data loaded", "")
    assert found["rule rnaseq"][2] == "coexpr fetch additional-file-8"
    assert found["cache"] == ("ok", "none yet; the first query writes it", "")
    here = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    assert found["duckdb shell"][0] == ("ok" if shutil.which("duckdb", path=here) else "note")


@pytest.mark.long
def test_the_cache(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Atlas(database) as atlas:
        atlas.correlates("NTRK2", top=1)
    assert findings(database)["cache"][1].endswith("up to date")
    with open_for_writing(database) as connection:
        connection.execute("create table something (a integer)")
        connection.execute("drop table something")
    assert findings(database)["cache"][1].endswith("out of date; the next query renews it")
    for setting, status in (("off", "note"), ("0", "note"), ("on", "ok")):
        monkeypatch.setenv("COEXPR_CACHE", setting)
        assert findings(database)["cache"][0] == status
    monkeypatch.setenv("COEXPR_CACHE", "off")
    assert findings(database)["cache"] == ("note", "COEXPR_CACHE=off", "unset COEXPR_CACHE")


@pytest.mark.long
@pytest.mark.parametrize("threads", ["many", "0", "-1", "1.5", "²"])
def test_nonsense_in_the_number_of_threads(database: Path, monkeypatch: pytest.MonkeyPatch, threads: str) -> None:
    monkeypatch.setenv("COEXPR_THREADS", threads)
    found = findings(database)
    assert problems(found) == ["threads"]
    assert found["threads"][1] == f"COEXPR_THREADS={threads} is not a whole number of at least 1"
    monkeypatch.setenv("COEXPR_THREADS", " 1 ")
    assert findings(database)["threads"] == ("ok", "COEXPR_THREADS=1", "")


def test_no_database(tmp_path: Path) -> None:
    found = findings(tmp_path / "none.duckdb")
    assert problems(found) == []
    assert found["database"][:2] == ("note", f"none at {tmp_path / 'none.duckdb'}")
    found = findings(tmp_path / "no" / "such" / "folder" / "none.duckdb")
    assert problems(found) == []
    assert found["disk"][1].endswith(f"free in {tmp_path}")


@pytest.mark.long
def test_paths_that_cannot_be_a_database(database: Path, tmp_path: Path) -> None:
    found = findings(database / "below.duckdb")
    assert problems(found) == ["folder"]
    assert found["folder"][1] == f"{database} is a file, not a folder"
    (tmp_path / "folder").mkdir()
    assert problems(findings(tmp_path / "folder")) == ["database"]
    (tmp_path / "link.duckdb").symlink_to(tmp_path / "gone.duckdb")
    assert "which does not exist" in findings(tmp_path / "link.duckdb")["database"][1]
    (tmp_path / "good.duckdb").symlink_to(database)
    assert problems(findings(tmp_path / "good.duckdb")) == []
    assert problems(findings(tmp_path / ("x" * 300))) == []


def test_a_database_that_another_process_writes(database: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "open\n"
        found = findings(database)
        assert problems(found) == ["database"]
        assert f"is in use by another process (PID {writer.pid}). Wait" in found["database"][1]
    finally:
        writer.communicate("")


@pytest.mark.long
def test_damaged_files_are_problems_and_never_tracebacks(database: Path, tmp_path: Path) -> None:
    content = database.read_bytes()
    damaged = tmp_path / "damaged.duckdb"
    for name, broken in {
        "empty": b"",
        "text": b"not a database at all, really not",
        "header": content[:20],
        "half": content[: len(content) // 2],
    }.items():
        damaged.write_bytes(broken)
        assert problems(findings(damaged)) == ["database"], name
    size = len(content)
    found = []
    for place in range(12288, size, size // 8):  # whatever part of the contents it is
        damaged.write_bytes(content[:place] + b"\xff" * (size // 8) + content[place + size // 8 :])
        found += problems(findings(damaged))
    assert set(found) == {"database"}


@pytest.mark.long
def test_databases_of_other_versions(database: Path, tmp_path: Path) -> None:
    for change in (
        "delete from schema_migrations where version = (select max(version) from schema_migrations)",
        "insert into schema_migrations select 99, '0099_later.sql', applied_at, '9.9' from schema_migrations limit 1",
        "drop table schema_migrations",
    ):
        other = tmp_path / "other.duckdb"
        other.write_bytes(database.read_bytes())
        with duckdb.connect(other) as connection:
            connection.execute(change)
        assert problems(findings(other)) == ["database"], change
    with duckdb.connect(tmp_path / "foreign.duckdb") as connection:
        connection.execute("create table t (a integer)")
    assert problems(findings(tmp_path / "foreign.duckdb")) == ["database"]


@pytest.mark.long
def test_releases(database: Path) -> None:
    assert findings(database)["releases"][::2] == ("note", "coexpr update-genes")
    recent = (datetime.now(UTC) - timedelta(days=30)).strftime("%Y-%m-%d")
    for release, status in ((recent, "ok"), ("2022-07-01", "note"), ("a-b-c", "ok"), ("2026-99-99", "ok")):
        with open_for_writing(database) as connection:
            connection.execute("update releases set release = ?", [release])
        assert findings(database)["releases"][0] == status, release


def test_files_that_interrupted_runs_left(database: Path, tmp_path: Path) -> None:
    for name in (
        "atlas.duckdb.before-schema-2",
        ".atlas.duckdb.matrix.abc",
        "a.zip.partial",
        "downloads/b.zip.partial",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    left = ".atlas.duckdb.matrix.abc, a.zip.partial, atlas.duckdb.before-schema-2, downloads/b.zip.partial"
    assert findings(database)["left behind"][:2] == ("note", left)
    database.unlink()  # interrupted fetching leaves files before there is a database
    assert findings(database)["left behind"][:2] == ("note", left)


def test_names_with_special_characters(database: Path, tmp_path: Path) -> None:
    odd = tmp_path / "it's [my] atlas*.duckdb"
    odd.write_bytes(database.read_bytes())
    (tmp_path / "it's [my] atlas*.duckdb.before-schema-1").write_text("x")
    found = findings(odd)
    assert problems(found) == []
    assert found["left behind"][1] == "it's [my] atlas*.duckdb.before-schema-1"


def test_a_duckdb_program_that_cannot_run(tmp_path: Path, database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "is not installed here" in findings(database)["duckdb shell"][1]
    (tmp_path / "duckdb").write_bytes(b"\x7fELF nonsense")
    (tmp_path / "duckdb").chmod(0o755)
    assert findings(database)["duckdb shell"][0] == "note"


def test_one_gene(tmp_path: Path, prepared_database: Path) -> None:
    ingest([write_folder(tmp_path / "heatmap", heatmap(probes=(0, 1)))], prepared_database)
    found = findings(prepared_database)
    assert problems(found) == []
    assert found["min_present"][:2] == ("note", "no data loaded")
    assert found["contents"][2] == "the rest: coexpr fetch"


def test_the_default_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COEXPR_DB", str(tmp_path / "a" / "b.duckdb"))
    assert examine().provenance.database == str(tmp_path / "a" / "b.duckdb")
    monkeypatch.setenv("COEXPR_DB", os.path.relpath(tmp_path / "c.duckdb"))
    assert "database" in findings(tmp_path / "c.duckdb")

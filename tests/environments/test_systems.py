"""Short runs of commands in unusual systems; `python -m environments systems` runs more."""

import hashlib
import os
import sys
from pathlib import Path

import pytest
from environments.clocks import clocks
from environments.commands import command_lines, prepare
from environments.statements import LARGE, Process
from environments.systems import SYSTEMS, System, fault_of, run_in
from helpers.preloaded import can_preload

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform != "linux", reason="shells, limits and devices are those of Linux"),
]

_TRIED = ("stdout closed", "all three closed", "stdout full", "stderr full", "both full", "8 open files", "a deleted")
_TRIED += ("PYTHONIOENCODING=ascii", "PYTHONUTF8=0", "no HOME", "COLUMNS=abc", "umask 0777")


@pytest.mark.parametrize("system", [one for one in SYSTEMS if one.name.startswith(_TRIED)], ids=lambda one: one.name)
def test_a_command_ends_as_documented(system: System, synthetic_database: Path, tmp_path: Path) -> None:
    before = hashlib.sha256(synthetic_database.read_bytes()).hexdigest()
    done = run_in(system, ["sql", "FROM donors"], synthetic_database, tmp_path)
    assert (fault := fault_of(done)) is None, fault
    assert hashlib.sha256(synthetic_database.read_bytes()).hexdigest() == before


def test_a_closed_or_full_output_fails_quietly(synthetic_database: Path, tmp_path: Path) -> None:
    named = {system.name: system for system in SYSTEMS}
    for name in ("stdout closed", "stdout full", "stderr full", "both full"):
        done = run_in(named[name], ["probes", "NTRK2"], synthetic_database, tmp_path)
        assert (done.returncode, done.stdout) == (1, b"") or name == "stderr full"
        assert done.returncode == 1
        # The messages of the command, and why it failed.
        errors = [line for line in done.stderr.splitlines() if line.startswith(b"Error: ")]
        assert len(errors) == (1 if name.startswith("stdout") else 0), done.stderr
    done = run_in(named["stderr closed"], ["probes", "NTRK2"], synthetic_database, tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"probe_id")


@pytest.mark.parametrize("kind", ["folder", "pipe", "device", "dangling", "not UTF-8", "long", "text"])
def test_a_database_that_is_none(synthetic_database: Path, tmp_path: Path, kind: str) -> None:
    path: Path | str = tmp_path / "atlas.duckdb"
    if kind == "folder":
        Path(path).mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path = "/dev/zero"
    elif kind == "dangling":
        Path(path).symlink_to("nowhere")
    elif kind == "not UTF-8":
        path = os.fsdecode(bytes(tmp_path / "\udc80\udcff.duckdb"))
    elif kind == "long":
        path = tmp_path / "/".join(["x" * 200] * 20)
    else:
        Path(path).write_text("text")
    done = run_in(SYSTEMS[0], ["query", "NTRK2"], path, tmp_path)
    assert (fault := fault_of(done)) is None, fault
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"Error: ")
    assert done.stderr.count(b"\n") == 1


@pytest.mark.skipif(can_preload() is not None, reason=can_preload() or "")
def test_a_wrong_clock_changes_no_result(synthetic_database: Path, tmp_path: Path) -> None:
    results = {}
    for system in [SYSTEMS[0], *clocks(tmp_path)[1::2]]:
        folder = tmp_path / system.name
        folder.mkdir()
        done = run_in(system, ["demo", "--probes", "100", "--samples", "90"], "", folder)
        assert done.returncode == 0, (system.name, done.stderr)
        database = folder / "coexpr-demo" / "demo.duckdb"
        for line in (["query", "NTRK2", "-o", "r.csv"], ["query", "NTRK2", "-o", "r.xlsx"], ["verify"]):
            done = run_in(system, line, database, folder)
            assert done.returncode == 0, (system.name, line, done.stderr)
        zips = [path.read_bytes() for path in sorted(folder.glob("coexpr-demo/downloads/*.zip"))]
        results[system.name] = [zips, (folder / "r.csv").read_text().partition("probe_id")[2]]
    assert len(results) == 4
    assert all(result == results[SYSTEMS[0].name] for result in results.values())
    assert [len(zips) for zips, _ in results.values()] == [6] * len(results)


def test_every_command_has_a_line(tmp_path: Path) -> None:
    prepare(tmp_path)
    assert len(command_lines(tmp_path)) > 25


def test_large_statements_do_not_end_a_process(synthetic_database: Path) -> None:
    process = Process(synthetic_database)
    small = [one for one in LARGE if "000000" not in one and "RECURSIVE" not in one and "genes d" not in one]
    outcomes = [process.run(one) for one in small if "levenshtein" not in one]
    process.close()
    assert len(outcomes) > 10
    assert not [outcome for outcome in outcomes if outcome[0] == "failed"]

"""What many processes do at once, and what must hold afterwards."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from helpers.trials import Trial

from coexpr.atlas import Atlas
from coexpr.database.matrix_cache import cache_path
from coexpr.database.turns import WAIT_VARIABLE
from coexpr.demo.downloads import write_downloads
from coexpr.loading.backup import back_up
from coexpr.loading.downloads import ingest
from processes.readers import GENE, state_of

READER = Path(__file__).with_name("readers.py")
COEXPR = [sys.executable, "-m", "coexpr"]


def make_downloads(folder: Path) -> list[Path]:
    """Write four small donors."""
    return write_downloads(folder, probes=200, samples=120)[:4]


def environment(seconds: float) -> dict[str, str]:
    """Return the environment of a process that waits for at most so many seconds."""
    return os.environ | {WAIT_VARIABLE: str(seconds)}


def readers_and_a_writer(trial: Trial, folder: Path, *, readers: int, rounds: int) -> None:
    """Load two donors one after the other, and restore the backup without them, while others read."""
    zips = make_downloads(folder / "downloads")
    database, backup = folder / "atlas.duckdb", folder / "backup.duckdb"
    ingest(zips[:2], database)
    back_up(backup, database)
    states = _states(zips, folder / "undisturbed.duckdb")
    end = folder / "end"
    command = [sys.executable, str(READER), str(database), str(end)]
    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment(20)) for _ in range(readers)
    ]
    try:
        for _ in range(rounds):
            for path in zips[2:]:
                _write(trial, ["ingest", str(path), "--db", str(database)])
            _write(trial, ["restore", str(backup), "--force", "--db", str(database)])
    finally:
        end.touch()
        outputs = [process.communicate()[0] for process in processes]
    for output in outputs:
        _judge(trial, json.loads(output), states)


def _states(zips: Sequence[Path], database: Path) -> set[str]:
    """Return the states that readers may see: with two, three and four donors."""
    ingest(zips[:2], database)
    states = set()
    for path in [None, *zips[2:]]:
        if path:
            ingest(path, database)
        with Atlas(database) as atlas:
            states.add(json.dumps(state_of(atlas)))
    return states


def _write(trial: Trial, arguments: list[str]) -> None:
    done = subprocess.run([*COEXPR, *arguments], capture_output=True, text=True, check=False, env=environment(60))
    if done.returncode:
        trial.fail(f"{arguments[0]}: {done.stderr.strip()}")
    else:
        trial.count("a writer had its turn within a minute")


def _judge(trial: Trial, report: dict[str, Any], states: set[str]) -> None:
    for state, times in report["seen"].items():
        if state in states:
            trial.count("a reader saw a whole state", times)
        else:
            trial.fail(f"a reader saw another state: {state[:200]}")
    if report["refused"]:
        trial.count("a reader was refused after 20 seconds, with the process that wrote", report["refused"])
    for wrong in report["wrong"]:
        trial.fail(wrong)


def two_ingests(trial: Trial, folder: Path, *, rounds: int) -> None:
    """Load two donors from two processes at once: both wait for each other, or one is refused plainly."""
    zips = make_downloads(folder / "downloads")
    for number in range(rounds):
        database = folder / f"{number}.duckdb"
        seconds = 0 if number % 4 == 0 else 60
        processes = [
            subprocess.Popen(
                [*COEXPR, "ingest", str(path), "--db", str(database)],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(seconds),
            )
            for path in zips[:2]
        ]  # fmt: skip
        messages = [process.communicate()[1] for process in processes]
        loaded = [process.returncode == 0 for process in processes]
        refused = [text for text, is_loaded in zip(messages, loaded, strict=True) if not is_loaded]
        with Atlas(database) as atlas:
            donors, holds = atlas.contents().provenance.donors, atlas.verify().provenance.holds
        if donors != sum(loaded) or not holds or any("in use by another process (" not in text for text in refused):
            trial.fail(f"{donors} donors after {sum(loaded)} ingests; {refused}")
        elif refused and seconds:
            trial.fail(f"refused within a minute: {refused}")
        else:
            trial.count("one was refused at once, as asked" if refused else "both were loaded")
        for file in folder.glob(f"{number}.duckdb*"):
            file.unlink()


def writers_of_the_cache(trial: Trial, folder: Path, *, processes: int, rounds: int) -> None:
    """Query from many processes at once without a cache: each writes it."""
    zips = make_downloads(folder / "downloads")
    database = folder / "atlas.duckdb"
    ingest(zips, database)
    command = [*COEXPR, "query", GENE, "--top", "20", "--format", "csv", "--db", str(database)]
    expected = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for _ in range(rounds):
        cache_path(database).unlink(missing_ok=True)
        running = [
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(processes)
        ]
        for process in running:
            output, messages = process.communicate()
            if process.returncode or output != expected:
                trial.fail(f"another result: {messages.strip()}")
            else:
                trial.count("the same result as alone")
        left = {file.name for file in folder.iterdir()} - {"downloads", database.name, f"{database.name}.matrix"}
        if left:
            trial.fail(f"left behind: {sorted(left)}")
        with Atlas(database) as atlas:
            if not atlas.verify().provenance.holds:
                trial.fail("the cache is not that of the database")
    shutil.rmtree(folder / "downloads")

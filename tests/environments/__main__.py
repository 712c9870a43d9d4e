"""Run commands in unusual systems, and statements that try to do more than read; record what happened.

    PYTHONPATH=tests python -m environments systems [--system NAME]
    PYTHONPATH=tests python -m environments clocks
    PYTHONPATH=tests python -m environments statements [--server] [--python PROGRAM]
    PYTHONPATH=tests python -m environments interruptions --count N

No command may end with a traceback, an exit code that is not documented, or a database that has changed.
"""

import argparse
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from environments.clocks import clocks
from environments.commands import command_lines, prepare
from environments.statements import REFUSED, Process, catalogue
from environments.systems import SYSTEMS, System, fault_of, run_in
from helpers.trials import Trial, recorded

from coexpr.demo.downloads import write_downloads
from coexpr.loading.downloads import ingest

_SEED = 1
# The most that a command may go on after Ctrl-C: DuckDB has three seconds, and the machine may be busy.
_PATIENCE = 30.0
_INTERRUPTED = (
    "SELECT count(*) FROM range(1000000000000) t(i) WHERE sqrt(i) < 0",
    "FROM range(50000000)",
    "SELECT i, repeat('x', 100) AS x FROM range(3000000) t(i)",
    "SELECT repeat('x', 3000000000) AS x",
    "SELECT i FROM range(300000000) t(i) ORDER BY hash(i) LIMIT 3",
    "WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t) FROM t",
    "FROM correlates('NTRK2', top := NULL)",
)


def main() -> None:
    """Run a part."""
    parser = argparse.ArgumentParser()
    parser.add_argument("part", choices=("systems", "clocks", "statements", "interruptions"))
    parser.add_argument("--system", default="")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--server", action="store_true")
    parser.add_argument("--count", type=int, default=100)
    given = parser.parse_args()
    # A shell starts commands in the background with SIGINT ignored, which the processes started here would inherit.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with _database() as database:
        if given.part == "systems":
            _systems(database, given.system)
        elif given.part == "clocks":
            _clocks(database)
        elif given.part == "statements":
            _statements(database, given.python, is_server=given.server)
        else:
            _interruptions(database, given.count)


@contextmanager
def _database() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "atlas.duckdb"
        ingest(write_downloads(Path(folder), probes=300, samples=90), path)
        yield path


def _systems(database: Path, wanted: str) -> None:
    systems = [system for system in SYSTEMS if wanted in system.name]
    kinds = f"{len(systems)} systems, such as no HOME, closed or full outputs, 8 open files"
    with recorded("systems", "systems", f"commands in unusual systems ({kinds})") as trial:
        _run_in_each(systems, _sampled, database, trial)


def _clocks(database: Path) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        recorded("clocks", "systems", "every command with a clock that is decades wrong, or goes back") as trial,
    ):
        _run_in_each(clocks(Path(folder)), command_lines, database, trial)


def _run_in_each(
    systems: Sequence[System], lines_in: Callable[[Path], list[list[str]]], database: Path, trial: Trial
) -> None:
    before = _sha256(database)
    with tempfile.TemporaryDirectory() as top:
        for system in systems:
            folder = Path(tempfile.mkdtemp(dir=top))
            prepare(folder)
            for line in lines_in(folder):
                done = run_in(system, line, database, folder)
                place = f"{system.name}: coexpr {' '.join(line)}"
                if fault := fault_of(done):
                    trial.fail(f"{place}: {fault}")
                elif _sha256(database) != before:
                    trial.fail(f"{place}: the database has changed")
                else:
                    trial.count(_outcome_of(done))


def _outcome_of(done: subprocess.CompletedProcess[bytes]) -> str:
    if done.returncode == 0:
        return "success"
    errors = [line for line in done.stderr.splitlines() if line.startswith((b"Error: ", b"Usage: "))]
    return "one clear error" if len(errors) == 1 else "a failure that could not be printed"


def _sampled(folder: Path) -> list[list[str]]:
    """Return some of the command lines: without a database, reading it, and writing a file."""
    wanted = ([], ["info", "--path"], ["glossary", "r"], ["info"], ["sql", "FROM donors"])
    return [line for line in command_lines(folder) if line in wanted or (line[:1] == ["query"] and "-o" in line)]


def _statements(database: Path, python: str, *, is_server: bool) -> None:
    where = "coexpr serve" if is_server else "coexpr sql"
    process = Process(database, python, is_server=is_server)
    name = f"statements-{'server' if is_server else 'command'}-{process.version}"
    before, out = _sha256(database), database.with_name("out")
    refused = {statement.replace("OUT", str(out)) for statement in REFUSED}
    with recorded(name, "sql", f"statements in {where}, DuckDB {process.version}") as trial:
        for statement in (one.replace("OUT", str(out)) for one in catalogue(database)):
            outcome, details = process.run(statement)
            if outcome == "failed" or (statement in refused and outcome != "one clear error"):
                trial.fail(f"{statement[:200]}: {outcome}, {details}")
            elif out.exists():
                trial.fail(f"{statement[:200]}: wrote a file")
                out.unlink()
            else:
                trial.count(outcome)
            if outcome == "failed" or not process.is_running:
                process.close()
                process = Process(database, python, is_server=is_server)
        process.close()
        if _sha256(database) != before:
            trial.fail("the database has changed")


def _interruptions(database: Path, count: int) -> None:
    chance = random.Random(_SEED)
    folder = database.with_name("results")
    folder.mkdir()
    with recorded("interruptions", "sql", "SIGINT at a random moment of a statement of coexpr sql") as trial:
        for _ in range(count):
            statement = chance.choice(_INTERRUPTED)
            output = chance.choice(([], ["-o", str(folder / "rows.csv")], ["-o", str(folder / "rows.parquet")]))
            # Before about a second, Python is still loading coexpr, and ends in its own way.
            code, text, seconds = _interrupted(["sql", statement, *output], database, chance.uniform(1.5, 6))
            place = f"{statement} {' '.join(output)}"
            if seconds is None:
                trial.fail(f"{place}: still runs after {_PATIENCE:g} s")
            elif code not in (0, 130) or "Traceback" in text or [*folder.iterdir()][code == 0 :]:
                trial.fail(f"{place}: {code}, {text[-500:]}, {[*folder.iterdir()]}")
            else:
                trial.count("had ended already" if code == 0 else "exit code 130, no file left")
            for path in folder.iterdir():
                path.unlink()


def _interrupted(line: list[str], database: Path, after: float) -> tuple[int, str, float | None]:
    """Run a command, send SIGINT after some seconds, and return its exit code, messages, and the seconds it took."""
    command = [sys.executable, "-m", "coexpr", *line]
    environment = os.environ | {"COEXPR_DB": str(database)}
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment
    ) as started:
        time.sleep(after)
        start = time.monotonic()
        started.send_signal(signal.SIGINT)
        try:
            text = started.communicate(timeout=_PATIENCE)[1]
        except subprocess.TimeoutExpired:
            started.kill()
            return 0, "", None
        return started.returncode, text, time.monotonic() - start


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()

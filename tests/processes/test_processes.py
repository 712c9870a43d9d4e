"""A short run of each scenario; `python -m processes` has the long ones."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.preloaded import build, can_preload
from helpers.trials import Trial

from processes.scenarios import readers_and_a_writer, two_ingests, writers_of_the_cache

pytestmark = pytest.mark.long

NO_LOCKS, NOT_SUPPORTED = 37, 95


@pytest.fixture
def trial() -> Trial:
    return Trial("short", "processes", "a short run")


def test_readers_see_whole_states_while_another_process_writes(trial: Trial, tmp_path: Path) -> None:
    readers_and_a_writer(trial, tmp_path, readers=3, rounds=1)
    assert trial.failures == []
    assert set(trial.outcomes) >= {"a reader saw a whole state", "a writer had its turn within a minute"}


def test_two_processes_load_at_once(trial: Trial, tmp_path: Path) -> None:
    two_ingests(trial, tmp_path, rounds=2)
    assert trial.failures == []
    assert sum(trial.outcomes.values()) == 2


def test_many_processes_write_the_cache(trial: Trial, tmp_path: Path) -> None:
    writers_of_the_cache(trial, tmp_path, processes=4, rounds=1)
    assert trial.failures == []
    assert trial.outcomes == {"the same result as alone": 4}


@pytest.mark.skipif(can_preload() is not None, reason=can_preload() or "")
@pytest.mark.parametrize("number", [NO_LOCKS, NOT_SUPPORTED])
def test_where_files_cannot_be_locked_this_is_said(synthetic_database: Path, tmp_path: Path, number: int) -> None:
    library = build(Path(__file__).with_name("nolock.c"), tmp_path)
    database = Path(shutil.copy(synthetic_database, tmp_path / "atlas.duckdb"))
    before = database.read_bytes()
    done = subprocess.run(
        [sys.executable, "-m", "coexpr", "categories", "add", "-", "--name", "mine", "--db", str(database)],
        input="NTRK2\nBDNF\n", capture_output=True, text=True, check=False,
        env={"PATH": "", "LD_PRELOAD": str(library), "ERRNO_OF_LOCKS": str(number)},
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "cannot be locked: files in its folder cannot be" in done.stderr
    assert database.read_bytes() == before

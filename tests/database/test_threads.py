"""The number of threads of matrix products, of queries, and for blocks of rows."""

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from helpers.command import invoke
from threadpoolctl import threadpool_info

from coexpr.atlas import Atlas
from coexpr.database.threads import Threads
from coexpr.errors import OptionError

# Runs in its own process: the limit of matrix products applies to a process.
CODE = """
import json, sys
from coexpr import Atlas
from threadpoolctl import threadpool_info
with Atlas(sys.argv[1], threads=int(sys.argv[2]) if len(sys.argv) > 2 else None) as atlas:
    atlas.correlates("NTRK2", method=None)
    products = {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}
    ((queries,),) = atlas.sql("select current_setting('threads')").fetchall()
    print(json.dumps([sorted(products), int(queries), atlas._threads.workers]))
"""


def threads_of(database: Path, *threads: str, **environment: str) -> list[object]:
    command = [sys.executable, "-c", CODE, str(database), *threads]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | environment)
    found: list[object] = json.loads(done.stdout)
    return found


def available_threads() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@pytest.mark.long
def test_the_given_number_of_threads_is_used(synthetic_database: Path) -> None:
    assert threads_of(synthetic_database, "1") == [[1], 1, 1]
    assert threads_of(synthetic_database, COEXPR_THREADS="1") == [[1], 1, 1]
    assert threads_of(synthetic_database, "2", COEXPR_THREADS="1")[1:] == [2, 2]


def test_results_do_not_depend_on_the_number_of_threads(synthetic_database: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "coexpr",
        "query",
        "NTRK2",
        "--method",
        "spearman",
        "--db",
        str(synthetic_database),
    ]
    one, two = (
        subprocess.run([*command, "--format", "csv", "--threads", threads], capture_output=True, check=True).stdout
        for threads in ("1", "2")
    )
    assert one == two


@pytest.mark.parametrize("threads", ["0", "-1", "two", "1.5"])
def test_an_invalid_number_of_threads_is_refused(
    synthetic_database: Path, monkeypatch: pytest.MonkeyPatch, threads: str
) -> None:
    monkeypatch.setenv("COEXPR_THREADS", threads)
    with pytest.raises(OptionError, match="COEXPR_THREADS"):
        Atlas(synthetic_database)
    monkeypatch.setenv("COEXPR_THREADS", " ")
    with Atlas(synthetic_database) as atlas:
        assert atlas._threads.workers == available_threads()
    with duckdb.connect() as connection, pytest.raises(OptionError, match="a whole number of at least 1"):
        Threads(connection, 0)


@pytest.mark.parametrize("threads", ["100000", "9" * 5000])
def test_too_many_threads_are_refused(synthetic_database: Path, monkeypatch: pytest.MonkeyPatch, threads: str) -> None:
    monkeypatch.setenv("COEXPR_THREADS", threads)
    with pytest.raises(OptionError, match="expected at most") as refused:
        Atlas(synthetic_database)
    assert len(str(refused.value)) < 300
    done = invoke("query", "NTRK2", "--threads", "100000", "--db", synthetic_database)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: --threads (or COEXPR_THREADS) is too large: expected at most ")


def test_closing_restores_the_threads_of_the_process(synthetic_database: Path) -> None:
    def threads_of_products() -> list[int]:
        return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]

    before = threads_of_products()
    with Atlas(synthetic_database, threads=1):
        assert set(threads_of_products()) == {1}
    assert threads_of_products() == before

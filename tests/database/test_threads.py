"""How many threads work: as was said, in matrix products, queries and blocks."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from coexpr.atlas import Atlas
from coexpr.database.threads import wanted_threads
from coexpr.errors import OptionError

# In a process of its own: matrix products are limited for all that comes after.
CODE = """
import json, sys
from coexpr import Atlas
from coexpr.database.threads import workers
from threadpoolctl import threadpool_info
with Atlas(sys.argv[1], threads=int(sys.argv[2]) if len(sys.argv) > 2 else None) as atlas:
    atlas.correlates("NTRK2", method=None)
    products = {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}
    ((queries,),) = atlas.sql("select current_setting('threads')").fetchall()
    print(json.dumps([sorted(products), int(queries), workers()]))
"""


def threads_of(database: Path, *said: str, **environment: str) -> list[object]:
    command = [sys.executable, "-c", CODE, str(database), *said]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | environment)
    found: list[object] = json.loads(done.stdout)
    return found


def test_everything_keeps_to_what_was_said(synthetic_database: Path) -> None:
    assert threads_of(synthetic_database, "1") == [[1], 1, 1]
    assert threads_of(synthetic_database, COEXPR_THREADS="1") == [[1], 1, 1]
    assert threads_of(synthetic_database, "2", COEXPR_THREADS="1")[1:] == [2, 2]


def test_answers_do_not_depend_on_it(synthetic_database: Path) -> None:
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
        subprocess.run([*command, "--format", "csv", "--threads", said], capture_output=True, check=True).stdout
        for said in ("1", "2")
    )
    assert one == two


@pytest.mark.parametrize("said", ["0", "-1", "two", "1.5"])
def test_what_is_no_number_of_threads_is_refused(
    synthetic_database: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    monkeypatch.setenv("COEXPR_THREADS", said)
    with pytest.raises(OptionError, match="COEXPR_THREADS"):
        Atlas(synthetic_database)
    monkeypatch.setenv("COEXPR_THREADS", " ")
    assert wanted_threads() is None
    with pytest.raises(OptionError, match="from 1 on"):
        wanted_threads(0)

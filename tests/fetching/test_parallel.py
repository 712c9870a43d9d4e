"""How many files are fetched at a time."""

import threading
import time
from pathlib import Path

import pytest
from fetching.archive import Fetching, zip_of
from helpers.http_server import ServedFile, slow

from coexpr.fetching.catalogue import files_of
from coexpr.fetching.fetch import fetch
from coexpr.fetching.parallel import in_parallel, stopping


def test_two_files_at_a_time(fetching: Fetching, tmp_path: Path) -> None:
    names = [file.name for file in files_of(["donors"])]
    for seed, name in enumerate(names):
        fetching.server.files[name] = ServedFile(zip_of(50_000, seed))
        fetching.server.faults[name] = [slow(0.2)]
    result = fetch(["donors"], tmp_path / "six", base_url=fetching.server.url)
    assert fetching.server.most_bodies == 2
    assert result.column("status") == ["fetched"] * 6
    assert {path.name for path in (tmp_path / "six").iterdir()} == {*names, "SHA256SUMS"}
    assert result.column("file") == names


def test_jobs_end_when_one_asks_for_it() -> None:
    begun = []

    def job(number: int, stop: threading.Event) -> None:
        begun.append(number)
        if number == 0:
            stop.set()
            raise ValueError("the network is down")
        stop.wait(5)

    with stopping() as stop, pytest.raises(ValueError, match=r"^the network is down$"):
        in_parallel([lambda stop, number=number: job(number, stop) for number in range(5)], stop)  # type: ignore[misc]
    assert set(begun) <= {0, 1}


def test_an_error_waits_for_the_other_jobs() -> None:
    done = []

    def fail(stop: threading.Event) -> None:
        raise ValueError("no")

    def work(stop: threading.Event) -> None:
        time.sleep(0.05)
        done.append(stop.is_set())

    with stopping() as stop, pytest.raises(ValueError, match="no"):
        in_parallel([fail, work, work], stop)
    assert done == [False, False]

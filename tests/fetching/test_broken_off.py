"""Transfers that end early, stall, or bring nothing."""

import time

import pytest
from fetching.archive import ARCHIVE, HASTY, Fetching, zip_of
from helpers.http_server import ServedFile, chunked, cut, drop, stall, without_length

from coexpr.fetching.transfer import Patience


@pytest.mark.parametrize("reset", [False, True])
def test_a_transfer_cut_twenty_times_arrives_whole_in_twenty_one_ranges(fetching: Fetching, reset: bool) -> None:
    body = zip_of(2_000_000)
    fetching.server.files[ARCHIVE] = ServedFile(body)
    fetching.server.faults[ARCHIVE] = [cut(len(body) // 21, reset=reset)] * 20
    result = fetching()
    fetching.check(body)
    assert result.column("status") == ["fetched"]
    ranges = fetching.server.ranges()
    assert len(ranges) == 21
    starts = [int(text.removeprefix("bytes=").removesuffix("-")) for text in ranges if text]
    assert len(starts) == 20
    assert starts == sorted(set(starts))
    assert len(fetching.messages) == 21
    assert reset or fetching.messages[1] == f"{ARCHIVE}: the connection was lost; continuing at 95.2 kB in 0 s."


def test_a_server_that_is_gone_after_half_of_the_file(fetching: Fetching) -> None:
    fetching.server.faults[ARCHIVE] = [cut(100_000)] + [drop] * 99
    message = fetching.error()
    assert message == (
        f"{ARCHIVE} was not fetched from 127.0.0.1: the connection was lost. 100 kB of 200 kB are kept; the same "
        "command continues."
    )
    assert len(fetching.server.ranges()) == 5  # the first, the first that brought nothing, and three retries
    assert fetching.names == {f"{ARCHIVE}.partial", f"{ARCHIVE}.partial.json"}
    fetching.server.faults.clear()
    fetching()
    fetching.check()
    assert fetching.server.ranges()[-1] == "bytes=100000-"
    assert "100 kB arrived before" in fetching.messages[-1]


def test_connections_that_end_before_any_byte(fetching: Fetching) -> None:
    fetching.server.head_faults[ARCHIVE] = [drop]
    fetching.server.faults[ARCHIVE] = [drop, cut(0), drop]
    fetching()
    fetching.check()


def test_connections_that_always_end_before_any_byte(fetching: Fetching) -> None:
    fetching.server.faults[ARCHIVE] = [drop] * 99
    assert fetching.error() == (
        f"{ARCHIVE} was not fetched from 127.0.0.1: the connection was lost. Try again later, or use `base_url`."
    )
    assert len(fetching.server.ranges()) == 4
    assert fetching.names == set()


@pytest.mark.parametrize("after", [None, 0, 100_000])
def test_a_server_that_stalls_is_asked_again(fetching: Fetching, after: int | None) -> None:
    fetching.patience = HASTY
    fetching.server.faults[ARCHIVE] = [stall(after)]
    start = time.perf_counter()
    fetching()
    assert 0.3 < time.perf_counter() - start < 3
    fetching.check()
    assert f"{ARCHIVE}: the server sent nothing for too long; " in fetching.messages[-1]
    if after:
        last = fetching.server.ranges()[-1]
        assert last is not None
        assert after - 16_384 <= int(last.removeprefix("bytes=").removesuffix("-")) <= after


def test_a_server_that_never_answers(fetching: Fetching) -> None:
    fetching.patience = Patience(timeout=0.1, retries=1, wait=0.01)
    fetching.server.head_faults[ARCHIVE] = [stall()]
    fetching.server.faults[ARCHIVE] = [stall()] * 9
    assert "sent nothing for too long. Try again later" in fetching.error()
    assert fetching.names == set()


def test_chunks_without_a_size_and_cut(fetching: Fetching) -> None:
    fetching.server.head_faults[ARCHIVE] = [chunked()]
    fetching.server.faults[ARCHIVE] = [chunked(after=70_000), chunked(after=70_000), chunked()]
    fetching()
    fetching.check()
    assert len(fetching.server.ranges()) == 3
    assert "1 file of unknown size" in fetching.messages[0]


def test_a_file_without_size_whose_end_is_cut_is_fetched_again(fetching: Fetching) -> None:
    fetching.server.faults[ARCHIVE] = [without_length(after=150_000), without_length()]
    fetching()
    fetching.check()
    assert "is damaged" in fetching.messages[-1]


def test_a_whole_file_of_unknown_size_that_was_not_renamed_is_not_sent_again(fetching: Fetching) -> None:
    fetching.server.faults[ARCHIVE] = [chunked(after=200_000)] + [drop] * 99
    fetching.error()
    partial = fetching.folder / f"{ARCHIVE}.partial"
    partial.write_bytes(fetching.archive)
    fetching.server.faults.clear()
    fetching()
    fetching.check()
    assert fetching.server.ranges()[-1] == f"bytes={len(fetching.archive)}-"  # answered by 416

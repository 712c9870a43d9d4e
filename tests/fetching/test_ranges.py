"""Servers that do not send the part that was asked for, or whose file changes between the parts."""

import pytest
from fetching.archive import ARCHIVE, Fetching, sha256, zip_of
from helpers.http_server import (
    Fault,
    ServedFile,
    answer,
    cut,
    drop,
    with_headers,
    without_ranges,
    wrong_bytes,
    wrong_part,
    wrong_total,
)

ONTOLOGY = "go-basic.obo"


@pytest.mark.parametrize(
    ("fault", "requests"),
    [
        (without_ranges(), 2),
        (wrong_part(-100), 3),
        (wrong_part(100), 3),
        (wrong_part(-100_000), 3),
        (wrong_bytes, 3),
        (wrong_total, 3),
        (with_headers(Content_Range=None), 3),
        (with_headers(Content_Range="bytes"), 3),
        (with_headers(Content_Range="bytes 100000-100001"), 3),
        (with_headers(ETag='"other"'), 3),
        (with_headers(Last_Modified="Wed, 06 Mar 2024 10:00:00 GMT"), 3),
        (answer(416), 3),
        (answer(416, Content_Range="bytes */5"), 3),
        (with_headers(Content_Range="bytes 100000-200137/*"), 2),
        (with_headers(ETag=None, Last_Modified=None), 2),
    ],
)
def test_the_second_part(fetching: Fetching, fault: Fault, requests: int) -> None:
    fetching.server.faults[ARCHIVE] = [cut(100_000), fault]
    fetching()
    fetching.check()
    ranges = fetching.server.ranges()
    assert ranges[1] == "bytes=100000-"
    assert len(ranges) == requests
    assert requests == 2 or ranges[-1] is None


def test_a_server_that_always_ignores_ranges(fetching: Fetching) -> None:
    fetching.server.faults[ARCHIVE] = [without_ranges(after=after) for after in (90_000, 120_000, 60_000)]
    fetching.server.faults[ARCHIVE].append(without_ranges())
    fetching()
    fetching.check()


def test_a_server_that_ignores_ranges_and_never_comes_further(fetching: Fetching) -> None:
    fetching.server.faults[ARCHIVE] = [without_ranges(after=90_000)] * 99
    assert "the connection was lost" in fetching.error()
    assert len(fetching.server.ranges()) == 5


def test_a_range_that_was_not_asked_for(fetching: Fetching) -> None:
    fetching.server.faults[ARCHIVE] = [with_headers(206, Content_Range=f"bytes 0-9/{len(fetching.archive)}")]
    fetching()
    fetching.check()


def test_a_range_that_is_refused_without_having_been_asked_for(fetching: Fetching) -> None:
    fetching.server.faults[ARCHIVE] = [answer(416)] * 9
    assert fetching.error().startswith(f"127.0.0.1 answered 416 Requested Range Not Satisfiable for {ARCHIVE}. ")
    assert len(fetching.server.ranges()) == 1


@pytest.mark.long
@pytest.mark.parametrize("size", [150_000, 200_000, 250_000])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (('"1"', None), ('"2"', None)),
        ((None, "Tue, 05 Mar 2024 10:00:00 GMT"), (None, "Wed, 06 Mar 2024 10:00:00 GMT")),
        (('W/"1"', None), ('W/"2"', None)),
        (('"1"', "Tue, 05 Mar 2024 10:00:00 GMT"), (None, None)),
        ((None, None), (None, None)),
    ],
)
def test_a_file_that_is_replaced_between_the_parts(
    fetching: Fetching, before: tuple[str | None, str | None], after: tuple[str | None, str | None], size: int
) -> None:
    fetching.server.files[ARCHIVE] = ServedFile(fetching.archive, *before)
    fetching.server.faults[ARCHIVE] = [cut(100_000)] + [drop] * 99
    fetching.error()
    new = zip_of(size, seed=1)
    fetching.server.files[ARCHIVE] = ServedFile(new, *after)
    fetching.server.faults.clear()
    fetching()
    fetching.check(new)


@pytest.mark.parametrize("has_versions", [True, False])
def test_a_file_without_checksum_is_no_mixture_of_two_versions(fetching: Fetching, has_versions: bool) -> None:
    versions = [('"1"', None), ('"2"', None)] if has_versions else [(None, None)] * 2
    old, new = (b"format-version: 1.2\n" + line * 9000 for line in (b"id: GO:1\n", b"id: GO:2\n"))
    fetching.server.files[ONTOLOGY] = ServedFile(old, *versions[0])
    fetching.server.faults[ONTOLOGY] = [cut(50_000)] + [drop] * 99
    fetching.error("genes")
    fetching.server.files[ONTOLOGY] = ServedFile(new, *versions[1])
    fetching.server.faults.clear()
    fetching("genes")
    assert sha256((fetching.folder / ONTOLOGY).read_bytes()) == sha256(new)


def test_a_server_without_versions_still_continues(fetching: Fetching) -> None:
    fetching.server.files[ARCHIVE] = ServedFile(fetching.archive, None, None)
    fetching.server.faults[ARCHIVE] = [cut(100_000), cut(50_000)]
    fetching()
    fetching.check()
    assert fetching.server.ranges() == [None, "bytes=100000-", "bytes=150000-"]
    assert all("If-Range" not in headers for _, _, headers in fetching.server.requests)


def test_the_version_is_sent_with_the_range(fetching: Fetching) -> None:
    fetching.server.faults[ARCHIVE] = [cut(100_000)]
    fetching()
    assert [headers.get("If-Range") for _, _, headers in fetching.server.requests] == [None, None, '"version-1"']


def test_a_part_of_an_ontology_is_not_continued_by_the_next_run(fetching: Fetching) -> None:
    """After a power cut, what is there of it may be damaged, and it has no checksum."""
    body = b"format-version: 1.2\n" + b"\n" * 100_000
    fetching.server.files[ONTOLOGY] = ServedFile(body)
    fetching.server.faults[ONTOLOGY] = [cut(50_000), *[drop] * 9]
    fetching.error("genes")
    part = fetching.folder / f"{ONTOLOGY}.partial"
    part.write_bytes(bytes(part.stat().st_size))
    fetching.server.faults[ONTOLOGY] = []
    fetching("genes")
    fetching.check(body, ONTOLOGY)
    assert fetching.server.ranges(ONTOLOGY)[-1] is None

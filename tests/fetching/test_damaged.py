"""Files that arrive as the server sends them, and are damaged."""

import gzip
import io
import zipfile

import pytest
from fetching.archive import ARCHIVE, Fetching
from helpers.http_server import ServedFile, cut, wrong_bytes

TABLE = "gene2go.gz"
ONTOLOGY = "go-basic.obo"
GZIP = gzip.compress(b"9606\t1\tGO:0008150\n" * 1000, mtime=0)


def flipped(body: bytes, place: int) -> bytes:
    return body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]


def deflated(place: int) -> bytes:
    """A compressed zip with one wrong bit."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", "1,2,3\n" * 30_000)
    return flipped(stream.getvalue(), place)


def encrypted(body: bytes) -> bytes:
    """A zip whose entry claims to be encrypted."""
    central = body.rindex(b"PK\1\2")
    return flipped(flipped(body, 6), central + 8)


def test_a_zip_with_a_wrong_checksum(fetching: Fetching) -> None:
    fetching.server.files[ARCHIVE] = ServedFile(flipped(fetching.archive, 100_000))
    assert fetching.error() == (
        f"{ARCHIVE} is damaged (the checksum of MicroarrayExpression.csv in it is wrong). It came from 127.0.0.1 and "
        "was deleted. Try again later, or use `base_url`."
    )
    assert fetching.names == set()
    assert len(fetching.server.ranges()) == 1


def test_a_zip_that_is_cut_where_its_size_says_so(fetching: Fetching) -> None:
    fetching.server.files[ARCHIVE] = ServedFile(fetching.archive[:150_000])
    assert f"{ARCHIVE} is damaged (" in fetching.error()
    assert fetching.names == set()


OTHER = [
    (ARCHIVE, GZIP, "the server sent other data, not a zip"),
    (ARCHIVE, deflated(40), "is damaged (its data cannot be decompressed)"),
    (ARCHIVE, b"PK\3\4", "is damaged (its end is missing or wrong)"),
    (ARCHIVE, b"PK", "is damaged (its end is missing or wrong)"),
    (TABLE, b"PK\3\4" + b"\0" * 99, "the server sent other data, not a gzip file"),
    (TABLE, GZIP[:-1], "is damaged (its end is missing)"),
    (TABLE, GZIP[:40], "is damaged (its end is missing)"),
    (TABLE, flipped(GZIP, len(GZIP) - 6), "is damaged (its checksum is wrong, or other data follow it)"),
    (TABLE, GZIP + b"trailing", "is damaged (its checksum is wrong, or other data follow it)"),
    (ONTOLOGY, b"format-version: 1.2\nid: GO:000", "is damaged (its last line is cut)"),
    (ONTOLOGY, GZIP, "the server sent other data, not an OBO file"),
    (ONTOLOGY, b"", "the server sent nothing, not an OBO file"),
]


@pytest.mark.parametrize("case", range(len(OTHER)))
def test_other_damage(fetching: Fetching, case: int) -> None:
    name, body, reason = OTHER[case]
    fetching.server.files[name] = ServedFile(body)
    message = fetching.error() if name == ARCHIVE else fetching.error("genes")
    assert message.startswith(f"{name} ")
    assert reason in message
    assert not any(found.startswith(name) for found in fetching.names)


def test_a_zip_with_a_password(fetching: Fetching) -> None:
    fetching.server.files[ARCHIVE] = ServedFile(encrypted(fetching.archive))
    assert f"{ARCHIVE} is damaged (it is encrypted, or compressed by an unknown method)" in fetching.error()


def test_a_zip_that_parts_have_damaged_is_fetched_again_in_one_part(fetching: Fetching) -> None:
    fetching.server.faults[ARCHIVE] = [cut(100_000), wrong_bytes, cut(50_000)]
    fetching()
    fetching.check()
    assert fetching.server.ranges() == [None, "bytes=100000-", None, None]
    assert any("; fetching it again in one part." in message for message in fetching.messages)


def test_a_zip_that_is_damaged_in_parts_and_in_one(fetching: Fetching) -> None:
    fetching.server.files[ARCHIVE] = ServedFile(flipped(fetching.archive, 1000))
    fetching.server.faults[ARCHIVE] = [cut(100_000)]
    assert f"{ARCHIVE} is damaged (" in fetching.error()
    assert len(fetching.server.ranges()) == 3
    assert fetching.names == set()

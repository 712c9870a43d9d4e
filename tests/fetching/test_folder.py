"""Files that are there already, parts of unknown origin, SHA256SUMS, and full disks."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from fetching.archive import ARCHIVE, Fetching, sha256, zip_of
from helpers import disks
from helpers.http_server import ServedFile, answer, cut, drop


def test_a_whole_file_that_is_recorded_is_not_requested(fetching: Fetching) -> None:
    fetching()
    fetching.server.requests.clear()
    record = (fetching.folder / "SHA256SUMS").stat()
    result = fetching()
    assert result.column("status") == ["already there"]
    assert result.column("sha256") == [sha256(fetching.archive)]
    assert not fetching.server.requests
    assert fetching.messages[-1] == f"Everything is in {fetching.folder} already."
    assert (fetching.folder / "SHA256SUMS").stat().st_mtime_ns == record.st_mtime_ns


def test_a_whole_file_that_is_not_recorded_is_recorded(fetching: Fetching) -> None:
    fetching.folder.mkdir()
    (fetching.folder / ARCHIVE).write_bytes(fetching.archive)
    assert fetching().column("status") == ["already there"]
    fetching.check()
    assert not fetching.server.requests


def test_a_dry_run_changes_nothing(fetching: Fetching) -> None:
    assert fetching(dry_run=True).column("bytes") == [len(fetching.archive)]
    assert fetching.messages == [f"To fetch: 1 file, 200 kB, into {fetching.folder}."]
    assert not fetching.folder.exists()
    fetching.folder.mkdir()
    (fetching.folder / f"{ARCHIVE}.partial").write_bytes(b"of unknown origin")
    (fetching.folder / "gene2go.gz").write_bytes(bytes(fetching.server.files["gene2go.gz"].body))
    fetching("genes", dry_run=True)
    fetching(dry_run=True)
    assert fetching.names == {f"{ARCHIVE}.partial", "gene2go.gz"}
    assert {method for method, _, _ in fetching.server.requests} == {"HEAD"}


@pytest.mark.parametrize("is_recorded", [True, False])
def test_a_file_that_has_changed_is_refused(fetching: Fetching, is_recorded: bool) -> None:
    fetching()
    path = fetching.folder / ARCHIVE
    path.write_bytes(fetching.archive[:-1] if not is_recorded else zip_of(10, seed=2))
    if not is_recorded:
        (fetching.folder / "SHA256SUMS").unlink()
    before = path.read_bytes()
    fetching.server.requests.clear()
    reason = "has changed since it was fetched: its SHA-256 is not the one in SHA256SUMS"
    assert fetching.error() == (
        f"{path} {reason if is_recorded else 'is damaged (its end is missing or wrong)'}. Delete it to fetch it again."
    )
    assert path.read_bytes() == before
    assert not fetching.server.requests
    path.unlink()
    fetching()
    fetching.check()


@pytest.mark.parametrize("body", [b"", b"<html><title>Log in</title>"])
def test_a_file_that_a_browser_saved_is_refused(fetching: Fetching, body: bytes) -> None:
    fetching.folder.mkdir()
    (fetching.folder / ARCHIVE).write_bytes(body)
    expected = "is a web page (Log in), not a zip" if body else "is empty"
    assert fetching.error() == f"{fetching.folder / ARCHIVE} {expected}. Delete it to fetch it again."


NOTES = {
    "etag": '"version-1"',
    "modified": "Tue, 05 Mar 2024 10:00:00 GMT",
    "total": 200138,
    "url": "http://127.0.0.1/",
}


@pytest.mark.long
@pytest.mark.parametrize(
    "notes",
    [
        None,
        "",
        "{",
        "[1]",
        "null",
        "7",
        "{}",
        "\ud83d",
        json.dumps(NOTES | {"etag": 7}),
        json.dumps(NOTES | {"etag": "a\r\nHost: evil"}),
        json.dumps(NOTES | {"etag": "\u20ac"}),
        json.dumps(NOTES | {"modified": ["x"]}),
        json.dumps(NOTES | {"total": "many"}),
        json.dumps(NOTES | {"total": 10}),
        json.dumps(NOTES | {"total": 50_000}),
        json.dumps(NOTES | {"etag": '"of another file"'}),
        json.dumps(NOTES | {"etag": None, "modified": None, "total": None}),
        json.dumps(NOTES),
    ],
)
@pytest.mark.parametrize("size", [0, 50_000, 300_000])
def test_a_part_of_unknown_origin(fetching: Fetching, notes: str | None, size: int) -> None:
    fetching.folder.mkdir()
    (fetching.folder / f"{ARCHIVE}.partial").write_bytes(zip_of(300_000, seed=3)[:size])
    if notes is not None:
        (fetching.folder / f"{ARCHIVE}.partial.json").write_bytes(notes.encode("utf-8", "surrogatepass"))
    fetching()
    fetching.check()
    assert len(fetching.server.ranges()) <= 3


def test_a_part_that_is_a_folder(fetching: Fetching) -> None:
    (fetching.folder / f"{ARCHIVE}.partial").mkdir(parents=True)
    assert "cannot be written: Is a directory" in fetching.error()


def test_sha256sum_checks_the_record(fetching: Fetching) -> None:
    fetching()
    fetching("genes")
    done = subprocess.run(
        ["sha256sum", "--strict", "-c", "SHA256SUMS"], cwd=fetching.folder, capture_output=True, text=True, check=True
    )
    assert sorted(done.stdout.splitlines()) == sorted(
        f"{name}: OK" for name in (ARCHIVE, "go-basic.obo", "gene2go.gz", "Homo_sapiens.gene_info.gz")
    )


def test_the_record_of_sha256sum_is_read_and_kept(fetching: Fetching) -> None:
    fetching.folder.mkdir()
    (fetching.folder / "my notes.txt").write_text("mine")
    (fetching.folder / ARCHIVE).write_bytes(fetching.archive)
    for mode in ("--binary", "--text"):
        done = subprocess.run(["sha256sum", mode, "my notes.txt", ARCHIVE], cwd=fetching.folder, capture_output=True,
                              check=True)  # fmt: skip
        (fetching.folder / "SHA256SUMS").write_bytes(done.stdout)
        assert fetching().column("status") == ["already there"]
    fetching("genes")
    assert f"{sha256(b'mine')}  my notes.txt\n" in (fetching.folder / "SHA256SUMS").read_text()


@pytest.mark.parametrize("line", ["rubbish", "abc  name", "SHA256 (a) = 00", "\0\0", "é" * 70])
def test_a_record_that_is_damaged(fetching: Fetching, line: str) -> None:
    fetching.folder.mkdir()
    (fetching.folder / "SHA256SUMS").write_text(f"\n{line}\n", encoding="latin-1")
    assert fetching.error().startswith(f"{fetching.folder / 'SHA256SUMS'}, line 2: expected a SHA-256, two spaces and ")


def test_files_that_arrived_are_kept_when_another_fails(fetching: Fetching) -> None:
    fetching.server.faults["gene2go.gz"] = [answer(404)]
    assert fetching.error("genes").startswith("127.0.0.1 answered 404 Not Found for gene2go.gz. ")
    assert fetching.names == {"go-basic.obo", "Homo_sapiens.gene_info.gz", "SHA256SUMS"}
    fetching("genes")
    assert len(fetching.server.ranges("go-basic.obo")) == 1


def test_several_files_that_fail_are_counted(fetching: Fetching) -> None:
    fetching.server.faults["gene2go.gz"] = fetching.server.faults["go-basic.obo"] = [answer(404)] * 2
    assert fetching.error("genes").endswith(" (1 more failed.)")


def test_the_free_space_is_checked_before_anything_is_fetched(fetching: Fetching) -> None:
    fetching.server.head_faults[ARCHIVE] = [answer(200, b"", Content_Length=str(10**17))]
    message = fetching.error()
    assert message.startswith(f"100,000 TB are to be fetched, and {fetching.folder} has ")
    assert fetching.server.ranges() == []
    assert fetching.names == set()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 52 MB, which has just the space that must be left free."""
    with disks.small_disk(tmp_path / "disk", 52 * 1024) as disk:
        yield disk


@pytest.mark.long
@pytest.mark.parametrize("has_begun", [True, False])
def test_a_full_disk_leaves_nothing_behind(fetching: Fetching, small_disk: Path, has_begun: bool) -> None:
    fetching.folder = small_disk / "downloads"
    fetching.server.files[ARCHIVE] = ServedFile(zip_of(60_000_000))
    # The size is not known before the transfer, or the first check would refuse it.
    fetching.server.head_faults[ARCHIVE] = [answer(405)] * 9
    if has_begun:
        fetching.server.faults[ARCHIVE] = [cut(1_000_000)] + [drop] * 9
        fetching.error()
        assert fetching.names == {f"{ARCHIVE}.partial", f"{ARCHIVE}.partial.json"}
        fetching.server.faults.clear()
    assert fetching.error() == (
        f"{fetching.folder} is full: {ARCHIVE} was not fetched. Free some space, or choose another `folder`."
    )
    assert fetching.names == set()
    fetching.server.files[ARCHIVE] = ServedFile(fetching.archive)
    fetching()
    fetching.check()

"""coexpr fetch: messages, exit codes, and what a signal leaves."""

import hashlib
import io
import json
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.command import invoke
from helpers.http_server import ServedFile, Server, answer, cut, free_port, serving, slow, stall

from coexpr.demo.downloads import write_downloads

ARCHIVE = "normalized_microarray_donor9861.zip"
NOT_USED = ("Traceback", "Error(", "Exception", "None", "%2F", "urllib3", "HTTPConnection", "Max retries")


@pytest.fixture(scope="session")
def archives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Six archives of the synthetic atlas, by their names."""
    paths = write_downloads(tmp_path_factory.mktemp("archives"), probes=100, samples=90)
    return {path.name: path.read_bytes() for path in paths}


@pytest.fixture
def server(archives: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    with serving() as server:
        server.files = {name: ServedFile(body) for name, body in archives.items()}
        yield server


def large_zip() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.csv", random.Random(5).randbytes(1_000_000))
    return stream.getvalue()


def error_of(*arguments: object) -> str:
    """Run a command that fails, and return its one line."""
    done = invoke("fetch", *arguments)
    assert (done.exit_code, done.stdout) == (1, "")
    *_, error = done.stderr.splitlines()
    assert error.startswith("Error: ")
    assert not any(word in done.stderr for word in NOT_USED)
    return error


@pytest.mark.long
def test_fetch_and_ingest(server: Server, archives: dict[str, bytes], tmp_path: Path) -> None:
    folder = tmp_path / "new" / "downloads"
    done = invoke("fetch", "--base-url", server.url, "--folder", folder, "--ingest", "--db", tmp_path / "atlas.duckdb")
    assert done.exit_code == 0, done.output
    assert {path.name: path.read_bytes() for path in folder.glob("*.zip")} == archives
    assert "now contains 6 donors, 90 samples, 100 probes" in done.stdout
    assert done.stderr.startswith("Fetching 6 files, ")
    subprocess.run(["sha256sum", "--strict", "--quiet", "-c", "SHA256SUMS"], cwd=folder, check=True)
    again = invoke("fetch", "--folder", folder, "--no-ingest", "--format", "json")  # of the Allen Institute itself
    assert {row["status"] for row in json.loads(again.stdout)["rows"]} == {"already there"}
    assert again.stderr.splitlines()[0] == f"Everything is in {folder} already."


def test_the_folder_is_next_to_the_database(server: Server, tmp_path: Path) -> None:
    database = tmp_path / "atlas.duckdb"
    done = invoke("fetch", "--donor", "H0351.2001", "--base-url", f"{server.url}/", "--db", database)
    assert done.exit_code == 0, done.output
    assert {path.name for path in (tmp_path / "downloads").iterdir()} == {ARCHIVE, "SHA256SUMS"}
    assert done.stderr.splitlines()[-1] == f'Load them with: coexpr ingest "{tmp_path / "downloads"}"'
    assert not database.exists()


def test_only_results_and_errors_with_quiet(server: Server, tmp_path: Path) -> None:
    server.faults[ARCHIVE] = [cut(1000)]
    done = invoke("fetch", "--donor", 9861, "--base-url", server.url, "--folder", tmp_path / "a", "-q")
    assert (done.exit_code, done.stderr) == (0, "")
    assert ARCHIVE in done.stdout
    server.files.clear()
    failed = invoke("fetch", "--donor", 10021, "--base-url", server.url, "--folder", tmp_path / "a", "-q")
    assert failed.exit_code == 1
    assert failed.stderr.startswith("Error: 127.0.0.1 answered 404 Not Found for ")
    assert failed.stderr.count("\n") == 1


def test_a_dry_run(server: Server, archives: dict[str, bytes], tmp_path: Path) -> None:
    folder = tmp_path / "downloads"
    done = invoke("fetch", "--base-url", server.url, "--folder", folder, "--dry-run", "--format", "json")
    assert done.exit_code == 0
    rows = json.loads(done.stdout)["rows"]
    assert {row["file"]: row["bytes"] for row in rows} == {name: len(body) for name, body in archives.items()}
    assert {row["status"] for row in rows} == {"to fetch"}
    assert done.stderr.startswith("To fetch: 6 files, ")
    assert server.ranges() == []
    assert not folder.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--donor", "1234"], "Error: --donor"),
        (["genes", "--donor", "9861"], "Error: --donor 9861: genes have no file of this donor."),
        (["rnaseq", "--donor", "12876"], "Error: --donor 12876: rnaseq have no file of this donor."),
        (["--base-url", "mirror.org/files"], "Error: --base-url 'mirror.org/files': expected an address that starts"),
    ],
)
def test_an_option_with_a_wrong_value(tmp_path: Path, arguments: list[str], message: str) -> None:
    assert error_of("--folder", tmp_path, *arguments).startswith(message)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [["brains"], ["--timeout", "0"], ["--retries", "-1"], ["--retries", "many"]])
def test_a_usage_error(arguments: list[str]) -> None:
    assert invoke("fetch", *arguments).exit_code == 2


def test_no_network(tmp_path: Path, server: Server) -> None:
    start = time.perf_counter()
    error = error_of("--base-url", f"http://127.0.0.1:{free_port()}", "--folder", tmp_path / "a")
    assert error.endswith(".zip cannot be fetched: 127.0.0.1 refused the connection. Nothing was fetched.")
    assert time.perf_counter() - start < 5
    assert not (tmp_path / "a").exists()


def test_an_error_page_and_a_damaged_archive(server: Server, archives: dict[str, bytes], tmp_path: Path) -> None:
    common = ("--donor", 9861, "--base-url", server.url, "--folder", tmp_path / "a", "--retries", 0)
    server.faults[ARCHIVE] = [answer(200, b"<html><title>Please log in</title>")]
    assert error_of(*common) == (
        f"Error: {ARCHIVE} was not fetched from 127.0.0.1: the server sent a web page (Please log in), not a zip. Try "
        "again later, or use --base-url."
    )
    server.files[ARCHIVE] = ServedFile(archives[ARCHIVE][:-30])
    assert error_of(*common) == (
        f"Error: {ARCHIVE} is damaged (its end is missing or wrong). It came from 127.0.0.1 and was deleted. Try again "
        "later, or use --base-url."
    )
    assert list((tmp_path / "a").iterdir()) == []


def test_the_timeout(server: Server, tmp_path: Path) -> None:
    server.faults[ARCHIVE] = [stall(1000)] * 9
    start = time.perf_counter()
    error = error_of("--donor", 9861, "--base-url", server.url, "--folder", tmp_path, "--timeout", 0.3, "--retries", 0)
    assert "was not fetched from 127.0.0.1: the server sent nothing for too long." in error
    assert time.perf_counter() - start < 10


def test_a_changed_file_names_the_remedy(server: Server, tmp_path: Path) -> None:
    common = ("--donor", 9861, "--base-url", server.url, "--folder", tmp_path)
    assert invoke("fetch", *common).exit_code == 0
    (tmp_path / ARCHIVE).write_bytes(b"changed")
    assert error_of(*common).endswith("Delete it to fetch it again.")


class Program:
    """`coexpr fetch` as a process of its own."""

    def __init__(self, folder: Path, server: Server) -> None:
        command = [sys.executable, "-m", "coexpr", "fetch", "--donor", "9861", "--folder", str(folder), "--base-url",
                   server.url]  # fmt: skip
        environment = {name: text for name, text in os.environ.items() if not name.lower().endswith("_proxy")}
        self.folder = folder
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )

    @property
    def arrived(self) -> int:
        partial = self.folder / f"{ARCHIVE}.partial"
        return partial.stat().st_size if partial.exists() else -1

    def wait_for_bytes(self, least: int) -> None:
        deadline = time.monotonic() + 30
        while self.arrived < least:
            assert time.monotonic() < deadline
            assert self.process.poll() is None, self.process.communicate()
            time.sleep(0.01)

    def end_with(self, number: signal.Signals) -> tuple[int, str, float]:
        """Send a signal; return the exit code, stderr, and the seconds until the end."""
        start = time.monotonic()
        self.process.send_signal(number)
        _, text = self.process.communicate(timeout=30)
        return self.process.returncode, text, time.monotonic() - start


def check_next_run(folder: Path, server: Server, body: bytes) -> None:
    done = invoke("fetch", "--donor", 9861, "--folder", folder, "--base-url", server.url)
    assert done.exit_code == 0, done.output
    assert {path.name for path in folder.iterdir()} == {ARCHIVE, "SHA256SUMS"}
    assert hashlib.sha256((folder / ARCHIVE).read_bytes()).digest() == hashlib.sha256(body).digest()


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_signal_in_the_middle(server: Server, tmp_path: Path, number: signal.Signals) -> None:
    body = large_zip()
    server.files[ARCHIVE] = ServedFile(body)
    server.faults[ARCHIVE] = [slow(10, pieces=200)]
    program = Program(tmp_path / "a", server)
    program.wait_for_bytes(100_000)
    code, text, seconds = program.end_with(number)
    assert seconds < 3.5
    assert 100_000 <= program.arrived < len(body)
    assert {path.name for path in program.folder.iterdir()} == {f"{ARCHIVE}.partial", f"{ARCHIVE}.partial.json"}
    if number == signal.SIGINT:
        assert code == 130
        assert text.splitlines()[1:] == ["Interrupted. What has arrived is kept; the same command continues."]
    check_next_run(program.folder, server, body)
    start = server.ranges()[-1]
    assert start is not None
    assert int(start.removeprefix("bytes=").removesuffix("-")) >= 100_000


def test_two_programs_do_not_fetch_into_one_folder(server: Server, archives: dict[str, bytes], tmp_path: Path) -> None:
    server.faults[ARCHIVE] = [stall(10_000)]
    program = Program(tmp_path / "a", server)
    program.wait_for_bytes(0)
    error = error_of("--donor", 9861, "--folder", program.folder, "--base-url", server.url)
    assert error == f"Error: another coexpr is fetching into {program.folder}. Wait until it has ended."
    program.end_with(signal.SIGKILL)
    check_next_run(program.folder, server, archives[ARCHIVE])


@pytest.mark.parametrize("is_first", [True, False])
def test_an_interrupt_while_a_server_never_answers(
    server: Server, archives: dict[str, bytes], tmp_path: Path, is_first: bool
) -> None:
    if is_first:
        server.head_faults[ARCHIVE] = [stall()]
    else:
        server.faults[ARCHIVE] = [stall(0)]
    program = Program(tmp_path / "a", server)
    deadline = time.monotonic() + 30
    while len(server.requests) < 2 - is_first:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    code, text, seconds = program.end_with(signal.SIGINT)
    assert (code, text.splitlines()[-1]) == (
        130,
        "Interrupted. What has arrived is kept; the same command continues.",
    )
    assert seconds < 3.5
    check_next_run(program.folder, server, archives[ARCHIVE])

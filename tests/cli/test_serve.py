"""coexpr serve as a program: what it prints, which ports and addresses it takes, and how it ends."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2 as httpx
import pytest
from helpers.command import invoke
from helpers.web import ENDLESS, SECONDS, Process, begin, client_of, start, statement_path

TOKEN = "correct-horse_42"
# A finder of modules in place of Python's own, which does not find a package.
WITHOUT = """
import sys
from importlib.machinery import PathFinder

class Finder:
    find_distributions = PathFinder.find_distributions

    @staticmethod
    def find_spec(name, path=None, target=None):
        return None if name.partition(".")[0] == {hidden!r} else PathFinder.find_spec(name, path, target)

sys.meta_path[sys.meta_path.index(PathFinder)] = Finder
from coexpr.__main__ import main
sys.argv = ["coexpr", "serve", *sys.argv[1:]]
main()
"""


def interrupt(process: Process, number: int = signal.SIGINT) -> tuple[int, str, str]:
    """End a server by a signal; return its exit code and what it printed after its first line."""
    process.send_signal(number)
    out, err = process.communicate(timeout=SECONDS)
    return process.returncode, out, err


@pytest.mark.long
def test_it_prints_its_address_and_ctrl_c_ends_it(synthetic_database: Path) -> None:
    with start(synthetic_database) as process:
        port = httpx.URL(process.address).port
        assert process.line == f"Open http://localhost:{port}/ in your browser. Stop with Ctrl-C.\n"
        with client_of(process.address) as client:
            assert client.get("/").status_code == 200
            assert client.get("/correlates?seed=NTRK2").status_code == 200
        assert interrupt(process) == (0, "", "")


@pytest.mark.long
def test_it_ends_while_a_connection_is_open_and_a_statement_runs(synthetic_database: Path) -> None:
    with (
        start(synthetic_database) as process,
        client_of(process.address) as client,
        begin(client, statement_path(ENDLESS)),
        begin(client, statement_path(ENDLESS)),
    ):
        for _ in range(3):  # the statement has started, and this connection stays open
            assert client.get("/api/query/NTRK2").status_code == 200
        assert interrupt(process) == (0, "", "")


@pytest.mark.long
def test_sigterm_ends_it_as_any_program(synthetic_database: Path) -> None:
    with start(synthetic_database) as process, client_of(process.address) as client:
        assert client.get("/").status_code == 200
        assert interrupt(process, signal.SIGTERM) == (-signal.SIGTERM, "", "")


@pytest.mark.long
def test_ctrl_c_ends_it_before_anything_was_asked(synthetic_database: Path) -> None:
    with start(synthetic_database) as process:
        time.sleep(1)
        assert interrupt(process) == (0, "", "")


def test_a_request_that_waits_is_answered_when_the_server_starts(synthetic_database: Path) -> None:
    """The browser opens the page as soon as the address is printed."""
    with start(synthetic_database) as process, client_of(process.address) as client:
        assert client.get("/").status_code == 200


@pytest.mark.long
def test_broken_requests_print_no_traceback(synthetic_database: Path) -> None:
    with start(synthetic_database) as process, client_of(process.address) as client:
        for request in (b"\x16\x03\x01\x02\x00", b"GET / HTTP/9.9\r\n\r\n", b"GET /", b"\r\n" * 9, b"x" * 100_000):
            with socket.create_connection(("127.0.0.1", client.base_url.port or 0)) as connection:
                connection.sendall(request)
        for path in ("/correlates.csv?seed=NTRK2", "/"):
            begin(client, path).close()
        assert client.get("/").status_code == 200
        code, out, err = interrupt(process)
    assert (code, out, "Traceback" in err) == (0, "", False)


def test_a_database_that_does_not_exist_yet(tmp_path: Path) -> None:
    database = tmp_path / "folder" / "atlas.duckdb"
    with start(database) as process, client_of(process.address) as client:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert line == f"There is no database at {database} yet: the page says how to make one.\n"
        assert client.get("/").status_code == 503
        assert interrupt(process) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


def test_the_port_may_be_in_use(synthetic_database: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = invoke("serve", "--port", port, "--no-open", "--db", synthetic_database)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (
        f"Error: port {port} of 127.0.0.1 is in use, perhaps by another coexpr serve. Choose another --port, or 0 for "
        "any free one.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--host", "0.0.0.0"], "Error: --host 0.0.0.0: other computers could reach the database. Add --token, such"),
        (["--host", "::", "--token", ""], "Error: --host ::: other computers could reach the database."),
        (["--host", "", "--port", "0"], "Error: --host : other computers could reach the database."),
        (["--token", "short"], "Error: --token: expected at least eight letters, digits, or any of - . _ ~"),
        (["--token", "eight words with spaces"], "Error: --token: expected at least eight letters, digits,"),
        (["--host", "no.such.host.invalid", "--token", TOKEN], "Error: no.such.host.invalid:8000 cannot be opened: "),
        (["--host", "a..b", "--token", TOKEN], "Error: a..b:8000 cannot be opened: "),
        (["--host", "192.0.2.1", "--token", TOKEN], "Error: 192.0.2.1:8000 cannot be opened: "),
        (["--port", "65536"], "Error: Invalid value for '--port': "),
        (["--port", "-1"], "Error: Invalid value for '--port': "),
    ],
)  # fmt: skip
def test_what_cannot_be_served_is_said_in_a_line(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    done = invoke("serve", "--no-open", *arguments, "--db", tmp_path / "atlas.duckdb")
    assert (done.exit_code in (1, 2), done.stdout) == (True, "")
    *_, line = done.stderr.splitlines()
    assert line.startswith(sentence)


@pytest.mark.long
def test_other_computers_need_the_token(synthetic_database: Path) -> None:
    with (
        start(synthetic_database, "--host", "0.0.0.0", "--token", TOKEN) as process,
        client_of(process.address) as client,
    ):
        assert f"/?token={TOKEN} in your browser." in process.line
        assert client.get("/").status_code == 401
        assert client.get(f"/?token={TOKEN}", follow_redirects=True).status_code == 200  # and the cookie afterwards
        headers = {"Host": "192.168.1.5:8000", "Authorization": f"Bearer {TOKEN}"}
        assert client.get("/", headers=headers).status_code == 200
        assert interrupt(process) == (0, "", "")


def test_the_address_of_version_6(synthetic_database: Path) -> None:
    try:
        with socket.socket(socket.AF_INET6) as trial:
            trial.bind(("::1", 0))
    except OSError:
        pytest.skip("this computer has no ::1")
    with start(synthetic_database, "--host", "::1") as process:
        port = httpx.URL(process.address).port
        with client_of(f"http://[::1]:{port}") as client:
            assert client.get("/api/info").status_code == 200
        assert interrupt(process) == (0, "", "")


@pytest.mark.parametrize("package", ["starlette", "uvicorn", "jinja2"])
def test_a_missing_package_is_named(synthetic_database: Path, package: str) -> None:
    command = [sys.executable, "-c", WITHOUT.format(hidden=package), "--no-open", "--db", str(synthetic_database)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"Error: a page in the browser needs the package {package}. Install it: pip install 'coexpr[web]'\n"
    )


def test_spreadsheets_and_figures_say_what_is_missing(synthetic_database: Path) -> None:
    """The pages work without their packages."""
    command = [sys.executable, "-c", WITHOUT.format(hidden="xlsxwriter"), "--no-open", "--port", "0"]
    with Process([*command, "--db", str(synthetic_database)], stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            address = next(word for word in process.stderr.readline().split() if word.startswith("http"))
            with client_of(address.replace("localhost", "127.0.0.1")) as client:
                assert client.get("/correlates?seed=NTRK2").status_code == 200
                answer = client.get("/api/query/NTRK2?format=xlsx")
                assert (answer.status_code, answer.json()["error"]["kind"]) == (503, "MissingPackageError")
                assert "pip install 'coexpr[xlsx]'" in answer.json()["error"]["message"]
        finally:
            process.kill()


@pytest.mark.long
def test_a_browser_is_opened_only_where_there_is_a_screen(synthetic_database: Path, tmp_path: Path) -> None:
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}\n')
    browser.chmod(0o755)
    environment = {"BROWSER": f"{browser} %s", "DISPLAY": ":0", "PATH": os.environ["PATH"]}
    command = [sys.executable, "-m", "coexpr", "serve", "--port", "0", "--db", str(synthetic_database)]
    for arguments, is_opened in (([], False), (["--no-open"], False), (["--open"], True)):
        with Process(
            [*command, *arguments], stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}
        ) as process:
            try:
                assert process.stderr is not None
                url = next(word for word in process.stderr.readline().split() if word.startswith("http"))
                with client_of(url.replace("localhost", "127.0.0.1")) as client:
                    assert client.get("/api/openapi.json").status_code == 200
                assert opened.exists() is is_opened
                if is_opened:
                    assert opened.read_text().strip() == url
            finally:
                process.kill()

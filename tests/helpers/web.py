"""Real servers of pages on this computer: in a thread of the test, and as the command `coexpr serve`."""

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import duckdb
import httpx2 as httpx

from coexpr.database.stored_tables import store_genes_of_atlas
from coexpr.web.server import Server
from coexpr.web.workers import TIMES, Times

# A statement that does not end by itself.
ENDLESS = "select count(*) as n from range(1000000000000) t(i) where sqrt(i) < 0"
# Names that are HTML, SQL, or commands of a shell.
SCRIPT = "<script>alert(1)</script>"
QUOTES = """O'Brien "x"; drop table probes; $(rm -r .) `rm` &amp; 50% + a/b"""
SECONDS = 60


@contextmanager
def serving(database: Path, *, token: str | None = None, times: Times = TIMES) -> Iterator[httpx.Client]:
    """Run a server in a thread, and yield a client whose addresses begin at it."""
    server = Server(database, port=0, token=token, times=times)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        with client_of(f"http://127.0.0.1:{server.port}") as client:
            yield client
    finally:
        server.stop()
        thread.join(SECONDS)
    assert not thread.is_alive()


@contextmanager
def command_serving(database: Path, *arguments: str, **environment: str) -> Iterator[tuple[httpx.Client, "Process"]]:
    """Run the command, and yield a client and the process, which is ended."""
    with start(database, *arguments, **environment) as process:
        try:
            with client_of(process.address) as client:
                yield client, process
        finally:
            process.terminate()
            process.communicate(timeout=SECONDS)


class Process(subprocess.Popen[str]):
    """The process of a server, which has printed its address."""

    address: str
    line: str


@contextmanager
def start(database: Path, *arguments: str, **environment: str) -> Iterator[Process]:
    """Start `coexpr serve` at a free port, and wait until it has printed its address; the process is killed at last."""
    command = [sys.executable, "-m", "coexpr", "serve", "--port", "0", "--no-open", "--db", str(database), *arguments]
    with Process(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}
    ) as process:
        try:
            assert process.stderr is not None
            process.line = process.stderr.readline()
            found = re.search(r"http://[^/]+:(\d+)", process.line)
            assert found, process.line + process.stderr.read()
            process.address = f"http://127.0.0.1:{found[1]}"
            yield process
        finally:
            process.kill()


def client_of(address: str) -> httpx.Client:
    return httpx.Client(base_url=address, timeout=SECONDS, trust_env=False)


def begin(client: httpx.Client, path: str) -> socket.socket:
    """Send a request whose answer is not waited for."""
    assert client.base_url.port is not None
    opened = socket.create_connection(("127.0.0.1", client.base_url.port), timeout=SECONDS)
    opened.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return opened


def statement_path(statement: str) -> str:
    return f"/api/sql?statement={quote(statement)}"


@contextmanager
def written_by_another_process(database: Path) -> Iterator[None]:
    """Have the database open for writing in another process."""
    code = f"import duckdb, time; c = duckdb.connect({str(database)!r}); print('open', flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as writer:
        try:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "open\n"
            yield
        finally:
            writer.kill()


def copy_with(database: Path, copy: Path, *statements: str) -> Path:
    """Copy a database, and change the copy; a checkpoint leaves one file."""
    shutil.copy(database, copy)
    with duckdb.connect(copy) as connection:
        for statement in statements:
            connection.execute(statement)
        store_genes_of_atlas(connection)
        connection.execute("checkpoint")
    return copy


def with_hostile_names(database: Path, copy: Path) -> Path:
    """Copy the synthetic database; BDNF, its probes, a category, a donor and a structure of the copy have odd names."""
    script, quotes = SCRIPT.replace("'", "''"), QUOTES.replace("'", "''")
    return copy_with(
        database,
        copy,
        f"update genes set gene_symbol = '{script}', gene_name = '{quotes}' where gene_symbol = 'BDNF'",
        f"update probes set probe_name = '{script} ' || probe_id where gene_id = "
        f"(select gene_id from genes where gene_symbol = '{script}')",
        f"update categories set name = '{quotes} {script}' where name = 'nervous system development'",
        f"update donors set donor_name = '{script}', age = '{script}' where donor_id = 9861",
        f"update structures set name = '{script}' || name",
        f"update downloads set title = '{script}', location = '{script}'",
    )


class Page(HTMLParser):
    """The elements and the text of a page, as a browser reads them.

    Parameters
    ----------
    source : str
    """

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self._pieces: list[str] = []
        self._cell: list[str] | None = None
        self.feed(source)
        self.close()

    @property
    def text(self) -> str:
        """The text, with single spaces."""
        return " ".join("".join(self._pieces).split())

    def addresses(self, *tags: str) -> list[str]:
        """The values of href, src and action of all elements, or of some."""
        names = ("href", "src", "action")
        return [
            str(value)
            for tag, attributes in self.elements
            if not tags or tag in tags
            for name, value in attributes.items()
            if name in names
        ]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th") and self.rows:
            self._cell = []

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self._cell is not None:
            self.rows[-1].append(" ".join("".join(self._cell).split()))
            self._cell = None

    def handle_data(self, data: str) -> None:
        self._pieces.append(data)
        if self._cell is not None:
            self._cell.append(data)

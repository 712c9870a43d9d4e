"""A real HTTP server on this computer, which fails in the ways that a test selects."""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

_BLOCK = 1 << 16


@dataclass
class ServedFile:
    """A file on the server, in one version."""

    body: bytes | memoryview
    etag: str | None = '"version-1"'
    modified: str | None = "Tue, 05 Mar 2024 10:00:00 GMT"

    @property
    def versions(self) -> dict[str, str]:
        return {name: text for name, text in (("ETag", self.etag), ("Last-Modified", self.modified)) if text}


@dataclass
class Response:
    status: int
    headers: dict[str, str]
    body: bytes | memoryview


# Answers one request in place of the right answer.
Fault = Callable[["Handler", ServedFile], None]


class Server(ThreadingHTTPServer):
    """Serves `files`; the first requests of a file are answered by its `faults`, in their order."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files: dict[str, ServedFile] = {}
        self.faults: dict[str, list[Fault]] = {}
        self.head_faults: dict[str, list[Fault]] = {}
        self.connect: Fault | None = None
        self.requests: list[tuple[str, str, Mapping[str, str]]] = []
        self.stopped = threading.Event()
        self.bodies = self.most_bodies = 0
        self.lock = threading.Lock()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that closes its connection is expected."""

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Count the bodies that are sent at the same time."""
        with self.lock:
            self.bodies += 1
            self.most_bodies = max(self.most_bodies, self.bodies)
        try:
            yield
        finally:
            with self.lock:
                self.bodies -= 1

    def ranges(self, name: str | None = None) -> list[str | None]:
        """The Range of every GET, of one file or all."""
        return [
            headers.get("Range")
            for method, target, headers in self.requests
            if method == "GET" and (name is None or target.endswith(name))
        ]


class Handler(BaseHTTPRequestHandler):
    """Answers rightly, ranges and If-Range included, unless a fault is next."""

    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, format: str, *arguments: object) -> None:
        """Print nothing."""

    def do_HEAD(self) -> None:
        self._serve(self.server.head_faults)

    def do_GET(self) -> None:
        self._serve(self.server.faults)

    def do_CONNECT(self) -> None:
        self.server.requests.append((self.command, self.path, dict(self.headers)))
        if self.server.connect is None:
            self._tunnel()
        else:
            self.server.connect(self, ServedFile(b""))

    def _serve(self, faults: dict[str, list[Fault]]) -> None:
        name = urlsplit(self.path).path.lstrip("/")
        with self.server.lock:
            self.server.requests.append((self.command, self.path, dict(self.headers)))
            fault = faults[name].pop(0) if faults.get(name) else None
        file = self.server.files.get(name)
        if fault is not None:
            fault(self, file or ServedFile(b""))
        elif file is None:
            self.send(Response(404, {"Content-Length": "0"}, b""))
        else:
            self.send(self.right(file))

    def start_of_range(self) -> int:
        text = self.headers.get("Range", "")
        return int(text.removeprefix("bytes=").removesuffix("-")) if text else 0

    def right(self, file: ServedFile) -> Response:
        """The answer of a server that is right."""
        start, size = self.start_of_range(), len(file.body)
        if self.headers.get("If-Range") not in (None, file.etag, file.modified):
            start = 0
        if start and start >= size:
            return Response(416, {"Content-Range": f"bytes */{size}", "Content-Length": "0"}, b"")
        headers = file.versions | {"Content-Length": str(size - start)}
        if not start:
            return Response(200, headers, file.body)
        return Response(206, headers | {"Content-Range": f"bytes {start}-{size - 1}/{size}"}, file.body[start:])

    def send(self, answer: Response, *, after: int | None = None) -> None:
        """Send an answer, or the first bytes of it."""
        self.send_response(answer.status)
        for name, text in answer.headers.items():
            self.send_header(name, text)
        self.end_headers()
        if self.command == "HEAD":
            return
        body = memoryview(answer.body)[:after]
        with self.server.sending():
            for place in range(0, len(body), _BLOCK):
                self.wfile.write(body[place : place + _BLOCK])
            self.wfile.flush()

    def break_off(self, *, reset: bool = False) -> None:
        """Close the connection; with a reset, as a network does that fails."""
        self.close_connection = True
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
        else:
            self.connection.shutdown(socket.SHUT_RDWR)

    def _tunnel(self) -> None:
        """Connect a client of this proxy with the server that it names."""
        host, port = self.path.rsplit(":", 1)
        with socket.create_connection((host, int(port))) as other:
            self.send_response(200)
            self.end_headers()
            thread = threading.Thread(target=_pump, args=(other, self.connection), daemon=True)
            thread.start()
            _pump(self.connection, other)
            thread.join()
        self.close_connection = True


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(_BLOCK):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


@contextmanager
def serving(certificate: Path | None = None) -> Iterator[Server]:
    """Run a server; with a certificate (and its key, in one file), an encrypted one."""
    with Server() as server:
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.stopped.set()
            server.shutdown()
            thread.join()


def free_port() -> int:
    """Return a port on which nothing listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


def cut(after: int, *, reset: bool = False) -> Fault:
    """Close the connection after some bytes of the body."""

    def fault(handler: Handler, file: ServedFile) -> None:
        handler.send(handler.right(file), after=after)
        handler.break_off(reset=reset)

    return fault


def drop(handler: Handler, file: ServedFile) -> None:
    """Close the connection before any byte."""
    handler.break_off()


def stall(after: int | None = None) -> Fault:
    """Send nothing more after some bytes of the body, or nothing at all."""

    def fault(handler: Handler, file: ServedFile) -> None:
        if after is not None:
            handler.send(handler.right(file), after=after)
        handler.server.stopped.wait(30)
        handler.close_connection = True

    return fault


def answer(status: int, body: bytes = b"", **headers: str) -> Fault:
    """Respond with a status and a body; the names of headers are written with _ for -."""

    def fault(handler: Handler, file: ServedFile) -> None:
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        handler.send(Response(status, {"Content-Length": str(len(body))} | named, body))

    return fault


def redirect(status: int, location: str) -> Fault:
    return answer(status, Location=location)


def changed(change: Callable[[Handler, ServedFile], Response], *, after: int | None = None) -> Fault:
    """Send an answer that a function makes, whole or the first bytes of it."""

    def fault(handler: Handler, file: ServedFile) -> None:
        handler.send(change(handler, file), after=after)
        if after is not None:
            handler.break_off()

    return fault


def without_ranges(*, after: int | None = None) -> Fault:
    """Send all of the file, whatever part was asked for."""
    return changed(
        lambda _, file: Response(200, file.versions | {"Content-Length": str(len(file.body))}, file.body), after=after
    )


def wrong_part(shift: int) -> Fault:
    """Send another part than was asked for, and say so."""

    def change(handler: Handler, file: ServedFile) -> Response:
        start, size = handler.start_of_range() + shift, len(file.body)
        headers = {"Content-Length": str(size - start), "Content-Range": f"bytes {start}-{size - 1}/{size}"}
        return Response(206, file.versions | headers, file.body[start:])

    return changed(change)


def wrong_bytes(handler: Handler, file: ServedFile) -> None:
    """Send the first bytes of the file as if they were the part that was asked for."""
    right = handler.right(file)
    handler.send(Response(right.status, right.headers, file.body[: len(right.body)]))


def wrong_total(handler: Handler, file: ServedFile) -> None:
    """Send the right part, and say that it is part of a larger file."""
    right = handler.right(file)
    more = {"Content-Range": right.headers["Content-Range"].rsplit("/", 1)[0] + f"/{len(file.body) + 1000}"}
    handler.send(Response(right.status, right.headers | more, right.body))


def with_headers(status: int | None = None, **headers: str | None) -> Fault:
    """Send the right answer with other headers; None leaves one out."""

    def change(handler: Handler, file: ServedFile) -> Response:
        right = handler.right(file)
        named = right.headers | {name.replace("_", "-"): text for name, text in headers.items()}
        return Response(
            status or right.status, {name: text for name, text in named.items() if text is not None}, right.body
        )

    return changed(change)


def without_length(*, after: int | None = None) -> Fault:
    """Send the file without its size, and close the connection at its end, or earlier."""

    def fault(handler: Handler, file: ServedFile) -> None:
        right = handler.right(file)
        headers = {name: text for name, text in right.headers.items() if name != "Content-Length"}
        handler.send(Response(right.status, headers | {"Connection": "close"}, right.body), after=after)
        handler.break_off()

    return fault


def chunked(*, after: int | None = None) -> Fault:
    """Send the file in chunks, without its size; the connection is closed before the end if `after` is given."""

    def fault(handler: Handler, file: ServedFile) -> None:
        right = handler.right(file)
        body = bytes(right.body[:after])
        blocks = [body[place : place + _BLOCK] for place in range(0, len(body), _BLOCK)]
        text = b"".join(b"%x\r\n%s\r\n" % (len(block), block) for block in blocks)
        headers = {name: text for name, text in right.headers.items() if name != "Content-Length"}
        end = b"0\r\n\r\n" if after is None else b""
        handler.send(Response(right.status, headers | {"Transfer-Encoding": "chunked"}, text + end))
        if after is not None:
            handler.break_off()

    return fault


def slow(seconds: float, pieces: int = 20) -> Fault:
    """Send the file in pieces over some time."""

    def fault(handler: Handler, file: ServedFile) -> None:
        right = handler.right(file)
        handler.send(right, after=0)
        *places, last = range(0, len(right.body), -(-len(right.body) // pieces))
        with handler.server.sending():
            for place, end in pairwise([*places, last]):
                handler.wfile.write(right.body[place:end])
                handler.wfile.flush()
                if handler.server.stopped.wait(seconds / pieces):
                    return
        # The body no longer counts as being sent: a client that has all of it may send its next request.
        handler.wfile.write(right.body[last:])

    return fault

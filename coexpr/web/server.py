"""The server: one address, one port, one database, until it is interrupted."""

import errno
import logging
import os
import re
import secrets
import socket
from contextlib import ExitStack, suppress
from pathlib import Path

import uvicorn

from coexpr.errors import OptionError, ServerError
from coexpr.web.app import create_app
from coexpr.web.guard import LOOPBACK, MAX_ADDRESS
from coexpr.web.workers import TIMES, Times, Workers

# Seconds that open connections have to end when the server stops.
_GRACE = 2
# It is part of an address and of a cookie.
_TOKEN = re.compile(r"[A-Za-z0-9._~-]{8,}")
_BACKLOG = 128


class Server:
    """A server that is bound to its port.

    Parameters
    ----------
    path : path
        The database; it need not exist yet.
    host : str
        An address of this computer.
    port : int
        0 for any free port.
    token : str, optional
        What every request must have. Required for an address that other computers reach.
    times : Times, optional

    Raises
    ------
    OptionError
        If a token is missing or short.
    ServerError
        If the port is in use, or the address is none of this computer.
    """

    def __init__(
        self,
        path: Path,
        *,
        host: str = "127.0.0.1",
        port: int = 8000,
        token: str | None = None,
        times: Times = TIMES,
    ) -> None:
        if host not in LOOPBACK and not token:
            raise OptionError(
                f"`host` {host}: other computers could reach the database. Add `token`, such as "
                f"{secrets.token_urlsafe(16)}, which every visitor needs."
            )
        if token is not None and not _TOKEN.fullmatch(token):
            raise OptionError("`token`: expected at least eight letters, digits, or any of - . _ ~")
        self.database = path
        self._socket = _bind(host, port)
        self.port: int = self._socket.getsockname()[1]
        self.host, self._token = host, token
        workers = Workers(path, times)
        config = uvicorn.Config(
            create_app(path, host=host, token=token, workers=workers),
            log_level="warning",
            access_log=False,
            server_header=False,
            http="h11",
            ws="none",
            timeout_graceful_shutdown=_GRACE,
            h11_max_incomplete_event_size=2 * MAX_ADDRESS,
            proxy_headers=False,
        )
        self._server = _Server(config, workers)

    @property
    def url(self) -> str:
        """The address to open in a browser."""
        name = "localhost" if self.host in (*LOOPBACK, "0.0.0.0", "::") else self.host  # noqa: S104  (compared only)
        name = f"[{name}]" if ":" in name else name
        return f"http://{name}:{self.port}/" + (f"?token={self._token}" if self._token else "")

    def run(self) -> None:
        """Answer requests until SIGINT or SIGTERM, or until `stop`."""
        with suppress(KeyboardInterrupt):  # which uvicorn raises again when it has ended
            self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """End `run`, which another thread has called."""
        self._server.should_exit = True


class _Server(uvicorn.Server):
    """A server that stops what it computes before it waits for answers."""

    def __init__(self, config: uvicorn.Config, workers: Workers) -> None:
        super().__init__(config)
        self._workers = workers

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._workers.stop()
        logging.getLogger("uvicorn.error").disabled = True  # what is broken off now is no failure
        await super().shutdown(sockets)


def _bind(host: str, port: int) -> socket.socket:
    """Return a socket that is bound to a port."""
    if not 0 <= port <= 65_535:
        raise OptionError(f"`port` {port}: expected a number from 0 to 65535.")
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with ExitStack() as on_failure:
            bound = on_failure.enter_context(socket.socket(family, kind, protocol))
            if os.name == "posix":  # on Windows, it would let two servers have one port
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(place)
            bound.listen(_BACKLOG)  # a browser that opens the page before the server runs waits for it
            on_failure.pop_all()
    except (OSError, UnicodeError) as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise ServerError(
                f"port {port} of {host} is in use, perhaps by another coexpr serve. Choose another `port`, or 0 for "
                "any free one."
            ) from None
        raise ServerError(
            f"{host}:{port} cannot be opened: {getattr(error, 'strerror', None) or error}. Choose another `host` or "
            "`port`."
        ) from None
    return bound

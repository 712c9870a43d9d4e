"""Which requests are answered: those that the pages of this server sent, to an address of this server, with its token.

A page of another site can let a browser send requests to this computer. Its name in `Host` (DNS rebinding) or its
origin (CSRF) is not ours, and the request is refused. A Content-Security-Policy lets pages load only what this server
has, and run no script but its own files.
"""

import ipaddress
import re
import secrets
import socket
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "localhost", "::1")
_HOST = re.compile(r"(?:\[(?P<number>[0-9a-f:.]+)\]|(?P<name>[a-z0-9._-]+))(?::[0-9]{1,5})?", re.I)
_COOKIE = "coexpr_token"
# Longer addresses are refused by the server itself.
MAX_ADDRESS = 32_000
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer": a browser would then send our own forms without their origin.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


class Guard:
    """Refuse requests of other sites, and those without the token.

    Parameters
    ----------
    app : ASGI application
    host : str
        The address at which the server listens.
    token : str, optional
        What every request must have: in a cookie, which `?token=` in an address sets, or as a bearer token.
    """

    def __init__(self, app: ASGIApp, host: str, token: str | None) -> None:
        self._app, self._host, self._token = app, host.lower(), token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-cache")
            await send(message)

        refusal = self._refusal(scope)
        await (refusal or self._app)(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> Response | None:
        """Return the answer to a request that is refused; None for one that is not."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._is_ours(host):
            return _refuse(421, f"This server is not {host[:200]!r}. Open it at the address that coexpr serve printed.")
        if _is_from_elsewhere(scope, headers, host):
            return _refuse(403, "A page of another site asked for this. Open the address yourself.")
        if len(scope["raw_path"] or b"") + len(scope["query_string"]) > MAX_ADDRESS:
            return _refuse(414, f"The address is longer than {MAX_ADDRESS:,} characters.")
        return self._without_token(scope, headers) if self._token else None

    def _is_ours(self, host: str) -> bool:
        """Return whether a Host header names this server."""
        if not (found := _HOST.fullmatch(host)):
            return False
        name = (found["number"] or found["name"]).lower()
        if self._host in LOOPBACK:
            return name in LOOPBACK
        if name in (self._host, *LOOPBACK, socket.gethostname().lower()):
            return True
        try:  # a site that rebinds its name to this computer has a name, not a number
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    def _without_token(self, scope: Scope, headers: Headers) -> Response | None:
        """Return the answer to a request without the token, or one that sets the cookie."""
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        if any(name == "token" and self._is_token(value) for name, value in query):
            rest = urlencode([(name, value) for name, value in query if name != "token"])
            # Two slashes at the beginning would name another server.
            path = "/" + (scope["raw_path"] or b"").decode("latin-1").lstrip("/")
            answer = RedirectResponse(f"{path}{'?' if rest else ''}{rest}", 303)
            # Not "strict": a browser would not send it after a link in an e-mail. Requests of other sites are refused.
            answer.set_cookie(_COOKIE, str(self._token), httponly=True, samesite="lax")
            return answer
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        if self._is_token(bearer) or self._is_token(_cookies(headers).get(_COOKIE, "")):
            return None
        return _refuse(401, "A token is needed: open the address with ?token= that coexpr serve printed.")

    def _is_token(self, given: str) -> bool:
        return secrets.compare_digest(given.encode(), str(self._token).encode())


def _is_from_elsewhere(scope: Scope, headers: Headers, host: str) -> bool:
    """Return whether a page of another site caused a request. It may only link to a page, which reads nothing."""
    origin = headers.get("origin")
    if origin not in (None, "null", f"http://{host}", f"https://{host}"):
        return True
    is_link = scope["method"] == "GET" and headers.get("sec-fetch-mode") == "navigate"
    is_framed = headers.get("sec-fetch-dest") in ("iframe", "frame", "embed", "object")
    site = headers.get("sec-fetch-site", "none")
    return (site in ("cross-site", "same-site") and (not is_link or is_framed)) or origin == "null"


def is_link_of_other_site(headers: Mapping[str, str]) -> bool:
    """Return whether a request follows a link on a page of another site."""
    return headers.get("sec-fetch-site", "none") in ("cross-site", "same-site")


def _cookies(headers: Headers) -> dict[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(headers.get("cookie", "")).items()}
    except CookieError:
        return {}


def _refuse(status: int, sentence: str) -> Response:
    return PlainTextResponse(f"{sentence}\n", status)

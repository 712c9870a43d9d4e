"""Which requests are refused, what every answer forbids a browser, and that pages need nothing of it."""

import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx2 as httpx
import pytest
from helpers.web import Page, serving

from coexpr.errors import OptionError
from coexpr.web.guard import HEADERS, MAX_ADDRESS, Guard
from coexpr.web.server import Server

TOKEN = "correct-horse_42"
PAGES = (
    "/", "/correlates", "/correlates?seed=NTRK2", "/correlates?seed=NTRK2&page=2&sort=n&contains=a&by_donor=true",
    "/correlates?seed=nonsense", "/pair", "/pair?a=NTRK2&b=BDNF", "/pair?a=NTRK2&b=BDNF&color=donor&observed_r=0.9676",
    "/categories", "/categories?search=axon", "/category/nervous%20system%20development", "/gene/NTRK2", "/gene/BDNF",
    "/sql", "/sql?statement=from+donors", "/sql?statement=selec", "/learn", "/search?q=nonsense", "/nothing",
)  # fmt: skip


# The end of a request of this computer.
END = "HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def port_of(client: httpx.Client) -> int:
    assert client.base_url.port is not None
    return client.base_url.port


def raw(port: int, request: str) -> str:
    """Send bytes that no client of HTTP would send, and return the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(request.encode("latin-1"))
        return b"".join(iter(lambda: connection.recv(65_536), b"")).decode("latin-1")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        *((host, 200) for host in ("localhost", "localhost:8000", "127.0.0.1", "127.0.0.1:1", "[::1]:80", "LOCALHOST")),
        *((host, 421) for host in ("attacker.example", "attacker.example:8000", "localhost.attacker.example")),
        *((host, 421) for host in ("", "192.168.1.5", "127.0.0.2", "0.0.0.0", "[::]", "[::ffff:127.0.0.1]")),
        *((host, 421) for host in ("localhost@attacker.example", "attacker.example@localhost", "localhost/x")),
        *((host, 421) for host in ("localhost:port", "localhost:", "localhost, attacker.example", "[::1", "::1")),
        *((host, 421) for host in ("%6cocalhost", "localhost#x", "localhost.", "2130706433", "127.1", "local host")),
    ],
)  # fmt: skip
def test_only_names_of_this_computer_are_answered(served: httpx.Client, host: str, status: int) -> None:
    """A site that lets its own name mean this computer (DNS rebinding) cannot read a page."""
    answer = served.get("/api/info", headers={"Host": host})
    assert answer.status_code == status
    if status != 200:
        assert "Open it at the address that coexpr serve printed." in answer.text
        assert "donor" not in answer.text


def test_a_request_without_host_or_with_two_is_refused(served: httpx.Client) -> None:
    for request, status in (
        ("GET / HTTP/1.1\r\n\r\n", "400"),
        ("GET / HTTP/1.0\r\n\r\n", "421"),
        ("GET / HTTP/1.1\r\nHost: localhost\r\nHost: attacker.example\r\n\r\n", "400"),
        ("GET / HTTP/1.1\r\nHost: \xff\r\nConnection: close\r\n\r\n", "421"),
        ("nonsense\r\n\r\n", "400"),
        ("GET /\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n", "400"),
    ):
        assert raw(port_of(served), request).split(" ", 2)[1] == status, request


SAME = "http://localhost"


@pytest.mark.parametrize(
    ("method", "headers", "refused"),
    [
        ("GET", {}, False),
        ("GET", {"Origin": SAME}, False),
        ("GET", {"Sec-Fetch-Site": "same-origin"}, False),
        ("GET", {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}, False),
        # A link on another site may be followed, by the reader and into a page of its own only.
        ("GET", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, False),
        ("GET", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}, True),
        ("GET", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "embed"}, True),
        ("GET", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}, True),
        ("GET", {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"}, True),
        ("POST", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}, True),
        *(
            (method, {"Origin": origin}, True)
            for method in ("GET", "POST")
            for origin in (
                "http://attacker.example", "http://localhost:9999", "http://localhost.attacker.example", "http://[",
                "null", "file://", "", "localhost", "http://localhost/", "http://x@localhost", "chrome-extension://localhost",
            )
        ),
    ],
)  # fmt: skip
def test_pages_of_other_sites_are_refused(
    served: httpx.Client, method: str, headers: dict[str, str], refused: bool
) -> None:
    answer = served.request(method, "/", headers={"Host": "localhost", **headers})
    assert answer.status_code == (403 if refused else 200)
    if refused:
        assert answer.text == "A page of another site asked for this. Open the address yourself.\n"


def test_a_statement_of_a_link_is_shown_and_not_run(served: httpx.Client) -> None:
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    for parameters in ({"statement": "select 6 * 7"}, {"statement": "select 6 * 7", "format": "csv"}):
        page = served.get("/sql", params=parameters, headers=link)
        assert page.status_code == 200
        assert "Read it before you run it." in page.text
        assert "select 6 * 7" in page.text
        assert "42" not in Page(page.text).text
    answer = served.get("/api/sql", params={"statement": "select 6 * 7"}, headers=link)
    assert (answer.status_code, answer.json()["error"]["kind"]) == (400, "OptionError")


# --- the token ---


@pytest.fixture(scope="module")
def guarded(synthetic_database: Path) -> Iterator[httpx.Client]:
    with serving(synthetic_database, token=TOKEN) as client:
        yield client


def test_a_link_with_the_token_sets_a_cookie(guarded: httpx.Client) -> None:
    assert guarded.get("/").status_code == 401
    answer = guarded.get(f"/gene/a%2Fb%3F%23?x=1&token={TOKEN}&x=%26")
    assert (answer.status_code, answer.headers["location"]) == (303, "/gene/a%2Fb%3F%23?x=1&x=%26")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert TOKEN not in answer.headers["location"] + answer.text
    assert guarded.get("/").status_code == 200  # with the cookie
    guarded.cookies.clear()
    assert guarded.get("/").status_code == 401


@pytest.mark.parametrize(
    "path", ["//attacker.example/", "//attacker.example%2f..", "///attacker.example", "/%2f%2fattacker.example"]
)
def test_the_redirection_stays_here(guarded: httpx.Client, path: str) -> None:
    answer = raw(port_of(guarded), f"GET {path}?token={TOKEN} {END}")
    (location,) = re.findall(r"^location: (.*)$", answer, re.M | re.I)
    assert urlsplit(location).netloc == ""
    assert re.match(r"/[^/\\]", location)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": f"Bearer {TOKEN}"}, 200),
        ({"Cookie": f"coexpr_token={TOKEN}"}, 200),
        ({"Cookie": f"other=1; coexpr_token={TOKEN}"}, 200),
        ({}, 401),
        ({"Authorization": f"Basic {TOKEN}"}, 401),
        ({"Authorization": "Bearer"}, 401),
        ({"Authorization": f"Bearer {TOKEN[:-1]}"}, 401),
        ({"Authorization": f"Bearer {TOKEN.upper()}"}, 401),
        ({"Authorization": "Bearer \xe9"}, 401),
        ({"Cookie": "coexpr_token="}, 401),
        ({"Cookie": "coexpr_token=wrong-token"}, 401),
        ({"Cookie": "]]=;;[=" + "x" * 1000}, 401),
    ],
)
def test_the_token_is_needed(guarded: httpx.Client, headers: dict[str, str], status: int) -> None:
    encoded = {name: text.encode("latin-1") for name, text in headers.items()}
    for path in ("/", "/api/info", "/static/style.css", "/nothing"):
        answer = guarded.get(path, headers=encoded)
        expected = 404 if (path, status) == ("/nothing", 200) else status
        assert answer.status_code == expected
        if status == 401:
            assert answer.text == "A token is needed: open the address with ?token= that coexpr serve printed.\n"


@pytest.mark.parametrize(
    "query", ["token=", "token=wrong", f"token={TOKEN}x", f"Token={TOKEN}", "token=%ff%00", "token"]
)
def test_a_wrong_token_in_an_address_is_refused(guarded: httpx.Client, query: str) -> None:
    answer = guarded.get(f"/?{query}")
    assert (answer.status_code, "set-cookie" in answer.headers) == (401, False)


def test_the_token_does_not_let_other_sites_in(guarded: httpx.Client) -> None:
    allowed = {"Authorization": f"Bearer {TOKEN}"}
    assert guarded.get("/", headers=allowed | {"Host": "attacker.example"}).status_code == 421
    assert guarded.get("/", headers=allowed | {"Origin": "http://attacker.example"}).status_code == 403


@pytest.mark.parametrize(
    "token", ["", "short", "with space", "semi;colon1", 'quote"12345', "größe-1234", "a&b=cdefgh", "1234567\n"]
)
def test_tokens_that_an_address_or_a_cookie_changes_are_refused(tmp_path: Path, token: str) -> None:
    with pytest.raises(OptionError, match=r"token"):
        Server(tmp_path / "x.duckdb", host="0.0.0.0", port=0, token=token)


@pytest.mark.parametrize(
    ("host", "name", "is_ours"),
    [
        ("0.0.0.0", "192.168.1.5:8000", True), ("0.0.0.0", "[fe80::1]:8000", True), ("0.0.0.0", "localhost", True),
        ("0.0.0.0", socket.gethostname().upper(), True), ("0.0.0.0", "attacker.example", False),
        ("Lab-Server", "lab-server:8000", True), ("lab-server", "LAB-SERVER", True), ("lab-server", "other", False),
        ("192.168.1.5", "192.168.1.5", True), ("localhost", "192.168.1.5", False), ("::1", "[::1]:80", True),
        ("0.0.0.0", "999.1.1.1", False), ("0.0.0.0", "[1.2.3.4]x", False),
    ],
)  # fmt: skip
def test_an_address_for_other_computers_is_a_number_or_its_own_name(host: str, name: str, is_ours: bool) -> None:
    async def nothing(*_: object) -> None: ...

    assert Guard(nothing, host, None)._is_ours(name) is is_ours


# --- what every answer says ---


@pytest.mark.long
def test_every_kind_of_answer_forbids_the_same(served: httpx.Client, guarded: httpx.Client) -> None:
    answers = [
        *(served.get(path) for path in ("/", "/nothing", "/api/info", "/api/query/x", "/static/page.js", "/static/x")),
        *(served.get(path) for path in ("/search?q=NTRK2", "/correlates.csv?seed=x", "/figure/probes.png?gene=NTRK2")),
        served.post("/"), served.head("/"), served.get("/", headers={"Host": "attacker.example"}),
        served.get("/", headers={"Origin": "http://attacker.example"}), served.get("/x" * 17_000),
        guarded.get("/"), guarded.get(f"/?token={TOKEN}"),
        served.get("/static/style.css", headers={"If-None-Match": served.get("/static/style.css").headers["etag"]}),
    ]  # fmt: skip
    guarded.cookies.clear()
    statuses = {answer.status_code for answer in answers}
    assert statuses == {200, 303, 304, 401, 403, 404, 405, 414, 421}
    for answer in answers:
        for name, value in HEADERS.items():
            assert answer.headers[name] == value, (answer.url, name)
        assert answer.headers["cache-control"] == "no-cache"
        assert "server" not in answer.headers
    assert "unsafe" not in HEADERS["Content-Security-Policy"]
    assert HEADERS["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self';")


def test_a_failure_of_coexpr_is_answered_like_everything_else(
    synthetic_database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise ZeroDivisionError("gene_aliases")

    monkeypatch.setattr("coexpr.analysis.correlates.correlates", fail)
    with serving(synthetic_database) as client:
        page, answer = client.get("/correlates?seed=NTRK2"), client.get("/api/query/NTRK2")
    for failed in (page, answer):
        assert failed.status_code == 500
        assert {name: failed.headers[name] for name in HEADERS} == HEADERS
        for word in ("Traceback", "gene_aliases", ".py", "duckdb."):
            assert word not in failed.text
    assert answer.json()["error"] == {
        "kind": "Failure",
        "message": "This is an error of coexpr itself. The terminal in which coexpr serve runs shows it.",
    }
    assert "This is an error of coexpr itself." in Page(page.text).text


@pytest.mark.long
@pytest.mark.parametrize("path", PAGES)
def test_pages_obey_the_policy_and_load_nothing_from_elsewhere(served: httpx.Client, path: str) -> None:
    answer = served.get(path)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    page = Page(answer.text)
    for tag, attributes in page.elements:
        assert tag not in ("style", "iframe", "object", "embed", "base"), tag
        assert not [name for name in attributes if name == "style" or name.startswith("on")], (tag, attributes)
        if tag == "script":
            assert str(attributes["src"]).startswith("/static/")
    for address in page.addresses():
        assert not address.lower().startswith(("javascript:", "data:", "//")), address
    for address in [address for address in page.addresses() if ":" in address.split("?")[0].split("/")[0]]:
        assert address in page.addresses("a")
    for tag, attributes in page.elements:
        if tag == "a" and str(attributes["href"]).startswith("http"):
            assert "noreferrer" in str(attributes.get("rel")), attributes
    assert not re.search(r"<script(?![^>]*src=)", answer.text)


def test_scripts_and_styles_load_nothing_from_elsewhere(served: httpx.Client) -> None:
    found = Page(served.get("/").text)
    files = [address for address in found.addresses("link", "script") if address.startswith("/static/")]
    assert len(files) >= 3
    for path in [*files, "/static/names.js", "/static/scatter.js"]:
        answer = served.get(path)
        assert answer.status_code == 200
        assert not re.search(
            r"https?://(?!www\.w3\.org/2000/svg)|@import|\burl\((?!\"?data:)|eval\(|innerHTML", answer.text
        ), path


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2f..%2fapp.py",
        "/static/%2fetc%2fpasswd",
        "/static/%00",
        "/static/",
        "/static",
        "/static/..\\app.py",
    ],
)
def test_only_static_files_are_served(served: httpx.Client, path: str) -> None:
    answer = raw(port_of(served), f"GET {path} {END}")
    assert answer.split(" ", 2)[1] in ("404", "307")
    assert "import" not in answer.partition("\r\n\r\n")[2]


def test_long_addresses(served: httpx.Client) -> None:
    fits = served.get("/search", params={"q": "x" * (MAX_ADDRESS - 100)})
    assert fits.status_code == 404
    answer = served.get("/search", params={"q": "x" * MAX_ADDRESS})
    assert (answer.status_code, answer.text) == (414, f"The address is longer than {MAX_ADDRESS:,} characters.\n")
    with suppress(ConnectionError):  # it is refused before all of it has been read
        assert raw(port_of(served), f"GET /?q={'x' * 200_000} {END}").split(" ", 2)[1] == "400"
    assert served.get("/api/info").status_code == 200


def test_methods(served: httpx.Client) -> None:
    for method in ("PUT", "DELETE", "TRACE", "PATCH"):
        assert served.request(method, "/correlates").status_code == 405
    assert served.get("/demo").status_code == 405
    page, head = served.get("/"), served.head("/")
    assert (head.status_code, head.content, head.headers["content-type"]) == (200, b"", page.headers["content-type"])

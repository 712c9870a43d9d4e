"""No network, proxies, and encryption: what is said at the first contact, and how soon."""

import contextlib
import socket
import time
from importlib.util import find_spec
from pathlib import Path

import pytest
from fetching.archive import ARCHIVE, HASTY, Fetching
from helpers.http_server import answer, cut, free_port, serving

from coexpr.errors import FetchError, OptionError
from coexpr.fetching.fetch import fetch

PASSWORD = (
    "the proxy asks for a password, or refuses the one that is set. Set it in the address: "
    "HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT (HTTP_PROXY for a mirror with http://)."
)


def test_a_port_where_nothing_listens(fetching: Fetching) -> None:
    start = time.perf_counter()
    assert fetching.error(base_url=f"http://127.0.0.1:{free_port()}") == (
        f"{ARCHIVE} cannot be fetched: 127.0.0.1 refused the connection. Nothing was fetched."
    )
    assert time.perf_counter() - start < 2
    assert fetching.names == set()


def test_several_files_and_no_network_is_one_message(fetching: Fetching) -> None:
    message = fetching.error("donors", "genes", base_url=f"http://127.0.0.1:{free_port()}")
    assert message.endswith(" cannot be fetched: 127.0.0.1 refused the connection. Nothing was fetched.")


def test_a_host_that_does_not_exist(fetching: Fetching) -> None:
    start = time.perf_counter()
    assert fetching.error(base_url="http://nothing.invalid/mirror") == (
        f"{ARCHIVE} cannot be fetched: nothing.invalid cannot be found (no Internet connection, or a wrong address). "
        "Nothing was fetched."
    )
    assert time.perf_counter() - start < 15  # as long as the system takes to look a name up
    assert fetching.names == set()


def test_a_redirect_to_a_host_that_does_not_exist(fetching: Fetching) -> None:
    for faults in (fetching.server.faults, fetching.server.head_faults):
        faults[ARCHIVE] = [answer(302, Location="http://nothing.invalid/x?a=%20")] * 9
    assert "nothing.invalid cannot be found" in fetching.error()


def test_a_server_that_refuses_connections_after_a_while(fetching: Fetching, archive: bytes) -> None:
    with serving() as other:
        other.files = fetching.server.files
        other.faults[ARCHIVE] = [cut(100_000)]
        url = other.url
        other.faults[ARCHIVE].append(lambda handler, file: (other.socket.close(), handler.break_off())[0])
        message = fetching.error(base_url=url)
    assert "127.0.0.1 refused the connection. 100 kB of 200 kB are kept; the same command continues." in message
    fetching()  # from another server with the same version
    fetching.check()
    assert fetching.server.ranges() == ["bytes=100000-"]


def test_a_computer_that_accepts_no_connection(fetching: Fetching) -> None:
    fetching.patience = HASTY
    with contextlib.ExitStack() as stack:
        busy = stack.enter_context(socket.socket())
        busy.bind(("127.0.0.1", 0))
        busy.listen(0)
        for _ in range(4):  # fill the queue of connections that wait to be accepted
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(busy.getsockname())
        message = fetching.error(base_url=f"http://127.0.0.1:{busy.getsockname()[1]}")
    assert message == (
        f"{ARCHIVE} cannot be fetched: 127.0.0.1 did not accept a connection in time. Nothing was fetched."
    )


def test_a_group_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="`what` 'brains': expected one of donors, rnaseq, additional-file-8, genes"):
        fetch(["brains"], tmp_path)  # type: ignore[list-item]


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "127.0.0.1", "", "file:///tmp"])
def test_a_mirror_with_another_protocol(tmp_path: Path, url: str) -> None:
    with pytest.raises(OptionError, match=r"`base_url` .* expected an address that starts with https:// or http://"):
        fetch(folder=tmp_path, base_url=url)


@pytest.mark.parametrize("url", ["http://", "http://exa mple", "http://a..b/", "http://[::1", "https://127.0.0.1:99999",
                                 "http://*.example", "http://" + "a" * 70 + ".org"])  # fmt: skip
def test_a_mirror_that_is_no_address(fetching: Fetching, url: str) -> None:
    with pytest.raises(FetchError) as caught:
        fetching(base_url=url)
    assert "is not a valid address" in str(caught.value) or "cannot be found" in str(caught.value)
    assert fetching.names == set()


def test_a_proxy_is_used(fetching: Fetching, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", fetching.server.url)
    fetching.server.files[f"mirror/{ARCHIVE}"] = fetching.server.files[ARCHIVE]
    fetching(base_url="http://nothing.invalid/mirror")  # the proxy answers for a host that this computer cannot find
    fetching.check()
    assert [target for _, target, _ in fetching.server.requests] == [f"http://nothing.invalid/mirror/{ARCHIVE}"] * 2


def test_a_proxy_is_not_used_for_hosts_of_no_proxy(fetching: Fetching, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    fetching()
    fetching.check()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_asks_for_a_password(fetching: Fetching, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setenv(f"{scheme.upper()}_PROXY", fetching.server.url)
    refuse = answer(407, b"<html>Who are you?</html>", Proxy_Authenticate='Basic realm="Institute"')
    fetching.server.connect = refuse
    fetching.server.head_faults[ARCHIVE] = fetching.server.faults[ARCHIVE] = [refuse] * 9
    start = time.perf_counter()
    assert fetching.error(base_url=f"{scheme}://nothing.invalid") == PASSWORD
    assert time.perf_counter() - start < 2
    assert len(fetching.server.requests) == 1


def test_a_password_of_a_proxy_is_sent(fetching: Fetching, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", fetching.server.url.replace("//", "//user:secret@"))
    fetching(base_url="http://nothing.invalid")
    fetching.check()
    assert {headers["Proxy-Authorization"] for _, _, headers in fetching.server.requests} == {"Basic dXNlcjpzZWNyZXQ="}


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_not_there(fetching: Fetching, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setenv(f"{scheme.upper()}_PROXY", f"http://user:secret@127.0.0.1:{free_port()}")
    assert fetching.error(base_url=f"{scheme}://nothing.invalid") == (
        f"{ARCHIVE} cannot be fetched: the proxy of HTTP_PROXY or HTTPS_PROXY cannot be reached. Nothing was fetched."
    )


@pytest.mark.parametrize("status", [403, 503])
def test_a_proxy_that_does_not_connect(fetching: Fetching, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    monkeypatch.setenv("HTTPS_PROXY", fetching.server.url)
    fetching.server.connect = answer(status)
    assert f"the proxy of HTTPS_PROXY answered {status} " in fetching.error(base_url="https://nothing.invalid")


@pytest.mark.parametrize(
    ("proxy", "message"),
    [
        ("http://", "the address of the proxy in HTTP_PROXY or HTTPS_PROXY is not valid"),
        pytest.param(
            "socks5://127.0.0.1:9",
            "a SOCKS proxy needs another package. Install it: pip install 'requests[socks]'",
            marks=pytest.mark.skipif(
                find_spec("socks") is not None, reason="PySocks is installed, as part of selenium"
            ),
        ),
    ],
)
def test_a_proxy_that_cannot_be_used(
    fetching: Fetching, monkeypatch: pytest.MonkeyPatch, proxy: str, message: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy)
    assert message in fetching.error()


def test_a_certificate_that_is_not_known(fetching: Fetching, certificate: Path) -> None:
    with serving(certificate) as secure:
        assert fetching.error(base_url=f"https://127.0.0.1:{secure.port}") == (
            "the certificate of 127.0.0.1 cannot be verified. If your network inspects traffic, set REQUESTS_CA_BUNDLE "
            "to the file with its certificates."
        )
        assert not secure.requests
    assert fetching.names == set()


@pytest.mark.parametrize("has_proxy", [True, False])
def test_a_certificate_that_is_known_and_a_tunnel(
    fetching: Fetching, certificate: Path, monkeypatch: pytest.MonkeyPatch, has_proxy: bool
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    if has_proxy:
        monkeypatch.setenv("HTTPS_PROXY", fetching.server.url)
    with serving(certificate) as secure:
        secure.files = fetching.server.files
        secure.faults[ARCHIVE] = [cut(100_000)]
        fetching(base_url=f"https://127.0.0.1:{secure.port}")
        assert secure.ranges() == [None, "bytes=100000-"]
    fetching.check()
    assert {method for method, _, _ in fetching.server.requests} == ({"CONNECT"} if has_proxy else set())


def test_a_file_of_certificates_that_does_not_exist(
    fetching: Fetching, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.with_name("none.pem")))
    with serving(certificate) as secure:
        message = fetching.error(base_url=f"https://127.0.0.1:{secure.port}")
    assert "REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names does not exist" in message


def test_a_server_that_is_not_encrypted(fetching: Fetching) -> None:
    message = fetching.error(base_url=fetching.server.url.replace("http", "https"))
    assert message == (
        f"{ARCHIVE} cannot be fetched: no encrypted connection to 127.0.0.1 could be made. Nothing was fetched."
    )

"""Answers that are no file: errors of status 200, other statuses, redirects; and what HEAD says."""

import gzip
import json
from pathlib import Path

import pytest
from fetching.archive import ARCHIVE, HASTY, Fetching
from helpers.http_server import Fault, answer, cut, drop, redirect, serving, stall, with_headers

PORTAL = b"<!DOCTYPE html>\n<html><head><title>Airport&nbsp;WiFi: log in</title></head><body>Buy.</body></html>"
RMA = b'"Error in query: model::Probe, Informatics service request failed. Invalid start row: 0"'
REFUSED = json.dumps({"success": False, "id": 0, "msg": "Datafile not found\nfor id 7"}).encode()
ERRORS = [
    (RMA, "a message (Error in query: model::Probe, Informatics service request failed. Invalid start row: 0)"),
    (REFUSED, "a message (Datafile not found for id 7)"),
    (PORTAL, "a web page (Airport WiFi: log in)"),
    (b"<html>" + b"x" * 5000, "a web page (" + "x" * 160 + "…)"),
    (b"", "nothing"),
    (b"\0\1\2\3" * 99, "other data"),
    (b"\x1b[2JHi", "a message ([2JHi)"),
]


@pytest.mark.parametrize("case", range(len(ERRORS)))
def test_an_error_of_status_200_is_quoted_and_not_kept(fetching: Fetching, case: int) -> None:
    body, description = ERRORS[case]
    fetching.server.faults[ARCHIVE] = [answer(200, body)] * 99
    assert fetching.error() == (
        f"{ARCHIVE} was not fetched from 127.0.0.1: the server sent {description}, not a zip. Try again later, or use "
        "`base_url`."
    )
    assert len(fetching.server.ranges()) == 3
    assert fetching.names == set()


@pytest.mark.parametrize("case", range(len(ERRORS)))
def test_an_error_of_status_200_that_passes(fetching: Fetching, case: int) -> None:
    fetching.server.faults[ARCHIVE] = [answer(200, ERRORS[case][0])] * 2
    fetching()
    fetching.check()


def test_the_errors_of_the_real_api(fetching: Fetching, shared_data: Path) -> None:
    files = sorted((shared_data / "api-errors").glob("*.json"))
    assert files
    for file in files:
        fetching.server.faults[ARCHIVE] = [answer(200, file.read_bytes())] * 3
        message = fetching.error()
        assert "the server sent a message (" in message
        assert '("' not in message
        assert "\\n" not in message


def test_an_error_in_place_of_the_rest_is_not_appended(fetching: Fetching) -> None:
    fetching.server.faults[ARCHIVE] = [cut(100_000), answer(200, RMA)]
    fetching()
    fetching.check()


@pytest.mark.parametrize(
    ("status", "answered"),
    [(401, "401 Unauthorized"), (403, "403 Forbidden"), (404, "404 Not Found"), (410, "410 Gone"), (999, "999"),
     (204, "204 No Content"), (304, "304 Not Modified")],
)  # fmt: skip
def test_a_status_that_is_final(fetching: Fetching, status: int, answered: str) -> None:
    fetching.server.faults[ARCHIVE] = [answer(status, b"")] * 9
    assert fetching.error() == (
        f"127.0.0.1 answered {answered} for {ARCHIVE}. The file may have moved: give a mirror with `base_url`, or "
        "download it in a browser and load it with coexpr ingest."
    )
    assert len(fetching.server.ranges()) == 1
    assert fetching.names == set()


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_status_that_passes(fetching: Fetching, status: int) -> None:
    fetching.server.faults[ARCHIVE] = [answer(status, b"busy")] * 2
    fetching()
    fetching.check()
    assert fetching.messages[-1].startswith(f"{ARCHIVE}: the server answered {status} ")


def test_a_status_that_should_pass_and_does_not(fetching: Fetching) -> None:
    fetching.server.faults[ARCHIVE] = [answer(503)] * 99
    assert fetching.error() == (
        f"{ARCHIVE} was not fetched from 127.0.0.1: the server answered 503 Service Unavailable. Try again later, or "
        "use `base_url`."
    )
    assert len(fetching.server.ranges()) == 4


def test_retry_after_is_obeyed(fetching: Fetching) -> None:
    fetching.server.faults[ARCHIVE] = [answer(429, b"", Retry_After="1")]
    result = fetching()
    fetching.check()
    assert result.column("seconds")[0] >= 1
    assert fetching.messages[-1].endswith("429 Too Many Requests; trying again in 1 s.")


@pytest.mark.parametrize("after", ["", "soon", "Wed, 21 Oct 2015 07:28:00 GMT", "-5"])
def test_a_retry_after_that_is_no_number_is_ignored(fetching: Fetching, after: str) -> None:
    fetching.server.faults[ARCHIVE] = [answer(503, b"", Retry_After=after)]
    fetching()
    fetching.check()


@pytest.mark.parametrize(
    "fault",
    [answer(405), answer(501), answer(404), answer(403), answer(500), answer(200, b"", Content_Length="12"),
     answer(200, b"", Content_Length="300000"), answer(200, b"", Content_Length="many"),
     with_headers(Content_Length=None), drop, stall()],
)  # fmt: skip
def test_what_head_says_is_not_needed(fetching: Fetching, fault: Fault) -> None:
    fetching.patience = HASTY
    fetching.server.head_faults[ARCHIVE] = [fault]
    result = fetching()
    fetching.check()
    assert result.column("bytes") == [len(fetching.archive)]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("is_relative", [True, False])
def test_redirects_are_followed(fetching: Fetching, status: int, is_relative: bool) -> None:
    server = fetching.server
    base = "" if is_relative else server.url
    server.files["signed"] = server.files.pop(ARCHIVE)
    to_other = [redirect(status, f"{base}/other?a=%20b")] * 2
    to_signed = [redirect(status, f"{base}/signed?X-Amz-Signature=abc%2Fdef")] * 2
    server.faults |= {ARCHIVE: list(to_other), "other": list(to_signed)}
    server.head_faults |= {ARCHIVE: list(to_other), "other": list(to_signed)}
    fetching()
    fetching.check()


def test_a_part_is_asked_for_behind_a_redirect(fetching: Fetching) -> None:
    server = fetching.server
    server.files["signed"] = server.files.pop(ARCHIVE)
    server.faults |= {ARCHIVE: [redirect(302, "/signed")] * 2, "signed": [cut(120_000)]}
    fetching()
    fetching.check()
    assert server.ranges("signed") == [None, "bytes=120000-"]


def test_an_error_behind_a_redirect_names_the_host_that_answered(fetching: Fetching) -> None:
    fetching.server.faults[ARCHIVE] = [redirect(302, f"http://localhost:{fetching.server.port}/a%2Fb?X=%2F")]
    assert fetching.error().startswith(f"localhost answered 404 Not Found for {ARCHIVE}. ")


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_redirects_without_end(fetching: Fetching, method: str) -> None:
    faults = fetching.server.head_faults if method == "HEAD" else fetching.server.faults
    faults[ARCHIVE] = [redirect(302, f"/{ARCHIVE}")] * 99
    assert fetching.error() == "127.0.0.1 redirects without end. Try again later, or use `base_url`."
    assert fetching.names == set()


@pytest.mark.parametrize("location", ["ftp://127.0.0.1/x.zip", "file:///etc/passwd"])
def test_a_redirect_to_another_protocol(fetching: Fetching, location: str) -> None:
    fetching.server.faults[ARCHIVE] = [redirect(302, location)] * 9
    assert "redirects to an address that is neither https:// nor http://" in fetching.error()


@pytest.mark.parametrize("method", ["HEAD", "GET"])
def test_a_redirect_that_is_not_encrypted(
    fetching: Fetching, certificate: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with serving(certificate) as secure:
        url = f"https://127.0.0.1:{secure.port}"
        # There and back again: the last address is encrypted, and one before it is not.
        to_plain = redirect(302, f"{fetching.server.url}/back")
        for server_faults in (secure.faults, secure.head_faults):
            server_faults[ARCHIVE] = [to_plain] * 9 if method == "HEAD" or server_faults is secure.faults else []
        for server_faults in (fetching.server.faults, fetching.server.head_faults):
            server_faults["back"] = [redirect(302, f"{url}/{ARCHIVE}-2")] * 9
        secure.files[f"{ARCHIVE}-2"] = fetching.server.files[ARCHIVE]
        message = fetching.error(base_url=url)
    assert message.startswith("127.0.0.1 redirects to an address that is not encrypted (http://); ")
    assert f"{ARCHIVE}.partial" not in fetching.names


def test_a_file_that_is_compressed_on_its_way_is_refused(fetching: Fetching) -> None:
    body = gzip.compress(fetching.archive)
    fetching.server.faults[ARCHIVE] = [answer(200, body, Content_Encoding="gzip")] * 3
    assert "the server sent other data, not a zip" in fetching.error()
    assert fetching.names == set()


def test_a_gzip_file_that_a_server_calls_compressed_is_kept_as_it_is(fetching: Fetching) -> None:
    body = bytes(fetching.server.files["gene2go.gz"].body)
    fetching.server.faults["gene2go.gz"] = [answer(200, body, Content_Encoding="gzip", Content_Type="text/plain")]
    fetching("genes")
    fetching.check(body, "gene2go.gz")
    agents = {
        (headers["Accept-Encoding"], headers["User-Agent"].split("/")[0]) for _, _, headers in fetching.server.requests
    }
    assert agents == {("identity", "coexpr")}

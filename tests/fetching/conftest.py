"""A server with an archive, and a folder to fetch it into."""

import gzip
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from fetching.archive import ARCHIVE, GENES, Fetching, zip_of
from helpers.http_server import ServedFile, Server, serving


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the proxies and certificates of the environment, which would change what tests see."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "requests_ca_bundle", "curl_ca_bundle"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(scope="session")
def archive() -> bytes:
    return zip_of(200_000)


@pytest.fixture
def server(archive: bytes) -> Iterator[Server]:
    with serving() as server:
        server.files[ARCHIVE] = ServedFile(archive)
        for name, body in zip(
            GENES, (b"format-version: 1.2\n", gzip.compress(b"a" * 99), gzip.compress(b"b" * 99)), strict=True
        ):
            server.files[name] = ServedFile(body)
        yield server


@pytest.fixture
def fetching(server: Server, archive: bytes, tmp_path: Path) -> Fetching:
    return Fetching(server, tmp_path / "downloads", archive)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1 with its key, in one file."""
    path = tmp_path_factory.mktemp("certificate") / "server.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
               "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", path, "-out",
               path.with_suffix(".crt")]  # fmt: skip
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("openssl makes no certificate here")
    path.write_text(path.read_text() + path.with_suffix(".crt").read_text())
    return path

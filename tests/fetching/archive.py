"""One archive to fetch, and what is checked afterwards."""

import hashlib
import io
import random
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from helpers.http_server import Server

from coexpr.errors import FetchError
from coexpr.fetching.fetch import FetchProvenance, fetch
from coexpr.fetching.transfer import Patience
from coexpr.progress import Messages
from coexpr.result import Result

ARCHIVE = "normalized_microarray_donor9861.zip"
GENES = ("go-basic.obo", "gene2go.gz", "Homo_sapiens.gene_info.gz")
PATIENT = Patience(timeout=5, retries=3, wait=0.01)
# For servers that stall. Not for all tests: a busy computer may take as long.
HASTY = Patience(timeout=0.3, retries=3, wait=0.01)


def zip_of(size: int, seed: int = 0) -> bytes:
    """A zip with a file of random bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("MicroarrayExpression.csv", random.Random(seed).randbytes(size))
    return stream.getvalue()


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


@dataclass
class Fetching:
    """What a test fetches, from where, and the messages."""

    server: Server
    folder: Path
    archive: bytes
    messages: list[str] = field(default_factory=list)
    patience: Patience = PATIENT

    def __call__(self, *what: str, base_url: str | None = None, dry_run: bool = False) -> Result[FetchProvenance]:
        """Fetch the archive of a donor, or other files, from the server."""
        return fetch(
            what or ["donors"],  # type: ignore[arg-type]
            self.folder,
            donors=() if what else ["9861"],
            base_url=base_url or self.server.url,
            patience=self.patience,
            dry_run=dry_run,
            progress=Messages(self.messages.append),
        )

    def error(self, *what: str, base_url: str | None = None) -> str:
        """Fetch, and return the message of the error, which is one line."""
        with pytest.raises(FetchError) as caught:
            self(*what, base_url=base_url)
        message = str(caught.value)
        assert "\n" not in message
        assert "%" not in message
        return message

    @property
    def names(self) -> set[str]:
        return {path.name for path in self.folder.iterdir()} if self.folder.exists() else set()

    def check(self, body: bytes | None = None, name: str = ARCHIVE) -> None:
        """Check that the folder holds the file, whole, its SHA-256, and nothing else."""
        body = self.archive if body is None else body
        assert sha256((self.folder / name).read_bytes()) == sha256(body)
        assert f"{sha256(body)}  {name}\n" in (self.folder / "SHA256SUMS").read_text()
        assert not {other for other in self.names if other not in (ARCHIVE, *GENES, "SHA256SUMS")}

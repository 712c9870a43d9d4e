"""What has arrived of a file: NAME.partial, and NAME.partial.json, which says of which version of the file it is."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import requests

from coexpr.fetching.catalogue import RemoteFile

_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)", re.I)
_WHOLE = re.compile(r"bytes \*/(\d+)", re.I)
# What may be sent back as a header.
_HEADER = re.compile(r"[!-~][ -~]*")


@dataclass
class PartialFile:
    """What has arrived of a file, and which version of the file it is part of.

    Parameters
    ----------
    path : path
    etag, modified : str, optional
        What the server said about the version.
    total : int, optional
        Size of the whole file.
    is_recorded : bool
        Whether the version of what is there is recorded. Otherwise, nothing has arrived, whatever is there.
    """

    path: Path
    etag: str | None = None
    modified: str | None = None
    total: int | None = None
    is_recorded: bool = False

    @property
    def notes(self) -> Path:
        """The file that describes the version."""
        return self.path.with_name(f"{self.path.name}.json")

    @property
    def size(self) -> int:
        """The number of bytes that have arrived."""
        return self.path.stat().st_size if self.is_recorded and self.path.exists() else 0

    @property
    def validator(self) -> str | None:
        """What a server compares to say whether the file is still the same; a weak ETag does not say so."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.modified

    def continues_with(self, response: requests.Response) -> bool:
        """Return whether an answer is the rest of the version that has begun to arrive."""
        found = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if response.status_code != requests.codes.partial_content or not found:
            return False
        start, total = int(found[1]), None if found[2] == "*" else int(found[2])
        seen = (self.size, self.total or total, self.etag, self.modified)
        now = (start, total or self.total, response.headers.get("ETag"), response.headers.get("Last-Modified"))
        return all(before is None or after is None or before == after for before, after in zip(seen, now, strict=True))

    def is_whole(self, response: requests.Response) -> bool:
        """Return whether a server answers to a request for the rest that there is none."""
        found = _WHOLE.fullmatch(response.headers.get("Content-Range", ""))
        is_end = response.status_code == requests.codes.requested_range_not_satisfiable
        return is_end and found is not None and int(found[1]) == self.size

    def begin(self, response: requests.Response) -> None:
        """Forget what has arrived, and record the version that is about to arrive."""
        length = response.headers.get("Content-Length", "")
        self.etag, self.modified = response.headers.get("ETag"), response.headers.get("Last-Modified")
        self.total = int(length) if length.isdecimal() else None
        self.path.write_bytes(b"")
        record = {"etag": self.etag, "modified": self.modified, "total": self.total, "url": response.url}
        self.notes.write_text(json.dumps(record), encoding="utf-8")
        self.is_recorded = True

    def clear(self) -> None:
        """Delete what has arrived."""
        self.path.unlink(missing_ok=True)
        self.notes.unlink(missing_ok=True)
        self.etag = self.modified = self.total = None
        self.is_recorded = False


def partial_of(folder: Path, file: RemoteFile) -> PartialFile:
    """Return what an earlier run has received of a file; nothing if its version is not recorded.

    Nothing of an ontology either: after a power cut, parts of it may be missing, and it has no checksum that would say
    so.
    """
    path = folder / f"{file.name}.partial"
    if file.kind == "obo":
        return PartialFile(path)
    try:
        notes = json.loads(PartialFile(path).notes.read_text(encoding="utf-8"))
        etag, modified, total = notes["etag"], notes["modified"], notes["total"]
    except (OSError, ValueError, LookupError, TypeError):
        return PartialFile(path)
    are_headers = all(text is None or (isinstance(text, str) and _HEADER.fullmatch(text)) for text in (etag, modified))
    if not are_headers or not (total is None or isinstance(total, int)):
        return PartialFile(path)
    return PartialFile(path, etag, modified, total, is_recorded=True)

"""Downloads, read one ahead: the next is read and checked while the one before it is written."""

import hashlib
from collections import deque
from collections.abc import Collection, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from coexpr.errors import DownloadError
from coexpr.readers.download import Download
from coexpr.readers.place import FileDigest
from coexpr.readers.probe_facts import ProbeFacts
from coexpr.readers.recognise import Recognised


@dataclass(frozen=True)
class Read:
    """A download that was read.

    Parameters
    ----------
    sha256 : str
        What tells it from every other.
    digests : list of FileDigest
    contents : Download, ProbeFacts or None
        None where it was known already, and not read.
    """

    sha256: str
    digests: list[FileDigest]
    contents: Download | ProbeFacts | None


def read_ahead(downloads: Sequence[Recognised], known: Collection[str]) -> Generator[Read, None, None]:
    """Yield downloads in their order, but those with a known SHA-256 without contents.

    What is wrong with a download is raised when its turn comes. A reading that nobody waits for any more is
    given up.
    """
    seen = set(known)
    with ThreadPoolExecutor(max_workers=1) as reader:
        try:
            ahead: deque[Future[Read]] = deque()
            for download in downloads:
                ahead.append(reader.submit(_read, download, seen))
                if len(ahead) > 1:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for download in downloads:
                download.place.give_up()


def _read(recognised: Recognised, seen: set[str]) -> Read:
    """Read a download unless it was seen before; whatever is wrong with it, say what to do."""
    digests = recognised.digests()
    sha256 = _fingerprint(digests, recognised.place.inside)
    if sha256 in seen:
        return Read(sha256, digests, None)
    try:
        seen.add(sha256)
        return Read(sha256, digests, recognised.read())
    except DownloadError as error:
        if "again" in str(error) or "as it came" in str(error):
            raise
        raise type(error)(f"{error} Use the download as it came from the site, or download it again.") from None


def _fingerprint(digests: Sequence[FileDigest], inside: str) -> str:
    """Return what tells a download from every other.

    That is the SHA-256 of its zip, or one over those of its files; and the folder it lies in inside a
    zip, for a zip may hold several downloads.
    """
    parts = sorted(digest.sha256 for digest in digests) + [inside] * bool(inside)
    return parts[0] if len(parts) == 1 else hashlib.sha256("\n".join(parts).encode()).hexdigest()

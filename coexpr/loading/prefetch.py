"""Prefetch of downloads: the next one is read and checked while the current one is written."""

from collections import deque
from collections.abc import Collection, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from coexpr.errors import DownloadError
from coexpr.progress import Advance
from coexpr.readers.digests import FileDigest, fingerprint
from coexpr.readers.download import Download
from coexpr.readers.published_table import PublishedTable
from coexpr.readers.recognise import Recognised


@dataclass(frozen=True)
class Prefetched:
    """A download that was read.

    Parameters
    ----------
    sha256 : str
        The fingerprint of the download.
    digests : list of FileDigest
    contents : Download, PublishedTable or None
        None if the fingerprint is known, so that the download was not read.
    """

    sha256: str
    digests: list[FileDigest]
    contents: Download | PublishedTable | None


def prefetch(
    downloads: Sequence[Recognised], known: Collection[str], advance: Advance
) -> Generator[Prefetched, None, None]:
    """Yield downloads in order; those with a known fingerprint are not read.

    `advance` is called with the bytes that were read, in all the sizes of the downloads.

    The error of a damaged download is raised when that download is next. When the generator is closed, a read in
    progress is cancelled.
    """
    seen = set(known)
    with ThreadPoolExecutor(max_workers=1) as reader:
        try:
            pending: deque[Future[Prefetched]] = deque()
            for download in downloads:
                pending.append(reader.submit(_read, download, seen, advance))
                if len(pending) > 1:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for download in downloads:
                download.place.give_up()


def _read(recognised: Recognised, seen: set[str], advance: Advance) -> Prefetched:
    """Read a download unless its fingerprint is known; add a remedy to an error without one."""
    reported = 0.0

    def report(size: float) -> None:
        nonlocal reported
        reported += size
        advance(size)

    recognised.place.when_read = report
    digests = recognised.digests()
    sha256 = fingerprint(digests, recognised.place.inside)
    try:
        is_known = sha256 in seen
        seen.add(sha256)
        contents = None if is_known else recognised.read()
        advance(recognised.size - reported)
        return Prefetched(sha256, digests, contents)
    except DownloadError as error:
        if error.remedy:
            raise
        remedy = "Use the original download, or download it again."
        raise type(error)(str(error), remedy=remedy) from None

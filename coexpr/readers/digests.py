"""Size and SHA-256 of files, and the fingerprint of a download."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from coexpr.errors import DownloadError
from coexpr.readers.regular_file import open_regular

_HASH_BLOCK = 1 << 20
# A folder with all six donors has 4 GB in 30 files, and is half as large in a zip.
MAX_DOWNLOAD_BYTES = 4_000_000_000


@dataclass(frozen=True)
class FileDigest:
    """Name, size in bytes and SHA-256 of one file."""

    name: str
    bytes: int
    sha256: str


def digest_on_disk(path: Path) -> FileDigest:
    """Return size and SHA-256 of a file on disk.

    Raises
    ------
    DownloadError
        If it cannot be read.
    """
    try:
        with open_regular(path) as stream:
            return digest_of(path.name, stream)
    except OSError as error:
        raise DownloadError(f"{path} cannot be read: {error.strerror}.") from None


def digest_of(name: str, stream: IO[bytes]) -> FileDigest:
    """Return size and SHA-256 of the bytes of a stream.

    Raises
    ------
    DownloadError
        If they are more than those of any download.
    """
    sha256 = hashlib.sha256()
    size = 0
    while block := stream.read(_HASH_BLOCK):
        sha256.update(block)
        size += len(block)
        if size > MAX_DOWNLOAD_BYTES:
            raise too_large(name)
    return FileDigest(name, size, sha256.hexdigest())


def too_large(name: str) -> DownloadError:
    """Return the error for a file that is larger than any download."""
    return DownloadError(f"{name} is larger than any download: expected at most {MAX_DOWNLOAD_BYTES:,} bytes.")


def fingerprint(digests: Sequence[FileDigest], inside: str) -> str:
    """Return the fingerprint of a download: the SHA-256 of a zip, or one computed from several files and their folder.

    The folder in a zip is included because a zip may contain several downloads.
    """
    parts = sorted(digest.sha256 for digest in digests) + [inside] * bool(inside)
    return parts[0] if len(parts) == 1 else hashlib.sha256("\n".join(parts).encode()).hexdigest()

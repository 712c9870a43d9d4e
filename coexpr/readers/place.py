"""Where the files of one download are: a folder, or one file. `zips` has the same places in a zip."""

import gzip
import hashlib
import lzma
import os
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, cast

from coexpr.errors import DownloadError

_HASH_BLOCK = 1 << 20
_LONGEST_HEADER = 4096


@dataclass(frozen=True)
class FileDigest:
    """Name, size in bytes and SHA-256 of one file on disk."""

    name: str
    bytes: int
    sha256: str


class Place(ABC):
    """One folder of files. File names are matched in any case."""

    location: Path
    # The folder in a zip, which may contain several downloads; "" for other kinds of place.
    inside = ""

    def __init__(self, file_names: list[str]) -> None:
        self._members = {PurePosixPath(name).name.lower(): name for name in file_names}
        names = Counter(PurePosixPath(name).name.lower() for name in file_names)
        self._repeated = {name for name, times in names.items() if times > 1}
        self.is_given_up = False
        # Called with the number of bytes of a large file that were read since the last call.
        self.when_read: Callable[[float], None] = lambda size: None

    @property
    @abstractmethod
    def folder_names(self) -> list[str]:
        """The names of the folder and zip, which may name a donor; the innermost first."""

    @abstractmethod
    def locate(self, file_name: str) -> str:
        """Return the location of a file, for messages."""

    @abstractmethod
    def size(self, file_name: str) -> int:
        """Return the size of a file in bytes; for a member of a zip, its size when decompressed."""

    @abstractmethod
    def files_on_disk(self, file_names: tuple[str, ...]) -> list[Path]:
        """Return the files on disk that contain `file_names`."""

    @abstractmethod
    def _open(self, member: str) -> IO[bytes]: ...

    def give_up(self) -> None:
        """Cancel reads in progress, because their result is no longer needed."""
        self.is_given_up = True

    def has(self, file_name: str) -> bool:
        """Return whether the folder has a file."""
        return file_name.lower() in self._members

    def missing(self, file_names: tuple[str, ...]) -> list[str]:
        """Return the `file_names` that the folder does not have."""
        return [name for name in file_names if not self.has(name)]

    @contextmanager
    def open(self, file_name: str) -> Iterator[IO[bytes]]:
        """Open a file for reading bytes. Damage that is found while it is read raises `DownloadError`.

        Raises
        ------
        DownloadError
            If the file is damaged, or there are two files with its name.
        """
        if file_name.lower() in self._repeated:
            raise DownloadError(
                f"{self.location} holds {file_name} twice.",
                remedy="Download it again, or unpack it and keep the right one.",
            )
        try:
            with self._open(self._members[file_name.lower()]) as stream:
                yield stream
        except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError) as error:
            raise DownloadError(
                f"{self.locate(file_name)} is damaged ({error}).", remedy="Download it again."
            ) from None
        except OSError as error:
            raise DownloadError(f"{self.locate(file_name)} cannot be read: {error.strerror or error}.") from None

    def digests(self, file_names: tuple[str, ...]) -> list[FileDigest]:
        """Return size and SHA-256 of the files on disk that contain `file_names`."""
        try:
            return [_digest_on_disk(path) for path in self.files_on_disk(file_names)]
        except OSError as error:
            raise DownloadError(f"{error.filename} cannot be read: {error.strerror}.") from None


class Folder(Place):
    """A folder on disk."""

    def __init__(self, location: Path) -> None:
        with os.scandir(location) as entries:
            super().__init__(sorted(entry.name for entry in entries if entry.is_file()))
        self.location = location

    @property
    def folder_names(self) -> list[str]:
        """The folder's own name."""
        return [self.location.resolve().name]

    def locate(self, file_name: str) -> str:
        """Return the location of a file."""
        return str(self.location / self._members.get(file_name.lower(), file_name))

    def size(self, file_name: str) -> int:
        """Return the size of a file."""
        return (self.location / self._members[file_name.lower()]).stat().st_size

    def files_on_disk(self, file_names: tuple[str, ...]) -> list[Path]:
        """Return the files themselves."""
        return [self.location / self._members[name.lower()] for name in file_names]

    def _open(self, member: str) -> IO[bytes]:
        return (self.location / member).open("rb")


class SingleFile(Place):
    """One file, on disk or in a zip, decompressed if it is gzip."""

    name: str

    @contextmanager
    def open(self, file_name: str) -> Iterator[IO[bytes]]:
        """Open the file for reading its bytes, decompressed; see `Place.open`."""
        with super().open(file_name) as stream:
            is_gzip = stream.read(2) == b"\x1f\x8b"
            stream.seek(0)
            if is_gzip:
                with gzip.open(stream) as unzipped:
                    yield cast(IO[bytes], unzipped)
            else:
                yield stream

    def first_line(self) -> str:
        """Return the first line of text; "" if the file is not text."""
        try:
            with self.open(self.name) as stream:
                return stream.readline(_LONGEST_HEADER).decode("utf-8-sig").strip()
        except (DownloadError, UnicodeDecodeError):
            return ""


class File(SingleFile):
    """One file on disk."""

    def __init__(self, location: Path) -> None:
        super().__init__([location.name])
        self.location = location
        self.name = location.name

    @property
    def folder_names(self) -> list[str]:
        """An empty list: the name of the file names no donor."""
        return []

    def locate(self, file_name: str) -> str:
        """Return the location of the file."""
        return str(self.location)

    def size(self, file_name: str) -> int:
        """Return its size on disk."""
        return self.location.stat().st_size

    def files_on_disk(self, file_names: tuple[str, ...]) -> list[Path]:
        """Return the file itself."""
        return [self.location]

    def _open(self, member: str) -> IO[bytes]:
        return self.location.open("rb")


def _digest_on_disk(path: Path) -> FileDigest:
    with path.open("rb") as stream:
        return digest_of(path.name, stream)


def digest_of(name: str, stream: IO[bytes]) -> FileDigest:
    """Return size and SHA-256 of the bytes of a stream."""
    sha256 = hashlib.sha256()
    size = 0
    while block := stream.read(_HASH_BLOCK):
        sha256.update(block)
        size += len(block)
    return FileDigest(name, size, sha256.hexdigest())

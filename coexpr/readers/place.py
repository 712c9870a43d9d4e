"""Where the files of one download are: a folder, or one file. `zips` has the same places in a zip."""

import gzip
import os
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, cast

from coexpr.errors import DownloadError
from coexpr.readers.digests import MAX_DOWNLOAD_BYTES, FileDigest, digest_of, digest_on_disk, too_large
from coexpr.readers.regular_file import LONGEST_HEADER, is_regular, open_regular

_AGAIN = "Load it when the other program has finished."


class Place(ABC):
    """One folder of files. File names are matched in any case."""

    location: Path
    # The folder in a zip, which may contain several downloads; "" for other kinds of place.
    inside = ""

    def __init__(self, file_names: list[str]) -> None:
        self._members = {PurePosixPath(name).name.lower(): name for name in file_names}
        names = Counter(PurePosixPath(name).name.lower() for name in file_names)
        self.repeated = {name for name, times in names.items() if times > 1}
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
        if file_name.lower() in self.repeated:
            raise DownloadError(
                f"{self.location} holds {file_name} twice.",
                remedy="Download it again, or unpack it and keep the right one.",
            )
        try:
            with self._open(self._members[file_name.lower()]) as stream:
                yield stream
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise DownloadError(
                f"{self.locate(file_name)} is damaged ({error}).", remedy="Download it again."
            ) from None
        except OSError as error:
            raise DownloadError(f"{self.locate(file_name)} cannot be read: {error.strerror or error}.") from None

    def digests(self, file_names: tuple[str, ...]) -> list[FileDigest]:
        """Return size and SHA-256 of the files on disk that contain `file_names`."""
        return [digest_on_disk(path) for path in self.files_on_disk(file_names)]


class Folder(Place):
    """A folder on disk."""

    def __init__(self, location: Path) -> None:
        try:
            names = sorted(os.listdir(location))
        except OSError as error:
            raise DownloadError(f"{location} cannot be read: {error.strerror}.") from None
        super().__init__([name for name in names if is_regular(location / name)])
        self.location = location
        # Size, time of change and identity of the files that were opened.
        self._states: dict[str, tuple[int, int, int]] = {}

    @property
    def folder_names(self) -> list[str]:
        """The folder's own name."""
        return [self.location.resolve().name]

    def locate(self, file_name: str) -> str:
        """Return the location of a file."""
        return str(self.location / self._members.get(file_name.lower(), file_name))

    def size(self, file_name: str) -> int:
        """Return the size of a file."""
        return _size_of(self.location / self._members[file_name.lower()])

    def files_on_disk(self, file_names: tuple[str, ...]) -> list[Path]:
        """Return the files themselves."""
        return [self.location / self._members[name.lower()] for name in file_names]

    @contextmanager
    def open(self, file_name: str) -> Iterator[IO[bytes]]:
        """Open a file for reading bytes; see `Place.open`. A file that another program changes raises an error.

        The fingerprint of a download is computed from files that are opened again to be read.
        """
        with super().open(file_name) as stream:
            first = self._states.setdefault(file_name.lower(), _state_of(stream))
            try:
                yield stream
            finally:
                if _state_of(stream) != first:
                    raise DownloadError(f"{self.locate(file_name)} was changed while it was read.", remedy=_AGAIN)

    def digests(self, file_names: tuple[str, ...]) -> list[FileDigest]:
        """Return size and SHA-256 of the files."""
        found = []
        for name in file_names:
            if self.size(name) > MAX_DOWNLOAD_BYTES:
                raise too_large(self.locate(name))
            with self.open(name) as stream:
                found.append(digest_of(self._members[name.lower()], stream))
        return found

    def _open(self, member: str) -> IO[bytes]:
        return open_regular(self.location / member)


class SingleFile(Place):
    """One file, on disk or in a zip, decompressed if it is gzip."""

    name: str

    @contextmanager
    def open(self, file_name: str) -> Iterator[IO[bytes]]:
        """Open the file for reading its bytes, decompressed; see `Place.open`."""
        with super().open(file_name) as stream:
            is_gzip = stream.read(2) == b"\x1f\x8b"
        with super().open(file_name) as stream:
            if is_gzip:
                with gzip.open(stream) as unzipped:
                    yield cast(IO[bytes], unzipped)
            else:
                yield stream

    def first_line(self) -> str:
        """Return the first line of text; "" if the file is not text."""
        try:
            with self.open(self.name) as stream:
                return stream.read(LONGEST_HEADER).partition(b"\n")[0].decode("utf-8-sig").strip()
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
        return _size_of(self.location)

    def files_on_disk(self, file_names: tuple[str, ...]) -> list[Path]:
        """Return the file itself."""
        return [self.location]

    def _open(self, member: str) -> IO[bytes]:
        return open_regular(self.location)


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise DownloadError(f"{path} cannot be read: {error.strerror}.") from None


def _state_of(stream: IO[bytes]) -> tuple[int, int, int]:
    state = os.fstat(stream.fileno())
    return state.st_size, state.st_mtime_ns, state.st_ino

"""The folder of the files of one download: a folder on disk, or a folder in a zip.

Members of a zip are streamed, never extracted. Both kinds of folder have the same interface.
"""

import gzip
import hashlib
import lzma
import os
import struct
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
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
            return [_digest(path) for path in self.files_on_disk(file_names)]
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


class File(Place):
    """One file on disk, decompressed if it is gzip."""

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

    def first_line(self) -> str:
        """Return the first line of text; "" if the file is not text."""
        try:
            with self.open(self.name) as stream:
                return stream.readline(_LONGEST_HEADER).decode("utf-8-sig").strip()
        except (DownloadError, UnicodeDecodeError):
            return ""

    def _open(self, member: str) -> IO[bytes]:
        stream = self.location.open("rb")
        if stream.read(2) == b"\x1f\x8b":
            stream.close()
            return cast(IO[bytes], gzip.open(self.location, "rb"))
        stream.seek(0)
        return stream


class ZipFolder(Place):
    """A folder in a zip; `folder` is "" for the top of the zip."""

    def __init__(self, location: Path, folder: str, members: Sequence[tuple[str, int]]) -> None:
        super().__init__([name for name, _ in members])
        self.location = location
        self.inside = folder
        self._sizes = dict(members)

    @property
    def folder_names(self) -> list[str]:
        """The name of the folder in the zip, then that of the zip."""
        return [name for name in (PurePosixPath(self.inside).name, self.location.name) if name]

    def locate(self, file_name: str) -> str:
        """Return the location of a file."""
        return f"{self._members.get(file_name.lower(), file_name)} in {self.location}"

    def size(self, file_name: str) -> int:
        """Return the size of a file in the zip's directory."""
        return self._sizes[self._members[file_name.lower()]]

    def files_on_disk(self, file_names: tuple[str, ...]) -> list[Path]:
        """Return the zip."""
        return [self.location]

    def _open(self, member: str) -> IO[bytes]:
        with zipfile.ZipFile(self.location) as archive:
            try:
                return archive.open(member)  # the member keeps the zip open
            except (RuntimeError, NotImplementedError, ValueError) as error:  # a password, an unusual compression
                raise DownloadError(
                    f"{self.location} cannot be unpacked ({error}).",
                    remedy="Unpack it with another program, and load the folder.",
                ) from None


def folders_in_zip(path: Path) -> list[ZipFolder]:
    """Return every folder of the zip at `path` that contains files.

    Raises
    ------
    DownloadError
        If the file is empty, cut short, or not a zip.
    """
    if not path.is_file():
        raise DownloadError(f"{path} is neither a file nor a folder.")
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if not info.is_dir()]
    except zipfile.BadZipFile:
        raise _not_a_zip(path) from None
    except OSError as error:
        raise DownloadError(f"{path} cannot be read: {error.strerror or error}.") from None
    except (ValueError, NotImplementedError, struct.error, OverflowError) as error:  # the zip's directory is damaged
        raise DownloadError(f"{path} is a damaged zip ({error}).", remedy="Download it again.") from None
    sizes: dict[str, list[tuple[str, int]]] = {}
    for info in members:
        member = PurePosixPath(info.filename)
        if not _is_macos_metadata(member):
            sizes.setdefault(str(member.parent), []).append((info.filename, info.file_size))
    return [ZipFolder(path, "" if folder == "." else folder, members) for folder, members in sorted(sizes.items())]


def _is_macos_metadata(member: PurePosixPath) -> bool:
    """Return whether a member of a zip was added by macOS."""
    return "__MACOSX" in member.parts or member.name.startswith("._")


def _not_a_zip(path: Path) -> DownloadError:
    """Return the error for a file that is not a complete zip."""
    with path.open("rb") as stream:
        start = stream.read(4)
    again = "Download it again."
    if not start:
        return DownloadError(f"{path} is empty.", remedy=again)
    if start == b"PK\x03\x04":
        return DownloadError(
            f"{path} is a zip that was cut short: its directory, at the end, is missing.", remedy=again
        )
    remedy = "Load a zip from the atlas's site, or the folder that it was unpacked to."
    return DownloadError(f"{path} is not a zip.", remedy=remedy)


def _digest(path: Path) -> FileDigest:
    sha256 = hashlib.sha256()
    size = 0
    with path.open("rb") as stream:
        while block := stream.read(_HASH_BLOCK):
            sha256.update(block)
            size += len(block)
    return FileDigest(path.name, size, sha256.hexdigest())

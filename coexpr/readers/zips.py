"""Folders and files in a zip. Members of a zip are streamed, never extracted."""

import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import IO

from coexpr.errors import DownloadError
from coexpr.readers.place import FileDigest, Place, SingleFile, digest_of


class ZipFolder(Place):
    """A folder in a zip; `folder` is "" for the top of the zip."""

    def __init__(self, location: Path, folder: str, members: Sequence[tuple[str, int]]) -> None:
        super().__init__([name for name, _ in members])
        self.location = location
        self.inside = folder
        self.members = tuple(members)
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


class ZippedFile(SingleFile, ZipFolder):
    """One file in a zip. It has the fingerprint of the file itself, so that it is the same file when unpacked."""

    def __init__(self, location: Path, member: str, size: int) -> None:
        ZipFolder.__init__(self, location, "", [(member, size)])
        self.name = PurePosixPath(member).name

    def digests(self, file_names: tuple[str, ...]) -> list[FileDigest]:
        """Return size and SHA-256 of the file."""
        with Place.open(self, self.name) as stream:
            return [digest_of(self.name, stream)]


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

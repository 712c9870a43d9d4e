"""Folders and files in a zip. The size of its directory and the number of its members are limited.

Members of a zip are streamed, never extracted; see `zip_members`.
"""

import io
import struct
import zipfile
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import IO

from coexpr.errors import DownloadError
from coexpr.readers.digests import FileDigest, digest_of, digest_on_disk
from coexpr.readers.place import Place, SingleFile
from coexpr.readers.regular_file import open_regular, regular_only
from coexpr.readers.zip_members import SIGNATURE, open_member

# A download has 6 files, and a zip may contain hundreds of heatmaps.
_MOST_MEMBERS = 10_000
_MOST_DIRECTORY_BYTES = 4_000_000
_AGAIN = "Download it again."


class Archive:
    """A zip on disk whose directory was read.

    Parameters
    ----------
    location : path
    members : sequence of ZipInfo
    """

    def __init__(self, location: Path, members: Sequence[zipfile.ZipInfo]) -> None:
        self.location = location
        self.members = tuple(members)

    @cached_property
    def digest(self) -> FileDigest:
        """Size and SHA-256 of the zip, which may contain many downloads."""
        return digest_on_disk(self.location)


class ZipFolder(Place):
    """A folder in a zip; `folder` is "" for the top of the zip."""

    def __init__(self, archive: Archive, folder: str, members: Sequence[zipfile.ZipInfo]) -> None:
        super().__init__([info.filename for info in members])
        self.archive = archive
        self.location = archive.location
        self.inside = folder
        self.members = tuple(members)
        self._infos = {info.filename: info for info in members}

    @property
    def folder_names(self) -> list[str]:
        """The name of the folder in the zip, then that of the zip."""
        return [name for name in (PurePosixPath(self.inside).name, self.location.name) if name]

    def locate(self, file_name: str) -> str:
        """Return the location of a file."""
        return f"{self._members.get(file_name.lower(), file_name)} in {self.location}"

    def size(self, file_name: str) -> int:
        """Return the size of a file in the zip's directory, at which reading ends."""
        return self._infos[self._members[file_name.lower()]].file_size

    def files_on_disk(self, file_names: tuple[str, ...]) -> list[Path]:
        """Return the zip."""
        return [self.location]

    def digests(self, file_names: tuple[str, ...]) -> list[FileDigest]:
        """Return size and SHA-256 of the zip."""
        return [self.archive.digest]

    def _open(self, member: str) -> IO[bytes]:
        return open_member(self.location, self._infos[member])


class ZippedFile(SingleFile, ZipFolder):
    """One file in a zip. It has the fingerprint of the file itself, so that it is the same file when unpacked."""

    def __init__(self, folder: ZipFolder, info: zipfile.ZipInfo) -> None:
        ZipFolder.__init__(self, folder.archive, "", [info])
        self.name = PurePosixPath(info.filename).name
        self.repeated = folder.repeated

    def digests(self, file_names: tuple[str, ...]) -> list[FileDigest]:
        """Return size and SHA-256 of the file."""
        with Place.open(self, self.name) as stream:
            return [digest_of(self.name, stream)]


class _Directory(io.FileIO):
    """A zip whose directory is read by `zipfile`, at once; one of unreasonable size is refused."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes."""
        if size is not None and size > _MOST_DIRECTORY_BYTES:
            raise DownloadError(f"{self.name!s} is a zip with a directory of {size:,} bytes. {_FEWER}")
        return super().read(-1 if size is None else size)


_FEWER = f"Expected at most {_MOST_MEMBERS:,} files."


def members_of(path: Path) -> list[zipfile.ZipInfo]:
    """Return the files in the zip at `path`.

    Raises
    ------
    DownloadError
        If the file is empty, cut short, or not a zip, or has too many members, or names that lead out of it.
    """
    try:
        with _Directory(path, "rb", opener=regular_only) as stream, zipfile.ZipFile(stream) as archive:
            members = archive.infolist()
    except DownloadError:
        raise
    except zipfile.BadZipFile:
        raise _not_a_zip(path) from None
    except OSError as error:
        raise DownloadError(f"{path} cannot be read: {error.strerror or error}.") from None
    except (ValueError, NotImplementedError, struct.error, OverflowError) as error:  # the zip's directory is damaged
        raise DownloadError(f"{path} is a damaged zip ({error}).", remedy=_AGAIN) from None
    if len(members) > _MOST_MEMBERS:
        raise DownloadError(f"{path} is a zip of {len(members):,} files. {_FEWER}")
    for info in members:
        if "\0" in info.orig_filename:  # zipfile cuts the name there
            raise DownloadError(f"{path} is a zip with a null character in a name: {info.orig_filename!r:.100}.")
        if info.filename.startswith("/") or ".." in info.filename.split("/"):
            raise DownloadError(f"{path} is a zip with a file outside of it: {info.filename!r:.100}.", remedy=_AGAIN)
    return [info for info in members if info.filename and not info.filename.endswith("/")]


def folders_in_zip(path: Path) -> list[ZipFolder]:
    """Return every folder of the zip at `path` that contains files; see `members_of`."""
    archive = Archive(path, members_of(path))
    folders: dict[str, list[zipfile.ZipInfo]] = {}
    for info in archive.members:
        member = PurePosixPath(info.filename)
        if not _is_macos_metadata(member):
            folders.setdefault(str(member.parent), []).append(info)
    return [ZipFolder(archive, "" if folder == "." else folder, members) for folder, members in sorted(folders.items())]


def _is_macos_metadata(member: PurePosixPath) -> bool:
    """Return whether a member of a zip was added by macOS."""
    return "__MACOSX" in member.parts or member.name.startswith("._")


def _not_a_zip(path: Path) -> DownloadError:
    """Return the error for a file that is not a complete zip."""
    with open_regular(path) as stream:
        start = stream.read(4)
    if not start:
        return DownloadError(f"{path} is empty.", remedy=_AGAIN)
    if start == SIGNATURE:
        return DownloadError(
            f"{path} is a zip that was cut short: its directory, at the end, is missing.", remedy=_AGAIN
        )
    remedy = "Load a zip from the atlas's site, or the folder that it was unpacked to."
    return DownloadError(f"{path} is not a zip.", remedy=remedy)

"""Folders and files in a zip. Members of a zip are streamed, never extracted.

Nothing that a zip states is trusted: its directory and the number of its members are limited, sizes and checksums are
compared with the data, and reading ends where the stated size ends.
"""

import io
import os
import struct
import zipfile
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import IO, cast

from zlib_ng import zlib_ng

from coexpr.errors import DownloadError
from coexpr.readers.place import FileDigest, Place, SingleFile, digest_of, digest_on_disk, open_regular, regular_only

# Compressed bytes that are decompressed at a time, and most bytes that are returned at a time.
_COMPRESSED_BYTES = 1 << 19
_MOST_AT_A_TIME = 1 << 30
# A download has 6 files, and a zip may contain hundreds of heatmaps.
_MOST_MEMBERS = 10_000
_MOST_DIRECTORY_BYTES = 4_000_000
# The calls of a donor, which are compressed most, are a fiftieth of their size. Zeros are a thousandth.
_MOST_COMPRESSED, _COMPRESSED_TOO_MUCH = 100_000_000, 300
# The header before the data of a member: signature, flags, lengths of name and extra field.
_HEADER = struct.Struct("<4s2xH18xHH")
_SIGNATURE = b"PK\x03\x04"
# Flags of a member: encrypted in two ways, data of a patch, a name in UTF-8.
_ENCRYPTED, _PATCH, _UTF_8 = 0x41, 0x20, 0x800
_UNPACK = "Unpack it with another program, and load the folder."
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


def open_member(location: Path, info: zipfile.ZipInfo) -> IO[bytes]:
    """Open a member of a zip.

    Raises
    ------
    DownloadError
        If it is encrypted, compressed by an unusual method, or compressed more than files of numbers can be.
    zipfile.BadZipFile
        If its header is damaged.
    """
    where = f"{info.filename} in {location}"
    if info.flag_bits & _ENCRYPTED:
        raise DownloadError(f"{where} is encrypted.", remedy=_UNPACK)
    readers = {zipfile.ZIP_STORED: _Stored, zipfile.ZIP_DEFLATED: _Inflated}
    if info.compress_type not in readers or info.flag_bits & _PATCH:
        raise DownloadError(
            f"{where} is compressed by a method that few programs use ({info.compress_type}).", remedy=_UNPACK
        )
    if info.file_size > max(_MOST_COMPRESSED, _COMPRESSED_TOO_MUCH * info.compress_size):
        raise DownloadError(
            f"{where} has {info.file_size:,} bytes in {info.compress_size:,} compressed bytes; no download is "
            "compressed that much.",
            remedy=_AGAIN,
        )
    return cast(IO[bytes], readers[info.compress_type](location, info))


class _Member(io.RawIOBase):
    """The bytes of a member of a zip, read once from start to end.

    Parameters
    ----------
    location : path
        The zip.
    info : ZipInfo
        The member.

    Raises
    ------
    zipfile.BadZipFile
        If the header of the member is damaged.
    """

    def __init__(self, location: Path, info: zipfile.ZipInfo) -> None:
        self._info = info
        self._left = info.compress_size
        self._size = self._checksum = 0
        self._file = open_regular(location)
        try:
            self._file.seek(self._start(os.fstat(self._file.fileno()).st_size))
        except BaseException:
            self._file.close()
            raise

    def _start(self, length: int) -> int:
        """Return where the data begin in a zip of a given length."""
        start = self._info.header_offset + _HEADER.size
        if self._info.header_offset < 0 or start > length:
            raise zipfile.BadZipFile(f"{self._info.filename!r} is not where the zip states")
        self._file.seek(self._info.header_offset)
        signature, _, name_length, extra_length = _HEADER.unpack(self._file.read(_HEADER.size))
        name = self._info.orig_filename.encode("utf-8" if self._info.flag_bits & _UTF_8 else "cp437")
        if signature != _SIGNATURE or self._file.read(name_length) != name:
            raise zipfile.BadZipFile(f"{self._info.filename!r} is not where the zip states")
        start += int(name_length) + int(extra_length)
        if start + self._info.compress_size > length:
            raise zipfile.BadZipFile(f"the data of {self._info.filename!r} end too early")
        return start

    def close(self) -> None:
        """Close the zip."""
        self._file.close()
        super().close()

    def readable(self) -> bool:
        """Return True."""
        return True

    def read(self, size: int | None = -1) -> bytes:
        """Return the next `size` bytes, or fewer at the end; without a size, all that follow.

        Raises
        ------
        zipfile.BadZipFile
            If the data are damaged, or have not the size that the zip states.
        """
        following = self._info.file_size - self._size + 1  # one more, to read the end of the data
        size = min(following if size is None or size < 0 else size, following, _MOST_AT_A_TIME)
        parts = []
        while size > 0 and not self._is_at_end():
            parts.append(self._read_some(size))
            size -= len(parts[-1])
        data = b"".join(parts)
        self._size += len(data)
        self._checksum = zlib_ng.crc32(data, self._checksum)
        if self._size > self._info.file_size:
            raise zipfile.BadZipFile(f"{self._info.filename!r} is longer than the zip states")
        if self._is_at_end() and (self._size, self._checksum) != (self._info.file_size, self._info.CRC):
            raise zipfile.BadZipFile(f"Bad CRC-32 for file {self._info.filename!r}")
        return data

    def _is_at_end(self) -> bool:
        raise NotImplementedError

    def _read_some(self, size: int) -> bytes:
        raise NotImplementedError

    def _stored(self, size: int) -> bytes:
        """Return the next bytes as they are in the zip."""
        data = self._file.read(min(size, self._left))
        self._left -= len(data)
        return data


class _Stored(_Member):
    """The bytes of a member that is not compressed."""

    def _is_at_end(self) -> bool:
        return self._left == 0

    def _read_some(self, size: int) -> bytes:
        data = self._stored(size)
        if not data:
            raise zipfile.BadZipFile(f"the data of {self._info.filename!r} end too early")
        return data


class _Inflated(_Member):
    """The bytes of a compressed member.

    zlib-ng decompresses and checks in two thirds of the time of `zipfile`.
    """

    def __init__(self, location: Path, info: zipfile.ZipInfo) -> None:
        super().__init__(location, info)
        self._inflater = zlib_ng.decompressobj(-zlib_ng.MAX_WBITS)

    def _is_at_end(self) -> bool:
        return bool(self._inflater.eof)

    def _read_some(self, size: int) -> bytes:
        """Decompress the bytes that come next; return what they give, which may be nothing."""
        compressed = self._inflater.unconsumed_tail or self._stored(_COMPRESSED_BYTES)
        try:
            if compressed:
                return self._inflater.decompress(compressed, size)
            data = self._inflater.flush()  # what was left when `size` was reached
        except zlib_ng.error as error:  # type: ignore[misc]  # its type is given as Exception
            raise zipfile.BadZipFile(str(error)) from None
        if not self._inflater.eof:
            raise zipfile.BadZipFile(f"the data of {self._info.filename!r} end too early")
        return data


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
    if start == _SIGNATURE:
        return DownloadError(
            f"{path} is a zip that was cut short: its directory, at the end, is missing.", remedy=_AGAIN
        )
    remedy = "Load a zip from the atlas's site, or the folder that it was unpacked to."
    return DownloadError(f"{path} is not a zip.", remedy=remedy)

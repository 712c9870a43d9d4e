"""Folders and files in a zip. Members of a zip are streamed, never extracted."""

import io
import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import IO, cast

from zlib_ng import zlib_ng

from coexpr.errors import DownloadError
from coexpr.readers.place import FileDigest, Place, SingleFile, digest_of

# Compressed bytes that are decompressed at a time.
_COMPRESSED_BYTES = 1 << 19
# The lengths of name and extra field in the header before the data of a member.
_HEADER = struct.Struct("<26xHH")


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
        stream = self._open_seekable(member)
        with zipfile.ZipFile(self.location) as archive:
            info = archive.getinfo(member)
        if info.compress_type != zipfile.ZIP_DEFLATED:
            return stream
        stream.close()
        return cast(IO[bytes], _Inflated(self.location, info))

    def _open_seekable(self, member: str) -> IO[bytes]:
        with zipfile.ZipFile(self.location) as archive:
            try:
                return archive.open(member)  # the member keeps the zip open
            except (RuntimeError, NotImplementedError, ValueError) as error:  # a password, an unusual compression
                raise DownloadError(
                    f"{self.location} cannot be unpacked ({error}).",
                    remedy="Unpack it with another program, and load the folder.",
                ) from None


class _Inflated(io.RawIOBase):
    """The bytes of a compressed member of a zip, read once from start to end.

    zlib-ng decompresses and checks in two thirds of the time of `zipfile`.

    Parameters
    ----------
    location : path
        The zip.
    info : ZipInfo
        A member whose header was checked.
    """

    def __init__(self, location: Path, info: zipfile.ZipInfo) -> None:
        self._info = info
        self._left = info.compress_size
        self._inflater = zlib_ng.decompressobj(-zlib_ng.MAX_WBITS)
        self._size = self._checksum = 0
        self._file = location.open("rb")
        self._file.seek(info.header_offset)
        self._file.seek(sum(_HEADER.unpack(self._file.read(_HEADER.size))), io.SEEK_CUR)

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
            If the data are damaged.
        """
        if size is None or size < 0:
            size = self._info.file_size - self._size + 1  # one more, to read the end of the data
        parts = []
        try:
            while size > 0 and not self._inflater.eof:
                parts.append(self._inflate(size))
                size -= len(parts[-1])
        except zlib_ng.error as error:  # type: ignore[misc]  # its type is given as Exception
            raise zipfile.BadZipFile(str(error)) from None
        data = b"".join(parts)
        self._size += len(data)
        self._checksum = zlib_ng.crc32(data, self._checksum)
        if self._inflater.eof and (self._size, self._checksum) != (self._info.file_size, self._info.CRC):
            raise zipfile.BadZipFile(f"Bad CRC-32 for file {self._info.filename!r}")
        return data

    def _inflate(self, size: int) -> bytes:
        """Decompress the bytes that come next; return what they give, which may be nothing."""
        compressed = self._inflater.unconsumed_tail
        if not compressed:
            compressed = self._file.read(min(_COMPRESSED_BYTES, self._left))
            self._left -= len(compressed)
        if compressed:
            return self._inflater.decompress(compressed, size)
        data = self._inflater.flush()  # what was left when `size` was reached
        if not self._inflater.eof:
            raise zipfile.BadZipFile(f"the data of {self._info.filename!r} end too early")
        return data


class ZippedFile(SingleFile, ZipFolder):
    """One file in a zip. It has the fingerprint of the file itself, so that it is the same file when unpacked."""

    def __init__(self, location: Path, member: str, size: int) -> None:
        ZipFolder.__init__(self, location, "", [(member, size)])
        self.name = PurePosixPath(member).name

    def _open(self, member: str) -> IO[bytes]:
        return self._open_seekable(member)

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

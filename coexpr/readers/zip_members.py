"""The bytes of members of a zip, which are streamed and checked.

Nothing that a zip states is trusted: sizes and checksums are compared with the data, and reading ends where the stated
size ends.
"""

import io
import os
import struct
import zipfile
from pathlib import Path
from typing import IO, cast

from zlib_ng import zlib_ng

from coexpr.errors import DownloadError
from coexpr.readers.regular_file import open_regular

# Compressed bytes that are decompressed at a time, and most bytes that are returned at a time.
_COMPRESSED_BYTES = 1 << 19
_MOST_AT_A_TIME = 1 << 30
# The calls of a donor, which are compressed most, are a fiftieth of their size. Zeros are a thousandth.
_MOST_COMPRESSED, _COMPRESSED_TOO_MUCH = 100_000_000, 300
# The header before the data of a member: signature, flags, lengths of name and extra field.
_HEADER = struct.Struct("<4s2xH18xHH")
SIGNATURE = b"PK\x03\x04"
# Flags of a member: encrypted in two ways, data of a patch, a name in UTF-8.
_ENCRYPTED, _PATCH, _UTF_8 = 0x41, 0x20, 0x800
_UNPACK = "Unpack it with another program, and load the folder."
_AGAIN = "Download it again."


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
        if signature != SIGNATURE or self._file.read(name_length) != name:
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

"""Checkpoints that can be interrupted at any moment.

A checkpoint of DuckDB writes the metadata of tables into blocks that also hold the metadata of the state before, and
writes these blocks in place. If that is interrupted, neither state can be read. So the headers and these blocks are
first copied to a file next to the database. The next process that opens the database finds this file, and restores the
blocks unless the checkpoint had finished; DuckDB's log then has the rest.
"""

import hashlib
import os
import struct
from contextlib import closing, suppress
from pathlib import Path
from typing import IO

import duckdb

from coexpr.database.engine import connect
from coexpr.database.queries import query
from coexpr.output.unfinished import UnfinishedFile, sync_folder

# Offset of the first block: before it are three headers of this size.
_HEADER_BYTES = 4096
_START = 3 * _HEADER_BYTES
_MAGIC = b"coexpr checkpoint 1\n"
_DIGEST_BYTES = 32
# Number and size of the blocks, and for each its id; then the headers, and the blocks.
_COUNTS = struct.Struct("<qq")
_ID = struct.Struct("<q")


def checkpoint_and_close(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Merge the log of a database into its file, and close the connection.

    Parameters
    ----------
    connection : DuckDBPyConnection
        With the database as the default one, and without a transaction.
    path : path
        The file of the database.

    Raises
    ------
    duckdb.Error, OSError
        If the disk is full or broken. The database and its log are complete all the same.
    """
    # Open until the connection is closed: closing a file releases all locks of the process on it, also that of DuckDB.
    with path.open("rb") as file, closing(connection):
        checkpoint(connection, path, file)


def checkpoint(connection: duckdb.DuckDBPyConnection, path: Path, file: IO[bytes]) -> None:
    """Merge the log of a database into its file, which must stay open as `file` until the connection is closed.

    After an error the connection is closed, and the file is as it was.
    """
    saved = _file_of(path)
    _save(connection, saved, file)
    try:
        connection.execute(query("checkpoint_atlas"))
    except BaseException:
        connection.close()
        with suppress(OSError):  # the next process tries again
            undo_interrupted_checkpoint(path)
        raise
    saved.unlink()


def has_interrupted_checkpoint(path: Path) -> bool:
    """Return whether a checkpoint of a database was interrupted, or is being made."""
    return os.path.lexists(_file_of(path))


def undo_interrupted_checkpoint(path: Path) -> None:
    """Restore what an interrupted checkpoint had begun to overwrite, unless it had finished.

    Raises
    ------
    OSError
        If the file cannot be written, or another process has it open.
    """
    saved = _file_of(path)
    kept = _read(saved) if saved.is_file() and not saved.is_symlink() else None
    if kept is not None and path.exists() and not _has_finished(path, kept[0]):
        headers, blocks = kept
        with path.open("r+b") as stream:
            _lock(stream)
            for offset, block in blocks.items():
                stream.seek(offset)
                stream.write(block)
            stream.seek(0)
            stream.write(headers)
            stream.flush()
            os.fsync(stream.fileno())
    saved.unlink()


def _file_of(path: Path) -> Path:
    file = path.resolve()
    return file.with_name(f"{file.name}.checkpoint")


def _save(connection: duckdb.DuckDBPyConnection, saved: Path, file: IO[bytes]) -> None:
    """Copy the headers and the blocks of metadata to a file."""
    (block_bytes,) = connection.execute(query("block_size")).fetchall()[0]
    ids = [block for (block,) in connection.execute(query("blocks_of_metadata")).fetchall()]
    parts = [_COUNTS.pack(len(ids), block_bytes), *map(_ID.pack, ids), _part(file, 0, _START)]
    parts += [_part(file, _START + block * block_bytes, block_bytes) for block in ids]
    content = b"".join(parts)
    unfinished = UnfinishedFile(saved)
    try:
        unfinished.stream.write(_MAGIC + hashlib.sha256(content).digest() + content)
        unfinished.publish()
    finally:
        unfinished.close()
    sync_folder(saved.parent)


def _part(file: IO[bytes], offset: int, size: int) -> bytes:
    file.seek(offset)
    return file.read(size)


def _lock(stream: IO[bytes]) -> None:
    """Lock the file as DuckDB does.

    Raises
    ------
    BlockingIOError
        If another process has it open.
    """
    with suppress(ImportError):  # on Windows, it could not have been opened
        import fcntl

        fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _read(saved: Path) -> tuple[bytes, dict[int, bytes]] | None:
    """Return the headers and the blocks by offset; None if the file is damaged, or not ours."""
    data = saved.read_bytes()
    content = data[len(_MAGIC) + _DIGEST_BYTES :]
    if data[: -len(content) or None] != _MAGIC + hashlib.sha256(content).digest():
        return None
    count, block_bytes = _COUNTS.unpack_from(content)
    at = _COUNTS.size + count * _ID.size
    ids = [_ID.unpack_from(content, _COUNTS.size + number * _ID.size)[0] for number in range(count)]
    headers, at = content[at : at + _START], at + _START
    blocks = {}
    for number, block in enumerate(ids):
        start = at + number * block_bytes
        blocks[_START + block * block_bytes] = content[start : start + block_bytes]
    return headers, blocks


def _has_finished(path: Path, headers: bytes) -> bool:
    """Return whether a checkpoint was finished, given the headers before it: the new header is written last."""
    with path.open("rb") as stream:
        if stream.read(_START) == headers:
            return False
    with suppress(duckdb.Error), closing(connect(path.absolute(), read_only=True)):
        return True
    return False  # half of the header was written

"""How many values a Parquet file claims to have, from its footer, before any of them is read.

pyarrow has these numbers too, but ends the process for some inconsistent footers when it is asked for them. The footer
is a structure of the Thrift compact protocol (thrift.apache.org/static/specs/thrift-compact-protocol.pdf) with the
fields of parquet.thrift (github.com/apache/parquet-format).
"""

import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

_MARK = b"PAR1"
_END = struct.Struct("<I4s")
# A result with a thousand row groups of ten columns has a footer of 2 MB.
_MOST_BYTES = 8_000_000
_LONGEST_VARINT = 10
# In place of the length of a list: the length follows.
_COUNT_FOLLOWS = 15
# Numbers of fields: of the footer, of a row group, of a column chunk, and of its metadata.
_ROWS, _ROW_GROUPS = 3, 4
_COLUMNS, _GROUP_BYTES, _GROUP_ROWS = 1, 2, 3
_METADATA, _VALUES = 3, 5
# Types of the protocol; a set is written like a list.
_STOP, _TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(13)


def claimed_by(path: Path) -> tuple[int, int]:
    """Return the number of values that a Parquet file claims to have, or of rows if it is larger, and their bytes.

    Raises
    ------
    ValueError
        If the footer is damaged.
    """
    footer = _read_struct(io.BytesIO(_footer_of(path)))
    try:
        groups = footer[_ROW_GROUPS]
        values = [column[_METADATA][_VALUES] for group in groups for column in group[_COLUMNS]]
        rows = [group[_GROUP_ROWS] for group in groups]
        sizes = [group[_GROUP_BYTES] for group in groups]
        if min((footer[_ROWS], *values, *rows, *sizes)) < 0:
            raise ValueError("its footer has a number below 0")
        return max(sum(values), sum(rows), footer[_ROWS]), sum(sizes)
    except (KeyError, TypeError):
        raise ValueError("its footer lacks a number") from None


def _footer_of(path: Path) -> bytes:
    with path.open("rb") as stream:
        end = stream.seek(0, io.SEEK_END) - _END.size
        stream.seek(max(0, end))
        size, mark = _END.unpack(stream.read(_END.size).rjust(_END.size, b"\0"))
        if mark != _MARK or size > min(end, _MOST_BYTES):
            raise ValueError(f"a footer of at most {_MOST_BYTES:,} bytes was expected at its end")
        stream.seek(end - size)
        return stream.read(size)


def _read_struct(stream: io.BytesIO) -> dict[int, Any]:
    """Return the values of a structure by the number of the field."""
    fields: dict[int, Any] = {}
    number = 0
    while (head := _read_byte(stream)) & 15 != _STOP:
        number = number + (head >> 4) if head >> 4 else _read_number(stream)
        kind = head & 15
        fields[number] = kind == _TRUE if kind in (_TRUE, _FALSE) else _read_value(stream, kind)
    return fields


def _read_value(stream: io.BytesIO, kind: int) -> Any:
    if (read := _READERS.get(kind)) is None:
        raise ValueError(f"its footer has a value of the unknown type {kind}")
    return read(stream)


def _read_list(stream: io.BytesIO) -> list[Any]:
    head = _read_byte(stream)
    count = head >> 4 if head >> 4 < _COUNT_FOLLOWS else _read_varint(stream)
    return [_read_value(stream, head & 15) for _ in range(count)]


def _read_map(stream: io.BytesIO) -> list[tuple[Any, Any]]:
    count = _read_varint(stream)
    kinds = _read_byte(stream) if count else 0
    return [(_read_value(stream, kinds >> 4), _read_value(stream, kinds & 15)) for _ in range(count)]


def _read_binary(stream: io.BytesIO) -> bytes:
    return _read_bytes(stream, _read_varint(stream))


def _read_double(stream: io.BytesIO) -> bytes:
    return _read_bytes(stream, 8)


def _read_number(stream: io.BytesIO) -> int:
    """Return an integer, whose sign is its last bit."""
    written = _read_varint(stream)
    return (written >> 1) ^ -(written & 1)


def _read_varint(stream: io.BytesIO) -> int:
    """Return an integer of seven bits in each byte, the lowest first."""
    number = 0
    for place in range(_LONGEST_VARINT):
        byte = _read_byte(stream)
        number |= (byte & 127) << 7 * place
        if byte < 128:
            return number
    raise ValueError("its footer has a number that is too long")


def _read_byte(stream: io.BytesIO) -> int:
    return _read_bytes(stream, 1)[0]


def _read_bytes(stream: io.BytesIO, size: int) -> bytes:
    found = stream.read(size)
    if len(found) < size:
        raise ValueError("its footer is cut short")
    return found


# In a list, a truth value is a byte, too.
_READERS: dict[int, Callable[[io.BytesIO], Any]] = {
    **dict.fromkeys((_TRUE, _FALSE, _BYTE), _read_byte),
    **dict.fromkeys((_I16, _I32, _I64), _read_number),
    _DOUBLE: _read_double,
    _BINARY: _read_binary,
    **dict.fromkeys((_LIST, _SET), _read_list),
    _MAP: _read_map,
    _STRUCT: _read_struct,
}

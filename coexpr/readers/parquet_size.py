"""How large the contents of a Parquet file are, from its footer and the headers of its pages, before they are read.

pyarrow has the numbers of the footer too, but ends the process for some inconsistent footers when it is asked for them.
Footer and headers are structures of the Thrift compact protocol
(github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md) with the fields of parquet.thrift
(github.com/apache/parquet-format).
"""

import io
import struct
from collections.abc import Iterator
from pathlib import Path

from coexpr.readers import limits
from coexpr.readers.thrift import I32, I64, Fields, ThriftReader

_MARK = b"PAR1"
_END = struct.Struct("<I4s")
# Numbers of fields: of the footer, of a row group, of a column chunk, of its metadata, and of the header of a page. A
# page of data has one of two more headers; that of a dictionary has another, and its values are not counted.
_ROWS, _ROW_GROUPS = 3, 4
_COLUMNS, _GROUP_BYTES, _GROUP_ROWS = 1, 2, 3
_METADATA = 3
_VALUES, _DATA_OFFSET, _DICTIONARY_OFFSET = 5, 9, 11
_PAGE_BYTES, _PAGE_COMPRESSED, _PAGE_KINDS, _PAGE_VALUES = 2, 3, (5, 8), 1


def size_of_parquet(path: Path) -> tuple[int, int]:
    """Return the number of values in a Parquet file, or of rows if it is larger, and their bytes.

    Where the footer and the pages differ, it is the larger number.

    Raises
    ------
    ValueError
        If the footer or the header of a page is damaged.
    """
    with path.open("rb") as stream:
        _go_to_footer(stream)
        reader = ThriftReader(stream, limits.PARQUET_FIELDS)
        footer = reader.read_struct()
        groups = footer.structs(_ROW_GROUPS)
        rows = sum(group.number(_GROUP_ROWS, I64) for group in groups)
        columns = [column.struct(_METADATA) for group in groups for column in group.structs(_COLUMNS)]
        pages = [page for column in columns for page in _pages_of(reader, column)]
    claimed = sum(column.number(_VALUES, I64) for column in columns)
    claimed_bytes = sum(group.number(_GROUP_BYTES, I64) for group in groups)
    values = max(claimed, rows, footer.number(_ROWS, I64), sum(count for count, _ in pages))
    return values, max(claimed_bytes, sum(size for _, size in pages))


def _go_to_footer(stream: io.BufferedReader) -> None:
    end = stream.seek(0, io.SEEK_END) - _END.size
    stream.seek(max(0, end))
    size, mark = _END.unpack(stream.read(_END.size).rjust(_END.size, b"\0"))
    if mark != _MARK or size > end:
        raise ValueError("its end is not that of a Parquet file")
    stream.seek(end - size)


def _pages_of(reader: ThriftReader, column: Fields) -> Iterator[tuple[int, int]]:
    """Yield the number of values of each page of a column chunk, and their bytes when decompressed.

    These are the pages that pyarrow reads: until there are as many values as the footer says.
    """
    place = column.number(_DATA_OFFSET, I64)
    if column.has(_DICTIONARY_OFFSET):
        place = min(place, column.number(_DICTIONARY_OFFSET, I64) or place)
    left = column.number(_VALUES, I64)
    while left > 0:
        reader.go_to(place)
        page = reader.read_struct()
        place = reader.place + page.number(_PAGE_COMPRESSED, I32)
        kinds = [page.struct(kind) for kind in _PAGE_KINDS if page.has(kind)]
        values = max((kind.number(_PAGE_VALUES, I32) for kind in kinds), default=0)
        yield values, page.number(_PAGE_BYTES, I32)
        left -= values

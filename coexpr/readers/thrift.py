"""Structures of the Thrift compact protocol, as far as the numbers in Parquet files need it.

A structure in which a field occurs twice is refused, because readers differ in which of the two they take.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

# Types of the protocol; a set is written like a list.
_STOP, _TRUE, _FALSE, _BYTE, _I16, I32, I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(13)
_BITS_OF = {I32: 31, I64: 63}
# In place of the length of a list: the length follows.
_COUNT_FOLLOWS = 15
_MOST_BYTES_OF_NUMBER = 10
# No file has so many bytes, and no system can go there.
_END_OF_FILES = 2**43
_LARGEST_FIELD = 2**15 - 1
# Real values are at most ten deep.
_DEEPEST = 30


@dataclass(frozen=True)
class Fields:
    """The fields of a structure: their type and value by number. Text is not kept."""

    fields: dict[int, tuple[int, Any]]

    def has(self, number: int) -> bool:
        """Return whether there is a field."""
        return number in self.fields

    def number(self, number: int, kind: int) -> int:
        """Return a number of type `I32` or `I64` that is not negative."""
        found: int = self._value(number, kind)
        if not 0 <= found < 2 ** _BITS_OF[kind]:
            raise ValueError(f"the number {found} in its description")
        return found

    def struct(self, number: int) -> "Fields":
        """Return a structure."""
        found: Fields = self._value(number, _STRUCT)
        return found

    def structs(self, number: int) -> "list[Fields]":
        """Return a list of structures."""
        kind, found = self._value(number, _LIST)
        if kind != _STRUCT and found:
            raise ValueError(f"a list of type {kind} in its description")
        return list(found)

    def _value(self, number: int, kind: int) -> Any:
        found = self.fields.get(number)
        if found is None or found[0] != kind:
            raise ValueError("a number is missing in its description")
        return found[1]


class ThriftReader:
    """Reads structures from a file, up to a number of fields in all.

    Every method raises ValueError if the file is not of this protocol, ends, or has too many fields.
    """

    def __init__(self, stream: IO[bytes], most_fields: int) -> None:
        self._stream = stream
        self._left = most_fields
        self._depth = 0
        self._readers: dict[int, Callable[[], Any]] = {
            # In a list, a truth value is a byte, too.
            **dict.fromkeys((_TRUE, _FALSE, _BYTE), self._read_byte),
            **dict.fromkeys((_I16, I32, I64), self._read_number),
            _DOUBLE: self._skip_double,
            _BINARY: self._skip_binary,
            **dict.fromkeys((_LIST, _SET), self._read_list),
            _MAP: self._read_map,
            _STRUCT: self.read_struct,
        }

    @property
    def place(self) -> int:
        """The position in the file."""
        return self._stream.tell()

    def go_to(self, place: int) -> None:
        """Continue at another position."""
        if place >= _END_OF_FILES:
            raise ValueError(f"the place {place:,} in its description")
        self._stream.seek(place)

    def read_struct(self) -> Fields:
        """Read a structure."""
        fields: dict[int, tuple[int, Any]] = {}
        number = 0
        while (head := self._read_byte()) & 15 != _STOP:
            number = number + (head >> 4) if head >> 4 else self._read_number()
            if number in fields or not 0 < number <= _LARGEST_FIELD:
                raise ValueError(f"the field {number} in its description")
            kind = head & 15
            fields[number] = kind, kind == _TRUE if kind in (_TRUE, _FALSE) else self._read_value(kind)
        return Fields(fields)

    def _read_value(self, kind: int) -> Any:
        self._left -= 1
        if self._left < 0:
            raise ValueError("its description is too long")
        if (read := self._readers.get(kind)) is None:
            raise ValueError(f"a value of type {kind} in its description")
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError("its description is nested too deeply")
        value = read()
        self._depth -= 1
        return value

    def _read_list(self) -> tuple[int, list[Any]]:
        head = self._read_byte()
        count = head >> 4 if head >> 4 < _COUNT_FOLLOWS else self._read_varint()
        return head & 15, [self._read_value(head & 15) for _ in range(count)]

    def _read_map(self) -> None:
        if count := self._read_varint():
            kinds = self._read_byte()
            for _ in range(count):
                self._read_value(kinds >> 4)
                self._read_value(kinds & 15)

    def _skip_binary(self) -> None:
        self._skip(self._read_varint())

    def _skip_double(self) -> None:
        self._skip(8)

    def _skip(self, size: int) -> None:
        if size >= 2 ** _BITS_OF[I32]:
            raise ValueError(f"a text of {size:,} bytes in its description")
        self._stream.seek(size, 1)

    def _read_number(self) -> int:
        """Return an integer, whose sign is its last bit."""
        written = self._read_varint()
        return (written >> 1) ^ -(written & 1)

    def _read_varint(self) -> int:
        """Return an integer of seven bits in each byte, the lowest first."""
        number = 0
        for place in range(_MOST_BYTES_OF_NUMBER):
            byte = self._read_byte()
            number |= (byte & 127) << 7 * place
            if byte < 128:
                return number
        raise ValueError("a number of too many bytes in its description")

    def _read_byte(self) -> int:
        if not (found := self._stream.read(1)):
            raise ValueError("its description is cut short")
        return found[0]

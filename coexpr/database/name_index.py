"""The names in a database, sorted, in a file next to it: completion in a shell must answer faster than DuckDB starts.

The file is a cache like that of the matrix. It begins with a line of JSON, which has a key of the database and the
extent of each section; a section has a line for each name: the name in capitals, the name, and a description.
"""

import json
import mmap
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import IO, Any, Literal, get_args

from coexpr.database.stamp import cache_is_on, key_of, stamp_of
from coexpr.errors import CoexprError

Kind = Literal["genes_and_probes", "categories", "structures", "donors"]
_KINDS: tuple[Kind, ...] = get_args(Kind)
_HEADER_BYTES = 4096
_FORMAT = "names 1"


def index_path(database: Path) -> Path:
    """Return the path of the index of a database."""
    return database.with_name(f"{database.name}.names")


def find_names(database: Path, kind: Kind, prefix: str, limit: int) -> list[tuple[str, str]]:
    """Return names that begin with a prefix, in any case, with their descriptions.

    Parameters
    ----------
    database : path
    kind : str
        One of "genes_and_probes", "categories", "structures" and "donors".
    prefix : str
    limit : int

    Raises
    ------
    DatabaseError
        If there is no database that can be read.
    """
    capitals = prefix.upper()
    index = _open_index(database, kind)
    if index is None:
        lines = iter([line for line in _read_and_write(database)[kind] if line.startswith(capitals)])
    else:
        lines = _search(*index, capitals.encode())
    return _first(lines, limit)


def find_names_containing(database: Path, kind: Kind, text: str, limit: int) -> list[tuple[str, str]]:
    """Return names that contain a text, as `find_names` does; the shortest come first."""
    capitals = text.upper()
    index = _open_index(database, kind)
    if index is None:
        found = [line for line in _read_and_write(database)[kind] if capitals in line.partition("\t")[0]]
    else:
        found = list(_scan(*index, capitals.encode()))
    return _first(iter(sorted(found, key=lambda line: (line.index("\t"), line))), limit)


def _first(lines: Iterator[str], limit: int) -> list[tuple[str, str]]:
    """Return the names and descriptions of the first lines."""
    found = []
    for line in islice(lines, limit):
        _, name, description = line.split("\t")
        found.append((name, description))
    return found


def _read_and_write(database: Path) -> dict[Kind, list[str]]:
    """Read the names from the database, and write them to the index."""
    sections = _read_names(database)
    if cache_is_on():
        with suppress(OSError, CoexprError):  # without an index, every completion reads the database
            _write(index_path(database.resolve()), _key(database.resolve()), sections)
    return sections


def _key(file: Path) -> str:
    return key_of(stamp_of(file), _FORMAT)


def _read_names(database: Path) -> dict[Kind, list[str]]:
    """Read the names of each kind from the database as sorted lines."""
    from coexpr.database.connection import open_readonly
    from coexpr.database.queries import query

    with open_readonly(database, seconds=0) as connection:
        return {kind: sorted(_as_lines(connection.execute(query(f"names_of_{kind}")).fetchall())) for kind in _KINDS}


def _as_lines(rows: Iterable[tuple[Any, Any]]) -> Iterator[str]:
    for name, description in rows:
        words = [" ".join(str(text or "").split()) for text in (name, description)]
        if all(text.isprintable() for text in words) and words[0]:
            yield "\t".join((words[0].upper(), *words))


def _write(path: Path, key: str, sections: dict[Kind, list[str]]) -> None:
    from coexpr.output.files import write_binary_file

    contents = {kind: "".join(f"{line}\n" for line in lines).encode() for kind, lines in sections.items()}
    extents, start = {}, _HEADER_BYTES
    for kind, content in contents.items():
        extents[kind] = (start, start + len(content))
        start += len(content)
    header = json.dumps({"key": key, "sections": extents, "size": start}).encode().ljust(_HEADER_BYTES - 1) + b"\n"

    def write(stream: IO[bytes]) -> None:
        stream.write(header)
        for content in contents.values():
            stream.write(content)

    write_binary_file(path, write)


def _open_index(database: Path, kind: Kind) -> tuple[mmap.mmap, int, int] | None:
    """Return the mapped index and the extent of a section; None if there is no index of this database."""
    file = database.resolve()
    if not file.exists():
        from coexpr.database.connection import refuse_missing  # loads DuckDB, which says no more here

        refuse_missing(database)
    if not cache_is_on():
        return None
    path = index_path(file)
    try:
        with path.open("rb") as stream:
            header = json.loads(stream.read(_HEADER_BYTES))
            if header["key"] != _key(file) or path.stat().st_size != header["size"]:
                return None
            start, stop = header["sections"][kind]
            return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ), start, stop
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _search(lines: mmap.mmap, start: int, stop: int, prefix: bytes) -> Iterator[str]:
    """Yield the lines between two places that begin with a prefix, found by bisection."""
    low, high = start, stop
    while low < high:
        middle = (low + high) // 2
        begin = max(start, lines.rfind(b"\n", start, middle) + 1)
        end = lines.find(b"\n", middle, stop)
        if lines[begin:end] < prefix:
            low = end + 1
        else:
            high = begin
    while low < stop and lines[low : low + len(prefix)] == prefix:
        end = lines.find(b"\n", low, stop)
        yield lines[low:end].decode()
        low = end + 1


def _scan(lines: mmap.mmap, start: int, stop: int, text: bytes) -> Iterator[str]:
    """Yield the lines between two places whose name contains a text."""
    place = lines.find(text, start, stop) if text else -1
    while place >= 0:
        begin = max(start, lines.rfind(b"\n", start, place) + 1)
        end = lines.find(b"\n", place, stop)
        if place + len(text) <= lines.find(b"\t", begin, end):
            yield lines[begin:end].decode()
        place = lines.find(text, end, stop)

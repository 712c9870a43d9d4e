"""The names in a database, sorted, in a file next to it: completion in a shell must answer faster than DuckDB starts.

The file is a cache like that of the matrix. It begins with a line of JSON, which has a key of the database and the
extent of each section; a section has a line for each name: the name in capitals, the name, and a description.
"""

import json
import mmap
from collections.abc import Iterable, Iterator
from contextlib import suppress
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
    file = database.resolve()
    if not file.exists():
        from coexpr.database.connection import refuse_missing  # loads DuckDB, which says no more here

        refuse_missing(database)
    key = key_of(stamp_of(file), _FORMAT)
    lines = _lines_of_index(index_path(file), key, kind, prefix) if cache_is_on() else None
    if lines is None:
        sections = _read_names(database)
        if cache_is_on():
            with suppress(OSError, CoexprError):  # without an index, every completion reads the database
                _write(index_path(file), key, sections)
        capitals = prefix.upper()
        lines = iter([line for line in sections[kind] if line.startswith(capitals)])
    found = []
    for line in lines:
        _, name, description = line.split("\t")
        found.append((name, description))
        if len(found) == limit:
            break
    return found


def _read_names(database: Path) -> dict[Kind, list[str]]:
    """Read the names of each kind from the database as sorted lines."""
    from coexpr.database.connection import open_readonly
    from coexpr.database.queries import query

    with open_readonly(database) as connection:
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


def _lines_of_index(path: Path, key: str, kind: Kind, prefix: str) -> Iterator[str] | None:
    """Return the lines of an index that begin with a prefix; None if there is no index of this database."""
    try:
        with path.open("rb") as stream:
            header = json.loads(stream.read(_HEADER_BYTES))
            if header["key"] != key or path.stat().st_size != header["size"]:
                return None
            start, stop = header["sections"][kind]
            return _search(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ), start, stop, prefix.upper().encode())
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

"""Results that coexpr wrote: provenance and rows of a JSON, Parquet or Arrow file."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import coexpr
from coexpr.errors import ResultFileError
from coexpr.readers import limits

# Results have objects within objects, but not deeply; functions that call themselves for each are limited.
_DEEPEST = 60
_VERSION = re.compile(r"(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?", re.ASCII)
# What separates the values of JSON.
_JSON_MARKS = (b",", b":", b"[", b"{")
_AGAIN = "Write it again as JSON."
# How files start that are not JSON.
_MARKS = {"parquet": b"PAR1", "arrow": b"ARROW1"}


@dataclass(frozen=True)
class ResultFile:
    """A result in a file.

    Parameters
    ----------
    path : path
    format : "json", "parquet" or "arrow"
        By its contents, whatever its name.
    provenance : dict
    rows : list of dict
        Of several tables, with the name of the table.
    """

    path: Path
    format: str
    provenance: dict[str, Any]
    rows: list[dict[str, Any]]


def read_result(path: Path) -> ResultFile:
    """Read a file that coexpr wrote.

    Raises
    ------
    ResultFileError
        If it cannot be read, was not written by coexpr, or by a newer version.
    """
    try:
        with path.open("rb") as stream:
            start = stream.read(6)
        kind = next((name for name, mark in _MARKS.items() if start.startswith(mark)), "json")
        provenance, rows = _read_json(path) if kind == "json" else _read_arrow(path, kind)
    except OSError as error:
        raise ResultFileError(f"{path} cannot be read: {error.strerror or _first_line(error)}.") from None
    except RecursionError:
        raise ResultFileError(f"{path} is not a result of coexpr: it is nested too deeply.") from None
    if not isinstance(provenance, dict) or not isinstance(provenance.get("coexpr_version"), str):
        raise ResultFileError(f"{path} has no provenance of coexpr: it is not a result that coexpr wrote.")
    _refuse_newer(path, provenance["coexpr_version"])
    if not _are_sources(provenance.get("sources")):
        raise ResultFileError(f"{path}: its provenance was changed: expected downloads and releases as sources.")
    return ResultFile(path, kind, provenance, rows)


def printable(text: str) -> str:
    """Return text in which characters that could control a terminal are escaped."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def _read_json(path: Path) -> tuple[Any, list[dict[str, Any]]]:
    with path.open("rb") as stream:
        text = stream.read(limits.JSON_BYTES + 1)
    if len(text) > limits.JSON_BYTES or sum(map(text.count, _JSON_MARKS)) > limits.JSON_MARKS:
        raise ResultFileError(
            f"{path} is larger than {limits.JSON_BYTES:,} bytes or {limits.JSON_MARKS:,} values. Use a Parquet file."
        )
    try:
        content = json.loads(text.decode("utf-8"))
    except UnicodeDecodeError:
        raise ResultFileError(f"{path} is not JSON text, Parquet or Arrow. {_AGAIN}") from None
    except ValueError as error:
        raise ResultFileError(f"{path} is not a whole JSON file ({_first_line(error)}). {_AGAIN}") from None
    if not isinstance(content, dict):
        raise ResultFileError(f"{path} is not a result of coexpr: expected a JSON object with provenance and rows.")
    _refuse_deep(content)
    provenance = content.pop("provenance", None)
    for rows in content.values():
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise ResultFileError(f"{path}: expected objects as rows. The file was changed. {_AGAIN}")
    return provenance, content["rows"] if content.keys() == {"rows"} else rows_of_tables(content)


def _refuse_deep(content: dict[str, Any]) -> None:
    """Raise RecursionError for objects that are nested too deeply."""
    level: list[Any] = [content]
    for _ in range(_DEEPEST):
        inside = (item.values() if isinstance(item, dict) else item for item in level)
        level = [item for items in inside for item in items if isinstance(item, dict | list)]
    if level:
        raise RecursionError


def rows_of_tables(tables: Mapping[str, Iterable[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return the rows of several tables as one, each with the name of its table."""
    return [{"table": name, **row} for name, rows in tables.items() for row in rows]


def _read_arrow(path: Path, kind: str) -> tuple[Any, list[dict[str, Any]]]:
    import pyarrow as pa  # slow to import, and JSON does not need it
    import pyarrow.parquet as pq

    from coexpr.readers.arrow_size import size_of, texts_of
    from coexpr.readers.parquet_size import size_of_parquet

    try:
        if kind == "parquet":
            _refuse_large(path, *size_of_parquet(path))
            with pq.ParquetFile(path) as file:
                texts = texts_of(file)
            table = pq.ParquetFile(path, read_dictionary=texts).read()
        else:
            with pa.memory_map(str(path)) as source:
                table = pa.ipc.open_file(source).read_all()
            for column in table.columns:
                if not pa.types.is_decimal(column.type):  # those of DuckDB may be longer than they say
                    column.validate(full=True)  # damage that would otherwise end the process
        _refuse_large(path, *size_of(table))
        provenance = json.loads((table.schema.metadata or {}).get(b"provenance", b"null"))
        if isinstance(provenance, dict):
            _refuse_deep(provenance)
        return provenance, table.to_pylist()
    except ResultFileError:
        raise
    except pa.ArrowMemoryError:
        raise ResultFileError(f"{path} does not fit into the memory. Ask for fewer rows.") from None
    except OSError as error:
        if error.errno is not None:  # it is of the disk, not of pyarrow
            raise
        raise _damaged(path, error) from None
    except (pa.ArrowException, ValueError, OverflowError) as error:
        raise _damaged(path, error) from None


def _damaged(path: Path, error: Exception) -> ResultFileError:
    return ResultFileError(
        f"{path} is damaged ({_first_line(error)}). Use another copy, or run the command that wrote it again."
    )


def _refuse_large(path: Path, cells: int, text: int = 0) -> None:
    if cells > limits.RESULT_CELLS or text > limits.RESULT_BYTES:
        raise ResultFileError(
            f"{path} has more than {limits.RESULT_CELLS:,} cells or {limits.RESULT_BYTES:,} bytes of text, too many to "
            "compare. Ask for fewer rows."
        )


def _first_line(error: Exception) -> str:
    return printable((str(error).splitlines() or [type(error).__name__])[0]).rstrip(".")


def _are_sources(sources: Any) -> bool:
    """Return whether this is what `coexpr.question.Sources` is as JSON; older results have none."""
    if sources is None:
        return True
    if not isinstance(sources, dict) or not isinstance(sources.get("releases"), dict):
        return False
    downloads = sources.get("downloads")
    return isinstance(downloads, list) and all(
        isinstance(one, dict) and all(isinstance(one.get(name), str) for name in ("name", "sha256"))
        for one in downloads
    )


def _refuse_newer(path: Path, version: str) -> None:
    if not _VERSION.match(version):
        raise ResultFileError(f"{path}: {version!r:.60} is not a version of coexpr. The file was changed.")
    if _numbers(version) > _numbers(coexpr.__version__):
        raise ResultFileError(
            f"{path} was written by coexpr {printable(version):.60}, and this is {coexpr.__version__}. Upgrade coexpr."
        )


def _numbers(version: str) -> list[int]:
    found = _VERSION.match(version)
    return [int(part or 0) for part in found.groups()] if found else []

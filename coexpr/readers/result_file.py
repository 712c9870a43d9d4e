"""Results that coexpr wrote: provenance and rows of a JSON, Parquet or Arrow file."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import coexpr
from coexpr.errors import ResultFileError

_LARGEST_JSON = 2_000_000_000
_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")
_AGAIN = "Write it again as JSON."


@dataclass(frozen=True)
class ResultFile:
    """A result in a file.

    Parameters
    ----------
    path : path
    provenance : dict
    rows : list of dict
        Of several tables, with the name of the table.
    """

    path: Path
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
        provenance, rows = _read_arrow(path, start) if start.startswith((b"PAR1", b"ARROW1")) else _read_json(path)
    except OSError as error:
        raise ResultFileError(f"{path} cannot be read: {error.strerror or error}.") from None
    if not isinstance(provenance, dict) or not isinstance(provenance.get("coexpr_version"), str):
        raise ResultFileError(f"{path} has no provenance of coexpr: it is not a result that coexpr wrote.")
    _refuse_newer(path, provenance["coexpr_version"])
    return ResultFile(path, provenance, rows)


def _read_json(path: Path) -> tuple[Any, list[dict[str, Any]]]:
    if path.stat().st_size > _LARGEST_JSON:
        raise ResultFileError(f"{path} is larger than {_LARGEST_JSON:,} bytes. Use a Parquet file.")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise ResultFileError(f"{path} is not JSON text, Parquet or Arrow. {_AGAIN}") from None
    except (ValueError, RecursionError) as error:
        raise ResultFileError(f"{path} is not a whole JSON file ({error}). {_AGAIN}") from None
    if not isinstance(content, dict):
        raise ResultFileError(f"{path} is not a result of coexpr: expected a JSON object with provenance and rows.")
    tables = {name: rows for name, rows in content.items() if isinstance(rows, list)}
    if not all(isinstance(row, dict) for rows in tables.values() for row in rows):
        raise ResultFileError(f"{path}: expected objects as rows. The file was changed. {_AGAIN}")
    if "rows" in tables:
        return content.get("provenance"), tables["rows"]
    return content.get("provenance"), rows_of_tables(tables)


def rows_of_tables(tables: Mapping[str, Iterable[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return the rows of several tables as one, each with the name of its table."""
    return [{"table": name, **row} for name, rows in tables.items() for row in rows]


def _read_arrow(path: Path, start: bytes) -> tuple[Any, list[dict[str, Any]]]:
    import pyarrow as pa  # slow to import, and JSON does not need it
    import pyarrow.parquet as pq

    try:
        if start.startswith(b"PAR1"):
            table = pq.read_table(path)
        else:
            with pa.memory_map(str(path)) as source:
                table = pa.ipc.open_file(source).read_all()
        provenance = json.loads((table.schema.metadata or {}).get(b"provenance", b"null"))
    except (pa.ArrowException, ValueError) as error:
        raise ResultFileError(f"{path} is damaged ({str(error).splitlines()[0]}).") from None
    return provenance, table.to_pylist()


def _refuse_newer(path: Path, version: str) -> None:
    if _numbers(version) > _numbers(coexpr.__version__):
        raise ResultFileError(
            f"{path} was written by coexpr {version}, and this is {coexpr.__version__}. Upgrade coexpr."
        )


def _numbers(version: str) -> list[int]:
    found = _VERSION.match(version)
    return [int(part or 0) for part in found.groups()] if found else [0]

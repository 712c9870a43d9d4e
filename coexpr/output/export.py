"""Answers as text for programs: CSV, TSV, JSON and JSON lines, numbers at full precision.

Where there is no value a CSV cell is empty and JSON says null. Only JSON carries the route.
"""

import csv
import io
import json
import math
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from coexpr.errors import OptionError, OutputError
from coexpr.resources import is_duckdb_file
from coexpr.result import Rows

if TYPE_CHECKING:
    import pandas as pd

    from coexpr.database.adhoc_sql import ArrowStream

# About how much a row group of a Parquet file holds, before it is compressed.
_ROW_GROUP_BYTES = 64 * 2**20
ENDINGS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".txt": "table",
}
SQL_ENDINGS = ENDINGS | {".parquet": "parquet"}
MATRIX_ENDINGS = {".csv": "csv", ".tsv": "tsv", ".parquet": "parquet", ".npz": "npz"}


def format_of_file(path: Path, endings: Mapping[str, str] = ENDINGS) -> str:
    """Return the format that the ending of a file name means.

    Raises
    ------
    OptionError
        If the ending means none.
    """
    try:
        return endings[path.suffix.lower()]
    except KeyError:
        raise OptionError(
            f"{path} does not say its format by its ending; use one of {', '.join(endings)}, or --format."
        ) from None


def write_csv(answer: Rows, stream: IO[str]) -> None:
    """Write an answer as comma-separated values with a header."""
    _write_separated(answer, stream, ",")


def write_tsv(answer: Rows, stream: IO[str]) -> None:
    """Write an answer as tab-separated values with a header."""
    _write_separated(answer, stream, "\t")


def write_json(answer: Rows, stream: IO[str]) -> None:
    """Write an answer as one JSON object, its route beside its rows."""
    stream.write('{"route": ')
    stream.write(json_text(answer.route))
    stream.write(', "rows": [')
    for number, row in enumerate(answer.rows):
        stream.write(",\n" if number else "\n")
        stream.write(json_text(dict(zip(answer.columns, row, strict=True))))
    stream.write("\n]}\n")


def write_jsonl(answer: Rows, stream: IO[str]) -> None:
    """Write an answer as one JSON object per row."""
    for row in answer.rows:
        stream.write(json_text(dict(zip(answer.columns, row, strict=True))) + "\n")


def write_matrix(frame: "pd.DataFrame", stream: IO[str], separator: str) -> None:
    """Write a labelled matrix as separated values: names in the first row and column, r at full precision."""
    names = [str(name) for name in frame.columns]
    writer = csv.writer(stream, delimiter=separator, lineterminator="\n")
    writer.writerow(["", *names])
    for name, row in zip(names, frame.to_numpy(), strict=True):
        writer.writerow([name, *("" if math.isnan(value) else value for value in row.tolist())])


def write_npz(frame: "pd.DataFrame", stream: IO[bytes]) -> None:
    """Write a labelled matrix as numpy's archive: r, names, and the route as JSON."""
    import numpy as np

    np.savez(
        stream, r=frame.to_numpy(), names=np.array(frame.columns, dtype=str), route=json_text(frame.attrs["route"])
    )


def write_parquet(frame: "pd.DataFrame", stream: IO[bytes]) -> None:
    """Write a labelled matrix as Parquet: a column of names, then one per row; the route in its metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = [str(name) for name in frame.columns]
    columns = {"name": pa.array(names), **dict(zip(names, map(pa.array, frame.to_numpy().T), strict=True))}
    table = pa.table(columns).replace_schema_metadata({"route": json_text(frame.attrs["route"])})
    pq.write_table(table, stream)


def write_batches(answer: "ArrowStream", stream: IO[bytes]) -> None:
    """Write Arrow batches as Parquet, as they come: some row groups at a time are in memory, not all of them.

    Raises
    ------
    OutputError
        If Parquet has no such type.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetWriter(stream, answer.schema, compression="zstd") as writer:
            waiting: list[pa.RecordBatch] = []
            for batch in answer.batches:
                waiting.append(batch)
                if sum(part.nbytes for part in waiting) > _ROW_GROUP_BYTES:
                    writer.write_table(pa.Table.from_batches(waiting, answer.schema))
                    waiting = []
            if waiting:
                writer.write_table(pa.Table.from_batches(waiting, answer.schema))
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid) as error:
        raise OutputError(
            f"Parquet cannot hold this result ({error}). Cast the column, or choose another format."
        ) from None


SEPARATED: dict[str, Callable[["pd.DataFrame", IO[str]], None]] = {
    "csv": partial(write_matrix, separator=","),
    "tsv": partial(write_matrix, separator="\t"),
}
BINARY: dict[str, Callable[["pd.DataFrame", IO[bytes]], None]] = {"parquet": write_parquet, "npz": write_npz}


def write_file(path: Path, write: Callable[[IO[str]], None]) -> None:
    """Write text to a file, whole or not at all; see `write_binary_file`."""

    def encode(stream: IO[bytes]) -> None:
        text = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=True)
        write(text)
        text.flush()
        text.detach()

    write_binary_file(path, encode)


def write_binary_file(path: Path, write: Callable[[IO[bytes]], None]) -> None:
    """Write a file, whole or not at all.

    Raises
    ------
    OutputError
        If the file cannot be written; one that was there before is left as it was.
    """
    if not path.parent.is_dir():
        raise OutputError(f"{path} cannot be written: there is no folder {path.parent}.")
    if is_duckdb_file(path):
        raise OutputError(f"{path} is a DuckDB database, and would be lost. Write to another file.")
    if path.exists() and not path.is_file():  # a pipe or a device takes what it is given
        with path.open("wb") as stream:
            write(stream)
        return
    path = path.resolve()
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror}.") from None
    try:
        with os.fdopen(descriptor, "wb") as stream:
            write(stream)
        os.chmod(name, 0o666 & ~_umask())  # a temporary file is private; an answer is not
        os.replace(name, path)
    except BaseException as error:
        with suppress(OSError):
            os.unlink(name)
        if isinstance(error, OSError):
            raise OutputError(f"{path} cannot be written: {error.strerror}.") from None
        raise


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def _write_separated(answer: Rows, stream: IO[str], separator: str) -> None:
    writer = csv.writer(stream, delimiter=separator, lineterminator="\n")
    if answer.columns:
        writer.writerow(answer.columns)
    writer.writerows([_cell(value) for value in row] for row in answer.rows)


def _cell(value: Any) -> Any:
    """Return a value as a cell: lists and structs as JSON, what has no value as nothing."""
    if isinstance(value, list | dict | tuple):
        return json_text(value)
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else value


def json_text(value: Any) -> str:
    """Return a value as JSON; dates and paths as text, numbers that are not finite as null."""
    return json.dumps(_as_json(value), ensure_ascii=False, default=str, allow_nan=False)


def _as_json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {str(key): _as_json(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_as_json(item) for item in value]
    return None if _has_no_value(value) else value


def _has_no_value(value: Any) -> bool:
    return value is None or (isinstance(value, float) and not math.isfinite(value))

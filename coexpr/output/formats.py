"""Results in the formats that programs read: CSV, TSV, JSON, JSON lines, Parquet and numpy archives.

Numbers are written at full precision. A missing value is an empty cell of a CSV, and null in JSON. JSON, Parquet and
numpy archives include the provenance.
"""

import csv
import math
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from coexpr.errors import OptionError, OutputError
from coexpr.result import MatrixResult, Provenance, Result, Table, json_text

if TYPE_CHECKING:
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
    """Return the format for the ending of a file name.

    Raises
    ------
    OptionError
        If the ending is unknown.
    """
    try:
        return endings[path.suffix.lower()]
    except KeyError:
        raise OptionError(f"{path}: unknown file name ending; use one of {', '.join(endings)}, or `format`.") from None


def write_csv(result: Table[Provenance], stream: IO[str]) -> None:
    """Write a result as comma-separated values with a header."""
    _write_separated(result, stream, ",")


def write_tsv(result: Table[Provenance], stream: IO[str]) -> None:
    """Write a result as tab-separated values with a header."""
    _write_separated(result, stream, "\t")


def write_json(result: Table[Provenance], stream: IO[str]) -> None:
    """Write a result as one JSON object, its provenance and its rows."""
    stream.write('{"provenance": ')
    stream.write(json_text(result.provenance))
    stream.write(', "rows": [')
    for number, row in enumerate(result.rows):
        stream.write(",\n" if number else "\n")
        stream.write(json_text(dict(zip(result.columns, row, strict=True))))
    stream.write("\n]}\n")


def write_jsonl(result: Table[Provenance], stream: IO[str]) -> None:
    """Write a result as one JSON object per row."""
    for row in result.rows:
        stream.write(json_text(dict(zip(result.columns, row, strict=True))) + "\n")


def write_matrix(result: MatrixResult[Provenance], stream: IO[str], separator: str) -> None:
    """Write a matrix of r as separated values, with names in the first row and column."""
    writer = csv.writer(stream, delimiter=separator, lineterminator="\n")
    writer.writerow(["", *result.names])
    for name, row in zip(result.names, result.r, strict=True):
        writer.writerow([name, *("" if math.isnan(value) else value for value in row.tolist())])


def write_npz(result: MatrixResult[Provenance], stream: IO[bytes]) -> None:
    """Write a matrix of r as an archive of numpy arrays: r, names, and the provenance as JSON."""
    import numpy as np

    np.savez(stream, r=result.r, names=np.array(result.names, dtype=str), provenance=json_text(result.provenance))


def write_parquet(result: Result[Provenance], stream: IO[bytes]) -> None:
    """Write a result as Parquet, with the provenance as JSON in its metadata."""
    import pyarrow.parquet as pq

    pq.write_table(result.to_arrow(), stream)


def write_batches(result: "ArrowStream", stream: IO[bytes]) -> None:
    """Write Arrow batches as Parquet as they arrive, a few row groups in memory at a time.

    Raises
    ------
    OutputError
        If Parquet has no such type.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetWriter(stream, result.schema, compression="zstd") as writer:
            waiting: list[pa.RecordBatch] = []
            for batch in result.batches:
                waiting.append(batch)
                if sum(part.nbytes for part in waiting) > _ROW_GROUP_BYTES:
                    writer.write_table(pa.Table.from_batches(waiting, result.schema))
                    waiting = []
            if waiting:
                writer.write_table(pa.Table.from_batches(waiting, result.schema))
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid) as error:
        raise OutputError(
            f"Parquet cannot hold this result ({error}). Cast the column, or choose another format."
        ) from None


SEPARATED: dict[str, Callable[[MatrixResult[Provenance], IO[str]], None]] = {
    "csv": partial(write_matrix, separator=","),
    "tsv": partial(write_matrix, separator="\t"),
}
BINARY: dict[str, Callable[[MatrixResult[Provenance], IO[bytes]], None]] = {"parquet": write_parquet, "npz": write_npz}


def _write_separated(result: Table[Provenance], stream: IO[str], separator: str) -> None:
    writer = csv.writer(stream, delimiter=separator, lineterminator="\n")
    if result.columns:
        writer.writerow(result.columns)
    writer.writerows([_cell(value) for value in row] for row in result.rows)


def _cell(value: Any) -> Any:
    """Return a value as a cell: lists and structs as JSON, a missing value as nothing."""
    if isinstance(value, list | dict | tuple):
        return json_text(value)
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else value

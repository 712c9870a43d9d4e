"""Results as binary files: Parquet, Arrow and numpy archives. All contain the provenance as JSON."""

from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Any

from coexpr.errors import OutputError
from coexpr.result import MatrixResult, Provenance, Result, json_text

if TYPE_CHECKING:
    from coexpr.database.adhoc_sql import ArrowStream

# About how much a row group of a Parquet file holds, before it is compressed.
_ROW_GROUP_BYTES = 64 * 2**20


def write_parquet(result: Result[Provenance], stream: IO[bytes]) -> None:
    """Write a result as Parquet, with the provenance as JSON in its metadata."""
    import pyarrow.parquet as pq

    pq.write_table(result.to_arrow(), stream)


def write_arrow(result: Result[Provenance], stream: IO[bytes]) -> None:
    """Write a result as an Arrow IPC file (Feather), with the provenance as JSON in its metadata."""
    import pyarrow as pa

    table = result.to_arrow()
    with pa.ipc.new_file(stream, table.schema) as writer:
        writer.write_table(table)


def write_npz(result: MatrixResult[Provenance], stream: IO[bytes]) -> None:
    """Write a matrix of r as an archive of numpy arrays: r, names, and the provenance as JSON."""
    import numpy as np

    names = np.array(result.names, dtype=str)
    write_arrays({"r": result.r, "names": names, "provenance": json_text(result.provenance)}, stream)


def write_arrays(arrays: Mapping[str, Any], stream: IO[bytes]) -> None:
    """Write arrays as an archive that numpy.load reads, one file of each name.

    numpy.savez of numpy 1 does not close the archive if writing fails: zipfile writes the rest when it is deleted.
    """
    import zipfile

    import numpy as np

    with zipfile.ZipFile(stream, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.asanyarray(array), allow_pickle=False)


def write_batches_as_parquet(result: "ArrowStream", stream: IO[bytes]) -> None:
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


def write_batches_as_arrow(result: "ArrowStream", stream: IO[bytes]) -> None:
    """Write Arrow batches as an Arrow IPC file as they arrive."""
    import pyarrow as pa

    with pa.ipc.new_file(stream, result.schema) as writer:
        for batch in result.batches:
            writer.write_batch(batch)

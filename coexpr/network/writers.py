"""Writing of a network to a file: Parquet, Arrow, CSV, TSV, XLSX, GraphML, or tables of a DuckDB file.

Edges are written part by part to a temporary file, which is renamed when it is complete.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import IO, Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv
from pyarrow import parquet

from coexpr.database.engine import attach, connect, reason_of
from coexpr.database.queries import query, registered
from coexpr.errors import OptionError, OutputError
from coexpr.network.graphml import write_graphml
from coexpr.network.nodes import Nodes
from coexpr.network.workbook import write_xlsx
from coexpr.output.files import explained, write_binary_file
from coexpr.output.text import as_text
from coexpr.output.unfinished import remove_abandoned, rename_on_disk, unfinished_folder
from coexpr.resources import is_duckdb_file
from coexpr.result import json_text

Parts = Iterator[Mapping[str, Any]]

ENDINGS = {
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".csv": "csv",
    ".tsv": "tsv",
    ".xlsx": "xlsx",
    ".graphml": "graphml",
    ".duckdb": "duckdb",
}
# Approximate size of an edge on disk in bytes, for the estimate that is shown before a run.
BYTES_ON_DISK = {"parquet": 12, "arrow": 26, "csv": 80, "tsv": 80, "xlsx": 60, "graphml": 170, "duckdb": 32}
# Formats that describe nodes, not only edges.
WITH_NODES = frozenset({"xlsx", "graphml", "duckdb"})


def format_of_network(path: Path) -> str:
    """Return the format that the ending of a file name means.

    Raises
    ------
    OptionError
        If it means none.
    """
    try:
        return ENDINGS[path.suffix.lower()]
    except KeyError:
        raise OptionError(f"{path}: unknown file name ending; use one of {', '.join(ENDINGS)}, or `format`.") from None


def write_network(
    path: Path,
    form: str,
    parts: Parts,
    nodes: Nodes,
    provenance: Mapping[str, Any],
    *,
    undirected: bool = False,
) -> int:
    """Write the edges of a network with the names of their ends; return the number of edges.

    Parameters
    ----------
    path : path
        The file. An existing file is replaced when the new one is complete.
    form : str
        One of the values of `ENDINGS`.
    parts : iterator of dict of arrays
        source and target as row numbers of `nodes`, r, rank, and optionally mutual_rank, which may be NaN.
    nodes : Nodes
    provenance : dict
    undirected : bool
        Whether the direction of edges has no meaning, which GraphML states.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    count = 0

    def counted() -> Parts:
        nonlocal count
        for part in parts:
            count += len(part["r"])
            yield part

    writers: dict[str, Callable[..., None]] = {
        "parquet": partial(_write_batches, open_writer=parquet.ParquetWriter),
        "arrow": partial(_write_batches, open_writer=pa.ipc.new_file),
        "csv": partial(_write_separated, delimiter=","),
        "tsv": partial(_write_separated, delimiter="\t"),
        "xlsx": write_xlsx,
        "graphml": partial(write_graphml, undirected=undirected),
    }
    if form == "duckdb":
        _write_duckdb(path, counted(), nodes, provenance)
    else:
        write_binary_file(path, lambda stream: writers[form](stream, counted(), nodes, provenance))
    return count


def refuse_output(path: Path) -> None:
    """Raise OutputError if a file cannot be written, or exists and must not be replaced.

    This is called before anything is computed.
    """
    if not path.absolute().parent.is_dir():
        raise OutputError(f"{path} cannot be written: there is no folder {path.parent}.")
    if path.is_symlink() or (path.exists() and not path.is_file()):
        raise OutputError(f"{path} is not a regular file. Choose another output.")
    if path.exists() and (is_duckdb_file(path) or path.suffix.lower() == ".duckdb"):
        remove_abandoned(path.absolute())
        left = checkpoint_of(path)
        note = f" If it is the result of a run that was killed, remove {left}, which that run has left."
        raise OutputError(
            f"{path} is there already and would be replaced. Choose another output.{note * left.exists()}"
        )


def checkpoint_of(path: Path) -> Path:
    """Return the folder in which a run stores its intermediate results until the file of a network is complete."""
    return path.with_name(f"{path.name}.partial")


def _tables(parts: Parts, nodes: Nodes, spell: Callable[[str], str] = str) -> Iterator[pa.Table]:
    """Yield parts as tables in which source and target are names instead of row numbers, as `spell` writes them."""
    names = _as_strings([spell(name) for name in nodes.names])
    for part in parts:
        columns = {name: _as_array(values) for name, values in part.items()}
        for end in ("source", "target"):
            columns[end] = pa.DictionaryArray.from_arrays(columns[end], names)
        yield pa.table(columns)


# Arrow's own conversion of lists and arrays would import pandas, a third of a second.


def _as_strings(texts: Sequence[str]) -> pa.StringArray:
    """Return texts as an Arrow array."""
    encoded = [text.encode() for text in texts]
    offsets = np.cumsum([0, *map(len, encoded)], dtype=np.int32)
    return pa.StringArray.from_buffers(len(texts), pa.py_buffer(offsets), pa.py_buffer(b"".join(encoded)))


def _as_array(values: NDArray[Any]) -> pa.Array:
    """Return numbers as an Arrow array, uncopied; null where they are NaN."""
    missing = np.isnan(values) if values.dtype == np.float64 else np.zeros(0, dtype=np.bool_)
    known = pa.py_buffer(np.packbits(~missing, bitorder="little")) if missing.any() else None
    kind = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(kind, len(values), [known, pa.py_buffer(np.ascontiguousarray(values))])


def _write_batches(
    stream: IO[bytes], parts: Parts, nodes: Nodes, provenance: Mapping[str, Any], *, open_writer: Callable[..., Any]
) -> None:
    """Write a file of a format whose schema holds the provenance, with a writer of pyarrow."""
    with ExitStack() as stack:
        writer = None
        for table in _tables(parts, nodes):
            if writer is None:
                schema = table.schema.with_metadata({"provenance": json_text(provenance)})
                writer = stack.enter_context(open_writer(stream, schema))
            writer.write_table(table)


def _write_separated(
    stream: IO[bytes], parts: Parts, nodes: Nodes, provenance: Mapping[str, Any], *, delimiter: str
) -> None:
    """Write edges as text, which has no place for the provenance."""
    options = arrow_csv.WriteOptions(include_header=False, delimiter=delimiter, quoting_style="needed")
    for number, table in enumerate(_tables(parts, nodes, as_text)):
        if not number:
            stream.write((delimiter.join(table.column_names) + "\n").encode())
        plain = table.set_column(0, "source", table["source"].cast(pa.string()))
        arrow_csv.write_csv(plain.set_column(1, "target", table["target"].cast(pa.string())), stream, options)


def _write_duckdb(path: Path, parts: Parts, nodes: Nodes, provenance: Mapping[str, Any]) -> None:
    """Write the tables of a network to a new DuckDB file that DuckDB 1.4 and later can read."""
    try:
        with explained(path), unfinished_folder(path.absolute()) as folder:
            _create_tables(folder / path.name, parts, nodes, provenance)
            rename_on_disk(folder / path.name, path)
    except duckdb.Error as error:
        raise OutputError(
            f"{path} cannot be written: {reason_of(error)}. Free some space, or write to another folder."
        ) from None
    except RuntimeError as error:  # raised by DuckDB after Ctrl-C
        if "interrupt" not in str(error).lower():
            raise
        raise KeyboardInterrupt from None


def _create_tables(path: Path, parts: Parts, nodes: Nodes, provenance: Mapping[str, Any]) -> None:
    """Write the tables of a network to a DuckDB file, all of it on the disk at the end."""
    with connect() as connection:
        attach(connection, query("attach_network"), path)
        connection.execute(query("use_network"))
        connection.execute(query("create_edges"))
        for table in _tables(parts, nodes):
            with registered(connection, incoming_edges=table):
                connection.execute(query("insert_edges"))
        values = {"name": list(provenance), "value": [json_text(value) for value in provenance.values()]}
        with registered(
            connection,
            incoming_nodes=nodes.table(),
            incoming_node_categories=nodes.members(),
            incoming_provenance=pa.table(values),
        ):
            for name in ("create_nodes", "create_node_categories", "create_provenance"):
                connection.execute(query(name))
        connection.execute(query("leave_network"))
        connection.execute(query("detach_network"))

"""Writing of a network to a file: Parquet, CSV, TSV, GraphML, or tables of a DuckDB file.

Edges are written part by part to a temporary file, which is renamed when it is complete.
"""

import math
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any
from xml.sax.saxutils import escape, quoteattr

import duckdb
import pyarrow as pa
from pyarrow import csv as arrow_csv
from pyarrow import parquet

from coexpr.database.queries import attach, query, registered
from coexpr.errors import OutputError
from coexpr.output.files import write_binary_file
from coexpr.resources import is_duckdb_file
from coexpr.result import json_text

Parts = Iterator[Mapping[str, Any]]

ENDINGS = {".parquet": "parquet", ".csv": "csv", ".tsv": "tsv", ".graphml": "graphml", ".duckdb": "duckdb"}
# Approximate size of an edge on disk in bytes, for the estimate that is shown before a run.
BYTES_ON_DISK = {"parquet": 12, "csv": 80, "tsv": 80, "graphml": 170, "duckdb": 32}
NODES = pa.schema(
    {
        "name": pa.string(),
        "probe_id": pa.int32(),
        "probe_name": pa.string(),
        "gene_id": pa.int32(),
        "gene_symbol": pa.string(),
        "gene_name": pa.string(),
        "entrez_id": pa.int32(),
    }
)
# Characters that XML cannot represent, not even escaped.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


def write_network(
    path: Path, form: str, parts: Parts, nodes: Sequence[Sequence[Any]], provenance: Mapping[str, Any]
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
    nodes : sequence
        Rows with the columns of `NODES`.
    provenance : dict

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

    writers = {"parquet": _write_parquet, "csv": _write_csv, "tsv": _write_tsv, "graphml": _write_graphml}
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
        raise OutputError(f"{path} is there already and would be replaced. Choose another output.")


def _tables(parts: Parts, nodes: Sequence[Sequence[Any]]) -> Iterator[pa.Table]:
    """Yield parts as tables in which source and target are names instead of row numbers."""
    names = pa.array([str(node[0]) for node in nodes], pa.string())
    for part in parts:
        columns = dict(part)
        for end in ("source", "target"):
            columns[end] = pa.DictionaryArray.from_arrays(pa.array(part[end]), names)
        if "mutual_rank" in columns:
            columns["mutual_rank"] = pa.array(columns["mutual_rank"], from_pandas=True)
        yield pa.table(columns)


def _write_parquet(
    stream: IO[bytes], parts: Parts, nodes: Sequence[Sequence[Any]], provenance: Mapping[str, Any]
) -> None:
    with ExitStack() as stack:
        writer = None
        for table in _tables(parts, nodes):
            if writer is None:
                schema = table.schema.with_metadata({"provenance": json_text(provenance)})
                writer = stack.enter_context(parquet.ParquetWriter(stream, schema))
            writer.write_table(table)


def _write_csv(stream: IO[bytes], parts: Parts, nodes: Sequence[Sequence[Any]], provenance: Mapping[str, Any]) -> None:
    _write_separated(stream, parts, nodes, ",")


def _write_tsv(stream: IO[bytes], parts: Parts, nodes: Sequence[Sequence[Any]], provenance: Mapping[str, Any]) -> None:
    _write_separated(stream, parts, nodes, "\t")


def _write_separated(stream: IO[bytes], parts: Parts, nodes: Sequence[Sequence[Any]], delimiter: str) -> None:
    options = arrow_csv.WriteOptions(include_header=False, delimiter=delimiter, quoting_style="needed")
    for number, table in enumerate(_tables(parts, nodes)):
        if not number:
            stream.write((delimiter.join(table.column_names) + "\n").encode())
        plain = table.set_column(0, "source", table["source"].cast(pa.string()))
        arrow_csv.write_csv(plain.set_column(1, "target", table["target"].cast(pa.string())), stream, options)


def _write_graphml(
    stream: IO[bytes], parts: Parts, nodes: Sequence[Sequence[Any]], provenance: Mapping[str, Any]
) -> None:
    """Write GraphML (graphml.graphdrawing.org). The graph is directed, because rank depends on the direction."""

    def put(line: str) -> None:
        stream.write((_NOT_XML.sub("\ufffd", line) + "\n").encode())

    put('<?xml version="1.0" encoding="UTF-8"?>')
    put('<graphml xmlns="http://graphml.graphdrawing.org/xmlns">')
    put(f"<desc>{escape(json_text(provenance))}</desc>")
    for name in NODES.names:
        kind = "int" if name.endswith("_id") else "string"
        put(f'<key id="{name}" for="node" attr.name="{name}" attr.type="{kind}"/>')
    for name, kind in (("r", "double"), ("rank", "int"), ("mutual_rank", "double")):
        put(f'<key id="{name}" for="edge" attr.name="{name}" attr.type="{kind}"/>')
    put('<graph edgedefault="directed">')
    for row, node in enumerate(nodes):
        data = "".join(
            f"<data key={quoteattr(name)}>{escape(str(value))}</data>"
            for name, value in zip(NODES.names, node, strict=True)
            if value is not None
        )
        put(f'<node id="n{row}">{data}</node>')
    for part in parts:
        names = [name for name in part if name not in ("source", "target")]
        columns = [part[name].tolist() for name in ("source", "target", *names)]
        for source, target, *values in zip(*columns, strict=True):
            data = "".join(
                f'<data key="{name}">{value:.9g}</data>'
                for name, value in zip(names, values, strict=True)
                if not math.isnan(value)
            )
            put(f'<edge source="n{source}" target="n{target}">{data}</edge>')
    put("</graph></graphml>")


def _write_duckdb(path: Path, parts: Parts, nodes: Sequence[Sequence[Any]], provenance: Mapping[str, Any]) -> None:
    """Write the tables edges, nodes and provenance of a new DuckDB file that DuckDB 1.4 and later can read."""
    folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.absolute().parent))
    temporary = folder / path.name
    try:
        with duckdb.connect() as connection:
            attach(connection, "attach_network", temporary)
            connection.execute(query("use_network"))
            connection.execute(query("create_edges"))
            for table in _tables(parts, nodes):
                with registered(connection, incoming_edges=table):
                    connection.execute(query("insert_edges"))
            columns = [
                pa.array(column, kind) for column, kind in zip(zip(*nodes, strict=True), NODES.types, strict=True)
            ]
            values = {"name": list(provenance), "value": [json_text(value) for value in provenance.values()]}
            with registered(
                connection,
                incoming_nodes=pa.table(columns, schema=NODES),
                incoming_provenance=pa.table(values),
            ):
                connection.execute(query("create_nodes"))
                connection.execute(query("create_provenance"))
            connection.execute(query("leave_network"))
            connection.execute(query("detach_network"))
        temporary.replace(path)
    except duckdb.Error as error:
        raise OutputError(f"{path} cannot be written: {str(error).splitlines()[0]}") from None
    except RuntimeError as error:  # raised by DuckDB after Ctrl-C
        if "interrupt" not in str(error).lower():
            raise
        raise KeyboardInterrupt from None
    finally:
        shutil.rmtree(folder)

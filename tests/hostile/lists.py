"""Hostile gene lists, categories, ontologies, maps and result files."""

import gzip
import io
import json
import os
import struct
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from helpers.gene_ontology import GAF, GENE2GO, OBO, gaf_line
from hostile.catalogue import Catalogue, Hostile

import coexpr

FILES = Catalogue()
Arguments = Sequence[str | Path]
Content = bytes | Iterable[bytes]
_MB = 1_000_000
_GENES = b"NTRK2\nBDNF\nGFAP\n"


def _write(path: Path, content: Content) -> Path:
    with path.open("wb") as stream:
        stream.writelines([content] if isinstance(content, bytes) else content)
    return path


def _add(
    name: str, file: str, content: Content | Callable[[], Content], *words: str, may_be_read: bool = False
) -> None:
    """Add a file with these contents; the words are the command, in which FILE is the file."""

    def write(folder: Path) -> Arguments:
        path = _write(folder / file, content() if callable(content) else content)
        return [path if word == "FILE" else word for word in words]

    FILES.append(Hostile(name, write, may_be_read))


def _bomb(start: bytes, piece: bytes, size: int) -> Callable[[], Iterable[bytes]]:
    """Return gzip that begins with some bytes and then repeats others: a small part, many times."""

    def content() -> Iterable[bytes]:
        part = piece * (50 * _MB // len(piece))
        return [gzip.compress(start), *[gzip.compress(part)] * (size // len(part))]

    return content


# --- any of the commands that read lists of genes and categories ---

_COMMANDS = {
    "a list": ("genes.txt", ("categories", "add", "FILE")),
    "genes of a query": ("genes.csv", ("query", "NTRK2", "--genes", "FILE")),
    "GMT": ("sets.gmt", ("categories", "add", "FILE")),
    "a map": ("map.csv", ("map", "FILE")),
}
_ANY = {
    "empty": b"",
    "a byte order mark alone": b"\xef\xbb\xbf",
    "a null character": b"\0",
    "random bytes": bytes(range(256)) * 50,
    "UTF-16": "\ufeffNTRK2\nBDNF\n".encode("utf-16-le"),
    "a gzip file cut short": gzip.compress(_GENES * 1000)[:-12],
    "a gzip file of nothing": gzip.compress(b""),
    "gzip of 6 GB of zeros": _bomb(b"", b"\0", 6000 * _MB),
    "gzip of 1 GB of tabs": _bomb(b"NTRK2", b"\t", 1000 * _MB),
    "a line of 100 MB": b"x" * 100 * _MB,
    "240 MB of line ends": b"\n" * 240 * _MB,
    "100 MB of tabs": b"NTRK2\t" + b"\t" * 100 * _MB,
    "9 MB of commas": b"," * 9 * _MB,
    "9 MB of quotes": b'"' * 9 * _MB,
    "a name of 4 MB": b"N" * 4 * _MB + b"\nBDNF\n",
    "4 MB of white space in a name": b"N" + b" " * 4 * _MB + b"K2\nBDNF\n",
    "4 million digits": b"1" * 4 * _MB + b"x\nBDNF\n",
    "an escape sequence in a name": b"set\tna\tNTRK2\tBD\x1b[2JNF\nother\tna\tGFAP\tMBP\n",
    "a change of direction in a name": "set\tna\tNTRK2\tBD\u202eNF\nother\tna\tGFAP\tMBP\n".encode(),
}
for _what, _content in _ANY.items():
    for _kind, (_file, _words) in _COMMANDS.items():
        _add(
            f"{_kind} that is {_what}",
            _file,
            _content,
            *_words,
            may_be_read=_kind in ("a list", "genes of a query") and " in a name" in _what,
        )


def _sparse(folder: Path) -> Arguments:
    path = _write(folder / "genes.txt", _GENES)
    os.truncate(path, 10**11)
    return ["categories", "add", path]


FILES.append(Hostile("a list of 100 GB of nothing", _sparse))
FILES.append(Hostile("a list that is /dev/zero", lambda folder: ["categories", "add", "/dev/zero"]))
FILES.append(Hostile("a map that is /dev/zero", lambda folder: ["map", "/dev/zero"]))
FILES.append(Hostile("a list that is a folder", lambda folder: ["query", "NTRK2", "--genes", folder]))
FILES.append(Hostile("a map that is a folder", lambda folder: ["map", folder]))
FILES.append(Hostile("a result that is a folder", lambda folder: ["replay", folder]))
FILES.append(Hostile("a list whose path is too long", lambda folder: ["categories", "add", "x" * 5000]))
_ADD = ("categories", "add", "FILE")
_add("a list of one column of Arabic digits", "genes.csv", "entrez_id\n\u0664\u0669\u0661\u0665\n".encode(), *_ADD)
_add("a list of numbers with underscores", "genes.csv", b"entrez_id\n4_915\n6_27\n", *_ADD)
_add("a list of 300,000 unknown names", "genes.txt", lambda: (b"zz%d\n" % n for n in range(300_000)), *_ADD)
_add("a list of 3 million names", "genes.txt", lambda: (b"zz%d\n" % n for n in range(3_000_000)), *_ADD)
_add("a table of 6 million cells", "genes.csv", lambda: [b"a,b,c,d,e,f\n"] * 1_000_000, *_ADD)
_add("a table of a million columns", "genes.csv", b"a," * _MB + b"\n" + b"NTRK2," * _MB + b"\n", *_ADD)
_add(
    "a table with an unclosed quote", "genes.csv", b'gene,x\n"NTRK2,1\n' + b"BDNF,2\n" * 50_000, *_ADD, may_be_read=True
)
_add("a table of quotes in quotes", "genes.csv", b'gene,x\n"NT""R""K2",1\n"""",2\n', *_ADD)
_add("a spreadsheet", "genes.xlsx", lambda: _zip({"[Content_Types].xml": b"<x/>"}), *_ADD)
_add("a zip of gene lists", "genes.zip", lambda: _zip({"genes.txt": _GENES}), *_ADD)
_add("a list called like an escape sequence", "g\x1b[2J.txt", b"NTRK2\nBDNF\n", *_ADD, may_be_read=True)
_add("GMT of 100,000 equal names", "sets.gmt", b"set\tna\tNTRK2\n" * 100_000, *_ADD, may_be_read=True)
_add("GMT of 4 million names", "s.gmt", lambda: (b"s%d\tna\tz%d\tNTRK2\n" % (n, n) for n in range(4_000_000)), *_ADD)
_add("a set called by an escape sequence", "sets.gmt", b"s\x1b]0;x\x07\tna\tNTRK2\tBDNF\n", *_ADD)
_add("a set of no name", "sets.gmt", b"\tna\tNTRK2\tBDNF\n", *_ADD)
_add("a long table with an escape sequence", "l.csv", b"gs_name,gene\nn\x1b[31m,NTRK2\nm,BDNF\n", *_ADD)


def _zip(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


# --- ontologies and annotations ---


def _with_ontology(
    name: str,
    obo: Content | Callable[[], Content],
    genes: Content | Callable[[], Content],
    *,
    may_be_read: bool = False,
) -> None:
    def write(folder: Path) -> Arguments:
        made = folder / "genes"
        made.mkdir()
        for file, content in (("go.obo", obo), ("gene2go", genes)):
            _write(made / file, content() if callable(content) else content)
        return ["update-genes", made]

    FILES.append(Hostile(name, write, may_be_read))


def _terms(count: int, *lines: str) -> str:
    """Return an ontology of terms with more lines, in which {n} is the number of a term, and {m} of the next."""
    head = "format-version: 1.2\ndata-version: releases/2026-01-01\n\n"
    term = "[Term]\nid: GO:{n:07}\nname: term {n}\nnamespace: biological_process\n" + "".join(f"{x}\n" for x in lines)
    return head + "\n".join(term.format(n=n, m=(n + 1) % count) for n in range(count))


_HEAD = b"format-version: 1.2\ndata-version: releases/2026-01-01\n\n"
_OBO = OBO.encode()
_ONTOLOGIES = {
    "that is its header alone": _HEAD,
    "of a comment": b"format-version: 1.2\n! nothing\n",
    "that is not UTF-8": _OBO.replace(b"brain", b"br\xffin"),
    "whose header is not UTF-8": _OBO.replace(b"1.2", b"1.\xff"),
    "with a null character": _OBO.replace(b"brain", b"br\0in"),
    "with an escape sequence": _OBO.replace(b"brain", b"br\x1b[2Jin"),
    "with a change of direction": _OBO.replace(b"brain", "br\u202ein".encode()),
    "whose release is an escape sequence": _OBO.replace(b"releases/2026-01-01", b"\x1b[2J"),
    "without a release": _OBO.replace(b"data-version: releases/2026-01-01\n", b""),
    "with a term twice": _OBO.replace(b"GO:0000002\nname", b"GO:0000001\nname"),
    "with a term that is itself": _OBO.replace(b"is_a: GO:0000001", b"is_a: GO:0000002"),
    "with a cycle of 3,000 terms": _terms(3000, "is_a: GO:{m:07}").encode(),
    "with a cycle through part_of": _OBO.replace(b"alt_id: GO:0000091", b"relationship: part_of GO:0000003"),
    "with a cycle through a secondary id": _terms(2, "alt_id: GO:1{n:06}", "is_a: GO:100000{m}").encode(),
    "with a comment after a term": _OBO + b"\n! end",
    "with a term without an id": _OBO + b"\n[Term]\nname: x\n",
    "with an unclosed quote": _OBO.replace(b"name: brain", b'def: "brain'),
    "with an unclosed brace": _OBO.replace(b"! nervous system development", b"{a="),
    "with 100,000 braces": _OBO.replace(b"! nervous system development", b"{" * 100_000),
    "with a line of 100 MB": _HEAD + b"[Term]\nid: GO:0000001\nname: " + b"x" * 100 * _MB,
    "of 100,000 synonyms": _terms(1, *['synonym: "x" EXACT []'] * 100_000).encode(),
    "cut short": _OBO[:200],
    "of carriage returns": _OBO.replace(b"\n", b"\r"),
    "that is gzip cut short": gzip.compress(_OBO)[:-9],
    "that is gzip of 6 GB": _bomb(_HEAD, b"! comment\n", 6000 * _MB),
    "that is gzip of 6 GB of zeros": _bomb(_HEAD, b"\0", 6000 * _MB),
}
_MAY_BE_READ = {"with a comment after a term", "of 100,000 synonyms"}
for _what, _text in _ONTOLOGIES.items():
    _with_ontology(f"an ontology {_what}", _text, GENE2GO.encode(), may_be_read=_what in _MAY_BE_READ)

_LINE = GENE2GO.splitlines()[1]
_ANNOTATIONS = {
    "gene2go of its header alone": GENE2GO.splitlines()[0].encode(),
    "gene2go with Arabic digits": GENE2GO.replace("627", "\u0666\u0662\u0667").encode(),
    "gene2go with an id of 5,000 digits": GENE2GO.replace("627", "9" * 5000).encode(),
    "gene2go with an underscore in an id": GENE2GO.replace("627", "6_27").encode(),
    "gene2go with a null character": GENE2GO.replace("627", "62\0").encode(),
    "gene2go that is not UTF-8": GENE2GO.encode().replace(b"cortex", b"c\xffrtex"),
    "gene2go with an unknown term": GENE2GO.replace("GO:0000003", "GO:9999999").encode(),
    "gene2go with an escape sequence in a term": GENE2GO.replace("GO:0000003", "GO:\x1b[2J").encode(),
    "gene2go with a line of a million cells": (GENE2GO + "\n9606" + "\t" * _MB).encode(),
    "gene2go with a line of 100 MB": GENE2GO.encode() + b"\n9606\t" + b"x" * 100 * _MB,
    "gene2go cut short": GENE2GO[:-40].encode(),
    "gene2go that is gzip of 6 GB of tabs": _bomb(GENE2GO.encode() + b"\n", b"\t", 6000 * _MB),
    "gene2go that is gzip of 6 GB of lines": _bomb(GENE2GO.encode() + b"\n", b"10090\tx\n", 6000 * _MB),
    "a GAF of its version alone": b"!gaf-version: 2.2\n",
    "a GAF of version 2.x with an escape sequence": GAF.replace("2.2", "2.\x1b[2J").encode(),
    "a GAF of version 3": GAF.replace("2.2", "3.0").encode(),
    "a GAF with a null character": GAF.replace("NTRK2", "NTR\0").encode(),
    "a GAF without a symbol": GAF.replace("\tNTRK2\t", "\t\t").encode(),
    "a GAF with a date in Arabic digits": GAF.replace("20200101", "\u0662" * 8).encode(),
    "a GAF with 100,000 tabs in a line": (GAF + "\n" + "\t" * 100_000).encode(),
    "a GAF that is gzip of 6 GB of comments": _bomb(GAF.encode() + b"\n", b"! comment\n", 6000 * _MB),
    "a GAF that is gzip of 6 GB of one line": _bomb(GAF.encode() + b"\n", b"x", 6000 * _MB),
}
_READ = ("gene2go cut short", "a GAF with 100,000 tabs in a line")  # a line of tabs is blank
for _what, _text in _ANNOTATIONS.items():
    _with_ontology(_what, _OBO, _text, may_be_read=_what in _READ)
_with_ontology("gene2go of 400,000 annotations", _OBO, (GENE2GO + f"\n{_LINE}" * 400_000).encode(), may_be_read=True)
_add("a GAF without its ontology", "x.gaf", GAF.encode(), *_ADD)
_add("a GAF of a million comments", "x.gaf", GAF.encode() + b"\n!" * _MB, *_ADD)
_add("a GAF of mice", "x.gaf", f"!gaf-version: 2.2\n{gaf_line('Ntrk2', 'GO:0000001', taxon='10090')}".encode(), *_ADD)

_GENE_INFO = (
    "#tax_id\tGeneID\tSymbol\tLocusTag\tSynonyms\tdbXrefs\tdescription\tModification_date\n"
    "9606\t4915\tNTRK2\t-\tTRKB\tMIM:600456\tneurotrophic receptor\t20260519\n"
)
_INFOS = {
    "of its header alone": _GENE_INFO.splitlines()[0].encode(),
    "of a date in Arabic digits": _GENE_INFO.replace("20260519", "\u0662" * 8).encode(),
    "of the 99th month": _GENE_INFO.replace("20260519", "20269999").encode(),
    "of a date of 5,000 digits": _GENE_INFO.replace("20260519", "9" * 5000).encode(),
    "with an underscore in an id": _GENE_INFO.replace("4915", "4_915").encode(),
    "with an escape sequence": _GENE_INFO.replace("TRKB", "TR\x1b[2JKB").encode(),
    "with a null character": _GENE_INFO.replace("NTRK2", "NTR\0").encode(),
    "without a symbol": _GENE_INFO.replace("NTRK2", "").encode(),
    "that is not UTF-8": _GENE_INFO.encode().replace(b"TRKB", b"\xff\xfe"),
    "with a line of 100 MB": _GENE_INFO.encode() + b"9606\t" + b"x" * 100 * _MB,
    "that is gzip of 6 GB of one line": _bomb(_GENE_INFO.encode(), b"x", 6000 * _MB),
    "that is gzip of 6 GB of lines": _bomb(_GENE_INFO.encode(), b"10090\tx\n", 6000 * _MB),
    "that is gzip cut short": gzip.compress(_GENE_INFO.encode())[:-9],
}
for _what, _text in _INFOS.items():
    _add(f"gene_info {_what}", "gene_info", _text, "update-genes", "FILE")


# --- maps ---

_MAP = ("map", "FILE")
_MAPS = {
    "of a header": b"structure,value\n",
    "with 1e999": b"structure,value\nCA1,1e999\nDG,2\n",
    "with Arabic digits": "structure,value\nCA1,\u0661\nDG,2\n".encode(),
    "with underscores in numbers": b"structure,value\nCA1,1_000\nDG,2\n",
    "with hexadecimal numbers": b"structure,value\nCA1,0x10\nDG,2\n",
    "with a number of a million digits": b"structure,value\nCA1," + b"9" * _MB + b"\nDG,2\n",
    "with an escape sequence in a structure": b"structure,value\nCA\x1b[2J1,1\nDG,2\n",
    "with an escape sequence in a header": b"structure,va\x1b[2Jlue\nCA1,1\nDG,2\n",
    "with a header twice": b"structure,structure\nCA1,1\n",
    "of 100,000 columns": b"a," * 100_000 + b"b\n" + b"1," * 100_000 + b"2\n",
    "of 3 million columns": b"a," * 3 * _MB + b"b\n" + b"1," * 3 * _MB + b"2\n",
    "of 3 million rows": lambda: [b"structure,value\n", *[b"CA1,1\n"] * (3 * _MB)],
    "of 300,000 unknown structures": lambda: [b"structure,v\n", *(b"s%d,%d\n" % (n, n) for n in range(300_000))],
    "with an unclosed quote": b'structure,value\n"CA1,1\n' + b"DG,2\n" * 50_000,
    "of voxels": b"x,y,z,t\n" + b"".join(b"%d,%d,%d,1\n" % (n, n, n) for n in range(100, 200)),
    "of coordinates far away": b"x,y,z,t\n1e300,-1e300,0,1\n0,0,1,2\n",
    "of a column that is a picture": b"\x89PNG\r\n\x1a\n" + bytes(1000),
}
for _what, _text in _MAPS.items():
    _add(f"a map {_what}", "map.csv", _text, *_MAP)


# --- results ---


def _result(**changes: Any) -> dict[str, Any]:
    question = {"method": "correlates", "arguments": {"seed": "NTRK2", "top": 2}}
    sources: dict[str, Any] = {"downloads": [], "releases": {}}
    provenance = {"coexpr_version": coexpr.__version__, "question": question, "sources": sources} | changes
    return {"provenance": provenance, "rows": [{"gene_symbol": "BDNF", "r": 0.5}]}


def _asked(method: Any, **arguments: Any) -> bytes:
    return json.dumps(_result(question={"method": method, "arguments": arguments})).encode()


_SQL_FILE = "COPY (SELECT 1 AS n) TO 'written.csv'"
_JSON = {
    "of 100,000 lists in lists": b"[" * 100_000,
    "of 100,000 objects in objects": b'{"a":' * 100_000,
    "of 90 MB of lists": b'{"rows":[' + b"[]," * 30 * _MB + b"[]]}",
    "of 200 MB": b'{"rows":"' + b"x" * 200 * _MB + b'"}',
    "with a number of 5,000 digits": json.dumps(_result()).encode().replace(b"0.5", b"9" * 5000),
    "with a number past all limits": json.dumps(_result()).encode().replace(b"0.5", b"1e999"),
    "with half of a pair of surrogates": json.dumps(_result(coexpr_version="\ud800")).encode(),
    "with an escape sequence as version": json.dumps(_result(coexpr_version="\x1b[2J")).encode(),
    "of a version of Arabic digits": json.dumps(_result(coexpr_version="\u0660.\u0661")).encode(),
    "of a version of 5,000 digits": json.dumps(_result(coexpr_version="9" * 5000)).encode(),
    "with rows that are numbers": json.dumps(_result() | {"rows": [1, 2]}).encode(),
    "with a null as provenance": json.dumps({"provenance": None, "rows": []}).encode(),
    "that is cut short": json.dumps(_result()).encode()[:-5],
    "that is UTF-16": json.dumps(_result()).encode("utf-16"),
    "that asks for close": _asked("close"),
    "that asks for __init__": _asked("__init__", path="x.duckdb"),
    "that asks for forbidden SQL": _asked("stream_sql", statement=_SQL_FILE),
    "that asks to read /etc/passwd": _asked("stream_sql", statement="SELECT * FROM read_text('/etc/passwd')"),
    "that asks to attach a file": _asked("stream_sql", statement="ATTACH 'other.duckdb'; SELECT 1"),
    "that asks for 10**400 rows": _asked("correlates", seed="NTRK2", top=10**400),
    "that asks with an unknown argument": _asked("correlates", seed="NTRK2", output="/tmp/x"),
    "that asks for a list as seed": _asked("correlates", seed=[["NTRK2"]]),
    "that asks for an object as method": _asked({"a": 1}),
    "that asks for a network elsewhere": _asked("network", output="elsewhere.csv", items=["NTRK2"]),
    "that asks for a network of a scheduler": _asked("network", scheduler="tcp://127.0.0.1:1", items=["NTRK2"]),
    "that asks for a part of a network elsewhere": _asked("network_part", part="1/2", output="elsewhere", top=1),
}  # fmt: skip
for _what, _text in _JSON.items():
    _add(f"a result {_what}", "r.json", _text, "replay", "FILE", may_be_read="past all limits" in _what)
    if b"question" not in _text:
        _add(f"methods of a result {_what}", "r.json", _text, "methods", "FILE")


def _table(columns: dict[str, Any]) -> pa.Table:
    return pa.table(columns).replace_schema_metadata({"provenance": json.dumps(_result()["provenance"])})


def _parquet(columns: dict[str, Any], **options: Any) -> bytes:
    stream = io.BytesIO()
    pq.write_table(_table(columns), stream, **options)
    return stream.getvalue()


def _arrow(columns: dict[str, Any], compression: str | None = None) -> bytes:
    stream = io.BytesIO()
    table = _table(columns)
    with pa.ipc.new_file(stream, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(table)
    return stream.getvalue()


_REPEATED = pa.DictionaryArray.from_arrays(pa.array(np.zeros(100_000, np.int32)), pa.array(["x" * 100_000]))
_BINARY = {
    "parquet that is its mark alone": lambda: b"PAR1",
    "parquet cut short": lambda: _parquet({"a": [1, 2]})[:-30],
    "parquet with a footer of 2 GB": lambda: b"PAR1" + bytes(100) + struct.pack("<I", 2**31 - 1) + b"PAR1",
    "parquet of a billion rows": lambda: _parquet({"a": pa.nulls(10**9)}),
    "parquet of 30 million equal numbers": lambda: _parquet({"a": np.zeros(30_000_000, np.int8)}),
    "parquet of 100,000 texts of 100 kB": lambda: _parquet({"a": _REPEATED}),
    "parquet of a text of 500 MB": lambda: _parquet({"a": ["x" * 500 * _MB]}, compression="zstd"),
    "parquet of a list of 30 million": lambda: _parquet({"a": [np.zeros(30_000_000, np.int8)]}),
    "parquet of 20,000 columns": lambda: _parquet({f"c{n}": [1] for n in range(20_000)}),
    "parquet with damaged pages": lambda: b"PAR1" + b"\xff" * 40 + _parquet({"a": list(range(1000))})[44:],
    "arrow that is its mark alone": lambda: b"ARROW1",
    "arrow cut short": lambda: _arrow({"a": [1, 2]})[:-30],
    "arrow of a billion nulls": lambda: _arrow({"a": pa.nulls(10**9)}),
    "arrow of 100,000 texts of 100 kB": lambda: _arrow({"a": _REPEATED}),
    "arrow of a type that coexpr does not write": lambda: _arrow({"a": pa.nulls(2, pa.string_view())}),
    "arrow of 30 million numbers": lambda: _arrow({"a": np.zeros(30_000_000, np.int8)}, "zstd"),
    "arrow of 60 lists in lists": lambda: _arrow({"a": pa.nulls(1, _nested(60))}),
}


def _nested(depth: int) -> pa.DataType:
    kind: pa.DataType = pa.int8()
    for _ in range(depth):
        kind = pa.list_(kind)
    return kind


for _what, _make in _BINARY.items():
    _add(f"a result, {_what}", "r", _make, "replay", "FILE", may_be_read="columns" in _what)

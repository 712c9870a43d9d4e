"""Readers of gene lists, categories, ontologies, maps and result files."""

import gzip
import io
import json
import zlib
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq
from fuzz.mutation import CELLS, Change, change_bytes, change_cells, one_of
from fuzz.names import lookup, refuse_unprintable
from fuzz.targets import Target
from helpers.gene_ontology import GAF, GENE2GO, OBO

import coexpr
from coexpr.analysis.methods import describe_methods
from coexpr.errors import CoexprError
from coexpr.readers import gene_info
from coexpr.readers.brain_map import read_map
from coexpr.readers.categories import CategoryFormat, ReadingOptions, read_categories, read_names
from coexpr.readers.category_file import CategoryFile
from coexpr.readers.gene_files import find_gene_files, read_terms, tables_of_names
from coexpr.readers.result_file import read_result

T = TypeVar("T")

_GENE_INFO = (
    "#tax_id\tGeneID\tSymbol\tLocusTag\tSynonyms\tdbXrefs\tdescription\tModification_date\n"
    "9606\t4915\tNTRK2\t-\tTRKB|trk-B\tMIM:600456\tneurotrophic receptor\t20260519\n"
    "9606\t627\tBDNF\t-\t-\tMIM:113505\t-\t20260518\n"
    "10090\t18212\tNtrk2\t-\tTrkb\tMGI:97384\tneurotrophic receptor\t20260517\n"
)
_GMT = (
    "GOBP_BRAIN_DEVELOPMENT\thttps://example.org\tNTRK2\tBDNF\tGFAP\n"
    "nervous system development (GO:0007399)\t\tNTRK2,1.0\tMBP,0.5\t\n"
    "synapse\tna\tSNAP25\tGAD1\tGABRA4\tAPP\n"
)
_LONG = "gs_name,gene_symbol,species\nneurons,NTRK2,human\nneurons,SNAP25,human\nglia,GFAP,human\nglia,Gfap,mouse\n"
_LISTS = (
    "NTRK2\nBDNF\nA_23_P216779\n", "gene,logFC\nNTRK2,1.5\nBDNF,-0.3\n", "NTRK2, BDNF, TRKB\n", "NTRK2 BDNF APP\n",
    '"","gene","entrez_id"\n"1","NTRK2",4915\n"2","BDNF",627\n', "entrez\n4915\n627.0\n", "sep=;\nSymbol;n\nAPP;2\n",
    "# comment\nNTRK2 # a receptor\nBDNF\n2-Sep\n", "[NTRK2]\n{BDNF|APP}\n",
)  # fmt: skip
# The first byte selects the format: d is GMT, e a long table, f a table, g a list.
_FORCED = (f"d{_GMT}", f"e{_LONG}", f"f{_LISTS[1]}", f"f{_LISTS[4]}", f"g{_LISTS[0]}", f"g{_LISTS[2]}")
_MAPS = (
    "structure,value\nCA1,1.5\nCA2,2\nDG,-1\n", "structure_id;t\n4005;1\n4006;2e3\n", "sample_id\tt\n1\t0.5\n2\t1.5\n",
    "x,y,z,t\n-10,20.5,3,1\n4,-30,11,2\n", "# a map\n1,0.5\n2,0.25\n7,3\n", '"name","v"\n"a, left",1\n"b",2\n',
)  # fmt: skip


def _lines_of(*separators: bytes) -> Change:
    """Return a change of text, which now and then is compressed."""
    change = one_of(change_bytes, *map(change_cells, separators))

    def changed(content: bytes, random: Random) -> bytes:
        if content.startswith(b"\x1f\x8b"):
            try:
                content = gzip.decompress(content)
            except (OSError, EOFError, ValueError, zlib.error):
                return change_bytes(content, random)
        content = change(content, random)
        if random.randrange(50) == 0:
            content = gzip.compress(content, 1)
            return change_bytes(content, random) if random.randrange(2) else content
        return content

    return changed


def _check(file: CategoryFile) -> None:
    for category in file.categories:
        refuse_unprintable((category.name, category.accession, *category.members))
    refuse_unprintable((file.source, file.release, *file.notes))


def _categories(ending: str, options: ReadingOptions | None = None) -> Callable[[bytes, Path], object]:
    """Return a reader of files with this ending."""

    def read(content: bytes, folder: Path) -> None:
        path = folder / f"genes{ending}"
        path.write_bytes(content)
        _check(_with_printable_errors(lambda: read_categories([path], lookup, options=options)))

    return read


def _forced(content: bytes, folder: Path) -> None:
    """Read a file in a format that its first byte selects."""
    formats: tuple[CategoryFormat, ...] = ("gmt", "long", "table", "list", "gene2go")
    path = folder / "genes.txt"
    path.write_bytes(content[1:])
    kind = formats[content[0] % len(formats)] if content else "list"
    column = ("2" if content[0] & 64 else "gene") if content and content[0] & 128 else None
    _check(_with_printable_errors(lambda: read_categories([path], lookup, options=ReadingOptions(kind, column))))


def _genes(content: bytes, folder: Path) -> None:
    path = folder / "genes.csv"
    path.write_bytes(content)
    _check(_with_printable_errors(lambda: read_names(path, lookup)))


def _with_printable_errors(read: Callable[[], T]) -> T:
    """Return what a reader returns; fail if its error would control a terminal."""
    try:
        return read()
    except CoexprError as error:
        refuse_unprintable(str(error).splitlines())
        if len(str(error)) > 5000:
            raise AssertionError(f"an error of {len(str(error)):,} characters") from None
        raise


def _annotated(kind: str) -> Callable[[bytes, Path], object]:
    """Return a reader of annotations with the ontology."""

    def read(content: bytes, folder: Path) -> None:
        path, ontology = folder / kind, folder / "go.obo"
        path.write_bytes(content)
        ontology.write_text(OBO)
        _check(
            _with_printable_errors(lambda: read_categories([path], lookup, options=ReadingOptions(ontology=ontology)))
        )

    return read


def _ontology(content: bytes, folder: Path) -> None:
    """Read an ontology as `coexpr update-genes` does."""
    ontology, genes = folder / "go.obo", folder / "gene2go"
    ontology.write_bytes(content)
    genes.write_text(GENE2GO)

    def read() -> None:
        terms = read_terms(find_gene_files([ontology, genes]), {})
        for table in terms.tables.values():
            for column in table.columns:
                refuse_unprintable(column.to_pylist())
        refuse_unprintable((terms.release, terms.annotated, *terms.notes))

    _with_printable_errors(read)


def _update(content: bytes, folder: Path) -> None:
    """Read annotations as `coexpr update-genes` does."""
    ontology, genes = folder / "go.obo", folder / "genes"
    ontology.write_text(OBO)
    genes.write_bytes(content)
    terms = _with_printable_errors(lambda: read_terms(find_gene_files([ontology, genes]), {"NTRK2": 4915}))
    refuse_unprintable((terms.release, terms.annotated, *terms.notes))
    refuse_unprintable(terms.tables["annotations"].column("go_id").to_pylist())


def _gene_info(content: bytes, folder: Path) -> None:
    path = folder / "gene_info"
    path.write_bytes(content)

    def read() -> None:
        names = gene_info.read(find_gene_files([path])["gene_info"])
        tables_of_names(names)
        refuse_unprintable([names.release, *(cell for row in (*names.genes, *names.aliases) for cell in row)])

    _with_printable_errors(read)


def _map(content: bytes, folder: Path) -> None:
    path = folder / "map.csv"
    path.write_bytes(content)
    found = _with_printable_errors(lambda: read_map(path))
    refuse_unprintable((*found.keys, found.name, found.column))


def _results() -> list[dict[str, object]]:
    question = {"method": "correlates", "arguments": {"seed": "NTRK2", "top": 2, "sample_filter": {"donors": ["a"]}}}
    sources = {"downloads": [{"kind": "donor", "name": "a.zip", "sha256": "0" * 64}], "releases": {"GO": "2026"}}
    provenance = {"coexpr_version": coexpr.__version__, "question": question, "sources": sources, "data": {}}
    rows = [{"rank": 1, "gene_symbol": "BDNF", "r": 0.5}, {"rank": 2, "gene_symbol": "APP", "r": None}]
    return [{"provenance": provenance, "rows": rows}, {"provenance": provenance, "a": rows, "b": []}]


def _json_results() -> list[bytes]:
    return [json.dumps(result, indent=indent).encode() for result in _results() for indent in (None, 1)]


def _binary_results(write: Callable[[pa.Table, io.BytesIO], object]) -> list[bytes]:
    results = []
    for columns in (
        {"rank": [1, 2], "gene_symbol": ["BDNF", None], "r": [0.5, float("nan")]},
        {"values": [[1.0, 2.0], []], "name": pa.array(["a", "b"]).dictionary_encode()},
    ):
        stream = io.BytesIO()
        metadata = {"provenance": json.dumps(_results()[0]["provenance"])}
        write(pa.table(columns).replace_schema_metadata(metadata), stream)
        results.append(stream.getvalue())
    return results


def _write_arrow(table: pa.Table, stream: io.BytesIO) -> None:
    with pa.ipc.new_file(stream, table.schema) as writer:
        writer.write_table(table)


def _result(content: bytes, folder: Path) -> None:
    path = folder / "result"
    path.write_bytes(content)
    _with_printable_errors(lambda: read_result(path))
    try:
        text = describe_methods(path).text
    except CoexprError:
        return
    refuse_unprintable([text])


def _change_json(content: bytes, random: Random) -> bytes:
    """Replace a value of an object, or nest it."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return change_bytes(content, random)
    places: list[tuple[object, object]] = []
    inside = [found]
    while inside:
        item = inside.pop()
        keys = item.keys() if isinstance(item, dict) else range(len(item)) if isinstance(item, list) else ()
        places += [(item, key) for key in keys]
        inside += [item[key] for key in keys]
    if not places:
        return change_bytes(content, random)
    parent, key = random.choice(places)
    other, name = random.choice(places)
    strange = (None, True, -1, 10**400, 1e300, float("nan"), [], {}, [[]], {"": 0}, "\x1b[2J\ud800", "x" * 3000)
    kind = random.randrange(5)
    if kind < 2:
        parent[key] = random.choice(strange)  # type: ignore[index]
    elif kind == 2:
        parent[key] = json.loads(json.dumps(other[name]))  # type: ignore[index]
    elif kind == 3:
        del parent[key]  # type: ignore[attr-defined]
    else:
        parent[key] = random.choice(CELLS).decode("latin-1")  # type: ignore[index]
    return json.dumps(found).encode("utf-8", "replace")


def _texts(*texts: str) -> Callable[[], list[bytes]]:
    return lambda: [text.encode() for text in texts]


TARGETS = (
    Target("gene-list", _texts(*_LISTS), _categories(".txt"), _lines_of(b",", b"\t", b" ")),
    Target("genes-of-query", _texts(*_LISTS), _genes, _lines_of(b",", b"\t", b" ")),
    Target("forced-format", _texts(*_FORCED), _forced, _lines_of(b",", b"\t")),
    Target("gmt", _texts(_GMT, _GMT.replace("\tna", "")), _categories(".gmt"), _lines_of(b"\t")),
    Target("long-table", _texts(_LONG, _LONG.replace(",", "\t")), _categories(".csv"), _lines_of(b",", b"\t")),
    Target("gaf", _texts(GAF), _annotated("gaf"), _lines_of(b"\t", b"|")),
    Target("gene2go", _texts(GENE2GO), _annotated("gene2go"), _lines_of(b"\t", b" ")),
    Target("obo", _texts(OBO), _ontology, _lines_of(b" ", b": ", b":")),
    Target("update-genes", _texts(GAF, GENE2GO), _update, _lines_of(b"\t", b"|")),
    Target("gene-info", _texts(_GENE_INFO), _gene_info, _lines_of(b"\t", b"|")),
    Target("map", _texts(*_MAPS), _map, _lines_of(b",", b"\t", b";")),
    Target("result-json", _json_results, _result, one_of(_change_json, change_bytes)),
    Target("result-parquet", lambda: _binary_results(pq.write_table), _result),
    Target("result-arrow", lambda: _binary_results(_write_arrow), _result),
)  # fmt: skip

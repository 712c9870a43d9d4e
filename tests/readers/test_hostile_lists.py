"""Hostile gene lists, categories, ontologies, maps and result files are refused with a clear error.

The commands `python -m hostile` and `python -m fuzz` read many more of them.
"""

import gzip
import json
import os
import sys
import threading
import zlib
from collections.abc import Callable, Collection, Hashable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fuzz.names import lookup
from helpers.gene_ontology import GAF, GENE2GO, OBO, write

import coexpr
from coexpr.errors import DownloadError, MapError, ResultFileError
from coexpr.readers import annotations, gene_info, limits, text_file
from coexpr.readers.brain_map import read_map
from coexpr.readers.categories import ReadingOptions, read_categories
from coexpr.readers.gene_cells import is_id, is_number
from coexpr.readers.gene_files import find_gene_files, read_terms
from coexpr.readers.obo import read_ontology
from coexpr.readers.printable import has_control
from coexpr.readers.result_file import read_result
from coexpr.readers.text import read_text

GENE_INFO = (
    "#tax_id\tGeneID\tSymbol\tLocusTag\tSynonyms\tdbXrefs\tdescription\tModification_date\n"
    "9606\t4915\tNTRK2\t-\tTRKB\tMIM:600456\tneurotrophic receptor\t20260519\n"
)
ARABIC_ONE = "\N{ARABIC-INDIC DIGIT ONE}"
CONTROLS = ["\0", "\x07", "\x1b[2J", "\x7f", "\x85", "\N{RIGHT-TO-LEFT OVERRIDE}", "\N{LINE SEPARATOR}"]


def refuse(read: Callable[[], object], message: str, error: type[Exception] = DownloadError) -> None:
    """Check that a reader raises an error that fits on a line and can be printed."""
    with pytest.raises(error, match=message) as caught:
        read()
    text = str(caught.value)
    assert len(text) < 2000
    assert not has_control(text)


# --- sizes and compression ---


def bomb(path: Path, start: bytes, piece: bytes, size: int) -> Path:
    packer = zlib.compressobj(9, wbits=31)
    with path.open("wb") as stream:
        stream.write(packer.compress(start))
        block = piece * (1_000_000 // len(piece))
        for _ in range(size // len(block)):
            stream.write(packer.compress(block))
        stream.write(packer.flush())
    return path


def test_what_gzip_expands_to_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TEXT_BYTES", 5_000_000)
    path = bomb(tmp_path / "genes.txt", b"NTRK2\n", b"BDNF\n", 6_000_000)
    refuse(
        lambda: read_categories([path], lookup), r"genes\.txt has more than 5\.00 MB of text.* Give the original file"
    )
    refuse(lambda: read_map(path), r"more than 5\.00 MB of text")
    refuse(lambda: read_ontology(path), r"more than 5\.00 MB of text")


@pytest.mark.parametrize("start", [GENE2GO, GENE_INFO, GAF])
def test_lines_that_are_read_one_by_one_expand_no_more_than_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start: str
) -> None:
    monkeypatch.setattr(limits, "TEXT_BYTES", 5_000_000)
    path = bomb(
        tmp_path / "genes", start.encode() + b"\n", b"!10090\tx\n" if start == GAF else b"10090\tx\n", 9_000_000
    )
    write(tmp_path, "go.obo", OBO)
    if start == GENE_INFO:
        refuse(lambda: gene_info.read(path), r"expand to more than 5\.\d+ MB")
    else:
        refuse(lambda: read_terms(find_gene_files([tmp_path]), {}), r"expand to more than 5\.\d+ MB")
        options = ReadingOptions(ontology=tmp_path / "go.obo")
        refuse(lambda: read_categories([path], lookup, options=options), "Download it again")


def test_large_files_that_expand_as_text_does_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TEXT_BYTES", 1000)
    noise = "".join(f"10090\t{os.urandom(20).hex()}\n" for _ in range(200))
    path = write(tmp_path, "gene_info.gz", GENE_INFO + noise)
    assert gene_info.read(path).genes == [(4915, "NTRK2", "neurotrophic receptor")]


def test_lines_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LINE_BYTES", 1000)
    monkeypatch.setattr(text_file, "_BLOCK_BYTES", 100)
    for start in (GENE_INFO, GENE2GO, GAF):
        path = write(tmp_path, "genes", f"{start}\n9606\t{'x' * 3000}\n")
        refuse(lambda path=path: list(gene_info.human_lines(path)), r"has a line of more than 1\.00 kB")
    path = write(tmp_path, "go.obo", OBO + f"[Term]\nid: GO:9999999\nname: {'x' * 3000}\n")
    refuse(lambda: read_ontology(path), "has a line of more than 1,000 characters")
    path = write(tmp_path, "sets.gmt", "set\tna\tNTRK2" + "\tBDNF" * 1000)
    refuse(lambda: read_categories([path], lookup), "has a line of more than 1,000 characters")
    refuse(lambda: read_map(path), "has a line of more than 1,000 characters")
    for end in ("\n", "\r\n", "\r"):
        path = write(tmp_path, "genes.txt", f"NTRK2{end}" * 1000)
        assert read_categories([path], lookup).categories[0].members == ["NTRK2"]


@pytest.mark.parametrize(
    ("limit", "name", "text", "message"),
    [
        ("LINES", "genes.txt", "NTRK2\n" * 200, "more than 100 lines"),
        ("TABLE_ROWS", "genes.txt", "NTRK2\n" * 200, "more than 100 rows"),
        ("TABLE_CELLS", "genes.csv", "gene,x\n" + "NTRK2,1\n" * 200, "100 cells: make a file of the column of genes"),
        ("COLUMNS", "genes.csv", "gene" + ",x" * 200 + "\n" + "NTRK2" + ",1" * 200, "lines of more than 100 cells"),
        ("GENE_SETS", "sets.gmt", "set\tna\tNTRK2\n" * 200, "more than 100 lines"),
        ("GMT_CELLS", "sets.gmt", "set\tna\tNTRK2\n" * 200, "more than 100 cells"),
        ("NAMES", "sets.gmt", "".join(f"set {n}\tna\tNTRK2\n" for n in range(200)), "more than 100 different names"),
        ("WIDE_TEXT_BYTES", "genes.txt", "NTRK2\n" * 200 + "\N{DNA DOUBLE HELIX}", "characters that no gene has"),
    ],
)
def test_the_number_of_cells_is_limited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, name: str, text: str, message: str
) -> None:
    path = write(tmp_path, name, text)
    with monkeypatch.context() as patch:
        patch.setattr(limits, limit, 100)
        refuse(lambda: read_categories([path], lookup), message)
    if limit not in ("COLUMNS", "WIDE_TEXT_BYTES"):
        assert read_categories([path], lookup).categories


def test_the_number_of_terms_genes_and_annotations_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    obo, genes, gaf = write(tmp_path, "go.obo", OBO), write(tmp_path, "g", GENE2GO), write(tmp_path, "a", GAF)
    info = write(tmp_path, "i", GENE_INFO + GENE_INFO.splitlines()[1])
    monkeypatch.setattr(limits, "ANNOTATIONS", 1)
    monkeypatch.setattr(limits, "HUMAN_GENES", 1)
    for path in (genes, gaf):
        refuse(lambda path=path: read_terms(find_gene_files([obo, path]), {}), "more than 1 annotations")
    refuse(lambda: gene_info.read(info), "more than 1 human genes")
    monkeypatch.setattr(limits, "TERMS", 3)
    refuse(lambda: read_ontology(obo), "more than 3 terms")


def test_comments_before_annotations_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(annotations, "_MOST_COMMENTS", 10)
    monkeypatch.setattr(limits, "COMMENTS", 100)
    obo, gaf = write(tmp_path, "go.obo", OBO), write(tmp_path, "a.gaf", GAF + "\n! comment" * 200)
    options = ReadingOptions(ontology=obo)
    refuse(lambda: read_categories([gaf], lookup, options=options), r"a\.gaf has more than 100 lines of comments\.")
    gaf.write_text(GAF + "\n! comment" * 50)
    assert read_categories([gaf], lookup, options=options).categories


def test_readers_of_several_formats_look_up_each_name_once(tmp_path: Path) -> None:
    asked: list[str] = []

    def count(names: Collection[str]) -> Mapping[str, Hashable]:
        asked.extend(names)
        return lookup(names)

    path = write(tmp_path, "genes.csv", "a,b,c\nNTRK2,x y,BDNF\nzz1,BDNF;NTRK2,zz2\n")
    with pytest.raises(DownloadError):
        read_categories([path], count)
    assert len(asked) > 5
    assert len(asked) == len(set(asked))


def test_the_cells_of_a_map_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAP_CELLS", 100)
    path = write(tmp_path, "map.csv", "structure,value\n" + "CA1,1\n" * 200)
    refuse(lambda: read_map(path), r"map\.csv has more than 100 cells", MapError)


@pytest.mark.long
@pytest.mark.parametrize(
    "cell",
    [
        "1" * 100_000 + "x",
        "a" + " " * 100_000 + "b",
        "a" + "\N{IDEOGRAPHIC SPACE}" * 50_000 + "b",
        "," * 20_000,
        "1," * 20_000,
    ],
    ids=["digits", "spaces", "wide spaces", "commas", "numbers"],
)
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("genes.txt", "NTRK2\n{}\nBDNF\n"),
        ("sets.gmt", "{}\tna\tNTRK2\n{}\tna\tBDNF\n"),
        ("t.tsv", "gene\tx\nNTRK2\t{}\n"),
    ],
)
def test_the_time_for_a_long_cell_does_not_grow_with_its_square(
    tmp_path: Path, name: str, text: str, cell: str
) -> None:
    """Without the end of the test within minutes, this fails: the square of 100,000 takes hours."""
    path = write(tmp_path, name, text.replace("{}", cell))
    try:
        read_categories([path], lookup)
    except DownloadError as error:
        assert len(str(error)) < 5000  # noqa: PT017  # it may be read, too
    refuse(lambda: read_map(path), "expected|found|several columns", (MapError, DownloadError))


# --- characters ---


@pytest.mark.parametrize("control", CONTROLS)
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("genes.txt", "NTRK2\nBD{}NF\nGFAP\nMBP\nAPP\n"),
        ("sets.gmt", "s{}t\tna\tNTRK2\nother\tna\tBDNF\n"),
        ("sets.gmt", "set\tna\tNTRK2\tBD{}NF\nother\tna\tBDNF\n"),
        ("long.csv", "gs_name,gene\nn{}n,NTRK2\nm,BDNF\n"),
    ],
)
def test_names_with_characters_that_are_not_printed_are_refused(
    tmp_path: Path, name: str, text: str, control: str
) -> None:
    path = write(tmp_path, name, text.replace("{}", control))
    refuse(lambda: read_categories([path], lookup), "not printed|binary file|is not the name of a gene")


@pytest.mark.parametrize("control", CONTROLS)
def test_terms_and_genes_with_such_characters_are_refused(tmp_path: Path, control: str) -> None:
    genes = write(tmp_path, "gene2go", GENE2GO)
    for old in ("brain development\nnamespace", "2026-01-01"):
        obo = write(tmp_path, "go.obo", OBO.replace(old, f"{control}{old}"))
        refuse(lambda obo=obo: read_terms(find_gene_files([obo, genes]), {}), "not printed|binary file|not an OBO file")
    obo = write(tmp_path, "go.obo", OBO)
    gaf = write(tmp_path, "gaf", GAF.replace("NTRK2", f"NT{control}RK2"))
    refuse(
        lambda: read_categories([gaf], lookup, options=ReadingOptions(ontology=obo)), "not printed|symbol|binary|cells"
    )
    for old in ("NTRK2", "TRKB", "neurotrophic"):
        info = write(tmp_path, "gene_info", GENE_INFO.replace(old, f"x{control}{old}"))
        refuse(lambda info=info: gene_info.read(info), "not printed")
    for text in (f"structure,v{control}x\nCA1,1\nDG,2\n", f"structure,v\nC{control}A1,1\nDG,2\n"):
        path = write(tmp_path, "map.csv", text)
        refuse(lambda path=path: read_map(path), "not printed|binary file", (MapError, DownloadError))


def test_other_white_space_in_names_is_accepted(tmp_path: Path) -> None:
    path = write(tmp_path, "sets.gmt", "B\N{NO-BREAK SPACE}cells\tna\tNTRK2\nT cells\tna\tBDNF\n")
    assert [one.name for one in read_categories([path], lookup).categories] == ["B\N{NO-BREAK SPACE}cells", "T cells"]


@pytest.mark.parametrize("digits", ["1_000", ARABIC_ONE, "\N{FULLWIDTH DIGIT ONE}", "\N{SUPERSCRIPT TWO}", "0x10"])
def test_only_ascii_digits_are_numbers(tmp_path: Path, digits: str) -> None:
    assert not is_number(digits)
    assert not is_id(digits)
    assert gene_info.as_entrez_id(digits) is None
    path = write(tmp_path, "map.csv", f"structure,value\nCA1,{digits}\nDG,2\nCA2,3\n")
    refuse(lambda: read_map(path), "row 2, column value: expected a number", MapError)
    refuse(lambda: read_map(path, digits), "has no column", MapError)
    info = write(tmp_path, "gene_info", GENE_INFO.replace("20260519", digits * 8))
    refuse(lambda: gene_info.read(info), "expected a GeneID and a date")
    write(tmp_path, "go.obo", OBO)
    for old in ("\t627\t", "GO:0000003"):
        genes = write(tmp_path, "gene2go", GENE2GO.replace(old, old[:1] + digits + old[-1:]))
        refuse(lambda genes=genes: read_terms(find_gene_files([tmp_path / "go.obo", genes]), {}), "expected a ")


def test_the_number_of_a_column_has_few_digits(tmp_path: Path) -> None:
    path = write(tmp_path, "t.csv", "gene,value\nNTRK2,1\nBDNF,2\n")
    for number in ("9" * 5000, ARABIC_ONE):
        refuse(lambda number=number: read_map(path, number), "has no column", MapError)
        options = ReadingOptions(gene_column=number)
        refuse(lambda options=options: read_categories([path], lookup, options=options), "it has no column")


def test_files_of_nothing(tmp_path: Path) -> None:
    path = tmp_path / "genes.txt"
    for content in (b"", b"\n \t\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n\n", gzip.compress(b""), gzip.compress(b"\n")):
        path.write_bytes(content)
        for read in (read_text, lambda path: read_categories([path], lookup), read_map):
            refuse(lambda read=read: read(path), r"genes\.txt is empty")
    path.write_bytes(b'""')
    refuse(lambda: read_categories([path], lookup), "contains no names")


def test_a_comment_with_more_cells_than_the_rows_is_not_their_header(tmp_path: Path) -> None:
    lines = GENE2GO.replace("GeneID", "@SUM(A1)").splitlines()
    path = write(tmp_path, "genes.tsv", "\n".join([*lines[:2], lines[3].replace("4099", ""), lines[5][:-8]]))
    refuse(lambda: read_categories([path], lookup), "has no known format")


def test_a_pipe_is_read_once(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("Windows has no named pipes in folders")
    for read, text in (
        (lambda path: read_categories([path], lookup).categories[0].members, "NTRK2\nBDNF\n"),
        (lambda path: read_map(path).keys, "structure,v\nNTRK2,1\nBDNF,2\n"),
    ):
        path = tmp_path / "pipe"
        os.mkfifo(path)
        writer = threading.Thread(target=path.write_text, args=(text,))
        writer.start()
        assert read(path) == ["NTRK2", "BDNF"]
        writer.join()
        path.unlink()


# --- ontologies ---


def obo_of(*terms: str) -> str:
    frames = (f"[Term]\nid: GO:{n:07}\nname: term {n}\n{lines}\n" for n, lines in enumerate(terms, start=1))
    return "format-version: 1.2\ndata-version: releases/2026-01-01\n\n" + "\n".join(frames)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (obo_of("is_a: GO:0000001\n"), r"cycle: GO:0000001 → GO:0000001\. Use go-basic\.obo"),
        (obo_of("is_a: GO:0000002\n", "relationship: part_of GO:0000001\n"), "form a cycle: GO:000000[12] → "),
        (obo_of("is_a: GO:0000009\n", "alt_id: GO:0000009\nis_a: GO:0000001\n"), "form a cycle: GO:000000[12] → "),
        (obo_of(*(f"is_a: GO:{n % 500 + 1:07}\n" for n in range(1, 501))), r"form a cycle: .*GO:\d+ → \(491 more\)\."),
        (obo_of("").replace("term", "te\udcffrm"), r"line 6: not UTF-8 text"),
        (obo_of("").replace("1.2", "1\udcff"), r"line 1: not UTF-8 text"),
        (obo_of("") + obo_of("").partition("\n\n")[2], "has the term 'GO:0000001' twice"),
        (obo_of("is_obsolete: maybe\n"), r"expected Boolean in line 7"),
        ("format-version: 1.2\n! nothing\n", "has no terms"),
    ],
    ids=["itself", "part_of", "secondary id", "500 terms", "UTF-8", "UTF-8 in the header", "twice", "boolean", "none"],
)
def test_an_ontology_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "go.obo"
    path.write_bytes(text.encode(errors="surrogateescape"))
    refuse(lambda: read_ontology(path), rf"go\.obo.*{message}")


# --- annotations ---


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GAF.replace("2.2", "2.\x1b[2J"), "gaf-version"),
        (GAF.replace("\tNTRK2\t", "\t\t"), "expected the symbol of a gene, found ''"),
        (GAF.replace("20200101", "\N{ARABIC-INDIC DIGIT TWO}" * 8), "expected a date"),
        (GENE2GO.replace("\t627\t", "\t6_27\t"), "expected a GeneID, found '6_27'"),
        (GENE2GO.replace("\tIDA\t", "\tI\x1bA\t"), "expected an evidence code"),
        (GENE2GO.replace("cortex", "\udcff"), "expected UTF-8 text"),
    ],
)
def test_annotations_are_refused(tmp_path: Path, text: str, message: str) -> None:
    write(tmp_path, "go.obo", OBO)
    path = tmp_path / "genes"
    path.write_bytes(text.encode(errors="surrogateescape"))
    options = ReadingOptions(ontology=tmp_path / "go.obo")
    refuse(lambda: read_categories([path], lookup, options=options), message)
    refuse(lambda: read_terms(find_gene_files([tmp_path]), {}), message)


def test_the_format_of_annotations_is_known_by_their_start() -> None:
    assert annotations.format_of(GAF.encode()) == "gaf"
    assert annotations.format_of(b"\xef\xbb\xbf" + GENE2GO.encode()) == "gene2go"
    assert annotations.format_of(b"NTRK2") is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("20260519", "20269999", "expected dates such as 20260519, found 20269999"),
        ("NTRK2", "", "GeneID 4915 has no symbol"),
        ("4915", "9" * 5000, "expected a GeneID"),
        ("TRKB", "\udcff", "expected UTF-8 text"),
    ],
)
def test_gene_info_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "gene_info"
    path.write_bytes(GENE_INFO.replace(old, new).encode(errors="surrogateescape"))
    refuse(lambda: gene_info.read(path), message)


# --- results ---

PROVENANCE = {"coexpr_version": coexpr.__version__}


def table_of(columns: dict[str, Any]) -> pa.Table:
    return pa.table(columns).replace_schema_metadata({"provenance": json.dumps(PROVENANCE)})


def write_result(path: Path, columns: dict[str, Any]) -> None:
    table = table_of(columns)
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    else:
        with pa.ipc.new_file(path, table.schema) as writer:
            writer.write_table(table)


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
@pytest.mark.parametrize(
    "column",
    [
        pa.nulls(10_000_000),
        pa.DictionaryArray.from_arrays(pa.array([0] * 200), pa.array(["x" * 10_000])),
        pa.array([list(range(1001))]),
        pa.array([[{"a": "x"}] * 600]),
        pa.array([[("k", 1)] * 600], pa.map_(pa.string(), pa.int8())),
    ],
    ids=["nulls", "texts", "list", "objects", "map"],
)
def test_small_files_of_large_results_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, column: pa.Array, ending: str
) -> None:
    path = tmp_path / f"r.{ending}"
    write_result(path, {"a": column})
    with monkeypatch.context() as patch:
        patch.setattr(limits, "RESULT_CELLS", 1000)
        patch.setattr(limits, "RESULT_BYTES", 1_000_000)
        refuse(lambda: read_result(path), "more than 1,000 cells or 1,000,000 bytes of text", ResultFileError)
    if len(column) < 1000:
        assert [row["a"] for row in read_result(path).rows] == column.to_pylist()


def test_types_whose_cells_share_memory_are_refused(tmp_path: Path) -> None:
    for kind in (pa.string_view(), pa.binary_view(), pa.list_view(pa.int8())):
        path = tmp_path / "r.arrow"
        write_result(path, {"a": pa.nulls(2, kind)})
        refuse(lambda path=path: read_result(path), "a column of type", ResultFileError)


def test_values_of_json_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "r.json"
    path.write_text(json.dumps({"provenance": PROVENANCE, "rows": [{"a": n} for n in range(100)]}))
    assert len(read_result(path).rows) == 100
    for limit in ("JSON_MARKS", "JSON_BYTES"):
        with monkeypatch.context() as patch:
            patch.setattr(limits, limit, 200)
            refuse(lambda: read_result(path), "larger than", ResultFileError)


def test_the_version_of_a_result_is_of_ascii_digits(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text(json.dumps({"provenance": {"coexpr_version": f"{ARABIC_ONE}.{ARABIC_ONE}"}, "rows": []}))
    refuse(lambda: read_result(path), "is not a version of coexpr", ResultFileError)

"""NCBI's gene_info: small files in every state in which they arrive."""

import gzip
import os
from datetime import UTC, datetime
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from coexpr.errors import DownloadError
from coexpr.readers import gene_info as reader
from coexpr.readers import text_file

HEADER = (
    "#tax_id GeneID Symbol LocusTag Synonyms dbXrefs chromosome map_location description type_of_gene "
    "Symbol_from_nomenclature_authority Full_name_from_nomenclature_authority Nomenclature_status "
    "Other_designations Modification_date Feature_type"
).replace(" ", "\t")


def line(entrez_id: int, symbol: str, synonyms: str, name: str, date: str, taxon: int = 9606) -> str:
    cells = [
        taxon,
        entrez_id,
        symbol,
        "-",
        synonyms,
        "-",
        "1",
        "-",
        name,
        "protein-coding",
        symbol,
        "-",
        "O",
        "-",
        date,
    ]
    return "\t".join(map(str, [*cells, "-"]))


TEXT = "\n".join(
    [
        HEADER,
        line(4915, "NTRK2", "trk-B|TRKB", "neurotrophic receptor", "20260518"),
        line(627, "BDNF", "-", "-", "20250101"),
        line(18212, "Ntrk2", "trkB", "mouse", "20260601", taxon=10090),
        line(7, "NEWENTRY", "-", "-", "20260601"),
        "",
    ]
)


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        TEXT.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + TEXT.encode(),
        TEXT.encode().rstrip(b"\n"),
        gzip.compress(TEXT.encode()),
        gzip.compress(TEXT.encode()[:90]) + gzip.compress(TEXT.encode()[90:]),
        gzip.compress(b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode()),
    ],
    ids=["plain", "CRLF", "BOM", "no last line end", "gz", "several gz", "gz with BOM and CRLF"],
)
def test_names_of_human_genes_are_read(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "gene_info"
    path.write_bytes(content)
    names = reader.read(path)
    assert names.release == "2026-05-18"
    assert names.genes == [(4915, "NTRK2", "neurotrophic receptor"), (627, "BDNF", None)]
    assert names.aliases == [(4915, "NTRK2"), (4915, "trk-B"), (4915, "TRKB"), (627, "BDNF")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TEXT.replace("Synonyms", "Other"), "with the columns Synonyms"),
        (TEXT.replace("\tBDNF", "", 1), r"expected 16 tab-separated cells for each gene, found 15: '9606\\t627"),
        (TEXT.replace("\t627\t", "\tBDNF\t"), "expected a GeneID and a date, found 'BDNF'"),
        (TEXT.replace("\t627\t", "\t99999999999999999999\t"), "expected a GeneID and a date, found '9999999"),
        (TEXT.replace("\t627\t", "\t\N{ARABIC-INDIC DIGIT TWO}\t"), "expected a GeneID and a date"),
        (TEXT.replace("20250101", "2025"), "found '627' and '2025'"),
        (TEXT.replace("\n9606\t", "\n10090\t"), "has no human gene"),
        ("", "expected the header of gene_info"),
    ],
)
def test_other_contents_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "gene_info"
    path.write_text(text)
    with pytest.raises(DownloadError, match=message):
        reader.read(path)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "gene_info.gz"
    whole = gzip.compress(os.urandom(100_000).hex().encode())
    path.write_bytes(gzip.compress(TEXT.encode())[:-20])
    with pytest.raises(DownloadError, match=r"cut short or damaged .* Download it again"):
        reader.read(path)
    path.write_bytes(whole[:1000] + bytes(50) + whole[1050:])
    with pytest.raises(DownloadError, match="cut short or damaged"):
        reader.read(path)
    with pytest.raises(DownloadError, match="cannot be read: No such file"):
        reader.read(tmp_path / "none")


@settings(max_examples=40)
@given(
    lines=st.lists(st.sampled_from([b"9606\tx", b"96060\ty", b"10090\t9606\t", b"", b"#9606\t", b"9606"]), max_size=40),
    block=st.integers(1, 40),
    ends_with_line_end=st.booleans(),
)
def test_human_lines_do_not_depend_on_the_size_of_blocks(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], block: int, ends_with_line_end: bool
) -> None:
    path = tmp_path_factory.mktemp("lines") / "file"
    path.write_bytes(b"\n".join([b"#header", *lines]) + b"\n" * ends_with_line_end)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(text_file, "_BLOCK_BYTES", block)
        found = list(reader.human_lines(path))
    assert found == ["#header", *(text.decode() for text in lines if text.startswith(b"9606\t"))]


def test_the_date_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "gene2go.gz"
    path.write_bytes(gzip.compress(b"x", mtime=int(datetime(2026, 5, 19, tzinfo=UTC).timestamp())))
    assert reader.date_of(path) == "2026-05-19"
    for content in (gzip.compress(b"x", mtime=0), b"plain", b""):
        path.write_bytes(content)
        os.utime(path, (0, datetime(2025, 1, 2, 12, tzinfo=UTC).timestamp()))
        assert reader.date_of(path) == "2025-01-02"

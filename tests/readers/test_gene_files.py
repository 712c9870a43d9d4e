"""Which file is which, and the terms and genes that they hold."""

import gzip
from pathlib import Path

import pytest
from helpers.gene_ontology import GAF, GENE2GO, OBO, write

from coexpr.errors import CoexprError, DownloadError, NoDownloadError
from coexpr.readers.gene_files import find_gene_files, read_terms

HEADER = "#tax_id\tGeneID\tSymbol\tLocusTag\tSynonyms\tdbXrefs\n"
BOM = "\N{BYTE ORDER MARK}"


def test_files_are_recognised_by_their_contents(tmp_path: Path) -> None:
    write(tmp_path, "a", OBO)
    write(tmp_path, "b.gz", GENE2GO)
    write(tmp_path, "c.txt", HEADER)
    write(tmp_path, "notes.txt", "something else")
    (tmp_path / "empty").touch()
    (tmp_path / "folder").mkdir()
    expected = {"ontology": tmp_path / "a", "gene2go": tmp_path / "b.gz", "gene_info": tmp_path / "c.txt"}
    assert find_gene_files([tmp_path]) == expected
    assert find_gene_files(list(expected.values())) == expected
    # A file that is given twice is one file.
    assert find_gene_files([tmp_path, tmp_path / "b.gz", tmp_path / "folder" / ".." / "a"]).keys() == expected.keys()


def test_a_byte_order_mark_does_not_hide_a_file(tmp_path: Path) -> None:
    write(tmp_path, "go.obo", OBO)
    write(tmp_path, "gene2go", BOM + GENE2GO)
    write(tmp_path, "gene_info.gz", BOM + HEADER)
    assert find_gene_files([tmp_path]).keys() == {"ontology", "gene2go", "gene_info"}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "expected go-basic.obo with gene2go.gz or a GAF"),
        ({"go.obo": OBO}, "missing is gene2go.gz or a GAF, the genes of the terms"),
        ({"gene2go": GENE2GO}, "missing is go-basic.obo, the terms"),
        ({"go.obo": OBO, "a": GENE2GO, "b.gz": GENE2GO}, "are both gene2go files. Give one of them"),
        ({"go.obo": OBO, "a": GENE2GO, "b": GAF}, "both have the genes of terms. Give one of them"),
        ({"old.obo": OBO, "new.obo": OBO, "b": GAF}, "are both ontology files"),
    ],
)
def test_incomplete_or_ambiguous_files_are_refused(tmp_path: Path, files: dict[str, str], message: str) -> None:
    for name, text in files.items():
        write(tmp_path, name, text)
    with pytest.raises(CoexprError, match=message):
        find_gene_files([tmp_path])


def test_other_paths_are_refused(tmp_path: Path) -> None:
    with pytest.raises(NoDownloadError, match=r"does not exist. Get them with: coexpr fetch genes"):
        find_gene_files([tmp_path / "none"])
    other = write(tmp_path, "notes.txt", "something else")
    with pytest.raises(DownloadError, match="is none of the files that are expected"):
        find_gene_files([other])


def rows_of(folder: Path, ids: dict[str, int] | None = None) -> dict[tuple[str, int], list[str]]:
    tables = read_terms(find_gene_files([folder]), ids or {}).tables
    return {(row["go_id"], row["entrez_id"]): row["evidence"] for row in tables["annotations"].to_pylist()}


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_gene2go_without_not_nd_and_other_species(tmp_path: Path, ending: str, line_end: str) -> None:
    write(tmp_path, f"go.obo{ending}", OBO.replace("\n", line_end))
    write(tmp_path, f"gene2go{ending}", GENE2GO.replace("\n", line_end))
    assert rows_of(tmp_path) == {("GO:0000002", 4915): ["IDA"], ("GO:0000003", 627): ["IDA"]}
    terms = read_terms(find_gene_files([tmp_path]), {})
    assert terms.release == "2026-01-01"
    assert terms.tables["terms"].column("go_id").to_pylist() == [f"GO:000000{number}" for number in (1, 2, 3, 4)]
    assert set(terms.tables["edges"].column("relation").to_pylist()) == {"is_a", "part_of", "regulates"}


def test_a_gaf_names_genes_by_symbol_and_follows_replaced_terms(tmp_path: Path) -> None:
    write(tmp_path, "go.obo", OBO)
    write(tmp_path, "goa.gaf.gz", GAF)
    ids = {"NTRK2": 4915, "BDNF": 627, "PENK": 5179, "NUMB": 8650, "PLEC": 5339, "NOTCH1": 4851, "MAG": 4099}
    assert rows_of(tmp_path, ids) == {
        ("GO:0000001", 5179): ["IDA"],  # by a secondary id
        ("GO:0000002", 4915): ["IDA", "IEA"],
        ("GO:0000003", 627): ["IDA"],
        ("GO:0000003", 8650): ["IDA"],  # by an obsolete term with a replacement
    }
    notes = read_terms(find_gene_files([tmp_path]), ids).notes
    assert notes[-1] == "names of goa.gaf.gz that are not the symbol of one gene, left out: 1 (ASPA)."
    assert "annotations to obsolete terms without a replacement, left out: 1." in notes


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("GO:0000003\tIDA", "GO:9999999\tIDA", "1 of its terms are not in the ontology; the first is GO:9999999"),
        ("\tEvidence\t", "\tCode\t", "its first line is not the header"),
        ("9606\t627\t", "9606\tBDNF\t", "expected a GeneID, found 'BDNF'"),
        ("9606\t627\t", "9606\t99999999999\t", "expected a GeneID, found '99999999999'"),
        ("\tcortex development\t1|2", "\t1|2", "expected 8 tab-separated cells, found 7"),
        ("\n9606\t", "\n10090\t", "has no annotation of a human gene"),
    ],
)
def test_damaged_annotations_are_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    write(tmp_path, "go.obo", OBO)
    write(tmp_path, "gene2go", GENE2GO.replace(old, new))
    with pytest.raises(DownloadError, match=message):
        read_terms(find_gene_files([tmp_path]), {})


def test_damaged_or_incomplete_ontologies_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "gene2go", GENE2GO)
    write(tmp_path, "go.obo", OBO.replace("data-version: releases/2026-01-01\n", ""))
    with pytest.raises(DownloadError, match="does not name its release"):
        read_terms(find_gene_files([tmp_path]), {})
    (tmp_path / "go.obo").write_bytes(gzip.compress(OBO.encode())[:-30])
    with pytest.raises(DownloadError, match="cut short or damaged"):
        read_terms(find_gene_files([tmp_path]), {})


def test_relations_to_terms_that_are_not_in_use_are_left_out_and_noted(tmp_path: Path) -> None:
    """As in an ontology that is cut short between two terms."""
    write(tmp_path, "gene2go", GENE2GO)
    write(tmp_path, "go.obo", OBO.replace("is_a: GO:0000001", "is_a: GO:0000099\nis_a: GO:0000006\nis_a: GO:0000091"))
    terms = read_terms(find_gene_files([tmp_path]), {})
    pairs = list(
        zip(*(terms.tables["edges"].column(name).to_pylist() for name in ("child_id", "parent_id")), strict=True)
    )
    assert pairs == [
        ("GO:0000002", "GO:0000001"),
        ("GO:0000003", "GO:0000002"),
        ("GO:0000004", "GO:0000002"),
    ]
    assert terms.notes == [
        "relations to terms that are obsolete or not in the ontology, left out: 2; the first is from GO:0000002 to "
        "GO:0000099."
    ]


RIGHT_TO_LEFT = "\N{RIGHT-TO-LEFT OVERRIDE}"


@pytest.mark.parametrize(
    ("ontology", "gaf", "message"),
    [
        (OBO.replace("regulates GO:", f"regulates {RIGHT_TO_LEFT}GO:"), GAF, "has characters that are not printed"),
        (OBO.replace("is_a: GO:", f"is_a: GO:{BOM}"), GAF, "has characters that are not printed"),
        (
            OBO,
            GAF.replace("\tASPA\t", f"\t{RIGHT_TO_LEFT}ASPA\t"),
            r"expected the symbol of a gene, found '\\u202eASPA'",
        ),
        (OBO, GAF.replace("\tASPA\t", "\t\t"), "expected the symbol of a gene, found ''"),
    ],
)
def test_names_that_are_not_printed_are_refused(tmp_path: Path, ontology: str, gaf: str, message: str) -> None:
    write(tmp_path, "go.obo", ontology)
    write(tmp_path, "goa.gaf", gaf)
    with pytest.raises(DownloadError, match=message):
        read_terms(find_gene_files([tmp_path]), {"NTRK2": 4915})

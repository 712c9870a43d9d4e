"""Category files in every format, and files that are refused."""

import gzip
import re
from pathlib import Path

import pytest
from helpers.allen import PROBES, as_csv, contents, write_folder, write_zip
from helpers.gene_ontology import GAF, GENE2GO, OBO, gaf_line, write

from coexpr.errors import CoexprError, DownloadError, OptionError
from coexpr.readers.categories import ReadingOptions, read_categories, read_names
from coexpr.readers.category_file import AmbiguousFormatError, CategoryFile, Lookup


def members(file: CategoryFile) -> dict[str, list[str]]:
    return {category.name: list(category.members) for category in file.categories if category.members}


def test_a_gmt_of_msigdb(tmp_path: Path, lookup: Lookup) -> None:
    text = "GOBP_BRAIN_DEVELOPMENT\thttps://example.org/card\tNTRK2\tBDNF\tBDNF\r\n\nGOBP_OTHER\tna\tMAG\t\t\n"
    file = read_categories([write(tmp_path, "c5.go.bp.v2026.1.Hs.symbols.gmt", text)], lookup)
    assert members(file) == {"GOBP_BRAIN_DEVELOPMENT": ["NTRK2", "BDNF"], "GOBP_OTHER": ["MAG"]}
    assert file.source == "c5"


def test_a_gmt_of_enrichr(tmp_path: Path, lookup: Lookup) -> None:
    text = "Brain Development (GO:0007420)\t\tNTRK2,1.0\tBDNF,0.5\t\n"
    file = read_categories([write(tmp_path, "x.gmt.gz", text)], lookup)
    assert members(file) == {"Brain Development": ["NTRK2", "BDNF"]}
    assert file.categories[0].accession == "GO:0007420"


def test_a_gaf_with_its_ontology(tmp_path: Path, lookup: Lookup) -> None:
    ontology = write(tmp_path, "go.obo.gz", OBO)
    for name in ("a.gaf", "a.gaf.gz"):
        file = read_categories([write(tmp_path, name, GAF)], lookup, options=ReadingOptions(ontology=ontology))
        assert members(file) == {
            "nervous system development": ["PENK"],  # by its alt_id; NOT and ND do not make a member
            "brain development": ["NTRK2"],
            "cortex development": ["BDNF", "NUMB"],  # NUMB by the replacement of its obsolete term
            "regulation of brain development": ["ASPA"],
        }
        assert file.release == "2026-01-01"
        assert file.notes == ("annotations to obsolete terms without a replacement, left out: 1.",)
    names = [category.name for category in file.categories]
    assert {(names[child], names[parent], relation) for child, parent, relation in file.edges} == {
        ("brain development", "nervous system development", "is_a"),
        ("cortex development", "brain development", "part_of"),
        ("regulation of brain development", "brain development", "regulates"),
    }


def test_a_gaf_2_1_has_empty_qualifiers(tmp_path: Path, lookup: Lookup) -> None:
    text = "\n".join(["!gaf-version: 2.1", gaf_line("BDNF", "GO:0000003", ""), gaf_line("MAG", "GO:0000003", "NOT")])
    file = read_categories(
        [write(tmp_path, "a.gaf", text)], lookup, options=ReadingOptions(ontology=write(tmp_path, "go.obo", OBO))
    )
    assert members(file) == {"cortex development": ["BDNF"]}


def test_gene2go_with_and_without_an_ontology(tmp_path: Path, lookup: Lookup) -> None:
    path = write(tmp_path, "gene2go.gz", GENE2GO)
    expected = {"brain development": ["4915"], "cortex development": ["627"]}
    alone = read_categories([path], lookup)
    assert members(alone) == expected
    assert "only direct annotations are read" in alone.notes[0]
    assert (
        members(read_categories([path], lookup, options=ReadingOptions(ontology=write(tmp_path, "go.obo", OBO))))
        == expected
    )


@pytest.mark.parametrize(
    "text",
    [
        "NTRK2\nBDNF\n\n# comment\nNTRK2\n",
        "\ufeffNTRK2\r\nBDNF\r\n",
        "rank,gene_symbol,r\n1,NTRK2,0.9\n2,BDNF,0.8\n",
        "gene\tr\nNTRK2\t0.9\nBDNF\t0.8\n",
        "NTRK2,0.9\nBDNF,0.8\n",
    ],
)
def test_a_list_of_genes(tmp_path: Path, lookup: Lookup, text: str) -> None:
    file = read_categories([write(tmp_path, "mine.txt", text)], lookup)
    assert members(file) == {"mine": ["NTRK2", "BDNF"]}
    assert members(read_categories([tmp_path / "mine.txt"], lookup, name="my genes")) == {"my genes": ["NTRK2", "BDNF"]}


def site_page(first: int, rows: int) -> dict[str, str]:
    probes = [(*PROBES[number], "n/a", "n/a") for number in range(rows)]
    header = "id,name,gene-id,gene-symbol,gene-name,entrez-id,chromosome,start-position,end-position"
    return {
        "Contents.txt": contents(rows, "Coarse", "zscore", first),
        "Probes.csv": as_csv(probes, header),
        "Expression.csv": "whatever",
    }


def test_a_category_of_the_site_at_any_resolution_and_scale(tmp_path: Path, lookup: Lookup) -> None:
    for path in (write_zip(tmp_path / "page.zip", site_page(1, 4)), write_folder(tmp_path / "page", site_page(1, 4))):
        file = read_categories([path], lookup, name="trk")
        assert members(file) == {"trk": ["4915", "A_32_P9207", "627"]}
        assert file.notes == ("4 probes.",)


def test_a_list_that_ends_with_a_full_page_is_noted(tmp_path: Path, lookup: Lookup) -> None:
    first = write_zip(tmp_path / "1.zip", site_page(1997, 4))
    assert "the list goes on" in read_categories([first], lookup).notes[1]
    second = write_zip(tmp_path / "2.zip", site_page(2001, 2))
    assert read_categories([first, second], lookup).notes == ("6 probes.",)


OBO_CYCLE = (
    OBO + "\n[Term]\nid: GO:0000007\nname: x\nis_a: GO:0000008\n\n[Term]\nid: GO:0000008\nname: y\nis_a: GO:0000007\n"
)


@pytest.mark.parametrize(
    ("gaf", "obo", "message"),
    [
        (
            GAF,
            OBO.replace("GO:0000003", "GO:0000033"),
            r"1 of its terms are not in the ontology; the first is GO:0000003",
        ),
        (GAF, OBO_CYCLE, r"form a cycle: GO:000000[78] → GO:000000[78] → GO:000000[78]\. Use go-basic\.obo"),
        (GAF, "not OBO", r"go\.obo is not an OBO file"),
        (GAF, "format-version: 1.2\n", r"go\.obo has no terms"),
        (GAF.replace("\t20200101\tUniProt\t\t", ""), OBO, r"line 3: expected 15 to 17 tab-separated cells, found 13"),
        (GAF.replace("taxon:9606", "taxon:10090"), OBO, r"no annotation of a human gene"),
    ],
)
def test_a_gaf_that_cannot_be_read(tmp_path: Path, lookup: Lookup, gaf: str, obo: str, message: str) -> None:
    with pytest.raises(DownloadError, match=message):
        read_categories(
            [write(tmp_path, "a.gaf", gaf)], lookup, options=ReadingOptions(ontology=write(tmp_path, "go.obo", obo))
        )


def test_a_gaf_without_its_ontology(tmp_path: Path, lookup: Lookup) -> None:
    with pytest.raises(OptionError, match="Give the OBO file with `ontology`"):
        read_categories([write(tmp_path, "a.gaf", GAF)], lookup)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\x00\x01\x02" * 100, "is a binary file"),
        (gzip.compress(GAF.encode())[:-20], "is a gzip file that is cut short or damaged"),
        (b"PK\x03\x04 and no more", "is a zip that was cut short"),
        (
            b"a sentence that is much too long to be the name of any gene at all\n",
            "has no known format: not a GAF, because",
        ),
    ],
)
def test_a_damaged_file_or_one_of_no_known_format(tmp_path: Path, lookup: Lookup, content: bytes, message: str) -> None:
    path = tmp_path / "damaged"
    path.write_bytes(content)
    with pytest.raises(DownloadError, match=message):
        read_categories([path], lookup)


def test_a_single_row_of_numbers_is_not_a_gmt(tmp_path: Path, lookup: Lookup) -> None:
    with pytest.raises(DownloadError, match="its only line contains numbers"):
        read_categories([write(tmp_path, "genes.csv", "X\t4908\t4915.0\n")], lookup)


def test_a_single_set_with_weights_that_is_named_after_a_gene_is_ambiguous(tmp_path: Path, lookup: Lookup) -> None:
    with pytest.raises(DownloadError, match="it may be a list, a table or gene sets"):
        read_categories([write(tmp_path, "x.txt", "NTRK2\tna\tBDNF,1.0\tMAG,0.5\tPENK,-2.31\n")], lookup)


def test_a_row_whose_text_is_repeated_below_is_not_a_header(tmp_path: Path, lookup: Lookup) -> None:
    text = "Trk signalling,SET\nNeurons,NTRK2\nTrk signalling,BDNF\nNeurons,MAG\n"
    with pytest.raises(DownloadError, match="may be gene sets and their genes"):
        read_categories([write(tmp_path, "markers.csv", text)], lookup)


@pytest.mark.parametrize("line", ["4915.0;4908;627", "4915;4908;2", "4915;0.5;627"])
def test_a_single_row_of_numbers_is_not_a_list_unless_all_look_like_ids(
    tmp_path: Path, lookup: Lookup, line: str
) -> None:
    with pytest.raises(DownloadError, match="no column holds names of genes"):
        read_categories([write(tmp_path, "results.txt", line)], lookup)
    file = read_categories([write(tmp_path, "ids.txt", "4915;4908;627")], lookup)
    assert members(file) == {"ids": ["4915", "4908", "627"]}


def test_a_comment_is_not_the_header_of_a_table_that_has_one(tmp_path: Path, lookup: Lookup) -> None:
    path = write(tmp_path, "genes.csv", "# genes, of mine\neffect,hit\n-3.26,NTRK2\n4.1,BDNF\n2.2,MAG\n")
    assert members(read_categories([path], lookup)) == {"genes": ["NTRK2", "BDNF", "MAG"]}
    commented = write(tmp_path, "commented.csv", "# effect,symbol\n-3.26,NTRK2\n4.1,BDNF\n2.2,MAG\n")
    assert members(read_categories([commented], lookup)) == {"commented": ["NTRK2", "BDNF", "MAG"]}


def test_two_columns_of_ids_without_a_header_are_ambiguous(tmp_path: Path, lookup: Lookup) -> None:
    text = (
        "3707,7988\n89869,135112\n11335,10585\n10060,127428\n4836,81539\n55083,100126346\n100313896,124599\n"
        "6489,400916\n84319,246777\n4037,9521\n10336,344167\n672,131566\n646698,641451\n8334,6984\n"
    )
    with pytest.raises(DownloadError, match="name different genes"):
        read_categories([write(tmp_path, "ids.txt", text)], lookup)


def test_numbers_after_ids_are_weights_of_sets(tmp_path: Path, lookup: Lookup) -> None:
    text = "0\tneurotrophins\t4915.0,0.5\t627.0,1.0\n1\tmore\t4908.0,1.0\t4609.0,1.0\n2\tother\t627.0,2.0\t2.0,1.0\n"
    with pytest.raises(DownloadError, match="has no known format"):
        read_categories([write(tmp_path, "x.txt", text)], lookup)


def test_the_first_word_of_a_full_name_is_not_a_gene(tmp_path: Path, lookup: Lookup) -> None:
    rows = ["5\tchr1\tNTRK2 family member 2", "7\tchr2\tBDNF antisense transcript", "7\tchr3\tMAG"]
    with pytest.raises(DownloadError, match="no column holds names of genes"):
        read_categories([write(tmp_path, "genes.tsv", "\n".join(rows) + "\n")], lookup)
    alternatives = "5\tchr1\tNTRK2 TRKB\n7\tchr2\tBDNF ANON2\n"
    file = read_categories([write(tmp_path, "genes.tsv", alternatives)], lookup)
    assert members(file) == {"genes": ["NTRK2", "BDNF"]}


def test_the_error_for_an_unknown_format_gives_a_reason_for_each_format(tmp_path: Path, lookup: Lookup) -> None:
    path = write(tmp_path, "x.txt", "x" * 50 + "\n")
    with pytest.raises(DownloadError) as caught:
        read_categories([path], lookup)
    for reason in (
        "not a GAF, because",
        "not a gene2go, because",
        "not a GMT, because",
        "not a list or table of genes, because",
    ):
        assert reason in str(caught.value)


def test_an_ambiguous_format_is_decided_by_format_or_column(tmp_path: Path, lookup: Lookup) -> None:
    weighted = write(tmp_path, "x.txt", "NTRK2\tna\tBDNF,1.0\tMAG,0.5\tPENK,-2.31\n")
    ambiguous = write(tmp_path, "x.gmt", "Trk\tNTRK2\tBDNF\nMyelin\ttext\tMAG\n")
    for path in (weighted, ambiguous):
        with pytest.raises(AmbiguousFormatError, match="`format` gmt"):
            read_categories([path], lookup)
        with pytest.raises(DownloadError, match=r"Only `coexpr categories add` takes this `format`\. .* `gene_column`"):
            read_names(path, lookup)
        assert read_categories([path], lookup, options=ReadingOptions(format="gmt")).what == "GMT file"
    with pytest.raises(DownloadError, match="no column holds names of genes") as caught:
        read_names(write(tmp_path, "none.csv", "a,b\n1,x y z\n2,z\n"), lookup)
    assert not isinstance(caught.value, AmbiguousFormatError)
    assert "categories add" not in str(caught.value)


def test_a_name_is_for_one_category_of_one_file(tmp_path: Path, lookup: Lookup) -> None:
    gmt = write(tmp_path, "a.gmt", "A\t\tX\tY\nB\t\tX\tY\n")
    with pytest.raises(OptionError, match="holds 2"):
        read_categories([gmt], lookup, name="mine")
    with pytest.raises(OptionError, match="one file at a time"):
        read_categories([gmt, gmt], lookup)


def test_a_missing_file(tmp_path: Path, lookup: Lookup) -> None:
    with pytest.raises(CoexprError, match=re.escape(str(tmp_path / "none"))):
        read_categories([tmp_path / "none"], lookup)


def test_replacements_are_followed_to_a_term_in_use(tmp_path: Path, lookup: Lookup) -> None:
    chain = (
        "\n[Term]\nid: GO:0000011\nname: a\nis_obsolete: true\nreplaced_by: GO:0000012\n"
        "\n[Term]\nid: GO:0000012\nname: b\nis_obsolete: true\nreplaced_by: GO:0000091\n"
        "\n[Term]\nid: GO:0000013\nname: c\nis_obsolete: true\nreplaced_by: GO:0000006\n"
        "\n[Term]\nid: GO:0000014\nname: d\nis_obsolete: true\nreplaced_by: GO:0000014\n"
    )
    lines = [gaf_line(f"GENE{number}", f"GO:000001{number}") for number in (1, 3, 4)]
    gaf = write(tmp_path, "a.gaf", "\n".join(["!gaf-version: 2.2", *lines]))
    file = read_categories([gaf], lookup, options=ReadingOptions(ontology=write(tmp_path, "go.obo", OBO + chain)))
    assert members(file) == {"nervous system development": ["GENE1"]}
    assert file.notes == ("annotations to obsolete terms without a replacement, left out: 2.",)

"""Published tables about probes: Additional file 8 of Miller et al. 2014, and the re-annotation."""

import gzip
import zipfile
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import openpyxl
import pytest
from helpers.allen import donor_folder
from hypothesis import given, settings

from coexpr.atlas import Atlas
from coexpr.errors import CoexprError, ConflictError, DownloadError, NoDownloadError
from coexpr.loading.downloads import ingest
from coexpr.options import GeneFilter, ProbeSelection
from coexpr.readers import reannotation, rnaseq_agreement
from coexpr.readers.place import File

# Tests load into it: creating another one takes longer than most of them.
pytestmark = pytest.mark.usefixtures("prepared_database")

HEADER = [None, None, "m", "b", "R", "P-value", "Q-value", "Pass?", "Average Intensity"]
# A_24_P343559 and CUST_1358_PI416573500 have the same q; a gene symbol was made a date by a spreadsheet.
ROWS = [
    ["A_23_P216779", "NTRK2", 0.5, 1.25, 0.8, 1e-9, 0.01, True, 10.1],
    ["A_24_P343559", "NTRK2", 0.5, 1.25, 0.7, 1e-9, 0, True, 8.3],
    ["CUST_1358_PI416573500", "2-Sep", 0.5, 1.25, 0.9, 1e-9, 0, True, 9.7],
    ["CUST_1359_PI416573500", "NTRK2", None, None, None, None, None, None, 9.1],
    ["A_23_P127891", "BDNF", 0.1, 0, -0.1, 0.5, 0.6, False, 5.5],
]


def workbook(path: Path, rows: list[list], header: list | None = HEADER, banner: bool = True) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Table"
    if banner:
        sheet.append(["Additional file 8: how well probes follow RNA-seq"])
    if header:
        sheet.append(header)
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


def read(path: Path) -> dict[str, list]:
    return rnaseq_agreement.read(File(path)).rows.to_pydict()


def test_additional_file_8_is_read(tmp_path: Path) -> None:
    columns = read(workbook(tmp_path / "8.xlsx", ROWS))
    assert columns["probe_name"] == [row[0] for row in ROWS]
    assert columns["r"] == [row[4] for row in ROWS]
    assert columns["q"] == [row[6] for row in ROWS]
    assert columns["passes"] == [True, True, True, None, False]
    assert (columns["slope"][0], columns["intercept"][0]) == (0.5, 1.25)


def test_a_copy_with_names_for_its_first_columns_is_read(tmp_path: Path) -> None:
    header = ["Probe", "Gene", "Pass?", "R", "P-value", "Q-value"]
    rows = [["A_23_P216779", "NTRK2", "TRUE", "0.8", "0.001", "0.01"], ["A_24_P343559", "NTRK2", 0, 0.7, 1e-9, 0]]
    columns = read(workbook(tmp_path / "Miller_formatted.xlsx", rows, header, banner=False))
    assert (columns["r"], columns["passes"]) == ([0.8, 0.7], [True, False])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (["A_1", "X", 1, 1, 1.5, 0, 0, True, 1], r"row 8, column R: expected a number from -1 to 1, found '1\.5'"),
        (
            ["A_1", "X", 1, 1, 0.5, 0, "low", True, 1],
            r"row 8, column Q-value: expected a number from 0 to 1, found 'low'",
        ),
        (["A_1", "X", 1, 1, 0.5, 0, 0, "maybe", 1], r"row 8, column Pass\?: expected TRUE, FALSE or blank"),
        ([None, "X", 1, 1, 0.5, 0, 0, True, 1], "row 8, column 1: expected the name of a probe, found ''"),
        (["A_23_P216779", "X", 1, 1, 0.5, 0, 0, True, 1], "row 8: probe A_23_P216779 is already in row 3"),
    ],
)
def test_an_invalid_cell_is_reported_with_row_and_column(tmp_path: Path, row: list, message: str) -> None:
    with pytest.raises(DownloadError, match=message):
        read(workbook(tmp_path / "8.xlsx", [*ROWS, row]))


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.floats(-1, 1), st.floats(0, 1), st.sampled_from([True, False, None])), min_size=1, max_size=5)
)
def test_written_cells_are_read(tmp_path_factory: pytest.TempPathFactory, cells: list[tuple]) -> None:
    rows = [[f"A_1_P{number}", "X", 1, 0, r, 0.5, q, passes, 1] for number, (r, q, passes) in enumerate(cells)]
    columns = read(workbook(tmp_path_factory.mktemp("book") / "8.xlsx", rows))
    assert columns["passes"] == [row[7] for row in rows]
    np.testing.assert_allclose(columns["r"], [row[4] for row in rows], rtol=1e-15)
    np.testing.assert_allclose(columns["q"], [row[6] for row in rows], rtol=1e-15)


@pytest.fixture
def database(synthetic_database: Path, tmp_path: Path) -> Path:
    """Return a copy of the synthetic atlas that a test may change."""
    copy = tmp_path / "atlas.duckdb"
    copy.write_bytes(synthetic_database.read_bytes())
    return copy


def test_the_rule_rnaseq_selects_by_lowest_q_then_highest_r(database: Path, tmp_path: Path) -> None:
    report = ingest([workbook(tmp_path / "8.xlsx", ROWS)], database)
    assert report.column("kind") == [rnaseq_agreement.KIND]
    assert (report.column("probes"), report.column("notes")) == ([5], [[]])
    with Atlas(database) as atlas:
        assert (
            atlas.correlates("NTRK2", probe_selection=ProbeSelection("rnaseq")).provenance.seed.probe
            == "CUST_1358_PI416573500"
        )
        probes = atlas.probes("NTRK2").to_pandas().set_index("probe_name")
        assert probes.loc["A_23_P216779", ["rnaseq_r", "rnaseq_q"]].tolist() == [0.8, 0.01]
        assert "rnaseq" in probes.loc["CUST_1358_PI416573500", "selected_by"]
        # Of all genes only these two have probes in the table.
        result = atlas.correlates("NTRK2", probe_selection=ProbeSelection("rnaseq"), top=None)
        assert [row[3] for row in result.rows] == ["BDNF"]
        assert result.provenance.genes_without_profile > 50
        (other,) = atlas.sql(
            "select min(gene_symbol) from genes where gene_symbol not in ('NTRK2', 'BDNF')"
        ).fetchall()[0]
        with pytest.raises(CoexprError, match=f"the rule rnaseq selects no probe of {other}"):
            atlas.correlates(other, probe_selection=ProbeSelection("rnaseq"))


def test_the_table_can_be_loaded_before_the_atlas(tmp_path: Path) -> None:
    path = tmp_path / "atlas.duckdb"
    ingest([workbook(tmp_path / "8.xlsx", ROWS)], path)
    ingest([donor_folder(tmp_path)], path)
    with Atlas(path) as atlas:
        assert atlas.sql("select count(*) from rnaseq_agreement").fetchall() == [(5,)]


def test_a_table_of_another_chip_is_refused(database: Path, tmp_path: Path) -> None:
    with pytest.raises(ConflictError, match="none of the 1 probes"):
        ingest([workbook(tmp_path / "8.xlsx", [["A_99_P1", *ROWS[0][1:]]])], database)
    with pytest.raises(DownloadError, match="expected names of probes such as A_23_P216779 in the first column"):
        ingest([workbook(tmp_path / "8.xlsx", [[1, *ROWS[0][1:]]])], database)


def test_damage_inside_a_workbook_is_reported(tmp_path: Path) -> None:
    good = workbook(tmp_path / "good.xlsx", ROWS)
    with zipfile.ZipFile(good) as archive, zipfile.ZipFile(tmp_path / "bad.xlsx", "w") as bad:
        for name in archive.namelist():
            content = archive.read(name)
            bad.writestr(name, content.replace(b"</row>", b"</raw>", 1) if "sheet1" in name else content)
    with pytest.raises(DownloadError, match=r"xl/worksheets/sheet1\.xml in .*bad\.xlsx is damaged \(mismatched tag"):
        read(tmp_path / "bad.xlsx")


def test_the_same_table_again_changes_nothing_and_another_is_refused(database: Path, tmp_path: Path) -> None:
    path = workbook(tmp_path / "8.xlsx", ROWS)
    ingest([path], database)
    assert ingest([path], database).column("status") == ["already loaded"]
    other = workbook(tmp_path / "other.xlsx", ROWS[:2])
    with pytest.raises(ConflictError, match="another version of the agreement of probes with RNA-seq"):
        ingest([other], database)


def test_another_workbook_is_refused_and_changes_nothing(database: Path, tmp_path: Path) -> None:
    before = database.read_bytes()
    wrong = workbook(tmp_path / "budget.xlsx", [[1, 2]], ["item", "cost"])
    with pytest.raises(DownloadError, match=r"is a workbook, but not Additional file 8.*found item, cost"):
        ingest([wrong], database)
    empty = workbook(tmp_path / "empty.xlsx", [])
    with pytest.raises(DownloadError, match="has a header but no rows"):
        ingest([empty], database)
    truncated = tmp_path / "cut.xlsx"
    truncated.write_bytes(workbook(tmp_path / "whole.xlsx", ROWS).read_bytes()[:1000])
    with pytest.raises(CoexprError, match="cut short"):
        ingest([truncated], database)
    assert database.read_bytes() == before


def test_other_workbooks_in_a_folder_are_ignored(tmp_path: Path) -> None:
    folder = tmp_path / "downloads"
    folder.mkdir()
    workbook(folder / "budget.xlsx", [[1, 2]], ["item", "cost"])
    with pytest.raises(NoDownloadError):
        ingest([folder], tmp_path / "atlas.duckdb")
    workbook(folder / "8.xlsx", ROWS)
    assert ingest([folder], tmp_path / "atlas.duckdb").column("kind") == [rnaseq_agreement.KIND]


REANNOTATED = """probe_name,gene_symbol,entrez_id,allen_entrez_id,compare
A_23_P216779,NTRK2,4915,4915,1
A_32_P7316,NTRK2,4915,627,0
CUST_1359_PI416573500,MIG7,723788,4915,0
A_23_P127891,C1orf228,NaN,627,3
"""


def reannotated(tmp_path: Path, text: str = REANNOTATED) -> Path:
    path = tmp_path / "reannotated.csv.gz"
    path.write_bytes(gzip.compress(text.encode()))
    return path


def test_the_re_annotation_assigns_probes_to_genes(database: Path, tmp_path: Path) -> None:
    report = ingest([reannotated(tmp_path)], database)
    assert (report.column("kind"), report.column("probes")) == ([reannotation.KIND], [4])
    selection = ProbeSelection(annotation="reannotated")
    with Atlas(database) as atlas:
        assert {row[1] for row in atlas.probes("NTRK2", probe_selection=selection).rows} == {
            "A_23_P216779",
            "A_32_P7316",
        }
        assert len(atlas.probes("NTRK2").rows) == 7
        result = atlas.correlates("NTRK2", probe_selection=selection, top=None)
        assert [row[3] for row in result.rows] == ["MIG7"]
        assert result.provenance.probe_selection.annotation == "reannotated"
        # A gene that only the re-annotation names, found by symbol and by Entrez id.
        assert [row[1] for row in atlas.probes("mig7", probe_selection=selection).rows] == ["CUST_1359_PI416573500"]
        assert [row[1] for row in atlas.probes("723788", probe_selection=selection).rows] == ["CUST_1359_PI416573500"]
        # The re-annotation changes the meaning of names only where it is requested.
        with pytest.raises(CoexprError, match=r"MIG7 is one of BCAR3 .*, but this database has no probe of it"):
            atlas.probes("MIG7")
        with pytest.raises(CoexprError, match="BDNF has no probe with expression"):
            atlas.probes("BDNF", probe_selection=selection)
        labels = atlas.correlates("A_23_P216779", level="gene", probe_selection=selection, include_self=True).rows
        assert {row[3] for row in labels} == {"NTRK2", "MIG7"}


def test_a_category_under_the_re_annotation(database: Path, tmp_path: Path) -> None:
    ingest([reannotated(tmp_path)], database)
    with Atlas(database) as atlas:
        selection = ProbeSelection(annotation="reannotated")
        result = atlas.correlates("MIG7", gene_filter=["nervous system development"], probe_selection=selection)
        assert [row[4] for row in result.rows] == ["NTRK2"]
        assert result.provenance.gene_filter.categories[0].with_expression == 1


@pytest.mark.long
@pytest.mark.parametrize(
    ("text", "message"),
    [
        (REANNOTATED.replace("4915,4915", "4.9E3,4915"), "row 2, column entrez_id: expected a whole number"),
        (REANNOTATED + "A_23_P216779,X,1,1,1\n", "row 6, column probe_name: A_23_P216779 is already in row 2"),
        (REANNOTATED.splitlines()[0] + "\n", "has a header but no rows"),
    ],
)
def test_an_invalid_re_annotation_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DownloadError, match=message):
        ingest([reannotated(tmp_path, text)], tmp_path / "none.duckdb")
    assert not (tmp_path / "none.duckdb").exists()


def test_the_re_annotation_changes_no_other_query(database: Path, tmp_path: Path) -> None:
    def query() -> list:
        with Atlas(database) as atlas:
            result = atlas.correlates(
                "TRKB", gene_filter=GeneFilter(categories=["nervous system development"], genes=["BDNF", "CD271"])
            )
            return [result.rows, result.provenance.gene_filter.categories]

    before = query()
    ingest([reannotated(tmp_path, REANNOTATED + "A_24_P343559,CD271,999999999,4915,0\n")], database)
    assert query() == before


def test_entrez_ids_of_files_saved_again(tmp_path: Path) -> None:
    header = REANNOTATED.splitlines()[0]
    ingest([reannotated(tmp_path, f"{header}\nA_1_P1,X,0,0,1\n")], tmp_path / "atlas.duckdb")
    with Atlas(tmp_path / "atlas.duckdb") as atlas:
        assert atlas.sql("select entrez_id from reannotations").fetchall() == [(None,)]
        for query in (atlas.probes, atlas.correlates, lambda name: atlas.pair(name, name)):
            with pytest.raises(CoexprError):
                query("NTRK2")
    with pytest.raises(DownloadError, match="row 2, column entrez_id: expected an Entrez id, found '-5'"):
        ingest([reannotated(tmp_path, f"{header}\nA_1_P1,X,-5,0,1\n")], tmp_path / "other.duckdb")


def test_a_truncated_re_annotation_is_refused(tmp_path: Path) -> None:
    path = reannotated(tmp_path, REANNOTATED + "".join(f"A_{row},G{row},{row},1,1\n" for row in range(1, 9999)))
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(DownloadError, match="damaged"):
        ingest([path], tmp_path / "atlas.duckdb")


def test_the_real_re_annotation(shared_data: Path, tmp_path: Path) -> None:
    report = ingest([shared_data / "probes" / "reannotated.csv.gz"], tmp_path / "atlas.duckdb")
    assert report.column("probes") == [45892]
    with Atlas(tmp_path / "atlas.duckdb") as atlas:
        assert atlas.sql(
            "select count(distinct entrez_id), count(*) - count(entrez_id) from reannotations"
        ).fetchall() == [(20232, 71)]
        (row,) = atlas.sql("select gene_symbol from reannotations where probe_name = 'A_24_P415195'").fetchall()
        assert row == ("NTRK2",)

"""Texts that a spreadsheet would take for formulas, in every format that it opens."""

import csv
import io
import zipfile
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from helpers.command import invoke

from coexpr.atlas import Atlas
from coexpr.database.adhoc_sql import SqlProvenance
from coexpr.output import text
from coexpr.output.spreadsheet import write_xlsx
from coexpr.result import MatrixResult, Result

HOSTILE = ("=1+1", "+1", "-x", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x","y")', "-2")
PROVENANCE = SqlProvenance(database="atlas.duckdb", statement="select")


@pytest.mark.parametrize(("write", "separator"), [(text.write_csv, ","), (text.write_tsv, "\t")])
def test_a_text_is_no_formula_and_a_number_is_a_number(write: object, separator: str) -> None:
    rows = [(name, -1.5, -2, Decimal("-3.5"), timedelta(days=-1), None, "a=b") for name in HOSTILE]
    stream = io.StringIO(newline="")
    write(Result(["=name", "-b", "c", "d", "e", "f", "g"], rows, PROVENANCE), stream)  # type: ignore[operator]
    assert "\r\n" not in stream.getvalue()
    header, *read = csv.reader(io.StringIO(stream.getvalue(), newline=""), delimiter=separator)
    assert header == ["'=name", "'-b", "c", "d", "e", "f", "g"]
    assert [row[0] for row in read] == [f"'{name}" for name in HOSTILE]
    assert {tuple(row[1:]) for row in read} == {("-1.5", "-2", "-3.5", "-1 day, 0:00:00", "", "a=b")}


@pytest.mark.parametrize("write", [text.write_matrix_csv, text.write_matrix_tsv])
def test_the_names_of_a_matrix_are_no_formulas(write: object) -> None:
    stream = io.StringIO(newline="")
    result = MatrixResult([], [], PROVENANCE, ["=a", "b"], np.array([[1.0, -0.5], [-0.5, 1.0]]))
    write(result, stream)  # type: ignore[operator]
    separator = "," if write is text.write_matrix_csv else "\t"
    assert stream.getvalue().replace(separator, ",") == ",'=a,b\n'=a,1.0,-0.5\nb,-0.5,1.0\n"


def test_a_spreadsheet_has_texts_without_formulas_and_links() -> None:
    pytest.importorskip("xlsxwriter")
    stream = io.BytesIO()
    texts = (*HOSTILE, "http://example.org", "mailto:a@b", "internal:Sheet1!A1")
    write_xlsx(Result(["=name"], [(name,) for name in texts], PROVENANCE), stream)
    with zipfile.ZipFile(stream) as workbook:
        sheets = [workbook.read(name).decode() for name in workbook.namelist() if "worksheets/" in name]
        assert not any(name.startswith("xl/externalLinks") or "_rels/sheet" in name for name in workbook.namelist())
    assert len(sheets) == 2
    assert not any("<f>" in sheet or "<hyperlink" in sheet for sheet in sheets)


def test_a_list_of_genes_is_read_back(atlas: Atlas, tmp_path: Path) -> None:
    """A result as CSV can be given as a list of genes."""
    file = tmp_path / "genes.csv"
    statement = "select * from (values ('-NTRK2'), ('=BDNF'), ('NTRK2'), ('BDNF')) t(gene_symbol)"
    assert invoke("sql", statement, "-o", file, "--db", atlas.path).exit_code == 0
    assert file.read_text() == "gene_symbol\n'-NTRK2\n'=BDNF\nNTRK2\nBDNF\n"
    assert atlas.read_genes(file).categories[0].members == ["-NTRK2", "=BDNF", "NTRK2", "BDNF"]


def test_no_name_that_ships_with_coexpr_is_changed(atlas: Atlas) -> None:
    for column in ("alias from gene_aliases", "name from categories", "name from structures", "gene_symbol from genes"):
        names = atlas.sql(f"select distinct {column}").fetchall()
        assert all(text.as_text(name) == name for (name,) in names), column

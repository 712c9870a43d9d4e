"""The spreadsheet of a pair, whose formulas LibreOffice computes again."""

import csv
import itertools
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pytest
from helpers.command import run

from coexpr.atlas import Atlas
from coexpr.options import CorrelationMethod, SampleFilter

openpyxl = pytest.importorskip("openpyxl", reason="openpyxl, which reads spreadsheets, is not installed")
pytest.importorskip("xlsxwriter", reason="xlsxwriter, which writes spreadsheets, is not installed")

SOFFICE = shutil.which("soffice")
# All sheets as CSV in UTF-8, with numbers as they are and not as they are shown.
AS_CSV = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,false,false,false,false,-1"
A, B = "A_23_P216779", "A_32_P7316"  # probes of NTRK2 and BDNF
LABELS = ["sample_id", "donor", "structure_id", "acronym", "structure_name"]
Values = dict[str, list[tuple[float | None, float | None]]]


@dataclass(frozen=True)
class Case:
    """A pair in a database, and the options of its r."""

    pair: tuple[str, str] = (A, B)
    is_damaged: bool = False
    method: CorrelationMethod | None = None
    samples: SampleFilter | None = None

    @property
    def is_pearson(self) -> bool:
        return self.method is None


CASES = {
    "probes": Case(),
    "genes": Case(("NTRK2", "BDNF")),
    "one probe": Case((A, A)),
    "some donors": Case(samples=SampleFilter(donors=("15496", "9861", "12876"))),
    "a structure": Case(samples=SampleFilter(("Cx",))),
    "missing": Case(is_damaged=True),
    "spearman": Case(method=CorrelationMethod("spearman")),
    "bicor": Case(method=CorrelationMethod("bicor")),
    "adjusted": Case(method=CorrelationMethod(adjust="donor")),
    "missing spearman": Case(is_damaged=True, method=CorrelationMethod("spearman")),
}
EVERY_CASE = pytest.mark.parametrize("name", CASES)


@dataclass(frozen=True)
class Workbook:
    """The spreadsheet of a case, and the values it must compute r from, by donor."""

    case: Case
    file: Path
    values: Values
    r: dict[str, float | None]  # by the method of the case


def damage(database: Path) -> None:
    """Remove single values of both probes in most donors, one probe in one donor, and make one constant in another."""
    of_probe = "probe_id = (select probe_id from probes where probe_name = $probe)"
    with duckdb.connect(database) as connection:
        for probe, place in ((A, 2), (B, 5)):
            connection.execute(
                "update expression set log2 = list_transform(log2, lambda x, i: if(i = $place, null, x)) "
                f"where {of_probe} and donor_id <> 14380",
                {"probe": probe, "place": place},
            )
        connection.execute(f"delete from expression where {of_probe} and donor_id = 15697", {"probe": A})
        connection.execute(
            "update expression set log2 = list_transform(log2, lambda x: if(x is null, null, 6.1::float)) "
            f"where {of_probe} and donor_id = 10021",
            {"probe": B},
        )
        # The moments that ingest stores with every row.
        connection.execute(
            "update expression set n = list_count(log2), mean_log2 = list_avg(log2::double[]), "
            "squared_deviations = list_var_pop(log2::double[]) * list_count(log2)"
        )


@pytest.fixture(scope="module")
def workbooks(synthetic_database: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Workbook]:
    folder = tmp_path_factory.mktemp("workbooks")
    damaged = folder / "damaged.duckdb"
    shutil.copy(synthetic_database, damaged)
    damage(damaged)
    written = {}
    for number, (name, case) in enumerate(CASES.items()):
        file = folder / f"{number}.xlsx"
        with Atlas(damaged if case.is_damaged else synthetic_database) as atlas, file.open("wb") as stream:
            pair = atlas.pair(*case.pair, sample_filter=case.samples, method=case.method)
            pair.write_workbook(stream)
            samples = {row[0]: row[1] for row in pair.samples}
            r = {"all": pair.provenance.r} | dict(zip(*map(pair.donors.column, ("donor", "r")), strict=True))
            written[name] = Workbook(case, file, values_of(atlas, pair.provenance.profiles, samples), r)
    return written


def values_of(atlas: Atlas, profiles: tuple[str, str], donor_of: dict[int, str]) -> Values:
    """Return both values of each sample, read directly from the table."""
    x, y = (
        dict(
            atlas.sql(
                "select sample_id, log2[position]::double from samples join expression using (donor_id) "
                "join probes using (probe_id) where probe_name = $probe",
                {"probe": probe},
            ).fetchall()
        )
        for probe in profiles
    )
    found: Values = {"all": [(x.get(sample), y.get(sample)) for sample in donor_of]}
    for sample, donor in donor_of.items():
        found.setdefault(donor, []).append((x.get(sample), y.get(sample)))
    return found


def pearson(values: list[tuple[float | None, float | None]]) -> tuple[float | None, int]:
    """Return numpy's r and n over the samples with both values; None if a profile is constant."""
    x, y = np.array([both for both in values if None not in both], dtype=np.float64).reshape(-1, 2).T
    is_defined = len(x) > 1 and np.ptp(x) > 0 and np.ptp(y) > 0
    return (float(np.corrcoef(x, y)[0, 1]) if is_defined else None), len(x)


def number(cell: str) -> float | None:
    return float(cell) if cell else None


@EVERY_CASE
def test_the_sheets_of_a_pair(workbooks: dict[str, Workbook], name: str) -> None:
    book = openpyxl.load_workbook(workbooks[name].file)
    rules = ["rules"] * (CASES[name].pair == ("NTRK2", "BDNF"))
    assert book.sheetnames == ["r", "samples", "probes", *rules, "scales", "provenance"]
    for sheet in book:
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref == sheet.dimensions
    columns = [cell.value for cell in book["r"][1]]
    assert columns[:5] == ["donor", "samples", "r_coexpr", "r_spreadsheet", "difference"]
    assert len(columns) == 5 + (not CASES[name].is_pearson)
    assert [cell.value for cell in book["samples"][1]][: len(LABELS)] == LABELS


@EVERY_CASE
def test_samples_are_grouped_by_donor_with_their_stored_values(workbooks: dict[str, Workbook], name: str) -> None:
    rows = list(openpyxl.load_workbook(workbooks[name].file)["samples"].iter_rows(min_row=2, values_only=True))
    donors = [donor for donor, _ in itertools.groupby(row[1] for row in rows)]
    assert len(donors) == len(set(donors))
    values = workbooks[name].values
    assert donors == list(values)[1:]
    for donor in donors:
        assert [row[5:] for row in rows if row[1] == donor] == values[donor]


@EVERY_CASE
def test_every_formula_covers_exactly_the_rows_of_its_donor(workbooks: dict[str, Workbook], name: str) -> None:
    book = openpyxl.load_workbook(workbooks[name].file)
    donor_of = {cell.row: cell.value for cell in book["samples"]["B"][1:]}
    rows_of = {"all": list(donor_of)} | {
        donor: [row for row, other in donor_of.items() if other == donor] for donor in donor_of.values()
    }
    rows = list(book["r"].iter_rows(min_row=2))
    assert [row[0].value for row in rows] == list(rows_of)
    for donor, _, _, r, difference, *_ in rows:
        ranges = re.fullmatch(r'=IFERROR\(CORREL\(samples!F(\d+):F(\d+),samples!G(\d+):G(\d+)\),""\)', r.value).groups()  # type: ignore[union-attr]
        first, last, *others = map(int, ranges)
        assert others == [first, last]
        assert list(range(first, last + 1)) == rows_of[donor.value]
        assert set(re.findall(r"[A-Z]\d+", difference.value)) == {f"C{r.row}", f"D{r.row}"}
        assert [cell.data_type for cell in (r, difference)] == ["f", "f"]


@EVERY_CASE
def test_no_formula_has_a_value_that_coexpr_computed(workbooks: dict[str, Workbook], name: str) -> None:
    sheet = openpyxl.load_workbook(workbooks[name].file, data_only=True)["r"]
    assert {cell.value for column in ("D", "E") for cell in sheet[column][1:]} == {None}


@EVERY_CASE
def test_r_of_coexpr_is_that_of_numpy(workbooks: dict[str, Workbook], name: str) -> None:
    book = workbooks[name]
    for row in openpyxl.load_workbook(book.file)["r"].iter_rows(min_row=2, values_only=True):
        r, n = pearson(book.values[row[0]])
        assert row[1] == n
        assert row[2] == (r if r is None else pytest.approx(r, abs=1e-12))
        if not book.case.is_pearson:
            assert row[5] == (None if book.r[row[0]] is None else pytest.approx(book.r[row[0]], abs=1e-15))


def test_the_damaged_database_has_what_is_tested(workbooks: dict[str, Workbook]) -> None:
    r = {donor: pearson(values) for donor, values in workbooks["missing"].values.items()}
    undefined = [donor for donor, (value, _) in r.items() if value is None]
    assert undefined == ["H0351.2002", "H0351.1016"]  # constant, and without a row
    assert r["H0351.1016"][1] == 0 < r["H0351.2002"][1]
    assert all(n < len(workbooks["missing"].values[donor]) for donor, (_, n) in r.items() if donor != "H0351.1012")


# --- LibreOffice ---


Convert = Callable[..., dict[Path, list[dict[str, str]]]]


@pytest.fixture(scope="session")
def recalculate(tmp_path_factory: pytest.TempPathFactory) -> Convert:
    """A function that computes spreadsheets again, and returns their sheets of r."""
    if SOFFICE is None:
        pytest.skip("LibreOffice (soffice) is not installed")

    def convert(*files: Path) -> dict[Path, list[dict[str, str]]]:
        folder = tmp_path_factory.mktemp("recalculated")
        profile = f"-env:UserInstallation=file://{folder / 'profile'}"
        command = [
            str(SOFFICE),
            profile,
            "--headless",
            "--convert-to",
            AS_CSV,
            "--outdir",
            str(folder),
            *map(str, files),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        return {file: read_csv(folder / f"{file.stem}-r.csv") for file in files}

    return convert


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def recalculated(workbooks: dict[str, Workbook], recalculate: Convert) -> dict[str, list[dict[str, str]]]:
    found = recalculate(*(book.file for book in workbooks.values()))
    return {name: found[book.file] for name, book in workbooks.items()}


@EVERY_CASE
def test_a_spreadsheet_computes_the_same_r(
    workbooks: dict[str, Workbook], recalculated: dict[str, list[dict[str, str]]], name: str
) -> None:
    book = workbooks[name]
    assert [row["donor"] for row in recalculated[name]] == list(book.values)
    for row in recalculated[name]:
        r, _ = pearson(book.values[row["donor"]])
        if r is None:  # blank, and no error such as #DIV/0!
            assert (row["r_coexpr"], row["r_spreadsheet"], row["difference"]) == ("", "", "")
        else:
            assert float(row["r_spreadsheet"]) == pytest.approx(r, abs=1e-9)
            assert float(row["r_coexpr"]) == pytest.approx(r, abs=1e-9)
            assert float(row["difference"]) == pytest.approx(0, abs=1e-9)
        if not book.case.is_pearson:
            (extra,) = row.keys() - {"donor", "samples", "r_coexpr", "r_spreadsheet", "difference"}
            expected = book.r[row["donor"]]
            assert number(row[extra]) == (None if expected is None else pytest.approx(expected, abs=1e-9))


def test_the_method_names_its_column(recalculated: dict[str, list[dict[str, str]]]) -> None:
    for name in ("spearman", "bicor", "adjusted"):
        method = CASES[name].method
        assert method is not None
        assert list(recalculated[name][0])[-1] == f"r_{method.description}"


@pytest.mark.long
def test_a_spreadsheet_computes_the_known_r_of_real_data(
    shared_data: Path, gabra4: Path, recalculate: Convert, tmp_path: Path
) -> None:
    run("pair", "A_23_P56883", "A_32_P204137", "--db", gabra4, "-o", tmp_path / "pair.xlsx")
    with (shared_data / "known_r.csv").open() as stream:
        rows = [row for row in csv.DictReader(stream) if row["source"] == "gabra4_samples"]
    known = {tmp_path / f"{place}.xlsx": row for place, row in enumerate(rows)}
    known = {file: row for file, row in known.items() if row["name_a"] in ("A_23_P56883", "CUST_188_PI417557136")}
    for file, row in known.items():
        run("pair", row["name_a"], row["name_b"], "--db", gabra4, "-o", file)
    found = recalculate(tmp_path / "pair.xlsx", *known)
    first = found[tmp_path / "pair.xlsx"][0]
    assert (first["donor"], first["samples"]) == ("all", "3702")
    assert float(first["r_spreadsheet"]) == pytest.approx(0.9109950, abs=1e-7)
    assert len(known) == 2
    for file, row in known.items():
        r = {of_donor["donor"]: float(of_donor["r_spreadsheet"]) for of_donor in found[file]}
        expected = {
            "all" if name == "r_pooled_log2" else name.removeprefix("r_"): float(row[name])
            for name in row
            if name == "r_pooled_log2" or name.startswith("r_H")
        }
        assert r == pytest.approx(expected, abs=1e-7)

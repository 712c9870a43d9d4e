"""coexpr map and expression --by structure, as typed."""

import csv
import json
from pathlib import Path

import pytest
from helpers.command import run


@pytest.fixture
def table(synthetic_database: Path, tmp_path: Path) -> Path:
    """The values of two genes by sample, as coexpr writes them."""
    run("expression", "NTRK2", "BDNF", "-o", tmp_path / "values.csv", "--db", synthetic_database)
    return tmp_path / "values.csv"


def test_a_table_of_coexpr_is_a_map(table: Path, synthetic_database: Path) -> None:
    done = run("map", table, "--column", "BDNF", "--top", 3, "--db", synthetic_database)
    assert done.stdout.splitlines()[2].split()[3] == "BDNF"
    assert "Top 3 of" in done.stderr
    assert "Map values.csv, column BDNF: 90 samples matched to 90 samples." in done.stderr
    done = run("map", table, "--db", synthetic_database, code=1)
    assert "has several columns of numbers: NTRK2, BDNF. Name the one of the map with --column." in done.stderr


def test_unmatched_rows_are_listed(synthetic_database: Path, tmp_path: Path) -> None:
    run("expression", "NTRK2", "--by", "structure", "-o", tmp_path / "means.csv", "--db", synthetic_database)
    with (tmp_path / "means.csv").open() as stream:
        rows = [row for row in csv.DictReader(stream) if row["donor"] == "all"]
    lines = [f"{row['structure_id']},{row['NTRK2_mean']}" for row in rows]
    path = tmp_path / "map.csv"
    path.write_text("\n".join(["structure_id,mean", *lines, "123456,5"]))
    done = run("map", path, "--top", 1, "--db", synthetic_database)
    assert f"Map map.csv, column mean: {len(rows)} of {len(rows) + 1} structures matched to 90 samples." in done.stderr
    where = f"row {len(rows) + 2} (123456): no structure of this database"
    assert f"Warning: 1 row left out: {where}." in done.stderr
    assert "NTRK2" in done.stdout


def test_points_and_radius(table: Path, synthetic_database: Path, tmp_path: Path) -> None:
    with table.open() as stream:
        rows = list(csv.DictReader(stream))
    path = tmp_path / "points.csv"
    points = [f"{row['mni_x']},{row['mni_y']},{row['mni_z']},{row['NTRK2']}" for row in rows]
    path.write_text("\n".join(["x,y,z,value", *points, "0,95,0,1"]))
    command = ("map", path, "--radius", 0.5, "--space", "allen", "--top", 2, "--db", synthetic_database)
    done = run(*command)
    assert "Each point is matched to the nearest sample within 0.5 mm, by Allen's MNI coordinates" in done.stderr
    assert "row 92 (0, 95, 0): the nearest sample is" in done.stderr
    written = json.loads(run(*command, "--format", "json").stdout)
    assert written["provenance"]["map"]["space"] == "allen"
    done = run("map", path, "--space", "corrected", "--db", synthetic_database, code=1)
    assert "no sample of this database has corrected MNI coordinates" in done.stderr


def test_a_map_is_replayed_and_a_changed_file_is_the_reason(
    table: Path, synthetic_database: Path, tmp_path: Path
) -> None:
    result = tmp_path / "result.json"
    run("map", table, "--column", "BDNF", "--top", 5, "-o", result, "--db", synthetic_database)
    done = run("replay", result, "--db", synthetic_database)
    assert "Identical: 5 rows and the provenance." in done.stderr
    lines = table.read_text().splitlines()
    table.write_text("\n".join([*lines[:-1], ",".join([*lines[-1].split(",")[:-1], "1.5"]), ""]))
    done = run("replay", result, "--format", "json", "--db", synthetic_database, code=1)
    assert "map.sha256" in [row["what"] for row in json.loads(done.stdout)["rows"]]
    table.unlink()
    assert "cannot be read" in run("replay", result, "--db", synthetic_database, code=1).stderr


def test_the_methods_of_a_map(table: Path, synthetic_database: Path, tmp_path: Path) -> None:
    result = tmp_path / "result.json"
    run("map", table, "--column", "BDNF", "-o", result, "--db", synthetic_database)
    text = " ".join(run("methods", result).stdout.split())
    assert "The correlation of a map of the brain with the expression of" in text
    assert "The value of each sample of the map was assigned to the sample (90 of 90 samples matched)" in text
    assert "Correlation was measured by Pearson's correlation coefficient (r)" in text


def test_expression_by_structure(synthetic_database: Path, tmp_path: Path) -> None:
    done = run("expression", "NTRK2", "--by", "structure", "--format", "csv", "--db", synthetic_database)
    header, *lines = done.stdout.splitlines()
    assert header == "structure_id,acronym,structure_name,hemisphere,donor,n,NTRK2_mean,NTRK2_sd"
    assert "Rows of donor all are over the samples of all donors." in done.stderr
    result = tmp_path / "means.json"
    run("expression", "NTRK2", "--by", "structure", "-o", result, "--db", synthetic_database)
    assert (
        f"Identical: {len(lines)} rows and the provenance." in run("replay", result, "--db", synthetic_database).stderr
    )
    arguments = ("expression", "NTRK2", "--by", "structure", "--plot", tmp_path / "a.png", "--db", synthetic_database)
    assert "Leave out --by structure" in run(*arguments, code=1).stderr

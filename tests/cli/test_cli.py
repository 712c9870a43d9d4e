import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.allen import contents, donor_folder, full_donor, heatmap, replace_cell, write_folder
from typer.testing import CliRunner
from typer.testing import Result as Done

import coexpr
from coexpr.atlas import Atlas
from coexpr.cli import app
from coexpr.cli.screen import write_table
from coexpr.result import Provenance, Result


def run(*arguments: object, stdin: str | None = None, **environment: str) -> Done:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin, env=environment)


def query(database: Path, *arguments: object) -> Done:
    return run("query", *arguments, "--db", database)


def test_version_and_help() -> None:
    assert run("--version").stdout == f"coexpr {coexpr.__version__}\n"
    for command in ("ingest", "query", "info", "sql", "demo"):
        assert run(command, "--help").exit_code == 0


def test_the_package_runs_as_a_module() -> None:
    done = subprocess.run([sys.executable, "-m", "coexpr", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"coexpr {coexpr.__version__}\n"


def test_a_table_on_stdout_and_the_provenance_on_stderr(synthetic_database: Path) -> None:
    done = query(synthetic_database, "NTRK2", "--top", 3)
    assert done.exit_code == 0
    lines = [line.split() for line in done.stdout.splitlines()]
    assert lines[0] == ["rank", "probe_id", "probe_name", "gene_symbol", "gene_name", "entrez_id", "r", "n"]
    assert [line[0] for line in lines[2:]] == ["1", "2", "3"]
    assert all(len(line[-2].split(".")[1]) == 3 for line in lines[2:])  # r at three decimals
    assert "represented by probe" in done.stderr
    assert "the one with the highest mean expression of its 7 probes" in done.stderr
    assert "90 samples of 6 donors (H0351.2001, " in done.stderr


@pytest.mark.parametrize("name", ["csv", "tsv", "json", "jsonl"])
def test_every_format_has_the_same_rows_at_full_precision(synthetic_database: Path, name: str) -> None:
    with Atlas(synthetic_database) as atlas:
        expected = [(row[1], row[6]) for row in atlas.correlates("BDNF", top=5).rows]
    text = query(synthetic_database, "BDNF", "--top", 5, "--format", name).stdout
    if name in ("csv", "tsv"):
        rows = list(csv.DictReader(text.splitlines(), delimiter="," if name == "csv" else "\t"))
    else:
        rows = json.loads(text)["rows"] if name == "json" else [json.loads(line) for line in text.splitlines()]
    assert [(int(row["probe_id"]), float(row["r"])) for row in rows] == expected


def test_json_contains_the_provenance(synthetic_database: Path) -> None:
    provenance = json.loads(query(synthetic_database, "BDNF", "--format", "json").stdout)["provenance"]
    assert (provenance["seed"]["name"], provenance["method"]["name"]) == ("BDNF", "pearson")
    assert provenance["data"]["n_samples"] == 90


def test_output_to_a_file(synthetic_database: Path, tmp_path: Path) -> None:
    done = query(synthetic_database, "BDNF", "--all", "-o", tmp_path / "r.tsv")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "r.tsv" in done.stderr
    assert (tmp_path / "r.tsv").read_text() == query(synthetic_database, "BDNF", "--all", "--format", "tsv").stdout


def test_options_are_passed_to_the_query(synthetic_database: Path) -> None:
    def genes(*options: object) -> list[str]:
        text = query(synthetic_database, "BDNF", *options, "--format", "csv").stdout
        return [row["probe_name"] for row in csv.DictReader(text.splitlines())]

    everything = genes("--all")
    assert genes() == everything[:20]
    assert genes("--top", 2, "--ascending") == everything[::-1][:2]
    assert 0 < len(genes("--all", "--min-r", 0.3)) < len(everything)
    assert len(genes("--all", "--include-self")) == len(everything) + 1
    assert len(genes("--all", "--level", "probe")) == 299
    assert genes("--all", "--probe", "A_23_P127891") != genes("--all", "--probe", "A_32_P7316")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["NTRK22"], "Error: no probe or gene is named 'NTRK22' in this database. Similar names: NTRK2"),
        (["NTRK2", "--probe", "A_32_P7316"], "Error: A_32_P7316 is not a probe of NTRK2"),
        (["NTRK2", "-o", "result.xyz"], "Error: result.xyz: unknown file name ending"),
    ],
)
def test_an_error_is_one_line_on_stderr_and_exit_1(
    synthetic_database: Path, arguments: list[str], message: str
) -> None:
    done = query(synthetic_database, *arguments)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith(message)
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [["--top", "0"], ["--min-r", "2"], ["--level", "exon"], ["--format", "xml"]])
def test_a_usage_error_is_exit_2(synthetic_database: Path, arguments: list[str]) -> None:
    assert query(synthetic_database, "NTRK2", *arguments).exit_code == 2


def test_a_missing_database(tmp_path: Path) -> None:
    done = query(tmp_path / "none.duckdb", "NTRK2")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "coexpr ingest PATH" in done.stderr


@pytest.mark.long
def test_ingest_prints_a_report(tmp_path: Path) -> None:
    donor_folder(tmp_path / "downloads")
    write_folder(tmp_path / "downloads" / "z", heatmap() | {"Contents.txt": contents(4, scale="zscore")})
    database = tmp_path / "atlas.duckdb"
    done = run("ingest", tmp_path / "downloads", "--db", database)
    assert done.exit_code == 0
    assert "loaded: full-donor download" in done.stdout
    assert "1 donor, 6 samples, 4 probes, 3 genes (H0351.2001)" in done.stdout
    assert "skipped: " in done.stdout
    again = json.loads(run("ingest", tmp_path / "downloads", "--db", database, "--format", "json").stdout)
    (download,) = again["rows"]
    assert (download["status"], download["samples"], download["donors"]) == ("already loaded", 6, ["H0351.2001"])
    assert again["provenance"]["contents"]["samples"] == 6
    assert len(again["provenance"]["skipped"]) == 1


@pytest.mark.long
def test_ingest_uses_the_database_of_the_environment_and_needs_a_path(tmp_path: Path) -> None:
    done = run("ingest", donor_folder(tmp_path), COEXPR_DB=str(tmp_path / "atlas.duckdb"))
    assert done.exit_code == 0
    assert (tmp_path / "atlas.duckdb").exists()
    assert run("ingest").exit_code == 2


@pytest.mark.long
def test_ingest_skips_a_demo_unless_it_is_named(tmp_path: Path) -> None:
    assert run("demo", tmp_path / "coexpr-demo", "--probes", 60, "--samples", 60).exit_code == 0
    alone = run("ingest", tmp_path, "--db", tmp_path / "own.duckdb")
    assert alone.exit_code == 1
    assert "holds the synthetic atlas of `coexpr demo`. To load it, name that folder." in alone.stderr
    assert not (tmp_path / "own.duckdb").exists()
    donor_folder(tmp_path)
    found = run("ingest", tmp_path, "--db", tmp_path / "own.duckdb")
    assert "1 donor, 6 samples, 4 probes" in found.stdout.splitlines()[-1]
    assert "skipped: " in found.stdout
    named = run("ingest", tmp_path / "coexpr-demo", "--db", tmp_path / "other.duckdb")
    assert "6 donors, 60 samples, 60 probes" in named.stdout


def test_a_refused_download_leaves_stdout_empty(tmp_path: Path) -> None:
    damaged = replace_cell(full_donor(), "PACall.csv", 1, 2, "7")
    done = run("ingest", donor_folder(tmp_path, files=damaged), "--db", tmp_path / "atlas.duckdb")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1


def test_info(synthetic_database: Path) -> None:
    text = run("info", "--db", synthetic_database).stdout
    assert "6 donors, 90 samples, 300 probes" in text
    assert "9861   H0351.2001  24 years, M" in text
    assert text.count("SHA-256") == 6
    contents = json.loads(run("info", "--db", synthetic_database, "--format", "json").stdout)
    totals = contents["provenance"]
    assert (totals["schema_version"], totals["samples"], totals["database"]) == (3, 90, str(synthetic_database))
    assert [donor["donor_id"] for donor in contents["donors"]] == [9861, 10021, 12876, 14380, 15496, 15697]
    assert len(contents["downloads"]) == 6


def test_info_path_needs_no_database(tmp_path: Path) -> None:
    assert run("info", "--path", "--db", tmp_path / "none.duckdb").stdout == f"{tmp_path / 'none.duckdb'}\n"
    assert run("info", "--path", COEXPR_DB="elsewhere.duckdb").stdout == "elsewhere.duckdb\n"


class Terminal(io.StringIO):
    """A stream that reports to be a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_shortened_cells_and_the_first_rows(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal()
    rows = [(i, list(range(500))) for i in range(1234)]
    write_table(Result(["i", "list"], rows, Provenance(database="")), terminal)
    lines = re.sub(r"\x1b\[[\d;]*m", "", terminal.getvalue()).splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) == 1002
    assert "234 more rows are not shown" in capsys.readouterr().err


@pytest.mark.long
def test_a_result_does_not_overwrite_a_database(tmp_path: Path) -> None:
    database = tmp_path / "atlas.duckdb"
    run("ingest", donor_folder(tmp_path), "--db", database)
    before = database.read_bytes()
    done = run("query", "BDNF", "--db", database, "--format", "csv", "-o", database)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "is a DuckDB database, and would be lost" in done.stderr
    assert database.read_bytes() == before


def test_a_query_of_the_only_gene_suggests_to_compare_probes(gabra4: Path) -> None:
    done = query(gabra4, "GABRA4")
    assert done.exit_code == 0
    assert (
        "No other gene has expression data here. To compare the probes of this one, add --level probe." in done.stderr
    )


@pytest.mark.long
def test_a_constant_seed_is_reported(tmp_path: Path) -> None:
    files = full_donor()
    lines = files["MicroarrayExpression.csv"].splitlines()
    lines[0] = "103" + ",5.5" * 6
    run(
        "ingest",
        donor_folder(tmp_path, files=files | {"MicroarrayExpression.csv": "\n".join(lines)}),
        "--db",
        tmp_path / "a",
    )
    assert "No r is defined: the seed's profile is constant" in query(tmp_path / "a", "103").stderr
    assert "Without r: 1 probe with a constant or missing profile." in query(tmp_path / "a", "101").stderr


def test_the_demo_does_not_change_other_files(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "demo.duckdb").write_text("precious")
    done = run("demo", mine)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "holds files that no demo made" in done.stderr
    assert [(path.name, path.read_text()) for path in mine.iterdir()] == [("demo.duckdb", "precious")]
    assert run("demo", mine / "demo.duckdb").exit_code == 1


@pytest.mark.long
def test_a_second_demo_keeps_files_of_the_user(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    assert run("demo", folder, "--probes", 60, "--samples", 60).exit_code == 0
    (folder / "r.csv").write_text("mine")
    assert run("demo", folder, "--probes", 60, "--samples", 60).exit_code == 0
    assert (folder / "r.csv").read_text() == "mine"


def test_an_error_of_the_system_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device", "somewhere")

    monkeypatch.setattr("coexpr.demo.downloads.write_downloads", full)
    done = run("demo", tmp_path / "demo")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "Error: somewhere: No space left on device. Free some space." in done.stderr


def test_an_interrupt_within_duckdb_is_exit_130(monkeypatch: pytest.MonkeyPatch, synthetic_database: Path) -> None:
    def interrupt(*arguments: object, **options: object) -> None:
        raise RuntimeError("Query interrupted")

    monkeypatch.setattr(Atlas, "correlates", interrupt)
    assert query(synthetic_database, "NTRK2").exit_code == 130


@pytest.mark.long
def test_demo_in_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("demo", "--probes", 100, "--samples", 60, COEXPR_DB=str(tmp_path / "mine.duckdb"))
    assert done.exit_code == 0
    assert "synthetic" in done.stderr
    assert "coexpr query NTRK2" in done.stderr
    assert len(done.stdout.splitlines()) == 22
    assert sorted(path.name for path in tmp_path.iterdir()) == ["coexpr-demo"]
    assert run("demo", "--probes", 100, "--samples", 60).exit_code == 0  # again, in the same folder


def test_an_interrupt_is_exit_130(monkeypatch: pytest.MonkeyPatch, synthetic_database: Path) -> None:
    def interrupt(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Atlas, "correlates", interrupt)
    done = query(synthetic_database, "NTRK2")
    assert (done.exit_code, done.stdout) == (130, "")

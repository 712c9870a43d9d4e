"""`coexpr` alone: what it says of every state of a database, and that every command it proposes runs."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest
import screens
from helpers.allen import donor_folder, full_donor, heatmap, replace_cell, write_folder
from helpers.command import invoke
from typer.testing import Result

from coexpr.loading.downloads import ingest

pytestmark = pytest.mark.long

COMMAND = [sys.executable, "-m", "coexpr"]


def coexpr(database: Path, *arguments: str) -> Result:
    """Run a command in this process."""
    return invoke(*arguments, COEXPR_DB=str(database))


def proposed(printed: str) -> list[list[str]]:
    """Return the commands that are proposed, without the remark after them."""
    lines = [line.strip() for line in printed.splitlines() if line.startswith("  ")]
    return [shlex.split(line.split("   ")[0]) for line in lines]


def check(database: Path, *expected: str) -> list[list[str]]:
    """Check what is printed, and run every command that is proposed; return them."""
    done = coexpr(database)
    assert (done.exit_code, done.stderr) == (0, "")
    for text in expected:
        assert text in done.stdout
    assert done.stdout.splitlines()[0] == "coexpr: which genes are co-expressed with this gene in the human brain?"
    assert done.stdout.splitlines()[-1].startswith("All commands: coexpr --help. Something is wrong? coexpr doctor")
    commands = proposed(done.stdout)
    for program, *arguments in commands:
        assert program.endswith("coexpr")
        if arguments[0] in ("fetch", "ingest", "demo"):  # these need the network, files, or a folder
            assert invoke(arguments[0], "--help").exit_code == 0
            continue
        ran = coexpr(database, *arguments)
        assert ran.exit_code == 0, ran.stderr
        assert ran.stdout.strip(), arguments
    return commands


def test_without_a_database(tmp_path: Path) -> None:
    commands = check(tmp_path / "none.duckdb", f"There is no database yet (it will be {tmp_path / 'none.duckdb'}).")
    assert [command[1] for command in commands] == ["demo", "fetch", "ingest"]
    assert list(tmp_path.iterdir()) == []
    done = coexpr(tmp_path / "none.duckdb", "demo", str(tmp_path / "demo"), "--probes", "300")
    assert done.exit_code == 0


def test_with_many_genes(synthetic_database: Path) -> None:
    commands = check(synthetic_database, f"{synthetic_database} has 6 donors, 90 samples, 300 probes, 130 genes.")
    assert [command[1:3] for command in commands] == [
        ["query", "NTRK2"],
        ["probes", "NTRK2"],
        ["query", "NTRK2"],
        ["categories", "list"],
    ]


def test_with_one_gene_of_several_probes_or_of_one(tmp_path: Path) -> None:
    for probes, count in (((0, 1), "2 probes"), ((2,), "1 probe")):
        database = tmp_path / f"{len(probes)}.duckdb"
        ingest([write_folder(tmp_path / f"heatmap{len(probes)}", heatmap(probes=probes))], database)
        assert len(check(database, f"2 donors, 12 samples, {count}, 1 gene.")) == (3 if len(probes) > 1 else 2)


def test_with_few_genes(tmp_path: Path) -> None:
    ingest([write_folder(tmp_path / "heatmap", heatmap())], tmp_path / "atlas.duckdb")
    check(tmp_path / "atlas.duckdb", "4 probes, 3 genes")


def test_with_a_symbol_that_a_shell_would_split(tmp_path: Path) -> None:
    files = heatmap(probes=(2, 3))
    for row in (2, 3):
        files = replace_cell(files, "Probes.csv", row, 4, f"gene {row} (like it's $HOME)")
        files = replace_cell(files, "Probes.csv", row, 6, "")
    ingest([write_folder(tmp_path / "heatmap", files)], tmp_path / "atlas.duckdb")
    check(tmp_path / "atlas.duckdb", "2 genes")


def test_with_a_donor_of_too_few_samples(tmp_path: Path) -> None:
    ingest([donor_folder(tmp_path, files=full_donor())], tmp_path / "atlas.duckdb")
    done = coexpr(tmp_path / "atlas.duckdb")
    assert (done.exit_code, done.stderr) == (0, "")


def test_without_a_gene(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["", "", "m", "b", "R", "P-value", "Q-value", "Pass?"], ["A_23_P1", "X", 1, 1, 0.5, 0.1, 0.1, True]):
        book.active.append(row)
    book.save(tmp_path / "8.xlsx")
    ingest([tmp_path / "8.xlsx"], tmp_path / "atlas.duckdb")
    commands = check(tmp_path / "atlas.duckdb", "It has no expression data of a gene. Load a download:")
    assert [command[1:] for command in commands] == [["ingest", "PATH"]]


def test_a_database_that_cannot_be_used(synthetic_database: Path, tmp_path: Path) -> None:
    content = synthetic_database.read_bytes()
    path = tmp_path / "atlas.duckdb"
    for broken in (b"", b"not a database at all", content[: len(content) // 2], content[:20000] + bytes(1_000_000)):
        path.write_bytes(broken)
        check(path, "The database cannot be used: ")
    (tmp_path / "folder").mkdir()
    check(tmp_path / "folder", "Choose another --db, or set COEXPR_DB.")
    size = len(content) // 8
    for place in range(12288, len(content), size):
        path.write_bytes(content[:place] + b"\xff" * size + content[place + size :])
        done = coexpr(path)
        assert (done.exit_code, done.stderr) == (0, "")


def test_a_database_that_is_being_written(synthetic_database: Path, tmp_path: Path) -> None:
    path = tmp_path / "atlas.duckdb"
    path.write_bytes(synthetic_database.read_bytes())
    code = (
        "import sys, pathlib\nfrom coexpr.database.writing import open_for_writing\n"
        "with open_for_writing(pathlib.Path(sys.argv[1])):\n    print('open', flush=True); sys.stdin.read()"
    )
    writer = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "open\n"
        check(path, f"The database cannot be used: {path} is in use by another process (PID {writer.pid}). Wait")
    finally:
        writer.communicate("")


def test_help_is_the_same_in_each_form(tmp_path: Path) -> None:
    printed = [coexpr(tmp_path / "none.duckdb", *words) for words in (["--help"], ["-h"], ["help"])]
    assert {(done.stdout, done.stderr, done.exit_code) for done in printed} == {(printed[0].stdout, "", 0)}
    assert printed[0].stdout.lstrip().startswith("Usage: coexpr ")


@pytest.mark.parametrize("has_data", [True, False])
def test_it_fits_a_terminal_of_80_columns(synthetic_database: Path, tmp_path: Path, has_data: bool) -> None:
    folder = Path(os.path.relpath(synthetic_database if has_data else tmp_path / "none.duckdb", tmp_path))
    command = ["/bin/sh", "-c", f"cd {tmp_path} && exec {shlex.join(COMMAND)}"]
    printed, code = screens.run_in_terminal(command, 80, screens.environment_for(str(folder)))
    assert code == 0
    assert max(len(line) for line in printed.splitlines() if line.startswith("  ")) <= 80

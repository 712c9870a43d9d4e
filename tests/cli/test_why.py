"""The command why: its tables on a terminal, its files, and its sentences."""

import csv
import gzip
import json
import sys
from pathlib import Path

import pytest
import screens
from helpers.allen import donor_folder
from helpers.command import run

from coexpr.loading.downloads import ingest

STEPS = ["on the chip", "with an Entrez id", "re-annotated", "with expression data", "present", "selected"]
ABAGEN = ["--annotation", "reannotated", "--min-present", "0.5", "--with-entrez-id"]
REANNOTATED = "probe_name,gene_symbol,entrez_id,allen_entrez_id,compare\n" + "\n".join(
    ["A_23_P216779,NTRK2,4915,4915,1", "A_32_P7316,NTRK2,4915,627,0", "A_32_P9207,NEWGENE,123,0,1", ""]
)


@pytest.fixture(scope="module")
def reannotated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("why")
    (folder / "reannotated.csv.gz").write_bytes(gzip.compress(REANNOTATED.encode()))
    ingest([donor_folder(folder)], folder / "atlas.duckdb")
    ingest([folder / "reannotated.csv.gz"], folder / "atlas.duckdb")
    return folder / "atlas.duckdb"


def screen(database: Path, *arguments: str, columns: int = 80) -> list[str]:
    command = [sys.executable, "-m", "coexpr", "why", *arguments]
    printed, code = screens.run_in_terminal(command, columns, screens.environment_for(str(database)))
    assert code == 0, printed
    return [line for line in printed.splitlines() if not line.startswith(("Columns left out", "Database"))]


def test_all_genes_on_a_terminal_of_80_columns(reannotated: Path) -> None:
    lines = screen(reannotated, *ABAGEN)
    table = lines[: lines.index(next(line for line in lines if "can be used" in line))]
    assert max(map(len, table)) <= 80
    assert lines[0].split()[:4] == ["step", "applied", "probes", "genes"]
    rows = [line for line in table if any(line.startswith(step) for step in STEPS)]
    assert [row[:20].strip() for row in rows] == STEPS
    assert all("yes" in row for row in rows)


def test_the_sentences_answer_why_only_so_many_genes(reannotated: Path) -> None:
    done = run("why", *ABAGEN, "--db", reannotated)
    first, *others = done.stderr.splitlines()
    assert first.endswith(" genes can be used, of 3 on the chip.") or first.endswith(
        " gene can be used, of 3 on the chip."
    )
    assert others[-1] == f"Database: {reannotated}."
    genes = run(
        "query", "A_23_P216779", "--level", "gene", "--all", *ABAGEN[:4], "--format", "csv", "--db", reannotated
    )
    compared = len(genes.stdout.splitlines()) - 1
    assert int(first.split()[0]) == compared + 1  # the seed's own gene is not compared with it


@pytest.mark.long
def test_one_gene_on_a_terminal_of_80_columns(reannotated: Path, synthetic_database: Path) -> None:
    lines = screen(synthetic_database, "NTRK2", "--min-present", "0.5")
    assert max(map(len, lines)) <= 80
    assert sum("selection" in line for line in lines) == 6
    assert sum(line.rstrip().endswith(" yes") for line in lines) == 1
    assert not any("…" in line for line in lines)
    lines = screen(reannotated, "bdnf", "--annotation", "reannotated")
    assert "BDNF is missing: its only probe is removed." in lines
    assert "The re-annotation assigns its probes to other genes: NTRK2." in lines


@pytest.mark.long
@pytest.mark.parametrize("gene", [[], ["NTRK2"], ["GABRQ"]])
def test_json_and_csv_have_the_same_steps(reannotated: Path, gene: list[str], tmp_path: Path) -> None:
    found = json.loads(run("why", *gene, "--format", "json", "--db", reannotated).stdout)
    assert [row["step"] for row in found["rows"]] == STEPS
    assert found["provenance"]["gene"] == (gene[0] if gene else None)
    assert found["provenance"]["conclusions"]
    text = run("why", *gene, "--format", "csv", "--db", reannotated).stdout
    rows = list(csv.DictReader(text.splitlines()))
    for row, of_json in zip(rows, found["rows"], strict=True):
        assert row["applied"] == str(of_json["applied"]).lower()
        for name in ("probes", "genes", "probes_removed", "genes_removed"):
            assert row[name] == ("" if of_json[name] is None else str(of_json[name]))
    run("why", *gene, "-o", tmp_path / "steps.tsv", "--columns", "step,genes", "--db", reannotated)
    assert (tmp_path / "steps.tsv").read_text().splitlines()[0] == "step\tgenes"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["NOSUCHGENE"], "Error: no probe or gene is named 'NOSUCHGENE' in this database."),
        ([""], "Error: no probe or gene is named ''"),
        (["NTRK2", "--rule", "rnaseq"], "Error: the rule rnaseq needs Additional file 8"),
        (["--min-present", "2"], "Error: --min-present 2.0: expected a fraction of samples, from 0 to 1."),
    ],
)
def test_what_is_refused(reannotated: Path, arguments: list[str], message: str) -> None:
    done = run("why", *arguments, "--db", reannotated, code=1)
    assert done.stdout == ""
    assert done.stderr.startswith(message)

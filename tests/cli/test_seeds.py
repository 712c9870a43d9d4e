"""coexpr query --seeds: what it prints and writes, and what it refuses."""

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from helpers.command import invoke, run

from coexpr.analysis.methods import describe_methods
from coexpr.atlas import Atlas
from coexpr.cli.options import with_options
from coexpr.result import json_text, rows_by_column
from coexpr.sentences.seeds import describe_set_correlates

SEEDS = ["NTRK2", "BDNF", "CHRD"]
GIVEN = ",".join(SEEDS)


def test_the_same_as_in_python(atlas: Atlas) -> None:
    tables = atlas.correlates_of_set(SEEDS, top=4, hub_correction=True, donor_weights=True)
    options = ["--top", 4, "--hub-correction", "--weights", "donor", "--db", atlas.path]
    done = run("query", "--seeds", GIVEN, *options, "--format", "json")
    written = json.loads(done.stdout)
    assert written == json.loads(
        json_text(
            {
                "provenance": tables.provenance,
                "correlates": rows_by_column(tables.correlates),
                "seeds": rows_by_column(tables.seeds),
            }
        )
    )
    assert done.stderr.splitlines() == [with_options(line) for line in describe_set_correlates(tables)]
    drawn = run("query", "--seeds", GIVEN, *options).stdout
    correlates, seeds = drawn.split("\n\n")
    assert len(correlates.splitlines()) == 2 + 4
    assert [line.split()[0] for line in seeds.splitlines()[2:]] == SEEDS


def test_seeds_from_files_and_stdin(atlas: Atlas, tmp_path: Path) -> None:
    expected = atlas.correlates_of_set(SEEDS).correlates.column("gene_symbol")
    (tmp_path / "list.txt").write_text("\n".join(SEEDS))
    (tmp_path / "table.csv").write_text("gene,other,score\nNTRK2,SMN1,1\nBDNF,SMN1,2\nCHRD,SMN1,3\n")
    for words, text in (
        ([tmp_path / "list.txt"], None),
        ([tmp_path / "table.csv", "--gene-column", "gene"], None),
        (["-"], "\n".join(SEEDS)),
        (["4915; BDNF; CHRD"], None),
    ):
        done = invoke("query", "--db", atlas.path, "--format", "csv", "--seeds", *words, stdin=text)
        assert [row["gene_symbol"] for row in csv.DictReader(done.stdout.splitlines())] == expected


def test_options_of_rows(atlas: Atlas) -> None:
    done = run(
        "query",
        "--seeds",
        GIVEN,
        "--all",
        "--include-self",
        "--columns",
        "gene_symbol",
        "--format",
        "csv",
        "--db",
        atlas.path,
    )
    assert set(SEEDS) <= set(done.stdout.split())
    below = run(
        "query", "--seeds", GIVEN, "--max-r", "0.1", "--genes", "SMN1,TRIM3", "--format", "csv", "--db", atlas.path
    )
    assert set(row["gene_symbol"] for row in csv.DictReader(below.stdout.splitlines())) <= {"SMN1", "TRIM3"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "expected a gene or probe as SEED, or several with --seeds; neither is given."),
        (["NTRK2", "--seeds", "BDNF,CHRD"], "SEED, or several with --seeds; both are given."),
        (["NTRK2", "--hub-correction"], "--hub-correction is about several seeds. Give them with --seeds"),
        (["NTRK2", "--weights", "donor"], "--weights is about several seeds. Give them with --seeds"),
        (["--seeds", GIVEN, "--probe", "A_32_P7316"], "--probe is about one seed, and has no meaning with --seeds."),
        (["--seeds", GIVEN, "--by-donor"], "--by-donor is about one seed, and has no meaning with --seeds."),
        (["--seeds", GIVEN, "--stats"], "--stats is about one seed, and has no meaning with --seeds."),
        (["--seeds", GIVEN, "--naive-p"], "--naive-p is about one seed, and has no meaning with --seeds."),
        (["--seeds", "NTRK2"], "--seeds: only one seed, NTRK2, is left. Give at least two different ones"),
        (["--seeds", "NTRK2,BNDF"], "no probe or gene is named 'BNDF' in this database."),
        (["--seeds", "no/such.txt"], "--seeds no/such.txt: there is no such file."),
        (["--seeds", ","], "--seeds ',': there is no name in this list."),
        (["--seeds", GIVEN, "--gene-column", "x"], f"--gene-column names the column of a file, and --seeds {GIVEN} is"),
        (["--seeds", GIVEN, "--weights", "samples"], "--weights"),
        (["--seeds", GIVEN, "--no-rank-overall"], "--no-rank-overall applies to categories, and none is given."),
    ],
)  # fmt: skip
def test_what_is_refused(atlas: Atlas, words: list[str], message: str) -> None:
    done = invoke("query", *words, "--db", atlas.path)
    assert done.exit_code != 0
    assert message in done.stderr
    assert done.stdout == ""


def test_a_figure(atlas: Atlas, tmp_path: Path) -> None:
    run("query", "--seeds", GIVEN, "--top", 5, "--plot", tmp_path / "seeds.svg", "--db", atlas.path)
    assert "Correlates of 3 seeds" in (tmp_path / "seeds.svg").read_text()


@pytest.mark.long
@pytest.mark.parametrize("name", ["r.json", "r.parquet"])
@pytest.mark.parametrize("options", [[], ["--hub-correction", "--weights", "donor", "--level", "probe"]])
def test_replay(atlas: Atlas, tmp_path: Path, name: str, options: list[str]) -> None:
    path = tmp_path / name
    run("query", "--seeds", GIVEN, *options, "-o", path, "--db", atlas.path)
    replayed = atlas.replay(path)
    assert replayed.provenance.is_identical
    assert replayed.rows == []
    assert replayed.provenance.asked.startswith("correlates_of_set(seeds=['NTRK2', 'BDNF', 'CHRD']")


def test_a_file_of_one_table_has_the_seeds_in_its_provenance(atlas: Atlas, tmp_path: Path) -> None:
    run("query", "--seeds", GIVEN, "-o", tmp_path / "r.parquet", "--db", atlas.path)
    found = pq.read_table(tmp_path / "r.parquet")
    assert found.column_names == atlas.correlates_of_set(SEEDS).correlates.columns
    seeds = json.loads(found.schema.metadata[b"provenance"])["seeds"]
    assert [(one["seed"]["name"], one["rank"]) for one in seeds] == [
        (row[0], row[4]) for row in atlas.correlates_of_set(SEEDS).seeds
    ]


def test_methods(atlas: Atlas, tmp_path: Path) -> None:
    for name in ("r.json", "r.parquet"):
        run("query", "--seeds", GIVEN, "-o", tmp_path / name, "--db", atlas.path)
        text = describe_methods(tmp_path / name).text
        assert "Co-expression of NTRK2, BDNF and CHRD with 127 genes was computed from" in text
        assert "Each gene was represented by its probe with the highest mean expression" in text
        assert "Of the seeds, NTRK2 by A_23_P216779, BDNF by A_32_P7316 and CHRD by " in text
        assert "over the pooled samples of these donors. Genes were ranked by their mean r with the seeds." in text
        assert "Results are limited to the 20 genes with the highest mean r." in text
    options = ["--hub-correction", "--weights", "donor", "--min-r", "0.1", "--top", 3]
    run("query", "--seeds", GIVEN, *options, "-o", tmp_path / "w.json", "--db", atlas.path)
    found = describe_methods(tmp_path / "w.json")
    assert (
        "over the samples of each donor. Genes were ranked by their mean r with the seeds, averaged over" in found.text
    )
    assert "minus their mean r with all genes (Zhu et al. 2015). Donors were weighted by how well" in found.text
    assert "with p = 0.99 (Zhu et al. 2015; Moffat and Zobel 2008): 0." in found.text
    assert "the 3 genes with the highest corrected mean r of those with mean r of at least 0.1." in found.text
    assert {"zhu2015", "moffat2008"} <= {
        reference.bibtex.partition("{")[2].partition(",")[0] for reference in found.references
    }

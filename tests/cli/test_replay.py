"""Replay and methods from the command line: every question, other data, and files that are no results."""

import gzip
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import screens
from helpers import gene_ontology
from helpers.command import invoke, run

from coexpr.demo.downloads import write_downloads
from coexpr.loading.categories import add_categories, remove_categories
from coexpr.loading.downloads import ingest
from coexpr.loading.gene_names import update_genes
from coexpr.options import RULES

pytestmark = pytest.mark.long

PROGRAM = str(Path(sys.executable).parent / "coexpr")
CATEGORY = ("--category", "nervous system development")
BOTH = (*CATEGORY, "--category", "synapse organization")
# Every question that writes a result, with its options; {genes} is a file.
COMMANDS = [
    ("query", "NTRK2"),
    ("query", "NTRK2", "--all"),
    ("query", "NTRK2", "--by-donor", "--stats", "--naive-p"),
    ("query", "NTRK2", *CATEGORY, "--stats", "--top", "5"),
    ("query", "NTRK2", "--mark", "nervous system development", "--mark", "synapse organization"),
    ("query", "NTRK2", "--structure", "Cx", "--hemisphere", "L", "--donor", "H0351.2001", "--donor", "10021"),
    ("query", "NTRK2", "--method", "bicor", "--max-p-outliers", "0.05"),
    ("query", "NTRK2", "--method", "spearman", "--adjust", "donor+structure"),
    *(("query", "NTRK2", "--rule", rule) for rule in RULES),
    ("query", "NTRK2", "--rule", "connectivity", "--power", "2"),
    ("query", "NTRK2", "--scope", "per-donor"),
    ("query", "NTRK2", "--scope", "common"),
    ("query", "NTRK2", "--annotation", "reannotated"),
    ("query", "NTRK2", "--min-present", "0.5"),
    ("query", "NTRK2", "--genes", "{genes}", "--no-rank-overall"),
    ("query", "NTRK2", *BOTH, "--match", "all"),
    ("query", "NTRK2", *CATEGORY, "--evidence-not", "IEA", "--evidence-not", "ISS", "--include-regulates"),
    ("query", "NTRK2", "--level", "probe", "--ascending", "--min-r", "-0.9", "--max-r", "0.9", "--include-self"),
    ("query", "A_23_P216779", "--level", "gene"),
    ("query", "4915", "--probe", "A_23_P216779"),
    ("query", "NTRK2", "--columns", "r,gene_symbol"),
    ("query", "NTRK2", "--columns", "r"),
    ("query", "NTRK2", "--min-r", "1"),
    ("probes", "NTRK2"),
    ("probes", "NTRK2", "--power", "3", "--structure", "Cx"),
    ("pair", "NTRK2", "BDNF"),
    ("pair", "NTRK2", "BDNF", "--observed-r", "0.650", "--rule", "min-mean"),
    ("pair", "A_23_P216779", "BDNF", "--method", "spearman"),
    ("expression", "NTRK2", "A_32_P7316"),
    ("expression", "BDNF", "--columns", "sample_id,BDNF"),
    ("expression", *CATEGORY, "--donor", "H0351.1009"),
    ("matrix", "NTRK2", "BDNF", "SMN1"),
    ("matrix", *CATEGORY, "--method", "bicor", "--force"),
    ("structures",),
    ("structures", "--all"),
    ("structures", "cortex", "--all"),
    ("categories", "list", "synapse"),
    ("categories", "show", "synapse organization", "--evidence-not", "IEA"),
    ("genes", "TRKB", "2-Sep", "a|b"),
    ("genes", "{genes}", "--annotation", "reannotated"),
    ("why", "NTRK2", "--min-present", "0.5", "--with-entrez-id"),
    ("why",),
    ("verify",),
    ("sql", "SELECT probe_name, $n AS n, NULL AS nothing FROM probes WHERE probe_name <> $name ORDER BY ALL",
     "-p", "n=1.5", "-p", "name='A_23_P216779'"),
    ("sql", "SELECT DATE '2026-01-02' AS day, 1.25::decimal(9, 2) AS price, [1, NULL] AS list, {'a': 'x'} AS record, "
            "1e300 AS large, 'NaN'::double AS undefined, 170141183460469231731687303715884105727 AS huge"),
]  # fmt: skip
NETWORKS = [
    ("--top", "3"),
    ("--top", "3", "--mutual-rank", "--undirected"),
    (*CATEGORY, "--min-abs-r", "0.3", "--top", "4", "--mutual-rank", "--method", "spearman"),
    ("NTRK2", "BDNF", "SMN1", "--top", "2", "--level", "probe"),
]


# Most are written in one format only, in turns: how it is written does not depend on the options.
FORMATS = ("json", "parquet", "arrow")
FILES = [(command, FORMATS[place % 3]) for place, command in enumerate(COMMANDS)]
FILES += [(command, ending) for command in COMMANDS if command[:2] in (("pair", "NTRK2"), ("sql", COMMANDS[-1][1]))
          for ending in FORMATS]  # fmt: skip


@pytest.fixture(scope="module")
def database(synthetic_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The synthetic atlas with agreement with RNA-seq and a re-annotation; tests only read it."""
    folder = tmp_path_factory.mktemp("database")
    path = Path(shutil.copy(synthetic_database, folder / "atlas.duckdb"))
    book = openpyxl.Workbook()
    book.active.append([None, None, "m", "b", "R", "P-value", "Q-value", "Pass?", "Average Intensity"])
    for number, probe in enumerate(["A_23_P216779", "A_24_P343559", "A_23_P127891"]):
        book.active.append([probe, "NTRK2", 0.5, 1.25, 0.8 - number / 10, 1e-9, 0.01, True, 10.1])
    book.save(folder / "8.xlsx")
    lines = ["probe_name,gene_symbol,entrez_id,allen_entrez_id,compare", "A_23_P216779,NTRK2,4915,4915,1"]
    lines += ["A_32_P7316,BDNF,627,627,1", "CUST_1359_PI416573500,MIG7,723788,4915,0"]
    (folder / "reannotated.csv.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    ingest([folder / "8.xlsx", folder / "reannotated.csv.gz"], path)
    return path


@pytest.fixture(scope="module")
def genes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("genes") / "genes.txt"
    path.write_text("BDNF\nTRKB\nSMN1\nNOSUCHGENE\n")
    return path


# --- the same database ---


def check_identical(path: Path, database: Path) -> None:
    done = run("replay", path, "--db", database)
    assert re.search(r"^Identical: [\d,]+ rows? and the provenance\.$", done.stderr, re.M), done.stderr + done.stdout
    assert done.stdout.splitlines()[2:] == []


@pytest.mark.parametrize(
    ("command", "ending"), FILES, ids=lambda words: words if isinstance(words, str) else " ".join(words)[:90]
)
def test_a_result_is_identical(database: Path, genes: Path, tmp_path: Path, command: tuple, ending: str) -> None:
    path = tmp_path / f"r.{ending}"
    run(*(genes if word == "{genes}" else word for word in command), "-o", path, "--db", database)
    check_identical(path, database)


@pytest.mark.parametrize("options", NETWORKS, ids=" ".join)
@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_a_network_is_identical(database: Path, tmp_path: Path, options: tuple, ending: str) -> None:
    path = tmp_path / f"network.{ending}"
    run("network", *options, "-o", path, "--db", database)
    check_identical(path, database)
    assert list(tmp_path.iterdir()) == [path]


def test_the_contents_of_a_database_are_identical(database: Path, tmp_path: Path) -> None:
    path = tmp_path / "info.json"
    path.write_text(run("info", "--format", "json", "--db", database).stdout)
    check_identical(path, database)


def test_the_format_of_a_file_is_that_of_its_contents(database: Path, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    run("query", "NTRK2", "--format", "parquet", "-o", path, "--db", database)
    check_identical(path, database)
    path = tmp_path / "network.bin"
    run("network", "--top", "2", "--format", "arrow", "-o", path, "--db", database)
    check_identical(path, database)


def test_a_result_of_a_figure_has_no_columns_of_donors(database: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    run("query", "NTRK2", "--plot", tmp_path / "r.svg", "-o", tmp_path / "r.json", "--db", database)
    check_identical(tmp_path / "r.json", database)


def test_sql_in_a_result_writes_and_reads_no_other_file(database: Path, tmp_path: Path) -> None:
    """A result of another person may contain any statement."""
    path, other = tmp_path / "r.json", tmp_path / "other.csv"
    other.write_text("a\n1\n")
    run("sql", "SELECT 1 AS a", "-o", path, "--db", database)
    for statement in (f"COPY (SELECT 2 AS a) TO '{other}'", f"FROM '{other}'", f"ATTACH '{tmp_path / 'new.duckdb'}'"):
        edit(
            path,
            lambda result, statement=statement: result["provenance"]["question"]["arguments"].update(
                statement=statement
            ),
        )
        # In a process of its own: access to other files is a setting of a process.
        done = subprocess.run([PROGRAM, "replay", path, "--db", database], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("Error: "), done.stderr
    assert other.read_text() == "a\n1\n"
    assert not (tmp_path / "new.duckdb").exists()


def test_a_terminal_gets_no_empty_table_and_a_file_gets_one(database: Path, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    run("query", "NTRK2", "-o", path, "--db", database)
    environment = screens.environment_for(str(database))
    printed, code = screens.run_in_terminal([PROGRAM, "replay", str(path)], 100, environment)
    assert (code, printed.splitlines()[0]) == (0, "Asked again: correlates(seed='NTRK2')")
    words = [PROGRAM, "replay", str(path), "-o", str(tmp_path / "changes.csv")]
    printed, code = screens.run_in_terminal(words, 100, environment)
    assert code == 0
    assert (tmp_path / "changes.csv").read_text() == "what,before,now\n"


# --- other data ---


@pytest.fixture(scope="module")
def donors(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_downloads(tmp_path_factory.mktemp("donors"), probes=60, samples=120)


@pytest.fixture(scope="module")
def two_donors(donors: list[Path], shipped_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = Path(shutil.copy(shipped_database, tmp_path_factory.mktemp("two") / "atlas.duckdb"))
    ingest(donors[:2], path)
    add_categories([gmt(path.parent, "BDNF", "SMN1")], path)
    return path


@pytest.fixture
def atlas_of_two(two_donors: Path, tmp_path: Path) -> Path:
    """A database of two donors that a test may change."""
    return Path(shutil.copy(two_donors, tmp_path / "atlas.duckdb"))


def gmt(folder: Path, *genes: str) -> Path:
    path = folder / "mine.gmt"
    path.write_text("\t".join(["my genes", "", *genes]) + "\n")
    return path


def edit(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    result = json.loads(path.read_text())
    change(result)
    path.write_text(json.dumps(result))


def replayed(path: Path, database: Path, code: int) -> tuple[dict[str, tuple[str, str]], str]:
    """Return what changed, and the messages."""
    done = run("replay", path, "--db", database, "--format", "json", code=code)
    return {row["what"]: (row["before"], row["now"]) for row in json.loads(done.stdout)["rows"]}, done.stderr


@pytest.mark.parametrize("ending", ["json", "parquet"])
def test_another_donor(donors: list[Path], atlas_of_two: Path, tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"r.{ending}"
    run(
        "query",
        "NTRK2",
        "--all",
        "--by-donor",
        "--columns",
        "gene_symbol,r,r_H0351.2001",
        "-o",
        path,
        "--db",
        atlas_of_two,
    )
    ingest([donors[2]], atlas_of_two)
    changes, messages = replayed(path, atlas_of_two, 1)
    assert changes["download added"] == ("", donors[2].name)
    assert changes["data.donors"][1] == '["H0351.2001", "H0351.2002", "H0351.1009"]'
    before, now = map(int, changes["data.n_samples"])
    assert before < now
    assert not any(what.startswith(("r_H0351.2001", "rows", "download removed")) for what in changes)
    (what,) = (what for what in changes if what.startswith("r of "))
    # The largest difference is that of the rows themselves.
    largest = float(re.search(r"; numbers by up to ([\d.e-]+)\.", messages)[1])
    old, new = (run("query", "NTRK2", "--all", "--format", "json", *more, "--db", atlas_of_two).stdout
                for more in (("--donor", "9861", "--donor", donors[1].stem[-5:]), ()))  # fmt: skip
    r = [{row["gene_symbol"]: row["r"] for row in json.loads(text)["rows"]} for text in (old, new)]
    assert largest == pytest.approx(max(abs(r[0][name] - r[1][name]) for name in r[0]), rel=1e-2)
    assert f"Changed: {len(r[0]):,} of {len(r[0]):,} rows; numbers" in messages
    assert float(changes[what][0]) == pytest.approx(r[0][what.removeprefix("r of ")], abs=1e-12)


def test_rows_that_are_gone_and_new(donors: list[Path], atlas_of_two: Path, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    run("query", "NTRK2", "--top", "5", "-o", path, "--db", atlas_of_two)
    ingest(donors[2:], atlas_of_two)
    changes, messages = replayed(path, atlas_of_two, 1)
    gone, new = changes["rows gone"][0].split("; "), changes["rows new"][1].split("; ")
    assert len(gone) == len(new) > 0
    assert f"Changed: {5 - len(gone)} of 5 rows; {len(gone)} gone; {len(new)} new; numbers by up to" in messages


def test_a_question_that_the_other_donor_does_not_change(
    donors: list[Path], atlas_of_two: Path, tmp_path: Path
) -> None:
    path = tmp_path / "r.json"
    run("query", "A_23_P216779", "--donor", "H0351.2001", "-o", path, "--db", atlas_of_two)
    ingest([donors[2]], atlas_of_two)
    changes, messages = replayed(path, atlas_of_two, 0)
    assert changes == {"download added": ("", donors[2].name)}
    assert "Identical: 20 rows, although 1 part of the provenance changed." in messages


def test_another_database(synthetic_database: Path, donors: list[Path], two_donors: Path, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    run("pair", "NTRK2", "BDNF", "-o", path, "--db", synthetic_database)
    done = run("replay", path, "--db", two_donors, code=1)
    rows = [line.split() for line in done.stdout.splitlines()]
    assert sum(row[:2] == ["download", "removed"] for row in rows) == 6
    assert sum(row[:2] == ["download", "added"] for row in rows) == 2
    assert f"Database: {two_donors}." in done.stderr


def test_a_category_with_other_genes(atlas_of_two: Path, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    run("query", "NTRK2", "--category", "my genes", "-o", path, "--db", atlas_of_two)
    top = json.loads(run("query", "NTRK2", "--top", "4", "--format", "json", "--db", atlas_of_two).stdout)["rows"]
    symbol = next(row["gene_symbol"] for row in top if row["gene_symbol"] not in ("BDNF", "SMN1"))
    add_categories([gmt(tmp_path, "BDNF", "SMN1", symbol)], atlas_of_two, release="2")
    changes, messages = replayed(path, atlas_of_two, 1)
    assert changes["gene_filter.categories[0].release"] == ("", "2")
    assert changes["gene_filter.categories[0].genes"] == ("2", "3")
    assert symbol in changes["rows new"][1].split()
    assert "; 1 new" in messages


def test_a_newer_gene_ontology(atlas_of_two: Path, tmp_path: Path) -> None:
    shown, listed = tmp_path / "show.json", tmp_path / "list.json"
    run("query", "NTRK2", "-o", listed, "--db", atlas_of_two)
    run("categories", "show", "brain development", "-o", shown, "--db", atlas_of_two)
    ontology = [gene_ontology.write(tmp_path, "go.obo", gene_ontology.OBO)]
    update_genes([*ontology, gene_ontology.write(tmp_path, "gene2go", gene_ontology.GENE2GO)], atlas_of_two)
    changes, messages = replayed(shown, atlas_of_two, 1)
    assert changes["release of Gene Ontology"] == ("2022-07-01", "2026-01-01")
    assert "rows gone" in changes
    assert re.search(r"Changed: \d+ of [\d,]+ rows; [\d,]+ gone", messages)
    changes, messages = replayed(listed, atlas_of_two, 0)
    assert {what for what in changes} == {"release of Gene Ontology", "release of annotations of genes"}
    assert "Identical: 20 rows, although 2 parts" in messages


def check_error(path: Path, database: Path, message: str) -> None:
    done = invoke("replay", path, "--db", database)
    assert isinstance(done.exception, SystemExit | None), done.exception
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
    assert re.search(message, done.stderr), done.stderr
    assert done.stderr.rstrip("\n").isprintable()


def test_a_question_without_an_answer(
    atlas_of_two: Path, donors: list[Path], shipped_database: Path, tmp_path: Path
) -> None:
    path = tmp_path / "r.json"
    run("query", "NTRK2", "--category", "my genes", "-o", path, "--db", atlas_of_two)
    remove_categories(atlas_of_two, name="my genes")
    check_error(path, atlas_of_two, "^Error: no category is named 'my genes'")
    run("query", "NTRK2", "--donor", "H0351.2002", "-o", path, "--db", atlas_of_two)
    other = Path(shutil.copy(shipped_database, tmp_path / "other.duckdb"))
    ingest(donors[:1], other)
    check_error(path, other, "H0351.2002")
    check_error(path, tmp_path / "none.duckdb", "none.duckdb")
    run("query", "BDNF", "-o", path, "--db", atlas_of_two)
    edit(path, lambda result: result["provenance"]["question"]["arguments"].update(seed="NOSUCH"))
    check_error(path, atlas_of_two, "NOSUCH")


# --- files that are no results ---

ESCAPE = "\x1b[2J\x1b]0;title\x07"


def asks(method: str, **arguments: Any) -> Callable[[dict[str, Any]], object]:
    """Return a change of a result to another question."""
    return lambda result: result["provenance"].update(question={"method": method, "arguments": arguments})


CHANGES: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda result: result.pop("provenance"), "has no provenance of coexpr"),
    (lambda result: result.update(provenance=[]), "has no provenance of coexpr"),
    (lambda result: result["provenance"].pop("coexpr_version"), "has no provenance of coexpr"),
    (lambda result: result["provenance"].update(coexpr_version="99.0.0"), r"written by coexpr 99\.0\.0, and this is"),
    (lambda result: result["provenance"].update(coexpr_version=f"99.0{ESCAPE}"), r"written by coexpr 99\.0\\x1b"),
    (lambda result: result["provenance"].update(coexpr_version="9" * 5000), "is not a version of coexpr"),
    (lambda result: result["provenance"].update(coexpr_version="soon"), "is not a version of coexpr"),
    (lambda result: result["provenance"].pop("question"), "does not contain a question"),
    (lambda result: result["provenance"].update(question=["query"]), "does not contain a question"),
    (lambda result: result["provenance"].update(question={"method": "verify"}), "does not contain a question"),
    (lambda result: result["provenance"].update(sources={}), "expected downloads and releases"),
    (lambda result: result["provenance"].update(sources={"downloads": [{}], "releases": {}}), "expected downloads"),
    (lambda result: result["provenance"].update(sources=5), "expected downloads and releases"),
    (lambda result: result.update(rows=5), "expected objects as rows"),
    (lambda result: result.update(rows={"a": 1}), "expected objects as rows"),
    (lambda result: result.update(rows=[1, "a"]), "expected objects as rows"),
    (lambda result: result.update(rows=[json.loads("[" * 300 + "]" * 300)]), "nested too deeply"),
    (asks("correlates", seed="NTRK2", future=1), "cannot ask correlates so"),
    (asks("correlates"), "cannot ask correlates so: missing a required argument"),
    (asks("correlates", seed="NTRK2", probe_selection={"future": 1}), "does not know the options .*future.* of probe"),
    (asks("correlates", seed="NTRK2", probe_selection={"rule": "future"}), "'future': expected one of max-mean"),
    (asks("correlates", seed="NTRK2", sample_filter={"donors": None}), "r.json"),
    (asks("correlates", seed=None), "None"),
    (asks("correlates", seed="NTRK2", top="5"), "`top` '5'|--top '5'"),
    (asks("correlates", seed="NTRK2", min_r=10**400), "min.r"),
    (asks("correlates", seed="NTRK2", mark=7.5), "r.json"),
    (asks("correlates", seed="NTRK2", mark=[{"a": ESCAPE}]), "no category"),
    (asks("correlates", seed=ESCAPE), "Error: "),
    (asks("structures", min_samples="x"), "r.json"),
    (asks("stream_sql", statement=5), "Error: "),
    (asks("stream_sql", statement="SELECT 1 +"), "its SQL statement failed"),
    (asks("stream_sql", statement="SELECT $a", parameters=[]), "Error: "),
    (asks("network", output="x", top=2), "Error: "),
    (asks("verify_download", path="/nowhere"), "nowhere"),
]  # fmt: skip
NO_QUESTIONS = [
    "__init__", "__class__", "__exit__", "close", "sql", "_user_connection", "_sql_provenance", "forbid_other_files",
    "replay", "read_genes", "to_anndata", "sources", "path", "example_gene", "query", "", ESCAPE, None, 5, ["probes"],
]  # fmt: skip


@pytest.fixture(scope="module")
def result_text(database: Path) -> str:
    return run("query", "NTRK2", "--top", "3", "--format", "json", "--db", database).stdout


@pytest.fixture
def result(result_text: str, tmp_path: Path) -> Path:
    path = tmp_path / "r.json"
    path.write_text(result_text)
    return path


@pytest.mark.parametrize(("change", "message"), CHANGES, ids=[message for _, message in CHANGES])
def test_a_changed_result_is_refused(database: Path, result: Path, change: Callable, message: str) -> None:
    edit(result, change)
    check_error(result, database, message)


@pytest.mark.parametrize("name", NO_QUESTIONS, ids=repr)
def test_only_questions_are_asked(database: Path, result: Path, name: Any) -> None:
    edit(result, asks(name))
    check_error(result, database, "this version of coexpr has no question")


def test_files_that_are_no_results(database: Path, result: Path, tmp_path: Path) -> None:
    text = result.read_text()
    pq.write_table(pa.table({"a": [1]}), tmp_path / "foreign.parquet")
    run("query", "NTRK2", "-o", tmp_path / "r.parquet", "--db", database)
    run("query", "NTRK2", "-o", tmp_path / "r.arrow", "--db", database)
    whole = (tmp_path / "r.parquet").read_bytes()
    for name, content, message in [
        ("text", b"gene,r\nBDNF,0.5\n", "is not a whole JSON file"),
        ("half", text[: len(text) // 2].encode(), "is not a whole JSON file"),
        ("list", b"[1, 2]", "expected a JSON object with provenance and rows"),
        ("number", b"1e999", "expected a JSON object"),
        ("large", b"9" * 5000, "is not a whole JSON file"),
        ("deep", b'{"a":' * 100_000, "nested too deeply"),
        ("deep2", b'{"provenance":' * 500 + b"1" + b"}" * 500, "nested too deeply"),
        ("empty", b"", "is not a whole JSON file"),
        ("binary", bytes(range(256)), "is not JSON text, Parquet or Arrow"),
        ("half.parquet", whole[: len(whole) // 2], "is damaged|cannot be read"),
        ("mark.parquet", b"PAR1", "is damaged|cannot be read"),
        ("half.arrow", (tmp_path / "r.arrow").read_bytes()[:500], "is damaged|cannot be read"),
        ("foreign.parquet", (tmp_path / "foreign.parquet").read_bytes(), "has no provenance of coexpr"),
    ]:
        path = tmp_path / name
        path.write_bytes(content)
        check_error(path, database, message)
        done = invoke("methods", path)
        assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (1, "", 1), name
        assert re.search(message, done.stderr)
    check_error(tmp_path, database, "cannot be read: Is a directory")
    check_error(tmp_path / "none.json", database, "cannot be read: No such file")


def test_undefined_numbers_in_rows(database: Path, result: Path) -> None:
    """NaN is a missing number, not one that is equal to all."""
    text = result.read_text()
    result.write_text(re.sub(r'"r": [\d.]+', '"r": NaN', text))
    changes, messages = replayed(result, database, 1)
    assert "Changed: 3 of 3 rows." in messages
    assert len(changes) == 1
    result.write_text(re.sub(r'"n": \d+', f'"n": 1{"0" * 400}', text))
    assert "Changed: 3 of 3 rows." in replayed(result, database, 1)[1]
    result.write_text(re.sub(r'"n": \d+', '"n": "many"', text))
    assert "Changed: 3 of 3 rows." in replayed(result, database, 1)[1]


def test_results_of_an_older_version_without_sources(database: Path, result: Path) -> None:
    edit(result, lambda content: content["provenance"].update(sources=None, coexpr_version="0.0.1"))
    changes, _ = replayed(result, database, 0)
    assert list(changes) == ["coexpr_version"]


def test_escape_sequences_are_not_printed(database: Path, result: Path) -> None:
    def change(content: dict[str, Any]) -> None:
        provenance = content["provenance"]
        provenance["sources"]["downloads"][0] |= {"name": f"name{ESCAPE}", "sha256": "0"}
        provenance["sources"]["releases"][ESCAPE] = ESCAPE
        provenance[ESCAPE] = ESCAPE
        provenance["data"]["donors"] = [ESCAPE]
        provenance["seed"]["gene"] = ESCAPE
        provenance["question"]["arguments"]["mark"] = []
        content["rows"][0] |= {"gene_symbol": ESCAPE, ESCAPE: ESCAPE}

    edit(result, change)
    done = run("replay", result, "--db", database, code=1)
    assert "\\x1b[2J" in done.stdout
    described = run("methods", result)
    assert "\\x1b[2J" in described.stdout
    for text in (done.stdout, done.stderr, described.stdout, described.stderr):
        assert all(character.isprintable() or character == "\n" for character in text)

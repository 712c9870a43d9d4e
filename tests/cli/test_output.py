"""Where results go: every command in every format, into files, pipes and terminals."""

import csv
import datetime
import json
import re
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import screens
from helpers.command import invoke, run
from markdown_it import MarkdownIt

from coexpr.atlas import Atlas

PROGRAM = str(Path(sys.executable).parent / "coexpr")
# Values of every type, in several rows; a symbol that a spreadsheet could take for a date, and text with separators.
SQL = """
    SELECT * FROM (VALUES
        (1, 0.1::double, 'SEPT2', true, ['a', 'b|c'], [1.5, NULL], {'n': 1}),
        (NULL, NULL, NULL, NULL, NULL, NULL, NULL),
        (-3, 1e-300, 'a|b, "c" \\ d', false, [], [], {'n': NULL}),
        (4, 2.5, '=1+1', false, ['=1'], [2], {'n': 2})
    ) AS t(n, r, name, flag, names, numbers, record)
"""
# The commands that return a table.
COMMANDS: dict[str, list[str]] = {
    "query": ["query", "NTRK2", "--top", "4", "--by-donor", "--stats"],
    "probes": ["probes", "NTRK2"],
    "genes": ["genes", "TRKB", "2-Sep", "a|b"],
    "pair": ["pair", "NTRK2", "BDNF"],
    "expression": ["expression", "NTRK2", "A_32_P7316", "--donor", "H0351.1009"],
    "structures": ["structures", "cortex"],
    "list": ["categories", "list", "nervous system development"],
    "show": ["categories", "show", "synapse organization"],
    "verify": ["verify"],
    "sql": ["sql", SQL],
    "matrix": ["matrix", "NTRK2", "BDNF", "SMN1"],
}
ENDINGS = ["csv", "tsv", "jsonl", "md", "parquet", "arrow", "xlsx"]
EVERY_COMMAND = pytest.mark.parametrize("command", COMMANDS)
Rows = list[dict[str, Any]]


def needs(ending: str) -> None:
    """Skip a test if what writes or reads a format is not installed."""
    if ending == "xlsx":
        pytest.importorskip("openpyxl", reason="openpyxl, which reads spreadsheets, is not installed")
        pytest.importorskip("xlsxwriter", reason="xlsxwriter, which writes spreadsheets, is not installed")


@pytest.fixture(scope="module")
def json_of(synthetic_database: Path) -> Callable[[str], Any]:
    """A function that returns what a command writes as JSON."""

    @cache
    def result(command: str) -> Any:
        return json.loads(run(*COMMANDS[command], "--format", "json", "--db", synthetic_database).stdout)

    return result


@pytest.fixture(scope="module")
def file_of(synthetic_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """A function that returns the file that a command writes with -o, by its ending."""
    folder = tmp_path_factory.mktemp("files")

    @cache
    def file(command: str, ending: str) -> Path:
        path = folder / f"{command}.{ending}"
        done = run(*COMMANDS[command], *all_columns(command, ending), "-o", path, "--db", synthetic_database)
        assert done.stdout == ""
        assert str(path) in done.stderr
        return path

    return file


def all_columns(command: str, ending: str) -> list[str]:
    """Return the option that selects all columns where, without it, a file has other tables: that of a pair."""
    return ["--columns", "by,probe_a,probe_b,donor,r,n"] if (command, ending) == ("pair", "xlsx") else []


# --- readers: each returns the rows as JSON has them ---


def read_separated(path: Path, like: Rows, separator: str) -> Rows:
    with path.open(newline="", encoding="utf-8") as stream:
        header, *rows = csv.reader(stream, delimiter=separator)
    if header[0] == "":  # a matrix of r has no header above its names
        header[0] = "name"
    return [
        {name: from_text(cell, of_json[name]) for name, cell in zip(header, row, strict=True)}
        for row, of_json in zip(rows, like, strict=True)
    ]


def from_text(cell: str, like: Any) -> Any:
    """Return the value of a cell, as the type that JSON has; a cell that is not of the type stays text."""
    if cell == "":
        return None
    try:
        if isinstance(like, str):  # what a spreadsheet would take for a formula has an apostrophe before it
            return cell.removeprefix("'") if cell[1:2] in ("=", "+", "-", "@") else cell
        return json.loads(cell)
    except ValueError:
        return cell


def read_markdown(path: Path) -> list[list[str]]:
    """Return the cells of a table as another program reads them."""
    rows: list[list[str]] = []
    tables = 0
    for token in MarkdownIt("commonmark").enable("table").parse(path.read_text(encoding="utf-8")):
        tables += token.type == "table_open"
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append("".join(part.content for part in token.children or []))
    assert tables == 1
    return rows


def read_arrow(path: Path) -> pa.Table:
    if path.suffix == ".parquet":
        return pq.read_table(path)
    with pa.ipc.open_file(path) as reader:
        return reader.read_all()


def rows_of(table: pa.Table) -> Rows:
    """Return rows with the shortest numbers that are the same as 32-bit numbers, as JSON has them."""
    rows: Rows = table.to_pylist()
    for field in table.schema:
        if field.type == pa.float32():
            for row in rows:
                row[field.name] = None if row[field.name] is None else float(str(np.float32(row[field.name])))
    return rows


def read_xlsx(path: Path, sheet: str = "result") -> Rows:
    import openpyxl

    header, *rows = openpyxl.load_workbook(path)[sheet].iter_rows(values_only=True)
    return [dict(zip(header, row, strict=True)) for row in rows]


def rounded(rows: Rows) -> Rows:
    """Return rows with 12 digits of every number: what a spreadsheet has at least."""
    return [
        {name: float(f"{value:.12g}") if isinstance(value, float) else value for name, value in row.items()}
        for row in rows
    ]


def as_shown(value: Any) -> Any:
    """Return a value of JSON as a spreadsheet and Markdown have it: lists and structs as text."""
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


# --- every command in every format ---


@pytest.mark.long
@pytest.mark.parametrize("ending", ENDINGS)
@EVERY_COMMAND
def test_every_format_has_the_rows_of_json(
    json_of: Callable[[str], Any], file_of: Callable[[str, str], Path], command: str, ending: str
) -> None:
    needs(ending)
    expected: Rows = json_of(command)["rows"]
    path = file_of(command, ending)
    if ending in ("csv", "tsv"):
        assert read_separated(path, expected, "," if ending == "csv" else "\t") == expected
    elif ending == "jsonl":
        assert [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]] == expected
    elif ending == "md":
        check_markdown(read_markdown(path), expected)
    elif ending == "xlsx":
        shown = [{name: as_shown(value) for name, value in row.items()} for row in expected]
        assert rounded(read_xlsx(path)) == rounded(shown)
    else:
        assert rows_of(read_arrow(path)) == expected


def check_markdown(rows: list[list[str]], expected: Rows) -> None:
    """Check a table against rows of JSON; numbers have fewer digits."""
    assert rows[0] == list(expected[0])
    assert len(rows) == len(expected) + 1
    for row, of_json in zip(rows[1:], expected, strict=True):
        for (name, value), cell in zip(of_json.items(), row, strict=True):
            if isinstance(value, bool):
                assert cell == ("yes" if value else "no"), name
            elif isinstance(value, float):
                assert float(cell) == pytest.approx(value, rel=1e-5, abs=5.1e-4), name
            else:
                assert cell == ("" if value is None else str(as_shown(value))), name


@pytest.mark.parametrize("ending", ["parquet", "arrow", "xlsx"])
@EVERY_COMMAND
def test_binary_formats_have_the_provenance_of_json(
    synthetic_database: Path,
    json_of: Callable[[str], Any],
    file_of: Callable[[str, str], Path],
    command: str,
    ending: str,
) -> None:
    needs(ending)
    path = file_of(command, ending)
    expected = json_of(command)["provenance"]
    if ending == "xlsx":
        names = {row["name"]: row["value"] for row in read_xlsx(path, "provenance")}
        assert names["database"] == str(synthetic_database)
        assert {name.split(".")[0] for name in names} == set(expected)
    else:
        assert json.loads(read_arrow(path).schema.metadata[b"provenance"]) == expected


@EVERY_COMMAND
def test_duckdb_reads_the_rows_of_parquet(
    json_of: Callable[[str], Any], file_of: Callable[[str, str], Path], command: str
) -> None:
    path = file_of(command, "parquet")
    with duckdb.connect() as connection:
        found = connection.execute("FROM read_parquet($path)", {"path": str(path)})
        columns = [(name, str(kind)) for name, kind, *_ in found.description or []]
        rows = [
            {
                name: float(str(np.float32(value))) if kind == "FLOAT" and value is not None else value
                for (name, kind), value in zip(columns, row, strict=True)
            }
            for row in found.fetchall()
        ]
    assert rows == json_of(command)["rows"]


def test_a_matrix_as_an_archive_of_arrays(json_of: Callable[[str], Any], file_of: Callable[[str, str], Path]) -> None:
    path = file_of("matrix", "npz")
    expected = json_of("matrix")
    with np.load(path) as arrays:
        assert set(arrays) == {"r", "names", "provenance"}
        assert arrays["names"].tolist() == [row["name"] for row in expected["rows"]] == ["NTRK2", "BDNF", "SMN1"]
        assert arrays["r"].tolist() == [list(row.values())[1:] for row in expected["rows"]]
        assert json.loads(str(arrays["provenance"])) == expected["provenance"]


@pytest.mark.parametrize("ending", ["parquet", "arrow", "xlsx"])
def test_dates_keep_their_type(synthetic_database: Path, tmp_path: Path, ending: str) -> None:
    needs(ending)
    path = tmp_path / f"result.{ending}"
    moment = datetime.datetime(2026, 1, 2, 3, 4, 5)
    statement = (
        "SELECT DATE '2026-01-02' AS day, TIMESTAMP '2026-01-02 03:04:05' AS moment, 1.25::decimal(9, 2) AS price"
    )
    run("sql", statement, "-o", path, "--db", synthetic_database)
    (row,) = read_xlsx(path) if ending == "xlsx" else read_arrow(path).to_pylist()
    assert (str(row["day"])[:10], row["moment"], float(row["price"])) == ("2026-01-02", moment, 1.25)
    assert isinstance(row["day"], datetime.date)


@pytest.mark.parametrize("ending", [*ENDINGS, "json"])
def test_selected_columns_are_in_every_format_in_their_order(
    synthetic_database: Path, tmp_path: Path, json_of: Callable[[str], Any], ending: str
) -> None:
    needs(ending)
    path = tmp_path / f"result.{ending}"
    run(*COMMANDS["query"], "--columns", "r, gene_symbol", "-o", path, "--db", synthetic_database)
    expected = [{name: row[name] for name in ("r", "gene_symbol")} for row in json_of("query")["rows"]]
    if ending in ("csv", "tsv"):
        rows = read_separated(path, expected, "," if ending == "csv" else "\t")
    elif ending in ("json", "jsonl"):
        text = path.read_text()
        rows = json.loads(text)["rows"] if ending == "json" else [json.loads(line) for line in text.splitlines()]
    elif ending == "md":
        rows = [dict(zip(["r", "gene_symbol"], row, strict=True)) for row in read_markdown(path)[1:]]
        rows = [row | {"r": float(row["r"])} for row in rows]
        expected = [row | {"r": round(row["r"], 3)} for row in expected]
    else:
        rows = read_xlsx(path) if ending == "xlsx" else read_arrow(path).to_pylist()
    assert rounded(rows) == rounded(expected)
    assert [list(row) for row in rows] == [["r", "gene_symbol"]] * len(expected)


@pytest.mark.parametrize("names", ["no_such", "r,,no_such", "", " , "])
def test_a_column_that_does_not_exist_is_refused(synthetic_database: Path, tmp_path: Path, names: str) -> None:
    path = tmp_path / "r.parquet"
    done = invoke(*COMMANDS["query"], "--columns", names, "-o", path, "--db", synthetic_database)
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "There are rank, " in done.stderr
    assert not path.exists()


# --- pipes and terminals ---


@pytest.mark.long
@pytest.mark.parametrize("name", ["parquet", "xlsx", "npz"])
def test_a_binary_format_goes_to_a_pipe(
    synthetic_database: Path, tmp_path: Path, json_of: Callable[[str], Any], name: str
) -> None:
    needs(name)
    words = [PROGRAM, *COMMANDS["matrix"], "--format", name, "--db", str(synthetic_database)]
    done = subprocess.run(words, capture_output=True, check=True)
    path = tmp_path / f"r.{name}"
    path.write_bytes(done.stdout)
    expected = json_of("matrix")["rows"]
    if name == "npz":
        with np.load(path) as arrays:
            assert arrays["names"].tolist() == [row["name"] for row in expected]
    else:
        rows = read_xlsx(path) if name == "xlsx" else read_arrow(path).to_pylist()
        assert rounded(rows) == rounded(expected)
    assert b"Pearson r of log2 expression" in done.stderr


@pytest.mark.parametrize(
    ("command", "name"), [("query", "parquet"), ("sql", "arrow"), ("structures", "xlsx"), ("matrix", "npz")]
)
def test_a_binary_format_is_refused_by_a_terminal(tmp_path: Path, command: str, name: str) -> None:
    words = [PROGRAM, *COMMANDS[command], "--format", name]
    none = str(tmp_path / "none.duckdb")  # it is refused before the database is opened
    printed, code = screens.run_in_terminal(words, 200, screens.environment_for(none))
    assert (printed, code) == (f"Error: {name} is not text: write it to a file with -o FILE.\n", 1)


# --- what is refused, before anything is computed ---


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("r.xyz", r"r\.xyz: unknown file name ending; use one of \.csv, .*\.xlsx.*, or --format\."),
        ("nowhere/r.parquet", r"nowhere/r\.parquet cannot be written: there is no folder .*nowhere\."),
    ],
)
@EVERY_COMMAND
def test_a_file_that_cannot_be_written_is_refused_at_once(
    tmp_path: Path, command: str, file: str, message: str
) -> None:
    done = invoke(*COMMANDS[command], "-o", tmp_path / file, "--db", tmp_path / "none.duckdb")
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert re.search(message, done.stderr)
    assert "none.duckdb" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("file", ["nowhere/r.csv", "nowhere/r.xlsx", "r", ".csv"])
def test_other_files_that_cannot_be_written_are_refused_at_once(tmp_path: Path, file: str) -> None:
    needs(file.rpartition(".")[2])
    done = invoke(*COMMANDS["query"], "-o", tmp_path / file, "--db", tmp_path / "none.duckdb")
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert re.search("there is no folder|unknown file name ending", done.stderr)


@pytest.mark.parametrize(("command", "ending"), [("query", "npz"), ("sql", "npz"), ("matrix", "txt")])
def test_a_format_of_other_commands_is_refused(tmp_path: Path, command: str, ending: str) -> None:
    done = invoke(*COMMANDS[command], "-o", tmp_path / f"r.{ending}", "--db", tmp_path / "none.duckdb")
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "unknown file name ending; use one of " in done.stderr
    assert f".{ending}" not in done.stderr.partition("use one of")[2]


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    """A DuckDB database with the name of another file."""
    path = tmp_path / "mine.csv"
    with duckdb.connect(path) as connection:
        connection.execute("create table precious as select 1 as n")
    return path


TO_A_DATABASE = pytest.mark.parametrize(
    ("command", "name"),
    [("query", "csv"), ("sql", "parquet"), ("sql", "markdown"), ("matrix", "npz"), ("pair", "xlsx")],
)


@TO_A_DATABASE
def test_no_format_overwrites_a_database(synthetic_database: Path, precious: Path, command: str, name: str) -> None:
    needs(name)
    before = precious.read_bytes()
    done = invoke(*COMMANDS[command], "--format", name, "-o", precious, "--db", synthetic_database)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].endswith("is a DuckDB database, and would be lost. Write to another file.")
    assert precious.read_bytes() == before
    assert list(precious.parent.iterdir()) == [precious]


@TO_A_DATABASE
def test_a_database_is_refused_as_a_file_at_once(precious: Path, command: str, name: str) -> None:
    needs(name)
    none = precious.with_name("none.duckdb")
    done = invoke(*COMMANDS[command], "--format", name, "-o", precious, "--db", none)
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert f"{precious} is a DuckDB database, and would be lost" in done.stderr


@pytest.mark.parametrize("ending", [*ENDINGS, "json"])
def test_a_statement_that_fails_midway_leaves_the_file_as_it_was(
    synthetic_database: Path, tmp_path: Path, ending: str
) -> None:
    needs(ending)
    path = tmp_path / f"r.{ending}"
    path.write_text("before")
    statement = "SELECT if(range < 50000, range, error('too many')) AS n FROM range(60000)"
    done = invoke("sql", statement, "-o", path, "--db", synthetic_database)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "too many" in done.stderr
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


# --- imports ---

# Packages that a table on the terminal does not need.
UNUSED = ("matplotlib", "openpyxl", "xlsxwriter", "anndata", "polars", "coexpr.output.figures.page")


def test_a_query_loads_no_package_of_figures_spreadsheets_or_frames(synthetic_database: Path) -> None:
    with Atlas(synthetic_database) as atlas:
        atlas.correlates("NTRK2")  # writes the cache: to read the database takes more packages
    words = ["-X", "importtime", "-m", "coexpr", "query", "NTRK2", "--db", str(synthetic_database)]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=True)
    assert "gene_symbol" in done.stdout
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    assert "coexpr.analysis.correlates" in loaded
    assert not loaded & {*UNUSED, "pandas"}


def test_a_figure_loads_its_page(synthetic_database: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    run("structures", "--plot", tmp_path / "tree.svg", "-o", tmp_path / "tree.csv", "--db", synthetic_database)
    assert {path.name for path in tmp_path.iterdir()} == {"tree.svg", "tree.csv"}

"""SQL of the user: in Python, on the command line, and in the DuckDB shell that `coexpr shell` starts."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from environments.statements import REFUSED
from helpers.command import invoke as run
from helpers.folders import TOP
from helpers.shells import SHELLS

from coexpr.atlas import Atlas
from coexpr.cli.sql import _value
from coexpr.errors import LimitError, QueryError

STATEMENT = "select gene_symbol, entrez_id from genes where entrez_id in (627, 4915) order by 1"
AS_CSV = "gene_symbol,entrez_id\nBDNF,627\nNTRK2,4915\n"


def sql(database: Path, *arguments: object, **options: str) -> str:
    done = run("sql", *arguments, "--db", database, **options)
    assert done.exit_code == 0, done.stderr
    return done.stdout


def test_a_relation_converts_to_a_data_frame_or_an_arrow_table(atlas: Atlas) -> None:
    relation = atlas.sql("from correlates($seed, top := 3)", {"seed": "NTRK2"})
    assert isinstance(relation, duckdb.DuckDBPyRelation)
    frame = relation.df()
    assert frame["rank"].tolist() == [1, 2, 3]
    assert frame.columns.tolist() == list(atlas.correlates("NTRK2", top=3).columns)
    table = atlas.sql("select 1 as one; select 2 as two").arrow()
    assert pa.table(table.read_all() if isinstance(table, pa.RecordBatchReader) else table).to_pylist() == [{"two": 2}]
    assert atlas.sql("from genes").filter("entrez_id = 4915").project("gene_symbol").fetchall() == [("NTRK2",)]


def test_a_data_frame_can_be_joined(atlas: Atlas) -> None:
    frame = pd.DataFrame({"gene_symbol": ["NTRK2", "BDNF", "none"]})
    statement = "select gene_symbol, entrez_id from mine join genes using (gene_symbol) order by all"
    assert atlas.sql(statement, tables={"mine": frame}).fetchall() == [("BDNF", 627), ("NTRK2", 4915)]
    with pytest.raises(QueryError, match="frame"):
        atlas.sql("from frame")


def test_temporary_tables_of_the_user_are_separate(atlas: Atlas) -> None:
    atlas.sql("create temp table chosen_probes as select 'mine' as mine; from chosen_probes")
    atlas.correlates("NTRK2", gene_filter=["nervous system development"])
    assert atlas.sql("from chosen_probes").fetchall() == [("mine",)]


def test_streams_are_independent(atlas: Atlas) -> None:
    first = atlas.stream_sql("select i as a from range(9000) r(i)")
    started = [next(first.rows)]
    assert list(atlas.stream_sql("select 'other' as b from range(5)").rows) == [("other",)] * 5
    assert atlas.sql("select 1 as c").fetchall() == [(1,)]
    assert len(atlas.correlates("NTRK2", top=3).rows) == 3
    assert [*started, *first.rows] == [(i,) for i in range(9000)]


def test_names_of_columns_are_made_distinct(atlas: Atlas) -> None:
    for expressions, columns in (
        ("1 as a, 2 as a", ["a", "a_2"]),
        ("1 as a, 2 as a, 3 as a_2", ["a", "a_3", "a_2"]),
        ("1 as a_2, 2 as a, 3 as a", ["a_2", "a", "a_3"]),
    ):
        assert atlas.stream_sql(f"select {expressions}").columns == columns


def test_a_relation_cannot_be_used_once_the_atlas_is_closed(synthetic_database: Path) -> None:
    with Atlas(synthetic_database) as atlas:
        relation = atlas.sql("from genes")
    with pytest.raises(duckdb.Error):
        relation.fetchall()


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("delete from probes", "open for reading only, and this would write"),
        ("create table x (i int)", "open for reading only, and this would write"),
        ("selec 1", "selec"),
        ("", "no statement to run that returns rows"),
        ("select $a", "a"),
        ("from correlates('NTRK9')", "^no probe or gene is named NTRK9"),
        ("select interval 1000000000 month as i", "past what Python can hold"),
    ],
)
def test_a_statement_that_fails_is_reported(atlas: Atlas, statement: str, message: str) -> None:
    with pytest.raises(QueryError, match=message):
        list(atlas.stream_sql(statement).rows)
    done = run("sql", statement, "--db", atlas.path)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: ")
    if "NTRK9" not in statement and "interval" not in statement:  # a relation is evaluated when it is used
        with pytest.raises(QueryError, match=message):
            atlas.sql(statement)


def test_streamed_values_have_the_decimals_of_the_files(atlas: Atlas) -> None:
    stream = atlas.stream_sql("select 6.5945::float as v, [6.5945, null]::float[] as v, null::float as n")
    assert (stream.columns, list(stream.rows)) == (["v", "v_2", "n"], [(6.5945, [6.5945, None], None)])


def test_sql_is_an_argument_a_file_or_stdin(synthetic_database: Path, tmp_path: Path) -> None:
    (tmp_path / "query.sql").write_text(f"-- two genes\n{STATEMENT};\n", encoding="utf-8-sig")
    assert sql(synthetic_database, STATEMENT, "--format", "csv") == AS_CSV
    assert sql(synthetic_database, "-f", tmp_path / "query.sql", "--format", "csv") == AS_CSV
    assert sql(synthetic_database, "-", "--format", "csv", stdin=STATEMENT) == AS_CSV
    for arguments in ((), (STATEMENT, "-f", tmp_path / "query.sql")):
        done = run("sql", *arguments, "--db", synthetic_database)
        assert (done.exit_code, done.stdout) == (1, "")
        assert "one of the three" in done.stderr
    done = run("sql", "-f", tmp_path / "none.sql", "--db", synthetic_database)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "none.sql: No such file" in done.stderr


def test_parameters(synthetic_database: Path) -> None:
    statement = "select gene_symbol from genes where entrez_id = $id or gene_symbol = $name order by 1 limit $most"
    values = ("-p", "id=4915", "-p", "name=BDNF", "-p", "most=5")
    assert sql(synthetic_database, statement, *values, "--format", "csv") == "gene_symbol\nBDNF\nNTRK2\n"
    assert (
        sql(
            synthetic_database,
            "select typeof($a) as a, typeof($b) as b, $c is null as c, $d as d, $e as e",
            *("-p", "a=1.5", "-p", "b='7'", "-p", "c=NULL", "-p", "$d=x=y", "-p", "e="),
            "--format",
            "csv",
        ).splitlines()[1]
        == "DOUBLE,VARCHAR,true,x=y,"
    )
    for wrong, message in ((["-p", "gene"], "expected NAME=VALUE"), (["-p", "a=1", "-p", "a=2"], "given twice")):
        done = run("sql", "select $a", *wrong, "--db", synthetic_database)
        assert (done.exit_code, done.stdout) == (1, "")
        assert message in done.stderr


@pytest.mark.parametrize(
    ("text", "value"), [("7", 7), ("-7", -7), ("1e3", 1000.0), (".5", 0.5), ("'7'", "7"), ("'", "'"), ("1e", "1e")]
)
def test_parameters_that_are_numbers(text: str, value: object) -> None:
    assert (_value(text), type(_value(text))) == (value, type(value))


def test_every_format_has_the_same_rows(synthetic_database: Path, tmp_path: Path) -> None:
    statement = "select sample_id, donor_id, mni_x, mni_x as mni_x, structure_id::varchar as s from samples order by 1"
    with duckdb.connect(synthetic_database, read_only=True) as connection:
        rows = connection.execute(statement).fetchall()
    read = {
        "csv": lambda path: pd.read_csv(path, dtype={"s": str}),
        "tsv": lambda path: pd.read_csv(path, sep="\t", dtype={"s": str}),
        "json": lambda path: pd.DataFrame(json.loads(path.read_text())["rows"]),
        "jsonl": lambda path: pd.read_json(path, lines=True, dtype={"s": str}, precise_float=True),
        "parquet": lambda path: pq.read_table(path).to_pandas(),
    }
    for name, reader in read.items():
        path = tmp_path / f"rows.{name}"
        assert sql(synthetic_database, statement, "-o", path) == ""
        frame = reader(path)
        assert frame.columns.tolist() == ["sample_id", "donor_id", "mni_x", "mni_x_2", "s"]
        assert [tuple(row) for row in frame.itertuples(index=False)] == rows, name
    provenance = json.loads(pq.read_schema(tmp_path / "rows.parquet").metadata[b"provenance"])
    assert provenance == json.loads((tmp_path / "rows.json").read_text())["provenance"]
    assert provenance["statement"] == statement


def test_parquet_goes_to_a_file_or_a_pipe(synthetic_database: Path, tmp_path: Path) -> None:
    file = tmp_path / "x.parquet"
    run("sql", STATEMENT, "-o", file, "--db", synthetic_database)
    for where in ((), ("-o", "-")):
        done = run("sql", STATEMENT, "--format", "parquet", *where, "--db", synthetic_database)
        assert done.stdout_bytes == file.read_bytes()


def test_parquet_needs_values_that_it_can_store(synthetic_database: Path, tmp_path: Path) -> None:
    for statement, message in (
        ("select interval 1 day as i", "Parquet cannot hold this result"),
        ("select error('on the way') from range(9)", "on the way"),
    ):
        done = run("sql", statement, "-o", tmp_path / "x.parquet", "--db", synthetic_database)
        assert (done.exit_code, done.stdout) == (1, "")
        assert message in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_file_and_a_pipe_receive_every_row_and_cell_in_full(synthetic_database: Path, tmp_path: Path) -> None:
    statement = "select i, repeat('x', 300) as long from range(1234) t(i)"
    table = sql(synthetic_database, statement)
    assert len(table.splitlines()) == 1236
    assert "x" * 300 in table
    sql(synthetic_database, statement, "-o", tmp_path / "t.txt")
    assert (tmp_path / "t.txt").read_text() == table


def test_sql_can_neither_read_nor_write_other_files(synthetic_database: Path, tmp_path: Path) -> None:
    for statement in (
        f"copy probes to '{tmp_path / 'stolen.csv'}'",
        f"attach '{tmp_path / 'other.duckdb'}'",
        f"from read_csv('{__file__}')",
        f"set enable_external_access = true; from read_csv('{__file__}')",
    ):
        done = run("sql", statement, "--db", synthetic_database)
        assert (done.exit_code, done.stdout) == (1, "")
        assert "only the database itself can be read" in done.stderr or "settings cannot be changed here" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_statements_that_could_do_more_are_refused(atlas: Atlas, tmp_path: Path) -> None:
    """Some of these would end the process, such as enable_logging with a path."""
    for statement in REFUSED:
        with pytest.raises(QueryError):
            list(atlas.stream_sql(statement.replace("OUT", str(tmp_path / "out"))).rows)
    assert list(tmp_path.iterdir()) == []
    for statement in ("CALL enable_logging(storage_path := 'x')", "UPDATE EXTENSIONS", "PRAGMA version"):
        with pytest.raises(QueryError, match="is not run here: only the database itself can be read"):
            atlas.sql(statement)
        with pytest.raises(QueryError, match="is not run here"):
            atlas.stream_sql_as_arrow(statement)


def test_usual_statements_are_run(atlas: Atlas) -> None:
    for statement in (
        "-- a comment\nEXPLAIN FROM donors",
        "DESCRIBE donors",
        "SHOW TABLES",
        "SUMMARIZE donors",
        "PIVOT donors ON sex USING count(*)",
        "SET VARIABLE a = 7; SELECT getvariable('a')",
        "BEGIN; CREATE TEMP TABLE t AS SELECT 1 AS a; INSERT INTO t VALUES (2); UPDATE t SET a = 3; FROM t",
        "CREATE TEMP MACRO plus_one(a) AS a + 1; SELECT plus_one(1)",
        "VALUES (1)",
    ):
        with closing(atlas.stream_sql(statement)) as stream:
            assert list(stream.rows), statement


ENDLESS = "select count(*) as n from range(1000000000000) t(i) where sqrt(i) < 0"


@pytest.mark.parametrize("output", ["stdout", "rows.csv", "rows.parquet"])
def test_a_time_limit_stops_a_statement(synthetic_database: Path, tmp_path: Path, output: str) -> None:
    where = () if output == "stdout" else ("-o", tmp_path / output)
    done = run("sql", ENDLESS, "--timeout", "0.1", *where, "--db", synthetic_database)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "Error: the statement was stopped after 0.1 seconds, as --timeout says.\n"
    assert list(tmp_path.iterdir()) == []


def test_a_time_limit_includes_the_time_of_reading(atlas: Atlas) -> None:
    stream = atlas.stream_sql("from range(1000000000)", timeout=0.5)
    with closing(stream), pytest.raises(LimitError, match="the statement was stopped"):
        for _ in stream.rows:
            pass
    assert list(atlas.stream_sql("select 1", timeout=60).rows) == [(1,)]
    assert atlas.stream_sql("select 1", timeout=60).provenance.question.arguments == {"statement": "select 1"}


def test_an_endless_result_can_be_closed(synthetic_database: Path) -> None:
    """Before it is closed, DuckDB would compute the rows that were not fetched."""
    code = (
        "import sys\nfrom coexpr import Atlas\n"
        "endless = 'with recursive t(i) as (select 1 union all select i + 1 from t) from t'\n"
        "with Atlas(sys.argv[1]) as atlas:\n"
        "    stream = atlas.stream_sql(endless)\n    print(next(stream.rows))\n    stream.close()\n"
        "    stream = atlas.stream_sql_as_arrow(endless)\n    print(next(stream.batches)[0][0])\n    stream.close()\n"
        "    stream = atlas.stream_sql(endless)\n    print(next(stream.rows))\n"
    )
    command = [sys.executable, "-c", code, str(synthetic_database)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["(1,)", "1", "(1,)"]


@pytest.mark.long
def test_what_cannot_be_interrupted_does_not_keep_the_process(synthetic_database: Path) -> None:
    """DuckDB makes one text for many seconds without looking for an interrupt."""
    statement = "select length(" + "repeat(" * 4 + "'x'" + ", 1500)" * 4 + ") as n"
    command = [sys.executable, "-m", "coexpr", "sql", statement, "--timeout", "0.2", "--db", str(synthetic_database)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: ")
    assert "Traceback" not in done.stderr


def test_times_are_written_too(synthetic_database: Path) -> None:
    (row,) = json.loads(sql(synthetic_database, "select now() as t", "--format", "json"))["rows"]
    assert row["t"].startswith("20")


# Runs the command line of coexpr and prints the maximum memory that it used.
LIMITED = """
import resource, sys
from coexpr.cli import app
try:
    app(sys.argv[1:])
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux reports the maximum memory in kilobytes")
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_long_result_is_not_kept_in_memory(synthetic_database: Path, tmp_path: Path, ending: str) -> None:
    """The result has 400 MB in 200,000 rows."""

    def most_memory(rows: int) -> int:
        statement = f"select i, repeat('x', 2000) || i as text from range({rows}) t(i)"
        path = tmp_path / f"{rows}.{ending}"
        command = [sys.executable, "-c", LIMITED, "sql", statement, "--db", str(synthetic_database), "-o", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return int(done.stderr.split()[-1])

    kilobytes = 200_000 * 2
    assert most_memory(210_000) - most_memory(10_000) < kilobytes / 2


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send to one process")
@pytest.mark.parametrize("output", ["stdout", "file.csv", "file.parquet"])
def test_ctrl_c_stops_a_statement(synthetic_database: Path, tmp_path: Path, output: str) -> None:
    statement = "select count(*) as n from range(1000000000000) t(i) where sqrt(i) < 0"
    where = () if output == "stdout" else ("-o", tmp_path / output)
    command = [sys.executable, "-m", "coexpr", "sql", statement, "--db", synthetic_database, *where]
    with subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as started:
        time.sleep(2)
        started.send_signal(signal.SIGINT)
        try:
            out, err = started.communicate(timeout=30)
        finally:
            started.kill()
    assert (started.returncode, out) == (130, "")
    assert err.startswith("Interrupted. What was being written")
    assert list(tmp_path.iterdir()) == []


def test_the_five_example_queries(synthetic_database: Path) -> None:
    """All are in --help and in the README, and all return rows."""
    text = run("sql", "--help").stdout
    queries = re.findall(r"^ +((?:FROM|SELECT) .+)$", text, re.M)
    assert len(queries) == 5
    readme = (TOP / "README.md").read_text()
    for query in queries:
        values = ["-p", "gene=NTRK2"] if "$gene" in query else []
        rows = sql(synthetic_database, query, *values, "--format", "csv").splitlines()
        assert len(rows) > 2, query
        assert query in readme, query


def with_a_shell() -> str:
    """Return a search path with a DuckDB shell."""
    return os.pathsep.join([str(Path(SHELLS[-1]).parent), os.environ["PATH"]])


@pytest.mark.long
@pytest.mark.skipif(not SHELLS, reason="no duckdb shell is installed")
def test_the_shell_is_started_on_the_database(synthetic_database: Path) -> None:
    def shell(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "coexpr", "shell", "--db", str(synthetic_database), "--", *arguments]
        environment = os.environ | {"PATH": with_a_shell()}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    done = shell("-csv", "-c", STATEMENT)
    assert (done.returncode, done.stdout, done.stderr) == (0, AS_CSV, "")
    failed = shell("-c", "delete from genes")
    assert failed.returncode != 0
    assert "read-only" in failed.stderr


def test_a_missing_duckdb_program_is_reported(
    synthetic_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    done = run("shell", "--db", synthetic_database)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "duckdb is not installed here. `pip install duckdb-cli` brings it" in done.stderr
    old = tmp_path / "duckdb"
    old.write_text("#!/bin/sh\necho v1.3.2 abcdef\n")
    old.chmod(0o755)
    done = run("shell", "--db", synthetic_database)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "is v1.3.2 abcdef; 1.4.2 or newer is needed" in done.stderr


@pytest.mark.parametrize("command", [("sql", "select 1"), ("shell",)])
@pytest.mark.skipif(not SHELLS, reason="no duckdb shell is installed")
def test_a_locked_database_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("PATH", with_a_shell())
    path = tmp_path / "atlas.duckdb"
    code = f"import duckdb, time; c = duckdb.connect({str(path)!r}); print('open', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "open\n"
        done = run(*command, "--db", path)
        writer.kill()
    assert (done.exit_code, done.stdout) == (1, "")
    assert re.search(r"in use by another process \(\S+, PID \d+\)\. Wait until it has finished", done.stderr)

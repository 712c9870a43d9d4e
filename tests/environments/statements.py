"""Statements that try to do more than read the database, or to end the process, and a process that runs them."""

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
from helpers.folders import TOP

SECONDS = 10.0  # a statement may run for this long, and then it is interrupted
# Arguments for each type of parameter of a function.
_LITERALS = {"VARCHAR": "'x'", "INTEGER": "1", "BIGINT": "1", "BOOLEAN": "true", "DOUBLE": "1.5", "ANY": "'x'"}
_LITERALS |= {"UBIGINT": "1", "TABLE": "(from donors)"}
# Statements that must be refused; OUT is a file that must not exist afterwards.
REFUSED = (
    "CALL enable_logging('QueryLog')",
    "CALL enable_logging(storage := 'file', storage_path := 'OUT')",
    "CALL enable_logging(storage_path := 'OUT')",
    "CALL enable_logging(storage := 'stdout')",
    "FROM enable_logging('QueryLog', storage := 'file')",
    "FROM query('FROM enable_' || 'logging(storage_path := ''OUT'')')",
    "EXPLAIN ANALYZE FROM enable_logging(storage_path := 'OUT')",
    "CALL enable_profiling(save_location := 'OUT')",
    "FROM enable_profiling(save_location := 'OUT')",
    "PRAGMA enable_profiling = 'json'; FROM donors",
    "SET profiling_output = 'OUT'; FROM donors",
    "SET logging_sink = 'stdout'; FROM donors",
    "SET log_query_path = 'OUT'; FROM donors",
    "SET lock_configuration = false; SET threads = 1000",
    "RESET lock_configuration; FROM donors",
    "RESET enable_external_access; FROM read_text('/etc/passwd')",
    "SET enable_external_access = true; FROM read_text('/etc/passwd')",
    "SET temp_directory = 'OUT'",
    "SET threads = 100000",
    "SET memory_limit = '1KB'",
    "SET secret_directory = 'OUT'",
    "CREATE PERSISTENT SECRET s (TYPE http, bearer_token 'x')",
    "COPY donors TO 'OUT'",
    "COPY (SELECT 1) TO '/dev/stdout'",
    "EXPLAIN ANALYZE COPY donors TO 'OUT'",
    "PREPARE v AS COPY donors TO 'OUT'; EXECUTE v",
    "EXPORT DATABASE 'OUT'",
    "IMPORT DATABASE 'OUT'",
    "ATTACH ':memory:' AS m; FROM donors",
    "ATTACH 'OUT' AS m",
    "COPY FROM DATABASE atlas TO m",
    "INSTALL httpfs",
    "LOAD httpfs",
    "LOAD '/tmp/x.duckdb_extension'",
    "FORCE INSTALL json FROM community",
    "UPDATE EXTENSIONS",
    "CHECKPOINT",
    "VACUUM",
    "PRAGMA import_database('OUT')",
    "PRAGMA add_parquet_key('k', '0123456789112345')",
    "FROM read_text('/etc/passwd')",
    "FROM read_blob('/etc/passwd')",
    "FROM '/etc/passwd'",
    "FROM glob('/etc/*')",
    "FROM read_csv('/etc/passwd')",
    "FROM read_json('/etc/passwd')",
    "FROM read_parquet('/etc/passwd')",
    "FROM sniff_csv('/etc/passwd')",
    "FROM sqlite_scan('/etc/passwd', 't')",
    "SELECT getenv('HOME')",
    "FROM os",
    "FROM sys",
    "INSERT INTO donors VALUES (1)",
    "DELETE FROM donors",
    "UPDATE donors SET sex = 'x'",
    "DROP TABLE donors",
    "ALTER TABLE donors ADD COLUMN x INTEGER",
    "COMMENT ON TABLE donors IS 'x'",
    "CREATE TABLE t (i INTEGER)",
    "CREATE SCHEMA s",
    "SELECT 1; DELETE FROM donors",
)
# Statements that may or may not succeed, and take what they can.
LARGE = (
    "SELECT repeat('x', 3000000000) AS x",
    "SELECT bitstring('1', 2147483647) AS b",
    "SELECT lpad('x', 2000000000, 'y') AS x",
    "SELECT list(i) FROM range(1000000000) t(i)",
    "SELECT range(100000000000)",
    "SELECT sleep_ms(100000)",
    "SELECT count(*) FROM range(1000000000000) t(i) WHERE sqrt(i) < 0",
    "WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t) SELECT count(*) FROM t",
    "WITH RECURSIVE t(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM t) FROM t",
    "SELECT count(*) FROM genes a, genes b, genes c, genes d WHERE a.gene_id + b.gene_id + c.gene_id + d.gene_id = -1",
    "SELECT levenshtein(repeat('a', 100000), repeat('b', 100000))",
    "SELECT " + "(" * 20_000 + "1" + ")" * 20_000,
    "SELECT " + "[" * 5_000 + "]" * 5_000,
    "SELECT 1" + " + 1" * 20_000,
    "SELECT " + "NOT " * 20_000 + "true",
    "SELECT * FROM " + "(SELECT * FROM " * 500 + "donors" + ")" * 500,
    "SELECT " + ", ".join(map(str, range(5_000))),
    "SELECT 1 " + "UNION ALL SELECT 1 " * 2_000,
    "SELECT '" + "[" * 100_000 + "'::json",
    "\x00",
    "SELECT '",
    "/*",
    "SELECT $1",
    "SELECT ?",
)


def catalogue(database: Path) -> list[str]:
    """Return statements: those above, one or more for every function of DuckDB, and for every setting."""
    with duckdb.connect(database, read_only=True) as connection:
        functions = connection.execute(
            "select distinct function_name, function_type, parameter_types from duckdb_functions() where internal"
        ).fetchall()
        settings = [name for (name,) in connection.execute("select distinct name from duckdb_settings()").fetchall()]
    found = [*REFUSED, *LARGE]
    for name, kind, types in sorted(functions, key=str):
        given = ", ".join(_LITERALS.get(one, "NULL") for one in types or [])
        calls = {
            "table": [f"FROM {name}({given})", f"CALL {name}({given})", f"FROM {name}()"],
            "pragma": [f"PRAGMA {name}", f"PRAGMA {name}({given})", f"CALL {name}({given})"],
        }
        found += calls.get(kind, [f"SELECT {name}({given})"] if name.isidentifier() else [])
    for name in sorted(settings):
        found += [f"SET {name} = 'x'", f"SET GLOBAL {name} = 1", f"RESET {name}", f"PRAGMA {name}"]
    return list(dict.fromkeys(found))


class Process:
    """A process that runs statements with `Atlas.stream_sql`, one after another.

    Parameters
    ----------
    database : path
    python : str
        The interpreter, which may have another version of DuckDB.
    is_server : bool
        Whether statements are confined as those of `coexpr serve` are.
    """

    def __init__(self, database: Path, python: str = sys.executable, *, is_server: bool = False) -> None:
        paths = os.pathsep.join([str(TOP), str(TOP / "tests"), *(path for path in sys.path if "site-packages" in path)])
        command = [python, "-m", "environments.runner", str(database), "server" if is_server else "command"]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | {"PYTHONPATH": paths},
            cwd=database.parent,
        )
        self.version = self._read(120)

    def run(self, statement: str) -> tuple[str, str]:
        """Return how a statement ended, in the words of the record, and details."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(statement) + "\n")
        self._process.stdin.flush()
        answer = self._read(SECONDS)
        if answer is None:
            self._process.send_signal(signal.SIGINT)
            answer = self._read(4 * SECONDS)
            if answer is None:
                return "failed", "was not interrupted"
            if answer != "closed":
                return "stopped by SIGINT", str(answer)
        if answer == "closed":
            return "failed", f"ended the process with {self._process.wait()}"
        kind, details = answer
        known = {"rows": "rows", "QueryError": "one clear error", "KeyboardInterrupt": "stopped by SIGINT"}
        return (known[kind], details) if kind in known else ("failed", f"{kind}: {details}")

    @property
    def is_running(self) -> bool:
        """Whether the process is there."""
        return self._process.poll() is None

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def _read(self, seconds: float) -> Any:
        """Return an answer; None after some seconds without one."""
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], seconds)[0]:
            return None
        line = self._process.stdout.readline()
        return json.loads(line) if line else "closed"

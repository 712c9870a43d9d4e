"""What a folder contains, and whether its database is whole."""

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import duckdb
from crash.faults import Runner

# Caches may be absent, and are written again.
_CACHE = re.compile(r".*\.duckdb\.(matrix|names|[a-z-]+-[0-9a-f]{8})")
_UNFINISHED = "no differential stability that is not that of the values"
_SHELL = Path(sys.executable).with_name("duckdb")


def contents(folder: Path) -> dict[str, str]:
    """Return a fingerprint of every file and folder by name, without caches.

    That of a database is without its times, and without the ids of categories: one that is added again has another.
    """
    found = {}
    for path in sorted(folder.rglob("*")):
        if not _CACHE.fullmatch(path.name):
            found |= contents_of(path, folder)
    return found


def contents_of(path: Path, folder: Path) -> dict[str, str]:
    """Return the fingerprint of a file, or those of the tables of a database."""
    name = str(path.relative_to(folder))
    if path.is_dir():
        return {name: "folder"}
    if path.suffix == ".duckdb":
        return {f"{name}: {table}": hashed for table, hashed in _tables(path).items()}
    return {name: hashlib.sha256(path.read_bytes()).hexdigest()}


def caches(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if _CACHE.fullmatch(path.name)}


def _tables(path: Path) -> dict[str, str]:
    """Return the number of rows of each table, and a hash of them that does not depend on their order or on times."""
    found = {}
    with duckdb.connect(path, read_only=True, config={"threads": 1}) as connection:
        columns = connection.execute(
            "select table_name, list(column_name order by column_index) from duckdb_columns() join duckdb_tables() "
            "using (table_oid, table_name) where data_type not like 'TIMESTAMP%' and column_name <> 'category_id' "
            "group by all"
        ).fetchall()
        for table, names in columns:
            listed = ", ".join(f'"{name}"' for name in names)
            found[table] = str(
                connection.execute(f'select count(*), sum(hash({listed})::hugeint) from "{table}"').fetchone()
            )
    return found


def downloads_in(path: Path) -> set[str]:
    """Return the fingerprints of the downloads of a database, whose donors must be whole.

    Raises
    ------
    AssertionError
        If a donor has some of its values only, or is there without its download.
    """
    if not path.exists():
        return set()
    with duckdb.connect(path, read_only=True, config={"threads": 1}) as connection:
        tables = {name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()}
        if "downloads" not in tables:
            assert not tables, f"tables without downloads: {sorted(tables)}"
            return set()
        rows = connection.execute("select sha256, unnest(donor_ids), samples, probes from downloads").fetchall()
        for table in ("expression", "present_calls"):
            stored = connection.execute(
                f"select donor_id, count(*), sum(n), min(n) from {table} group by donor_id order by 1"
            ).fetchall()
            expected = sorted((donor, probes, probes * samples, samples) for _, donor, samples, probes in rows)
            assert stored == expected, f"{table}: {stored} and not {expected}"
    return {sha256 for sha256, *_ in rows}


def open_in_shell(path: Path) -> None:
    """Open a database in the shell of DuckDB, and read all of its expression."""
    statement = "select count(*), sum(list_sum(log2)) from expression"
    if not path.exists() or not _has_tables(path):
        statement = "select 1"
    done = subprocess.run([_SHELL, "-readonly", path, "-c", statement], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def opens(path: Path) -> bool:
    """Return whether DuckDB opens a database and reads all of its expression, without coexpr."""
    try:
        with duckdb.connect(path, read_only=True, config={"threads": 1}) as connection:
            names = {name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()}
            for name in names:
                connection.execute(f'select count(*), bit_xor(hash(columns(*))) from "{name}"').fetchall()
    except duckdb.Error:
        return False
    return True


def _has_tables(path: Path) -> bool:
    with duckdb.connect(path, read_only=True) as connection:
        return connection.execute("from duckdb_tables()").fetchone() is not None


def verify(runner: Runner, path: Path, *, may_be_older: bool) -> None:
    """Check a database with `coexpr verify`, which refuses one of an older schema."""
    done = runner.run(["verify", "--format", "json", "--db", path])
    if may_be_older and "was written by another version of coexpr" in done.stderr:
        return
    assert done.stdout, done.stderr
    failed = [row["check"] for row in json.loads(done.stdout)["rows"] if not row["holds"]]
    assert set(failed) <= {_UNFINISHED}, f"verify: {failed}"
    assert failed or done.code == 0, done.stderr

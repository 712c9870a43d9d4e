"""Connections print nothing of their own, and the reason of their errors is one line."""

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from helpers.disks import small_disk
from helpers.folders import PACKAGE

from coexpr.atlas import Atlas
from coexpr.database.engine import connect, reason_of

# It takes longer than the two seconds after which DuckDB would begin to print.
STATEMENT = "select count(*) as n from range(1_500_000_000) as t(i) where hash(i) = 0"
PROGRAM = """
from pathlib import Path
from coexpr.database.connection import open_readonly
with open_readonly(Path({database!r})) as connection:
    print(connection.execute({statement!r}).fetchall())
"""


def run_without_a_file(database: Path, statement: str) -> str:
    """Run a statement in a program that is no file, whose output DuckDB takes for a terminal."""
    program = PROGRAM.format(database=str(database), statement=statement)
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


def test_the_bar_of_duckdb_is_off(synthetic_database: Path) -> None:
    statement = "select current_setting('enable_progress_bar') as is_on"
    assert run_without_a_file(synthetic_database, statement) == "[(False,)]\n"


@pytest.mark.long
def test_no_bar_is_printed_among_the_results(synthetic_database: Path) -> None:
    assert run_without_a_file(synthetic_database, STATEMENT) in ("[(0,)]\n", "[(1,)]\n")


def test_two_atlases_of_one_file_after_a_statement(synthetic_database: Path) -> None:
    with Atlas(synthetic_database) as first:
        first.sql("select 1").fetchall()  # locks the settings
        with Atlas(synthetic_database) as second:
            assert second.sql("select 2").fetchall() == [(2,)]


def test_all_connections_are_opened_alike() -> None:
    opening = [path.name for path in PACKAGE.rglob("*.py") if "duckdb.connect(" in path.read_text(encoding="utf-8")]
    assert opening == ["engine.py"]


def test_the_reason_of_a_failure_is_the_error_that_led_to_it(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 2200) as disk, connect() as connection:
        connection.execute(f"ATTACH '{disk}/n.duckdb' AS n")
        with pytest.raises(duckdb.Error, match="CHECKPOINT during DETACH failed") as failure:
            connection.execute("CREATE TABLE n.t AS SELECT range AS n, random() AS r FROM range(120_000); DETACH n")
        assert reason_of(failure.value) == f'Could not write file "{disk}/n.duckdb": No space left on device'


def test_the_reason_of_a_failure_is_one_line_of_its_own() -> None:
    with pytest.raises(duckdb.Error) as failure:
        duckdb.sql("SELECT 'has been invalidated. Original error: y' FROM nothing")
    assert reason_of(failure.value) == "Catalog Error: Table with name nothing does not exist!"
    fatal = (
        "FATAL Error: Failed: database has been invalidated because of a previous fatal error. The database must be "
    )
    fatal += 'restarted prior to being used again.\nOriginal error: "IO Error: No space left on device"'
    assert reason_of(duckdb.FatalException(fatal)) == "IO Error: No space left on device"
    assert reason_of(duckdb.IOException("Could not read.")) == "Could not read"
    assert reason_of(duckdb.IOException("")) == "IOException"

"""Databases from someone else: what is not as coexpr wrote it is refused, and no other file is read."""

import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
import schema
from helpers.command import invoke

from coexpr.atlas import Atlas
from coexpr.database.catalog import digests, digests_of_new_database, shipped_digests
from coexpr.errors import CoexprError, DatabaseError
from coexpr.loading.downloads import ingest

pytestmark = pytest.mark.long

SECRET = "the contents of another file"


@pytest.fixture
def altered(synthetic_database: Path, tmp_path: Path) -> Path:
    """A copy of a database, for a test to alter."""
    return Path(shutil.copy(synthetic_database, tmp_path / "altered.duckdb"))


@pytest.fixture(scope="module")
def secret(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("elsewhere") / "secret.csv"
    file.write_text(f"{SECRET}\n")
    return file


def alter(path: Path, *statements: str) -> None:
    with duckdb.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)


def tables() -> list[str]:
    return [name for kind, name in shipped_digests() if kind == "table"]


def test_the_shipped_digests_are_those_of_a_new_database() -> None:
    assert schema.FILE.read_text() == schema.text()
    assert len({kind for kind, _ in shipped_digests()}) == 3


def test_another_version_of_duckdb_may_print_definitions_differently(synthetic_database: Path) -> None:
    with duckdb.connect(synthetic_database, read_only=True) as connection:
        found = digests(connection, "definitions_of_tables_and_views", "definitions_of_macros")
    assert found == digests_of_new_database()


@pytest.mark.parametrize("name", tables())
def test_a_view_in_place_of_a_table_is_refused(
    altered: Path, secret: Path, synthetic_zips: list[Path], name: str
) -> None:
    with duckdb.connect(altered) as connection:
        # A view keeps the columns of the table, and reads another file or never ends.
        columns = [(column, kind) for column, kind, *_ in connection.execute(f"describe {name}").fetchall()]
        values = ", ".join(f'null::{kind} as "{column}"' for column, kind in columns)
        connection.execute(f"alter table {name} rename to moved")
        ending = f"read_csv('{secret}')" if len(name) % 2 else "range(1_000_000_000_000_000)"
        connection.execute(f"create view {name} as select {values} from {ending}")
    with pytest.raises(DatabaseError, match=f"is not as coexpr wrote it: {name} is a view and not a table"):
        Atlas(altered)
    with pytest.raises(DatabaseError, match=f"{name} is a view"):
        ingest(synthetic_zips, altered)


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("drop table expression", "it has no table expression"),
        ("alter table expression drop column n", "its table expression is not that of coexpr"),
        ("alter table probes alter column probe_name type integer using 1", "its table probes is not that of coexpr"),
        ("alter table schema_migrations drop column name", "its table schema_migrations is not"),
        ("drop table schema_definitions", "it has no table schema_definitions"),
        ("drop view known_names", "it has no view known_names.* coexpr ingest PATH"),
        ("create or replace view known_names as from range(1000000000000)", "its view known_names is not that of"),
    ],
)
def test_other_tables_and_views_are_refused(altered: Path, statement: str, problem: str) -> None:
    alter(altered, statement)
    with pytest.raises(DatabaseError, match=problem):
        Atlas(altered)


def test_every_table_is_needed(altered: Path) -> None:
    for name in tables():
        copy = altered.with_name(f"{name}.duckdb")
        shutil.copy(altered, copy)
        alter(copy, f"drop table {name}")
        with pytest.raises(DatabaseError, match=f"has no table {name}"):
            Atlas(copy)


def test_what_users_have_added_is_not_looked_at(altered: Path) -> None:
    alter(altered, "create table mine as select 1 as one", "create view ours as from mine", "create macro three() as 3")
    with Atlas(altered) as atlas:
        assert atlas.sql("select one + three() from ours").fetchall() == [(4,)]


def test_the_next_ingest_restores_views_and_macros(altered: Path, synthetic_zips: list[Path]) -> None:
    alter(altered, "create or replace view known_names as select 1 as one", "create or replace macro r(a, b) as 2")
    ingest(synthetic_zips[0], altered)
    with Atlas(altered) as atlas:
        assert atlas.sql("select r('A_23_P216779', 'CUST_1359_PI416573500') < 1").fetchall() == [(True,)]


MACRO = "create or replace macro meanings_of(given, annotation) as table select * from read_csv('{}')"


def test_a_macro_cannot_read_another_file(altered: Path, secret: Path) -> None:
    alter(altered, MACRO.format(secret))
    done = invoke("query", "NTRK2", "--db", altered)
    assert done.exit_code == 1
    assert SECRET not in done.output
    assert done.stderr.count("\n") == 1
    assert "coexpr verify" in done.stderr


def test_statements_cannot_read_other_files_of_python_either(synthetic_database: Path, secret: Path) -> None:
    with Atlas(synthetic_database) as atlas, pytest.raises(CoexprError, match="no other file"):
        atlas.sql(f"from read_csv('{secret}')")


def test_the_connection_that_writes_cannot_read_other_files(altered: Path, secret: Path) -> None:
    from coexpr.database.writing import open_for_writing

    with open_for_writing(altered) as connection, pytest.raises(duckdb.PermissionException):
        connection.execute(f"from read_csv('{secret}')")


def test_a_path_is_not_the_address_of_a_service(tmp_path: Path) -> None:
    for name in ("md:atlas", "s3://bucket/atlas.duckdb", "https://example.org/atlas.duckdb", "postgres:x"):
        command = [sys.executable, "-m", "coexpr", "info", "--db", name]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert done.returncode == 1
        assert "there is no database at" in done.stderr

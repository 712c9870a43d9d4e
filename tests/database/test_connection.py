import subprocess
import sys
from pathlib import Path
from typing import IO

import duckdb
import pytest
from helpers.allen import donor_folder
from helpers.shells import SHELLS

import coexpr
from coexpr.atlas import Atlas
from coexpr.database.attachment import attach_for_writing
from coexpr.database.connection import open_readonly
from coexpr.database.queries import query, transaction
from coexpr.database.schema import migrate, pending_migrations
from coexpr.database.schema_files import schema_version
from coexpr.database.turns import Waiting
from coexpr.database.writing import open_for_writing
from coexpr.errors import DatabaseError
from coexpr.loading.downloads import ingest
from coexpr.resources import DATABASE_VARIABLE, database_path, package_folder


def tables_and_views(path: Path) -> list[str]:
    with open_readonly(path) as connection:
        rows = connection.execute("select table_name from information_schema.tables order by 1").fetchall()
    return [name for (name,) in rows]


def test_the_path_is_given_or_that_of_the_variable_or_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DATABASE_VARIABLE, "from-environment.duckdb")
    assert database_path("given.duckdb") == Path("given.duckdb")
    assert database_path() == Path("from-environment.duckdb")
    monkeypatch.delenv(DATABASE_VARIABLE)
    assert database_path().name == "atlas.duckdb"
    assert "coexpr" in database_path().parts


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of files")
def test_a_full_disk_leaves_no_file(tmp_path: Path) -> None:
    code = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "from coexpr.cli import app\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))\n"
        "app(sys.argv[1:])"
    )
    path = tmp_path / "atlas.duckdb"
    # -B: Python would leave incomplete compiled files.
    command = [sys.executable, "-B", "-c", code, "ingest", str(donor_folder(tmp_path)), "--db", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.glob("atlas.duckdb*"))


def test_migrations_are_numbered_from_one_without_a_gap() -> None:
    numbers = sorted(int(file.name.split("_")[0]) for file in package_folder("migrations").iterdir())
    assert numbers == list(range(1, schema_version() + 1))


@pytest.mark.long
@pytest.mark.skipif(not SHELLS, reason="no duckdb shell is installed")
@pytest.mark.parametrize("shell", SHELLS)
def test_the_shell_reads_every_table_and_view(synthetic_database: Path, shell: str) -> None:
    names = tables_and_views(synthetic_database)
    assert {"expression", "present_calls", "probe_statistics", "representative_probes"} <= set(names)
    for name in names:
        command = [shell, "-readonly", "-csv", str(synthetic_database), "-c", f"select count(*) as n from {name}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        # These tables are filled by other files only.
        others = ("category_names", "name_matches", "reannotations", "rnaseq_agreement", "corrected_coordinates")
        empty = name in others
        assert (int(done.stdout.splitlines()[1]) == 0) == empty, name


@pytest.mark.long
def test_the_file_keeps_a_storage_version_that_duckdb_1_4_reads(tmp_path: Path) -> None:
    path = tmp_path / "atlas.duckdb"
    for donor_id in (9861, 15496):
        ingest([donor_folder(tmp_path, donor_id)], path)
        with duckdb.connect(path, read_only=True) as connection:
            (tags,) = connection.execute(
                "select tags from duckdb_databases() where database_name = current_database()"
            ).fetchone()
        assert tags["storage_version"] == "v1.4.0+"


@pytest.mark.long
def test_a_later_write_by_any_duckdb_keeps_the_storage_version(tmp_path: Path) -> None:
    path = tmp_path / "atlas.duckdb"
    ingest([donor_folder(tmp_path)], path)
    with duckdb.connect(path) as connection:
        connection.execute("create table mine as select 1 as one")
    with duckdb.connect(path, read_only=True) as connection:
        (tags,) = connection.execute(
            "select tags from duckdb_databases() where database_name = current_database()"
        ).fetchone()
    assert tags["storage_version"] == "v1.4.0+"


def test_rows_are_stored_in_small_groups(tmp_path: Path) -> None:
    path = tmp_path / "wide.duckdb"
    with open_for_writing(path) as connection:
        connection.execute("insert into present_calls select 1, i, [true], 1, 1 from range(5000) r(i)")
        connection.execute(
            "insert into downloads values ('x', 'k', 'l', null, [], 0, 0, 0, [], current_timestamp::timestamp, '0')"
        )
    with duckdb.connect(path, read_only=True) as connection:
        groups = connection.execute(
            "select count(distinct row_group_id) from pragma_storage_info('present_calls')"
        ).fetchone()
    assert groups == (3,)


def test_a_new_database_without_a_download_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "new" / "atlas.duckdb"
    with pytest.raises(ZeroDivisionError), open_for_writing(path):
        raise ZeroDivisionError
    assert list(path.parent.iterdir()) == []


def test_a_failed_transaction_is_rolled_back(empty_database: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(duckdb.CatalogException), transaction(empty_database):  # noqa: PT012
        empty_database.execute("insert into donors (donor_id) values (1)")
        empty_database.execute("insert into nowhere values (1)")
    assert empty_database.execute("select count(*) from donors").fetchone() == (0,)


def test_readers_cannot_write(synthetic_database: Path) -> None:
    with open_readonly(synthetic_database) as connection, pytest.raises(duckdb.InvalidInputException):
        connection.execute("delete from donors")


def test_a_missing_database(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match=r"no database at .*none\.duckdb.*coexpr ingest"):
        open_readonly(tmp_path / "none.duckdb")


@pytest.mark.parametrize("opener", [open_readonly, open_for_writing])
def test_another_file_is_refused(tmp_path: Path, opener: object) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database" * 1000)
    with pytest.raises(DatabaseError, match=r"notes\.txt is not a DuckDB database"), opener(path):
        pass
    assert path.read_text() == "not a database" * 1000


@pytest.mark.parametrize("opener", [open_readonly, open_for_writing])
def test_another_duckdb_file_is_refused(tmp_path: Path, opener: object) -> None:
    path = tmp_path / "other.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute("create table mine (i integer)")
    with pytest.raises(DatabaseError, match="but not a database of coexpr"), opener(path):
        pass


@pytest.mark.long
def test_a_database_of_a_newer_coexpr_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "atlas.duckdb"
    ingest([donor_folder(tmp_path)], path)
    with duckdb.connect(path) as connection:
        connection.execute("insert into schema_migrations values (999, 'x', current_timestamp::timestamp, '9.9.9')")
    for opener in (open_readonly, open_for_writing):
        message = rf"schema 999, written by coexpr 9\.9\.9.*{coexpr.__version__}"
        with pytest.raises(DatabaseError, match=message), opener(path):
            pass


@pytest.mark.long
def test_an_older_database_cannot_be_read_before_ingest_migrates_it(tmp_path: Path) -> None:
    path = tmp_path / "atlas.duckdb"
    ingest([donor_folder(tmp_path)], path)
    with duckdb.connect(path) as connection:
        connection.execute("delete from schema_migrations")
    with pytest.raises(DatabaseError, match=r"another version of coexpr, whose tables lack 0001_create_tables\.sql"):
        open_readonly(path)


@pytest.mark.long
def test_views_and_macros_of_another_version_are_replaced_by_the_next_ingest(tmp_path: Path) -> None:
    path = tmp_path / "atlas.duckdb"
    ingest([donor_folder(tmp_path)], path)
    with duckdb.connect(path) as connection:
        connection.execute("update schema_definitions set sha256 = 'of another version'")
        connection.execute("create or replace macro r(a, b) as 2")
    with pytest.raises(DatabaseError, match=r"whose views and macros differ\. .* coexpr ingest PATH"):
        open_readonly(path)
    assert ingest([donor_folder(tmp_path)], path).column("status") == ["already loaded"]
    with Atlas(path) as atlas:
        assert atlas.sql("select r('A_23_P216779', 'CUST_1359_PI416573500') > 0.5").fetchall() == [(True,)]
    assert not list(tmp_path.glob("*before-schema*"))


@pytest.mark.long
def test_a_database_from_before_the_first_release_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "atlas.duckdb"
    ingest([donor_folder(tmp_path)], path)
    with duckdb.connect(path) as connection:
        connection.execute("insert into schema_migrations values (8, 'x', current_timestamp::timestamp, '0.1.0.dev0')")
    with pytest.raises(DatabaseError, match=r"schema 8, .* before 0\.1\.0 wrote it, load the downloads into a new"):
        open_readonly(path)


@pytest.mark.long
def test_a_locked_database_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "atlas.duckdb"
    ingest([donor_folder(tmp_path)], path)
    writer = "import sys, duckdb; connection = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", writer, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "open\n"
        with pytest.raises(DatabaseError, match="in use by another process"):
            Atlas(path)
        process.stdin.close()


def test_a_path_that_cannot_be_created(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatabaseError, match="cannot be created"), open_for_writing(tmp_path / "file" / "atlas.duckdb"):
        pass


@pytest.mark.long
def test_a_truncated_database(tmp_path: Path) -> None:
    path = tmp_path / "atlas.duckdb"
    ingest([donor_folder(tmp_path)], path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(DatabaseError, match="cannot be opened as a database"):
        Atlas(path)


def test_another_connection_of_the_same_process_can_be_open(synthetic_database: Path) -> None:
    with Atlas(synthetic_database) as atlas, duckdb.connect(synthetic_database, read_only=True) as connection:
        assert (
            connection.execute("select count(*) from probes").fetchall()
            == atlas.sql("select count(*) from probes").fetchall()
        )


@pytest.mark.long
def test_ingest_migrates_an_older_database(tmp_path: Path, newer: None) -> None:
    path = older_database(tmp_path)
    with pytest.raises(DatabaseError, match=r"another version of coexpr, whose tables lack 0004_add_remarks\.sql"):
        open_readonly(path)
    ingest([donor_folder(tmp_path)], path)
    with Atlas(path) as atlas:
        assert atlas.contents().provenance.schema_version == schema_version() == 4
        assert atlas.sql("select count(*) from remarks").fetchall() == [(0,)]
        assert len(atlas.members("GO:0007399").rows) == 2164


@pytest.mark.long
def test_a_database_whose_creation_was_interrupted_can_be_used(tmp_path: Path) -> None:
    path = tmp_path / "atlas.duckdb"
    duckdb.connect(path, config={"storage_compatibility_version": "v1.4.0"}).close()
    ingest([donor_folder(tmp_path)], path)
    with Atlas(path) as atlas:
        assert atlas.contents().provenance.samples == 6


@pytest.fixture
def newer(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Add a migration, as a newer version of coexpr would."""
    added = tmp_path_factory.mktemp("migrations") / "0004_add_remarks.sql"
    added.write_text("create table remarks (text varchar);")
    files = [*sorted(package_folder("migrations").iterdir(), key=lambda file: file.name), added]
    for module in ("schema", "schema_files"):
        monkeypatch.setattr(f"coexpr.database.{module}.migrations", lambda: files)


def older_database(tmp_path: Path) -> Path:
    """Create a database with a download that lacks the newest migration."""
    path = tmp_path / "older.duckdb"
    files = sorted(package_folder("migrations").iterdir(), key=lambda file: file.name)
    with attach_for_writing(path, Waiting(path, 0, print)) as connection:
        connection.execute(query("create_schema_migrations"))
        for number, file in enumerate(files, start=1):
            connection.execute(file.read_text())
            record = {"version": number, "name": file.name, "coexpr_version": "0"}
            connection.execute(query("insert_schema_migration"), record)
        connection.execute("insert into downloads select 'x', 'x', 'x', null, [], 0, 0, 0, [], current_timestamp, 'x'")
        connection.execute("checkpoint atlas")
    return path


def test_a_copy_is_kept_until_migration_has_succeeded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, newer: None
) -> None:
    path = older_database(tmp_path)
    kept = tmp_path / f"older.duckdb.before-schema-{schema_version()}"
    seen = []
    for module in ("upgrading", "writing"):
        monkeypatch.setattr(
            f"coexpr.database.{module}.migrate", lambda *arguments: (seen.append(kept.exists()), migrate(*arguments))[1]
        )
    with open_for_writing(path):
        pass
    assert seen == [True, False]  # the second call finds nothing to apply
    assert [file.name for file in tmp_path.iterdir()] == ["older.duckdb"]
    open_readonly(path).close()


@pytest.mark.parametrize("failure", [duckdb.IOException("no space left"), KeyboardInterrupt()], ids=repr)
def test_a_failed_migration_leaves_the_database_unchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException, newer: None
) -> None:
    path = older_database(tmp_path)
    before = path.read_bytes()

    def half(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        connection.execute("create table half_done as select 1 as one")
        raise failure

    monkeypatch.setattr("coexpr.database.upgrading.migrate", half)
    with pytest.raises((DatabaseError, KeyboardInterrupt)) as raised, open_for_writing(path):
        pass
    if isinstance(failure, duckdb.Error):
        assert "could not be brought up to date: no space left. It is as it was before" in str(raised.value)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["older.duckdb"]


@pytest.mark.long
def test_the_copy_of_an_interrupted_migration_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, newer: None
) -> None:
    path = older_database(tmp_path)
    kept = tmp_path / f"older.duckdb.before-schema-{schema_version()}"
    kept.write_bytes(path.read_bytes())
    with attach_for_writing(path, Waiting(path, 0, print)) as connection:
        connection.execute("create table added_later as select 1 as one")
        connection.execute("checkpoint atlas")
    before = path.read_bytes()

    def fail(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        raise duckdb.IOException("again")

    with monkeypatch.context() as patched:
        patched.setattr("coexpr.database.upgrading.migrate", fail)
        with pytest.raises(DatabaseError, match="as it was before"), open_for_writing(path):
            pass
    assert path.read_bytes() == before
    with open_for_writing(path):
        pass
    kept.write_bytes(before)  # as if interrupted after the migration
    with open_for_writing(path):
        pass
    assert [file.name for file in tmp_path.iterdir()] == ["older.duckdb"]


def test_stored_tables_are_filled_in_the_transaction_of_the_migration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, newer: None
) -> None:
    """Else a process that is killed in between would leave them empty, with nothing to migrate."""
    path = older_database(tmp_path)

    def interrupt(connection: duckdb.DuckDBPyConnection) -> None:
        raise KeyboardInterrupt

    with attach_for_writing(path, Waiting(path, 0, print)) as connection:
        with monkeypatch.context() as patched:
            patched.setattr("coexpr.database.schema.store_genes_of_atlas", interrupt)
            with pytest.raises(KeyboardInterrupt):
                migrate(connection, path)
        assert [migration.name for migration in pending_migrations(connection, path)] == ["0004_add_remarks.sql"]
        migrate(connection, path)
        assert not pending_migrations(connection, path)


def test_a_copy_that_cannot_be_put_back_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, newer: None) -> None:
    path = older_database(tmp_path)
    kept = tmp_path / f"older.duckdb.before-schema-{schema_version()}"

    def fail(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        kept.rename(tmp_path / "elsewhere")
        raise duckdb.IOException("no")

    monkeypatch.setattr("coexpr.database.upgrading.migrate", fail)
    message = rf"the copy of it could not be put in its place: .*\. The copy is {kept}: rename it to older\.duckdb"
    with pytest.raises(DatabaseError, match=message), open_for_writing(path):
        pass


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has links for administrators only")
def test_a_link_remains_one_when_a_migration_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, newer: None
) -> None:
    path = older_database(tmp_path)
    before = path.read_bytes()
    link = tmp_path / "elsewhere" / "link.duckdb"
    link.parent.mkdir()
    link.symlink_to(path)

    def fail(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        raise duckdb.IOException("no")

    monkeypatch.setattr("coexpr.database.upgrading.migrate", fail)
    with pytest.raises(DatabaseError, match="as it was before"), open_for_writing(link):
        pass
    assert (link.is_symlink(), path.read_bytes()) == (True, before)
    assert [file.name for file in link.parent.iterdir()] == ["link.duckdb"]


def test_a_log_that_cannot_be_checkpointed_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, newer: None
) -> None:
    path = older_database(tmp_path)
    before = path.read_bytes()
    monkeypatch.setattr(
        "coexpr.database.checkpoint.query",
        lambda name: "checkpoint nowhere" if name == "checkpoint_atlas" else query(name),
    )
    with pytest.raises(DatabaseError, match=r"could not be brought up to date.*Nothing was changed"):
        open_for_writing(path).__enter__()
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["older.duckdb"]


def test_without_space_for_a_copy_nothing_is_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, newer: None
) -> None:
    path = older_database(tmp_path)
    before = path.read_bytes()

    def full(source: IO[bytes], target: IO[bytes], length: int) -> None:
        target.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfileobj", full)
    with (
        pytest.raises(DatabaseError, match=r"a copy cannot be kept.*Free [\d,.]+ MB on the same disk"),
        open_for_writing(path),
    ):
        pass
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["older.duckdb"]

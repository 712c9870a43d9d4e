"""The database while it is served: replaced, missing, written by another process; statements that take too long."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import duckdb
import httpx2 as httpx
import pytest
from helpers.allen import donor_folder
from helpers.web import (
    ENDLESS,
    Page,
    begin,
    command_serving,
    copy_with,
    serving,
    statement_path,
    written_by_another_process,
)
from threadpoolctl import ThreadpoolController

from coexpr.atlas import Atlas
from coexpr.web.workers import MAX_ASKED, GoneError, Times, Workers

# Nothing ends by its time: what a test waits for has another cause.
NEVER = Times(idle=1000, statement=1000)
INTERFERED = "Another process is writing to the database, such as coexpr ingest."


@pytest.fixture
def database(synthetic_database: Path, tmp_path: Path) -> Path:
    """A copy for a test to replace."""
    return Path(shutil.copy(synthetic_database, tmp_path / "atlas.duckdb"))


def replace_with(database: Path, other: Path) -> None:
    """Replace a database, as a program that writes files completely or not at all."""
    shutil.copy(other, database.with_name("new"))
    os.replace(database.with_name("new"), database)


def until(client: httpx.Client, path: str, status: int) -> httpx.Response:
    """Ask until an answer has a status; a test that waits in vain fails by its time limit."""
    for _ in range(600):
        if (answer := client.get(path)).status_code == status:
            return answer
        time.sleep(0.05)
    raise AssertionError(f"{path}: {answer.status_code} {answer.text[:300]}")


def can_be_written(database: Path) -> bool:
    code = f"import duckdb; duckdb.connect({str(database)!r})"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0


# --- the file ---


@pytest.mark.long
def test_a_database_that_was_replaced_is_read_anew(database: Path, tmp_path: Path) -> None:
    renamed = copy_with(
        database,
        tmp_path / "renamed.duckdb",
        "update genes set gene_symbol = 'RENAMED' where gene_symbol = 'BDNF'",
        "update expression set log2 = list_transform(log2, lambda x: x + 1), mean_log2 = mean_log2 + 1",
    )
    with serving(database, times=NEVER) as client:
        pages = ("/correlates?seed=BDNF", "/api/query/BDNF?top=3", "/gene/BDNF")
        before = [client.get(page) for page in pages]
        assert [answer.status_code for answer in before] == [200, 200, 200]
        mean = client.get("/api/probes/NTRK2").json()["rows"][0]["mean_log2"]
        replace_with(database, renamed)
        assert client.get("/api/probes/NTRK2").json()["rows"][0]["mean_log2"] == pytest.approx(mean + 1)
        row = client.get("/api/genes?names=RENAMED").json()["rows"][0]
        assert row["status"] == "with expression data"
        assert "RENAMED" in client.get("/correlates?seed=NTRK2&contains=RENAMED").text
        assert [found["name"] for found in client.get("/api/complete?text=RENAM").json()] == ["RENAMED"]
        replace_with(
            database,
            copy_with(
                database,
                tmp_path / "back.duckdb",
                "update genes set gene_symbol = 'BDNF' where gene_symbol = 'RENAMED'",
            ),
        )
        assert client.get("/correlates?seed=RENAMED").status_code == 404


def test_a_database_may_appear_and_disappear(synthetic_database: Path, tmp_path: Path) -> None:
    database = tmp_path / "later.duckdb"
    with serving(database) as client:
        page = client.get("/")
        assert page.status_code == 503
        assert f"This page answers from the database {database}, which does not exist." in Page(page.text).text
        assert ("form", {"action": "/demo", "method": "post"}) in Page(page.text).elements
        for path in ("/correlates?seed=NTRK2", "/pair?a=NTRK2&b=BDNF", "/sql", "/learn", "/categories", "/gene/NTRK2"):
            assert client.get(path).status_code == 503, path
        for path in ("/api/info", "/api/complete?text=N", "/api/sql?statement=from+donors"):
            answer = client.get(path)
            assert (answer.status_code, answer.json()["error"]["kind"]) == (503, "NoDatabaseError"), path
        assert client.get("/api/openapi.json").status_code == 200
        shutil.copy(synthetic_database, database)
        assert client.get("/").status_code == 200
        assert client.get("/api/query/NTRK2").status_code == 200
        database.unlink()
        assert client.get("/api/query/NTRK2").status_code == 503
        database.write_text("no database")
        answer = client.get("/api/info")
        assert (answer.status_code, "is not a DuckDB database" in answer.text) == (503, True)


@pytest.mark.long
def test_the_synthetic_atlas_is_made_once(tmp_path: Path) -> None:
    database = tmp_path / "none.duckdb"
    with serving(database) as client:
        for _ in range(2):
            answer = client.post("/demo", headers={"Origin": str(client.base_url).rstrip("/")})
            assert (answer.status_code, answer.headers["location"]) == (303, "/")
        totals = client.get("/api/info").json()["provenance"]
        assert (totals["probes"], totals["samples"]) == (2000, 360)
    assert not database.exists()


def test_the_synthetic_atlas_does_not_replace_a_database(database: Path) -> None:
    with serving(database) as client:
        answer = client.post("/demo")
        assert (answer.status_code, "it is not replaced" in answer.text) == (400, True)


def test_while_another_process_writes_pages_say_so(database: Path) -> None:
    with written_by_another_process(database), serving(database) as client:
        for path in ("/", "/correlates?seed=NTRK2", "/gene/NTRK2", "/learn", "/sql?statement=from+donors"):
            page = client.get(path)
            assert (page.status_code, page.headers["retry-after"]) == (503, "10"), path
            assert INTERFERED in Page(page.text).text
            assert ("meta", {"http-equiv": "refresh", "content": "10"}) in Page(page.text).elements
        answer = client.get("/api/info")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
        assert answer.json()["error"]["kind"] == "DatabaseInUseError"
        assert INTERFERED in answer.json()["error"]["message"]
        assert client.get("/static/style.css").status_code == 200
    with serving(database) as client:
        assert client.get("/").status_code == 200


@pytest.mark.long
def test_an_ingest_starts_when_nobody_asks_and_its_data_are_served(prepared_database: Path, tmp_path: Path) -> None:
    def ingest(donor: int) -> subprocess.CompletedProcess[str]:
        folder = donor_folder(tmp_path, donor)
        command = [sys.executable, "-m", "coexpr", "ingest", str(folder), "--db", str(prepared_database)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert ingest(9861).returncode == 0
    with serving(prepared_database, times=Times(idle=0.2)) as client:
        assert client.get("/api/info").json()["provenance"]["donors"] == 1
        for _ in range(60):
            if (done := ingest(15496)).returncode == 0:
                break
            assert "is in use by another process" in done.stderr
        assert done.returncode == 0, done.stderr
        assert client.get("/api/info").json()["provenance"]["donors"] == 2


def test_a_database_is_not_written_while_it_is_read(database: Path) -> None:
    with serving(database, times=NEVER) as client:
        assert client.get("/api/info").status_code == 200
        assert not can_be_written(database)


@pytest.mark.long
def test_a_long_statement_is_not_idleness(database: Path) -> None:
    """The server must not wait for the statement to close the database, and everybody with it."""
    times = Times(idle=0.2, statement=1000)
    with serving(database, times=times) as client, begin(client, statement_path(ENDLESS)):
        time.sleep(1)
        assert client.get("/correlates?seed=NTRK2").status_code == 200


@pytest.mark.long
def test_two_servers_have_one_database(served: httpx.Client, synthetic_database: Path) -> None:
    """One in a process of its own, and one in that of the test."""
    first = served
    with serving(synthetic_database) as second:
        for path in ("/api/query/NTRK2", "/correlates?seed=BDNF", "/api/complete?text=NT", "/pair?a=NTRK2&b=BDNF"):
            assert first.get(path).content == second.get(path).content


# --- statements ---


def test_a_statement_is_stopped_after_its_time(database: Path) -> None:
    with serving(database, times=Times(statement=0.4)) as client:
        answer = client.get(statement_path(ENDLESS))
        assert (answer.status_code, answer.json()["error"]["message"]) == (
            422,
            "the statement was stopped after 0.4 seconds.",
        )
        page = client.get("/sql", params={"statement": ENDLESS})
        assert (page.status_code, "the statement was stopped after 0.4 seconds." in page.text) == (422, True)
        assert "A statement is stopped after 0.4 seconds." in Page(page.text).text
        assert client.get(statement_path("select 1")).status_code == 200


@contextmanager
def running(client: httpx.Client, count: int) -> Iterator[list[socket.socket]]:
    """Run statements that do not end, in connections of their own."""
    with ExitStack() as stack:
        yield [stack.enter_context(begin(client, statement_path(ENDLESS))) for _ in range(count)]


def test_a_statement_whose_reader_is_gone_is_stopped(database: Path) -> None:
    with serving(database, times=NEVER) as client:
        for _ in range(3):
            with running(client, 3):
                pass
        assert client.get(statement_path("select 42 as n")).json()["rows"] == [{"n": 42}]


@pytest.mark.long
def test_questions_are_answered_while_statements_run(database: Path) -> None:
    with serving(database, times=NEVER) as client, running(client, 8):
        for path in ("/", "/correlates?seed=NTRK2", "/api/query/BDNF", "/pair?a=NTRK2&b=BDNF", "/api/complete?text=N"):
            assert client.get(path).status_code == 200, path


def test_too_many_questions_are_refused(database: Path) -> None:
    with serving(database, times=NEVER) as client:
        with running(client, MAX_ASKED):
            answer = until(client, "/api/info", 503)
            assert answer.headers["retry-after"] == "10"
            assert answer.json()["error"]["kind"] == "ServerError"
            assert "Try again in a few seconds." in answer.json()["error"]["message"]
            page = client.get("/gene/NTRK2")
            assert (page.status_code, "http-equiv" in page.text) == (503, False)
        assert until(client, "/api/info", 200)


def test_one_statement_leaves_nothing_for_the_next(served: httpx.Client) -> None:
    for statement, name in (
        ("create temp table left_over as select 1 as a; from left_over", "from left_over"),
        ("create temp macro left_over() as 1; select left_over()", "select left_over()"),
        ("create temp view left_over as select 1; from left_over", "from left_over"),
        ("begin; create temp table left_over as select 1 as a; from left_over", "from left_over"),
        ("prepare left_over as select 1; execute left_over", "execute left_over"),
    ):
        for _ in range(3):
            assert served.get(statement_path(statement)).status_code == 200, statement
            assert served.get(statement_path(name)).status_code == 400, name
    assert served.get(statement_path("set variable v = 5; select getvariable('v') as v")).json()["rows"] == [{"v": 5}]
    assert served.get(statement_path("select getvariable('v') as v")).json()["rows"] == [{"v": None}]


FORBIDDEN = [
    "from read_csv('{file}')", "from read_text('{file}')", "from read_blob('{file}')", "from read_json('{file}')",
    "from read_parquet('{file}')", "from glob('/*')", "from sniff_csv('{file}')", "from '{file}'",
    "from query('from read_text(''{file}'')')", "copy donors to '{new}'", "copy (select 1) to '/dev/stderr'",
    "copy donors from '{file}'", "export database '{new}'", "import database '{folder}'", "attach '{new}'",
    "attach '{file}'", "attach ':memory:' as m; create table m.x(i int)", "install httpfs", "load httpfs",
    "set memory_limit = '9GB'", "reset memory_limit", "set threads = 64", "set enable_external_access = true",
    "set temp_directory = '{folder}'", "set allowed_paths = ['{file}']", "set python_enable_replacements = true",
    "set lock_configuration = false", "pragma enable_profiling = 'json'",
    "set profiling_output = '{new}'", "select getenv('HOME')", "create secret s (type s3)",
    "create persistent secret s (type s3)", "delete from probes", "update genes set gene_symbol = 'x'",
    "insert into donors values (1)", "drop table probes", "create table t (i int)", "create view v as select 1",
    "create macro m() as 1", "alter table probes add column x int", "truncate probes", "comment on table probes is 'x'",
    "call enable_logging()",
    "detach atlas", "from rows", "from atlas", "from stream", "from statement", "from call", "from request", "from os",
]  # fmt: skip


@pytest.fixture(scope="module")
def confined(synthetic_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, Path]]:
    """A server, and a folder with a file that it must not read."""
    folder = tmp_path_factory.mktemp("confined")
    (folder / "secret.csv").write_text("a,b\nsecret,1\n")
    database = Path(shutil.copy(synthetic_database, folder / "atlas.duckdb"))
    with serving(database) as client:
        yield client, folder


@pytest.mark.long
@pytest.mark.parametrize("statement", FORBIDDEN)
def test_sql_has_the_database_only(confined: tuple[httpx.Client, Path], statement: str) -> None:
    client, folder = confined
    before = (folder / "atlas.duckdb").read_bytes()
    given = statement.format(file=folder / "secret.csv", new=folder / "new", folder=folder)
    answer = client.get(statement_path(given))
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["kind"] == "QueryError"
    assert "secret,1" not in answer.text
    assert "Traceback" not in answer.text
    assert not (folder / "new").exists()
    assert (folder / "atlas.duckdb").read_bytes() == before
    assert client.get(statement_path("select count(*) as n from probes")).json()["rows"] == [{"n": 300}]


def test_sql_cannot_write_into_the_folder_of_temporary_files(confined: tuple[httpx.Client, Path]) -> None:
    client, folder = confined
    (folder / "atlas.duckdb.tmp").mkdir(exist_ok=True)
    client.get(statement_path(f"copy (select 1 as a) to '{folder}/atlas.duckdb.tmp/new.csv'"))
    assert not (folder / "atlas.duckdb.tmp" / "new.csv").exists()


@pytest.mark.long
def test_a_number_of_threads_may_be_set(synthetic_database: Path) -> None:
    with command_serving(synthetic_database, COEXPR_THREADS="1") as (client, _):
        statuses = [client.get(f"/api/query/NTRK2?top={top}").status_code for top in range(1, 6)]
        assert set(statuses) == {200}


@pytest.mark.long
def test_the_size_of_a_result_is_limited(served: httpx.Client) -> None:
    fits = served.get("/api/sql", params={"statement": "from range(100000)", "format": "csv"})
    assert (fits.status_code, len(fits.text.splitlines())) == (200, 100_001)
    for statement, reason in (
        ("from range(100001)", "the statement returns more than 100,000 rows. Add LIMIT, or use coexpr sql."),
        ("select repeat('x', 100000) as x from range(1000)", "the statement returns more than 50,000,000 characters."),
    ):
        answer = served.get(statement_path(statement))
        assert (answer.status_code, answer.json()["error"]["kind"]) == (422, "LimitError"), answer.text[:300]
        assert reason in answer.json()["error"]["message"]
        page = served.get("/sql", params={"statement": statement})
        assert (page.status_code, reason in Page(page.text).text) == (422, True)


def test_a_statement_that_needs_too_much_memory_fails_with_a_sentence(served: httpx.Client) -> None:
    answer = served.get(statement_path("select list(i) as l from range(1000000000) t(i)"))
    assert (answer.status_code, answer.json()["error"]["kind"]) == (400, "QueryError")
    assert answer.json()["error"]["message"].startswith("Out of Memory Error: ")
    assert served.get("/api/query/NTRK2").status_code == 200


def test_no_error_shows_a_traceback_or_a_path_of_the_package(served: httpx.Client) -> None:
    for path in (
        *("/api/query/x", "/api/query/NTRK2?top=x", "/api/sql?statement=x", "/api/sql?statement=select+$a", "/api/x"),
        *("/correlates?seed=x", "/correlates?seed=NTRK2&sort=x", "/pair?a=x&b=y", "/gene/x", "/category/x", "/x"),
        *(
            "/sql?statement=select+error('x')",
            "/figure/x.png",
            "/figure/pair.png",
            "/correlates.csv?seed=x",
            "/static/x",
        ),
        *(
            "/sql?statement=select+interval+1000000000+month",
            "/sql?statement=select+'%00'",
            "/sql?statement=from+donors&format=x",
        ),
    ):
        answer = served.get(path)
        assert 200 <= answer.status_code < 500
        for word in ("Traceback", "site-packages", "coexpr/", ".py", "Exception", "_duckdb"):
            assert word not in answer.text.replace("<title>coexpr", ""), (path, word)


async def stays() -> bool:
    """A client that waits for its answer."""
    return False


async def ask_all(workers: Workers) -> list[str]:
    """Ask so often that every worker answers."""
    return [await workers.ask(lambda atlas: atlas.resolve(["NTRK2"]).rows[0][0], stays) for _ in range(2)]


def test_what_an_interrupted_statement_left_is_gone(database: Path) -> None:
    """DuckDB 1.5 keeps the view of a table whose registration was interrupted, and then refuses its name."""

    def leave_a_view(atlas: Atlas) -> None:
        atlas._connection.execute("create temp view given_names as select 1")
        raise duckdb.InterruptException

    async def ask() -> list[str]:
        workers = Workers(database, count=2)
        async with workers.running():
            for _ in range(2):
                with pytest.raises(GoneError):
                    await workers.ask(leave_a_view, stays)
            return await ask_all(workers)

    assert asyncio.run(ask()) == ["NTRK2", "NTRK2"]


def test_a_question_that_cannot_be_interrupted_does_not_keep_its_worker(database: Path) -> None:
    asked, end = threading.Event(), threading.Event()

    def wait(atlas: Atlas) -> None:
        asked.set()
        end.wait(60)

    async def leaves() -> bool:
        return asked.is_set()

    async def ask() -> list[str]:
        workers = Workers(database, Times(patience=0.3), count=2)
        async with workers.running():
            for _ in range(3):
                asked.clear()
                with pytest.raises(GoneError):
                    await workers.ask(wait, leaves)
            return await ask_all(workers)

    try:
        assert asyncio.run(ask()) == ["NTRK2", "NTRK2"]
    finally:
        end.set()


def test_libraries_are_listed_before_there_are_threads(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Listed while another thread imports a library, both would wait for ever."""
    listed_in: list[threading.Thread] = []
    of_threadpoolctl = ThreadpoolController.__init__

    def listing(self: ThreadpoolController) -> None:
        listed_in.append(threading.current_thread())
        of_threadpoolctl(self)

    monkeypatch.setattr(ThreadpoolController, "__init__", listing)

    async def ask() -> list[str]:
        workers = Workers(database, count=2)
        async with workers.running():
            return await ask_all(workers)

    assert asyncio.run(ask()) == ["NTRK2", "NTRK2"]
    assert listed_in == [threading.current_thread()]

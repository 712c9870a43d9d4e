"""Bundles: what is in them, that their numbers are those of the whole database, and what is refused."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest
from bundling.extracting import CATEGORY, extract
from helpers.command import invoke, run
from helpers.missing_values import remove_values
from helpers.shells import SHELLS

import coexpr
from coexpr.atlas import Atlas
from coexpr.bundling.bundle import bundle
from coexpr.bundling.duckdb_wasm import FILES, PACKAGE, PROGRAM, VERSION, WORKER, find_duckdb_wasm
from coexpr.bundling.extract import select
from coexpr.bundling.folder import DESCRIPTION, FORMAT, check_folder, new_folder
from coexpr.database.writing import open_for_writing
from coexpr.errors import CoexprError, DatabaseError, NotFoundError, OptionError, OutputError
from coexpr.options import GeneFilter
from coexpr.progress import Messages

pytestmark = pytest.mark.long

TOLERANCE = 1e-9
_GENES = "select gene_symbol from gene_summary where representative_probe_id is not null order by gene_symbol"


def genes_of(database: Path) -> list[str]:
    with Atlas(database) as atlas:
        return [gene for (gene,) in atlas.sql(_GENES).fetchall()]


def assert_same_numbers(values: Sequence[float | None], expected: Sequence[float | None]) -> None:
    """Compare numbers; None is equal to None only."""
    assert [value is None for value in values] == [value is None for value in expected]
    assert [value or 0 for value in values] == pytest.approx([value or 0 for value in expected], rel=0, abs=TOLERANCE)


def assert_same_correlates(whole: Atlas, part: duckdb.DuckDBPyConnection, gene: str, **filters: Any) -> None:
    """Compare the macro in a bundle with the answer of Python in the whole database."""
    expected = whole.correlates(gene, top=None, gene_filter=CATEGORY, rank_overall=False, **filters)
    named = "".join(f", {key} := '{filters['sample_filter']}'" for key in ["structure"] if filters)
    rows = part.execute(
        f"select probe_id, r, n from correlates('{gene}', category := '{CATEGORY}', top := null{named})"
    ).fetchall()
    assert [row[0] for row in rows] == expected.column("probe_id")
    assert [row[2] for row in rows] == expected.column("n")
    assert_same_numbers([row[1] for row in rows], expected.column("r"))


def test_every_correlate_is_that_of_the_whole_database(synthetic_database: Path, extracted: Path) -> None:
    genes = genes_of(extracted)
    assert len(genes) > 30
    with Atlas(synthetic_database) as whole, duckdb.connect(extracted, read_only=True) as part:
        for gene in genes:
            assert_same_correlates(whole, part, gene)
        assert_same_correlates(whole, part, genes[0], sample_filter="Cx")


def test_r_of_pairs_and_of_all_pairs_is_that_of_the_whole_database(synthetic_database: Path, extracted: Path) -> None:
    genes = genes_of(extracted)
    with Atlas(synthetic_database) as whole, duckdb.connect(extracted, read_only=True) as part:
        for a, b in list(pairwise(genes))[::4]:
            for query in (f"select r('{a}', '{b}')", f"select unnest([r, n]) from r_by_donor('{a}', '{b}')"):
                values, expected = part.execute(query).fetchall(), whole.sql(query).fetchall()
                assert_same_numbers([value for (value,) in values], [value for (value,) in expected])
        query = f"from correlation_matrix('{CATEGORY}')"
        rows, expected = part.execute(query).fetchall(), whole.sql(query).fetchall()
        assert [row[:2] for row in rows] == [row[:2] for row in expected]
        assert_same_numbers([row[2] for row in rows], [row[2] for row in expected])
        query = f"from members('{CATEGORY}')"
        assert part.execute(query).fetchall() == whole.sql(query).fetchall()


def test_missing_values_stay_missing(synthetic_database: Path, tmp_path: Path) -> None:
    database = Path(shutil.copy(synthetic_database, tmp_path / "missing.duckdb"))
    with open_for_writing(database) as connection:
        remove_values(connection)
    part_path = extract(database, tmp_path / "part.duckdb")
    with Atlas(database) as whole, duckdb.connect(part_path, read_only=True) as part:
        rows = "from expression order by donor_id, probe_id"
        stored = part.execute(rows).fetchall()
        ids = {row[1] for row in stored}
        original = [row for row in whole.sql(rows).fetchall() if row[1] in ids]
        assert stored == original
        for gene in genes_of(part_path)[:15]:
            assert_same_correlates(whole, part, gene)


def test_the_command_line_answers_from_a_bundle(synthetic_database: Path, extracted: Path, tmp_path: Path) -> None:
    part = Path(shutil.copy(extracted, tmp_path / "atlas.duckdb"))
    options = ("NTRK2", "--category", CATEGORY, "--all", "--no-rank-overall", "--format", "json")
    here, there = (
        json.loads(run("query", *options, "--db", database).stdout) for database in (part, synthetic_database)
    )
    assert [row["gene_symbol"] for row in here["rows"]] == [row["gene_symbol"] for row in there["rows"]]
    assert [row["r"] for row in here["rows"]] == pytest.approx([row["r"] for row in there["rows"]], abs=TOLERANCE)
    assert here["provenance"]["sources"]["releases"] == there["provenance"]["sources"]["releases"]
    assert run("verify", "--db", part).exit_code == 0
    assert run("info", "--db", part).exit_code == 0


def test_all_probes_of_each_gene(synthetic_database: Path, tmp_path: Path) -> None:
    part_path = extract(synthetic_database, tmp_path / "part.duckdb", all_probes=True)
    with Atlas(synthetic_database) as whole, Atlas(part_path) as part:
        here, there = (list(atlas.probes("NTRK2")) for atlas in (part, whole))
        assert len(here) == 7
        assert [row[0] for row in here] == [row[0] for row in there]
        by_probe = [atlas.pair("NTRK2", "BDNF").probes.column("r") for atlas in (part, whole)]
        assert by_probe[0] == pytest.approx(by_probe[1], rel=0, abs=TOLERANCE)
    with Atlas(synthetic_database) as whole, duckdb.connect(part_path, read_only=True) as connection:
        assert_same_correlates(whole, connection, "NTRK2")


def test_what_the_database_contains(synthetic_database: Path, extracted: Path) -> None:
    with Atlas(synthetic_database) as whole, duckdb.connect(extracted, read_only=True) as part:

        def counts(query: str) -> tuple[int, int]:
            ((here,),) = part.execute(query).fetchall()
            ((there,),) = whole.sql(query).fetchall()
            return here, there

        for table in ("donors", "samples", "structures", "releases", "downloads", "schema_migrations"):
            here, there = counts(f"select count(*) from {table}")
            assert here == there > 0, table
        assert part.execute("select name from categories").fetchall() == [(CATEGORY,)]
        members = "select count(*) from category_genes join categories using (category_id) where name = '{}'"
        here, there = counts(members.format(CATEGORY))
        assert here == there
        assert (
            part.execute("select count(*) from probes").fetchall()
            == part.execute("select count(distinct gene_id) from probes").fetchall()
        )
        comments = "select count(*) from duckdb_tables() where comment is not null"
        assert counts(comments)[0] == counts(comments)[1] > 10
        locations = [location for (location,) in part.execute("select location from downloads").fetchall()]
        assert all(location.startswith("normalized_microarray_donor") for location in locations)


@pytest.mark.skipif(not SHELLS, reason="no duckdb shell is installed")
def test_every_duckdb_shell_reads_the_database(extracted: Path) -> None:
    for shell in SHELLS:
        command = [
            shell,
            "-readonly",
            "-csv",
            extracted,
            "-c",
            "select count(*) > 30 as enough from correlates('NTRK2')",
        ]
        assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() == ["enough", "true"]


def test_a_list_of_genes(synthetic_database: Path, tmp_path: Path) -> None:
    part_path = extract(
        synthetic_database, tmp_path / "part.duckdb", GeneFilter((), ("NTRK2", "TRKC", "BDNF", "nonsense"))
    )
    assert {"BDNF", "NTRK2"} <= set(genes_of(part_path)) <= {"BDNF", "NTRK2", "NTRK3"}
    with duckdb.connect(part_path, read_only=True) as part:
        assert part.execute("select count(*) from categories").fetchall() == [(0,)]


def test_genes_of_the_caller_are_read_while_an_atlas_is_open(synthetic_database: Path, tmp_path: Path) -> None:
    with Atlas(synthetic_database) as whole:
        extract(synthetic_database, tmp_path / "part.duckdb")
        assert len(whole.correlates("NTRK2")) == 20


@pytest.mark.parametrize(
    ("gene_filter", "error", "message"),
    [
        (GeneFilter(), OptionError, "Give `categories`, or `genes`"),
        (GeneFilter(("nervous sistem development",)), NotFoundError, "Did you mean 'nervous system development'"),
        (GeneFilter((), ("nonsense",)), NotFoundError, "none of the 1 genes of the list is in this database"),
    ],
    ids=["all genes", "no such category", "no such gene"],
)
def test_genes_that_make_no_bundle(
    gene_filter: GeneFilter, error: type[CoexprError], message: str, synthetic_database: Path
) -> None:
    with pytest.raises(error, match=message):
        select(synthetic_database, gene_filter, all_probes=False)


def test_a_category_without_expression_data(synthetic_database: Path, tmp_path: Path) -> None:
    database = Path(shutil.copy(synthetic_database, tmp_path / "emptied.duckdb"))
    with open_for_writing(database) as connection:
        connection.execute(
            "delete from expression where probe_id in "
            "(select probe_id from probes join genes using (gene_id) where gene_symbol = 'NTRK2')"
        )
    with pytest.raises(NotFoundError, match="none of these genes has expression data"):
        select(database, GeneFilter((), ("NTRK2",)), all_probes=False)


def make_bundle(folder: Path, *others: str) -> Path:
    folder.mkdir()
    (folder / DESCRIPTION).write_text(json.dumps({"format": FORMAT, "files": {"index.html": {}}}))
    for name in ("index.html", *others):
        (folder / name).write_text("old")
    return folder


def test_a_folder_is_replaced_only_if_it_is_a_bundle(tmp_path: Path) -> None:
    check_folder(tmp_path / "new", force=False)
    (tmp_path / "empty").mkdir()
    check_folder(tmp_path / "empty", force=False)
    own = make_bundle(tmp_path / "own", "atlas.duckdb.matrix", "atlas.duckdb.names")  # caches are not lost
    check_folder(own, force=True)
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(own)
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.md").write_text("")
    for folder, force, message in (
        (own, False, "is a bundle already. Name a new folder, or replace it with `force`"),
        (make_bundle(tmp_path / "more", "notes.txt"), True, "notes.txt in it is not part of it and would be lost"),
        (tmp_path / "file", True, "is a file"),
        (tmp_path / "link", True, "is a link"),
        (tmp_path / "thesis", True, "has files that are not those of a bundle"),
        (tmp_path / "none" / "site", True, "there is no folder"),
    ):
        with pytest.raises(OutputError, match=message):
            check_folder(folder, force=force)


@pytest.mark.parametrize("exists", [False, True])
def test_a_folder_appears_as_a_whole_or_not_at_all(tmp_path: Path, exists: bool) -> None:
    folder = make_bundle(tmp_path / "site") if exists else tmp_path / "site"
    before = sorted(path.read_text() for path in folder.glob("*"))
    for error in (KeyboardInterrupt, OutputError, OSError(28, "No space left on device")):
        with pytest.raises((KeyboardInterrupt, OutputError)), new_folder(folder, 1) as work:  # noqa: PT012
            (work / "index.html").write_text("half")
            raise error
        assert sorted(path.read_text() for path in folder.glob("*")) == before
        assert list(tmp_path.iterdir()) == ([folder] if exists else [])
    with new_folder(folder, 1) as work:
        (work / "index.html").write_text("new")
    assert [path.read_text() for path in folder.iterdir()] == ["new"]
    assert list(tmp_path.iterdir()) == [folder]
    assert os.access(folder, os.R_OK | os.X_OK)
    assert folder.stat().st_mode & 0o055 == 0o055 & ~umask()


def umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def test_too_little_space_is_an_error_before_anything_is_written(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match=r"the bundle needs about .* MB, and .* MB left"),
        new_folder(tmp_path / "site", 10**18),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_one_line(synthetic_database: Path, tmp_path: Path) -> None:
    code = (
        "import resource, signal\n"
        "from pathlib import Path\n"
        "from coexpr.bundling.extract import select, write_database\n"
        "from coexpr.errors import OutputError\n"
        "from coexpr.options import GeneFilter\n"
        "from coexpr.progress import SILENT\n"
        f"selection = select(Path({str(synthetic_database)!r}), GeneFilter(({CATEGORY!r},)), all_probes=False)\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))\n"
        "try:\n"
        f"    write_database(selection, Path({str(tmp_path / 'atlas.duckdb')!r}), SILENT)\n"
        "except OutputError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    (line,) = done.stdout.splitlines()
    assert line.startswith("the database of the bundle could not be written: ")


def fake_package(folder: Path, **package: str) -> Path:
    (folder / "dist").mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps({"name": PACKAGE, "version": VERSION} | package))
    for name in FILES:
        (folder / "dist" / name).write_bytes(b"")
    return folder


def test_duckdb_wasm_must_be_the_release_that_is_pinned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COEXPR_DB", str(tmp_path / "atlas.duckdb"))
    missing = fake_package(tmp_path / "missing")
    (missing / "dist" / WORKER).unlink()
    damaged = fake_package(tmp_path / "damaged")
    (damaged / "package.json").write_text("{")
    for folder, message in (
        (None, rf"DuckDB-Wasm {VERSION}.* coexpr fetch duckdb-wasm.*`duckdb_wasm`"),
        (tmp_path / "none", "there is no such folder"),
        (tmp_path, f"has no file {PROGRAM}"),
        (missing, f"has no file {WORKER}"),
        (fake_package(tmp_path / "other", name="left-pad"), "is the npm package left-pad"),
        (fake_package(tmp_path / "old", version="1.29.0"), rf"duckdb-wasm 1.29.0; expected {PACKAGE} {VERSION}"),
        (fake_package(tmp_path / "changed"), "its SHA-256 is another one"),
        (damaged, "is the npm package an unreadable one"),
    ):
        with pytest.raises(OutputError, match=message):
            find_duckdb_wasm(folder)


def test_duckdb_wasm_is_found_where_it_was_fetched(duckdb_wasm: Path, tmp_path: Path) -> None:
    assert set(find_duckdb_wasm(duckdb_wasm)) == set(FILES)
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    for name, path in find_duckdb_wasm(duckdb_wasm).items():
        shutil.copy(path, downloads / name)
    assert find_duckdb_wasm(None, tmp_path / "atlas.duckdb") == {name: downloads / name for name in FILES}
    assert set(find_duckdb_wasm(downloads)) == set(FILES)


def test_a_bundle_by_the_command_line(synthetic_database: Path, duckdb_wasm: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    options = ("--category", CATEGORY, "-o", site, "--db", synthetic_database, "--duckdb-wasm", duckdb_wasm)
    announced = run("bundle", *options, "--dry-run")
    assert not site.exists()
    assert announced.stdout == ""
    first, last = announced.stderr.splitlines()
    assert first.startswith(f"Bundle of {CATEGORY} (GO:0007399, release 2022-07-01): ")
    assert last.startswith("Nothing was written. ")
    made = run("bundle", *options, "--title", "<b>Neurons</b>")
    assert made.stderr.splitlines()[0] == first
    description = json.loads((site / DESCRIPTION).read_text())
    assert description["title"] == "<b>Neurons</b>"
    assert description["coexpr"] == coexpr.__version__
    assert description["gene_filter"]["categories"] == [CATEGORY]
    assert {path.name for path in site.iterdir()} == {DESCRIPTION, *description["files"]}
    assert {"index.html", "main.js", "atlas.duckdb", "duckdb-eh.wasm.gz", WORKER, "licenses.txt"} <= description[
        "files"
    ].keys()
    assert all((site / name).stat().st_size == file["bytes"] for name, file in description["files"].items())
    refused = invoke("bundle", *options)
    assert refused.exit_code == 1
    assert refused.stderr.splitlines() == [
        f"Error: {site} is a bundle already. Name a new folder, or replace it with --force."
    ]
    run("bundle", *options, "--force")
    assert json.loads((site / DESCRIPTION).read_text())["title"] == f"Gene co-expression: {CATEGORY}"
    assert list(tmp_path.iterdir()) == [site]


def test_mistakes_are_one_line_and_leave_nothing(synthetic_database: Path, tmp_path: Path) -> None:
    options = ("--db", synthetic_database, "-o", tmp_path / "site")
    for arguments, message in (
        ((*options,), "coexpr fetch duckdb-wasm"),
        ((*options, "--duckdb-wasm", tmp_path / "none"), "--duckdb-wasm"),
        (("--db", tmp_path / "none.duckdb", "-o", tmp_path / "site"), "there is no database"),
    ):
        done = invoke("bundle", *arguments, "--category", CATEGORY, COEXPR_DB=str(tmp_path / "default.duckdb"))
        assert done.exit_code == 1
        (line,) = done.stderr.splitlines()
        assert line.startswith("Error: ")
        assert message in line
        assert "`duckdb_wasm`" not in line
        assert list(tmp_path.iterdir()) == []
    assert invoke("bundle", "--category", CATEGORY).exit_code == 2


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_an_interrupt_leaves_nothing(synthetic_database: Path, duckdb_wasm: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "coexpr", "bundle", "--category", CATEGORY, "-o", tmp_path / "site", "--db",
               synthetic_database, "--duckdb-wasm", duckdb_wasm]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while not list(tmp_path.glob(".site.*/*.gz")):  # compression takes longest
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate()
    assert process.returncode == 130
    assert errors.splitlines()[-1].startswith("Interrupted.")
    assert list(tmp_path.iterdir()) == []


def test_the_size_is_announced_before_anything_is_written(
    synthetic_database: Path, duckdb_wasm: Path, tmp_path: Path
) -> None:
    messages: list[str] = []
    folder = tmp_path / "site"

    def receive(message: str) -> None:
        assert not folder.exists()
        messages.append(message)

    result = bundle(folder, CATEGORY, database=synthetic_database, duckdb_wasm=duckdb_wasm, progress=Messages(receive))
    assert len(messages) == 1
    assert f"{result.provenance.genes} genes with expression data" in messages[0]
    assert result.provenance.bytes == sum(path.stat().st_size for path in folder.iterdir())
    expected = bundle(
        tmp_path / "other", CATEGORY, database=synthetic_database, duckdb_wasm=duckdb_wasm, dry_run=True
    ).provenance.bytes
    assert 0.5 < result.provenance.bytes / expected < 1.05


def test_an_old_database_is_not_bundled(tmp_path: Path) -> None:
    with duckdb.connect(tmp_path / "old.duckdb") as connection:
        connection.execute("create table t (a integer)")
    with pytest.raises(DatabaseError, match="not a database of coexpr"):
        select(tmp_path / "old.duckdb", GeneFilter((CATEGORY,)), all_probes=False)

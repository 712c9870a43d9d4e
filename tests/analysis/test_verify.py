import json
import shutil
from pathlib import Path

import duckdb
import numpy as np
import pytest
from helpers.allen import as_csv, donor_folder, heatmap, write_folder
from helpers.command import invoke, run
from helpers.profiles import profile

from coexpr.analysis.verify import verify_download
from coexpr.atlas import Atlas
from coexpr.errors import DownloadError, NoDownloadError
from coexpr.loading.downloads import ingest


def test_r_of_the_site_is_reproduced(shared_data: Path, tmp_path: Path) -> None:
    result = verify_download(None, shared_data / "find-correlates-brainspan")
    ((source, rows, largest, off),) = result.rows
    assert (source, rows, off, result.provenance.holds) == ("the values in the download", 330, 0, True)
    assert largest < 0.001
    assert result.provenance.seed == "ENSG00000169427"


def test_a_changed_r_is_detected(shared_data: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(shared_data / "find-correlates-brainspan", tmp_path / "download")
    rows = folder / "Rows.csv"
    rows.write_text(rows.read_text().replace('"0.948"', '"0.951"', 1))
    done = run("verify", folder, "--db", tmp_path / "none.duckdb", code=1)
    assert "Not every r of the values in the download agrees" in done.stderr
    assert done.stdout.splitlines()[-1].split()[-1] == "1"


def find_correlates(folder: Path, atlas: Atlas, seed: str, extra: float = 0) -> Path:
    """Write a Find Correlates download of the synthetic atlas, with three decimals of r and four of values."""
    folder.mkdir()
    ids = dict(atlas.sql("select probe_name, probe_id from probes order by probe_id").fetchall())
    names = [seed, *[name for name in ids if name != seed][:10]]
    x = {name: profile(atlas, name) for name in names}
    found = [(name, np.corrcoef(x[seed], x[name])[0, 1]) for name in names]
    (folder / "Probes.csv").write_text(
        as_csv([["id", "name", "r"], *([ids[name], name, f"{r + extra:.3f}"] for name, r in found)])
    )
    (folder / "Columns.csv").write_text(as_csv([["donor_id"], *[[9861]] * len(x[seed])]))
    (folder / "Expression.csv").write_text(as_csv([[ids[name], *np.round(x[name], 4)] for name, _ in found]))
    return folder


def test_r_is_compared_with_the_database_too(atlas: Atlas, tmp_path: Path) -> None:
    folder = find_correlates(tmp_path / "good", atlas, "A_23_P216779")
    result = atlas.verify_download(folder)
    assert [row[:2] for row in result.rows] == [("the values in the download", 11), ("the database", 11)]
    assert result.provenance.holds


def test_a_download_that_does_not_name_its_seed(atlas: Atlas, tmp_path: Path) -> None:
    folder = find_correlates(tmp_path / "bad", atlas, "A_23_P216779", extra=-0.01)
    with pytest.raises(DownloadError, match="does not say which row is the seed"):
        atlas.verify_download(folder)
    with pytest.raises(NoDownloadError, match="holds no Find Correlates download"):
        atlas.verify_download(tmp_path)
    with pytest.raises(NoDownloadError, match="does not exist"):
        atlas.verify_download(tmp_path / "nowhere")


@pytest.mark.long
def test_a_consistent_database_passes(atlas: Atlas, gabra4: Path) -> None:
    result = atlas.verify()
    assert result.provenance.holds
    assert "All checks hold." in run("verify", "--db", gabra4).stderr


@pytest.mark.long
@pytest.mark.parametrize(
    ("damage", "what"),
    [
        ("delete from probes where probe_name = 'A_23_P216779'", "expression of a probe that is not there"),
        ("update samples set position = 99 where position = 3", "donor whose samples do not have the positions"),
        ("update expression set log2 = log2[2:] where probe_id % 7 = 0", "expression with another number of values"),
        ("update expression set mean_log2 = mean_log2 + 0.001 where probe_id % 7 = 0", "stored count, mean or squared"),
        ("insert into expression from expression limit 1", "probe and donor twice"),
        ("delete from probe_stability where probe_id % 7 = 0", "differential stability"),
        ("update probe_stability set diff_stability = 0.99 where probe_id % 7 = 0", "differential stability"),
        ("update expression set squared_deviations = 9 where probe_id % 7 = 0", "squared deviations"),
        ("update present_calls set n = null where probe_id % 7 = 0", "present calls whose stored counts"),
        ("insert into present_calls from present_calls limit 1", "present calls of a probe and donor twice"),
        ("insert into probe_stability values (99, 0.5)", "differential stability"),
        ("update present_calls set n_present = 0 where probe_id % 7 = 0", "present calls whose stored counts"),
        ("delete from structures where structure_id in (select structure_id from samples)", "sample of a structure"),
        ("delete from genes where gene_symbol = 'NTRK2'", "probe of a gene that is not there"),
    ],
)
def test_damage_is_detected(synthetic_database: Path, tmp_path: Path, damage: str, what: str) -> None:
    path = tmp_path / "atlas.duckdb"
    path.write_bytes(synthetic_database.read_bytes())
    with duckdb.connect(path) as connection:
        connection.execute(damage)
    with Atlas(path) as atlas:
        result = atlas.verify()
    assert not result.provenance.holds
    assert any(what in row[0] for row in result.rows if not row[1])
    assert "A check failed" in run("verify", "--db", path, code=1).stderr


@pytest.mark.long
@pytest.mark.parametrize(
    ("damage", "what"),
    [
        ("update stored_names set gene_id = 1 where name = 'NTRK2'", "stored name that is not as the tables give it"),
        ("delete from stored_names where name = 'BDNF'", "stored name that is not as the tables give it"),
        ("delete from chip_genes where gene_symbol = 'NTRK2'", "stored gene of the chip that is not"),
        ("create or replace macro plain_name(name) as name", "table, view or macro that is not that of coexpr"),
    ],
)
def test_what_is_derived_is_compared(synthetic_database: Path, tmp_path: Path, damage: str, what: str) -> None:
    path = Path(shutil.copy(synthetic_database, tmp_path / "atlas.duckdb"))
    with duckdb.connect(path) as connection:
        connection.execute(damage)
    with Atlas(path) as atlas:
        result = atlas.verify()
    assert [row[0] for row in result if not row[1]] == [next(row[0] for row in result if what in row[0])]


@pytest.mark.long
def test_an_interrupted_ingest_is_no_fault(synthetic_database: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(synthetic_database, tmp_path / "atlas.duckdb"))
    with duckdb.connect(path) as connection:
        connection.execute("delete from probe_stability")
    done = run("verify", "--db", path)
    assert "the next ingest completes it" in done.stderr
    assert "All checks hold." in done.stderr
    with Atlas(path) as atlas:
        assert not atlas.verify().provenance.is_complete


def test_every_check_says_true_or_false(synthetic_database: Path) -> None:
    checks = json.loads(run("verify", "--db", synthetic_database, "--format", "json").stdout)
    assert {row["holds"] for row in checks["rows"]} == {True}
    assert checks["provenance"]["holds"] is True


@pytest.mark.long
def test_a_damaged_block_is_a_failed_check(synthetic_database: Path, tmp_path: Path) -> None:
    """Whichever block is damaged: the database is refused, a check fails, or the block is not used."""
    content = synthetic_database.read_bytes()
    block, outcomes = 262_144, set()
    for start in range(3 * 4096, len(content), 8 * block):
        path = tmp_path / "atlas.duckdb"
        path.write_bytes(content[: start + 5000] + bytes(64) + content[start + 5064 :])
        done = invoke("verify", "--db", path)
        assert done.exit_code in (0, 1)
        assert "Traceback" not in done.output
        outcomes.add(done.exit_code)
    assert 1 in outcomes


@pytest.fixture
def loaded(prepared_database: Path, tmp_path: Path) -> Path:
    """A database of two downloads, which are next to it."""
    ingest([donor_folder(tmp_path), write_folder(tmp_path / "heatmap", heatmap())], prepared_database)
    return prepared_database


def test_a_deep_check_reads_the_downloads_again(loaded: Path) -> None:
    done = run("verify", "--deep", "--db", loaded)
    assert "All checks hold." in done.stderr
    for what in ("SHA-256 of MicroarrayExpression.csv", "no value of heatmap that differs", "r of 200 pairs of probes"):
        assert what in done.stdout
    assert "--deep checks the database" in run("verify", "--deep", loaded.parent, "--db", loaded, code=1).stderr


@pytest.mark.long
@pytest.mark.parametrize(
    ("damage", "what"),
    [
        ("update expression set log2 = list_concat([log2[1] + 0.01::float], log2[2:])", "no value of heatmap that"),
        ("update expression set log2 = list_concat([log2[2], log2[1]], log2[3:])", "no value of heatmap that differs"),
        ("update expression set log2 = list_concat([null::float], log2[2:])", "no value of heatmap that differs"),
        ("update present_calls set present = list_transform(present, lambda call: not call)", "no present call of"),
        ("update samples set position = 7 - position", "no value of heatmap that differs"),
        ("update downloads set files = list_transform(files, lambda file: {name: file.name, bytes: 1::bigint, "
         "sha256: 'f'})", "SHA-256 of"),
    ],
)  # fmt: skip
def test_a_deep_check_finds_what_is_consistent_and_wrong(loaded: Path, damage: str, what: str) -> None:
    with duckdb.connect(loaded) as connection:
        connection.execute(damage)
        connection.execute(
            "update expression set n = list_count(log2), mean_log2 = list_avg(log2::double[]),"
            " squared_deviations = list_var_pop(log2::double[]) * list_count(log2)"
        )
        connection.execute("update present_calls set n_present = list_count(list_filter(present, lambda call: call))")
        connection.execute("delete from probe_stability")
    with Atlas(loaded) as atlas:
        assert atlas.verify().provenance.holds
        result = atlas.verify_deep()
    assert not result.provenance.holds
    assert any(row[0].startswith(what) for row in result if not row[1])


def test_downloads_that_are_gone_are_named(loaded: Path) -> None:
    shutil.rmtree(loaded.parent / "heatmap")
    done = run("verify", "--deep", "--db", loaded)
    assert f"Not compared: {loaded.parent / 'heatmap'} is no longer there." in done.stderr


def test_a_download_that_was_changed_fails(loaded: Path) -> None:
    file = loaded.parent / "heatmap" / "Expression.csv"
    file.write_text(file.read_text().replace(".", ".1", 1))
    with Atlas(loaded) as atlas:
        failed = [row[0] for row in atlas.verify_deep() if not row[1]]
    assert failed[0] == "SHA-256 of Expression.csv"
    assert "no value of heatmap that differs" in failed

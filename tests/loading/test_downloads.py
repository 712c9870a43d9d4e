import hashlib
import re
import threading
from pathlib import Path

import duckdb
import numpy as np
import pytest
from helpers import allen
from helpers.allen import donor_folder, full_donor, heatmap, replace_cell, write_folder, write_zip
from helpers.recorded import Recorded

from coexpr.database.matrix import choose_all_probes, read_expression
from coexpr.database.samples import find_all_samples
from coexpr.errors import ConflictError, DownloadError
from coexpr.loading.downloads import ingest
from coexpr.loading.prefetch import prefetch
from coexpr.progress import ignore
from coexpr.readers.recognise import find_downloads


def stored(path: Path) -> dict[tuple[int, int], float]:
    """Return every stored value by probe and sample, read with SQL."""
    with duckdb.connect(path, read_only=True) as connection:
        rows = connection.execute(
            "select probe_id, sample_id, log2[position] from expression join samples using (donor_id)"
        ).fetchall()
    return {(probe_id, sample_id): value for probe_id, sample_id, value in rows}


def expected(*donors: int, decimals: int = 11) -> dict[tuple[int, int], float]:
    return {
        (probe[0], well): float(np.float32(round(value, decimals)))
        for donor_id in donors
        for probe, row in zip(allen.PROBES, allen.values(donor_id), strict=True)
        for well, value in zip(allen.WELLS[donor_id], row, strict=True)
    }


def count(path: Path, table: str) -> int:
    with duckdb.connect(path, read_only=True) as connection:
        return connection.execute(f"select count(*) from {table}").fetchone()[0]


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def database(prepared_database: Path) -> Path:
    return prepared_database


@pytest.fixture
def new_database(tmp_path: Path) -> Path:
    return tmp_path / "atlas.duckdb"


def test_a_full_donor_download(tmp_path: Path, database: Path) -> None:
    report = ingest([donor_folder(tmp_path)], database)
    assert stored(database) == expected(9861)
    (row,) = report
    loaded = dict(zip(report.columns, row, strict=True))
    assert (loaded["kind"], loaded["status"], loaded["donors"]) == ("full-donor download", "loaded", ["H0351.2001"])
    assert (loaded["samples"], loaded["probes"], loaded["genes"], loaded["values_written"]) == (6, 4, 3, 24)
    assert report.provenance.contents == {"donors": 1, "samples": 6, "structures": 5, "probes": 4, "genes": 3}


def test_present_calls_ontology_and_sample_annotation_are_stored(tmp_path: Path, database: Path) -> None:
    ingest([donor_folder(tmp_path)], database)
    with duckdb.connect(database, read_only=True) as connection:
        calls = connection.execute(
            "select probe_id, sample_id, present[position] from present_calls join samples using (donor_id)"
        ).fetchall()
        sample = connection.execute("from samples where sample_id = 2985").fetchall()
        structure = connection.execute("from structures where structure_id = 40092").fetchall()
        root = connection.execute(
            "select parent_structure_id, hemisphere from structures where acronym = 'Br'"
        ).fetchall()
    expected_calls = {
        (probe[0], well): bool(value > 6)
        for probe, row in zip(allen.PROBES, allen.values(), strict=True)
        for well, value in zip(allen.WELLS[9861], row, strict=True)
    }
    assert {(probe, well): present for probe, well, present in calls} == expected_calls
    assert sample == [(2985, 9861, 6, 40092, 22, "CX", 37471, 87, 52, 117, 5.9, -27.7, 49.7)]
    assert structure == [(40092, "FL", "frontal lobe, right", 4009, "R", 3, "/4005/4009/40092/", "E8CD59", None)]
    assert root == [(None, None)]


def test_a_heatmap_download_with_columns_in_another_order(tmp_path: Path, database: Path) -> None:
    report = ingest([write_folder(tmp_path / "page", heatmap())], database)
    assert stored(database) == expected(9861, 15496, decimals=4)
    assert report.column("donors") == [["H0351.2001", "H0351.1015"]]


@pytest.mark.long
@pytest.mark.parametrize("folder", ["", "normalized/", "a/b/"])
def test_a_zip_with_any_leading_folder(tmp_path: Path, database: Path, folder: str) -> None:
    path = write_zip(tmp_path / "normalized_microarray_donor9861.zip", full_donor(), folder)
    ingest([path], database)
    assert stored(database) == expected(9861)
    assert sorted(tmp_path.iterdir()) == sorted([path, database])  # nothing was extracted


@pytest.mark.long
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_more_precise_copy_is_kept_in_either_order(tmp_path: Path, database: Path, order: tuple) -> None:
    downloads = [donor_folder(tmp_path), write_folder(tmp_path / "page", heatmap())]
    ingest([downloads[number] for number in order], database)
    assert stored(database) == expected(9861) | expected(15496, decimals=4)


def test_pages_of_a_heatmap_are_merged(tmp_path: Path, database: Path) -> None:
    pages = [
        write_folder(tmp_path / "1", heatmap(probes=(0, 1))),
        write_folder(tmp_path / "2", heatmap(probes=(2, 3))),
    ]
    ingest(pages, database)
    assert stored(database) == expected(9861, 15496, decimals=4)


@pytest.mark.long
def test_structures_and_donors_of_later_downloads_are_merged(tmp_path: Path, database: Path) -> None:
    ingest([write_folder(tmp_path / "some", heatmap(donors=(9861,), columns=(4, 1)))], database)
    assert set(stored(database)) == {(probe[0], well) for probe in allen.PROBES for well in (880, 2985)}
    ingest([write_folder(tmp_path / "others", heatmap(columns=(0, 2, 4)))], database)
    ingest([donor_folder(tmp_path)], database)
    known = {key: value for key, value in stored(database).items() if value is not None}
    some = {5001, 5002, 5004}
    later = {key: value for key, value in expected(15496, decimals=4).items() if key[1] in some}
    assert known == expected(9861) | later
    with duckdb.connect(database, read_only=True) as connection:
        lengths = connection.execute(
            "select donor_id, len(log2) from expression union select donor_id, len(present) from present_calls"
        ).fetchall()
        statistics = connection.execute("select n, mean_log2, squared_deviations, log2 from expression").fetchall()
    assert set(lengths) == {(9861, 6), (15496, 3)}
    for n, mean, squares, values in statistics:
        assert n == len(values)
        assert mean == pytest.approx(np.mean(values), abs=1e-12)
        assert squares == pytest.approx(np.var(values) * n, abs=1e-12)


@pytest.mark.long
def test_values_of_some_probes_are_missing_for_the_others(tmp_path: Path, database: Path) -> None:
    ingest([write_folder(tmp_path / "1", heatmap(probes=(0, 1), columns=(0, 1)))], database)
    ingest([write_folder(tmp_path / "2", heatmap(probes=(1, 2), columns=(2, 3)))], database)
    values = stored(database)
    known = {key for key, value in values.items() if value is not None}
    wells = {donor_id: [wells[column] for column in range(4)] for donor_id, wells in allen.WELLS.items()}
    expected_keys = {(allen.PROBES[0][0], well) for wells_ in wells.values() for well in wells_[:2]}
    expected_keys |= {(allen.PROBES[1][0], well) for wells_ in wells.values() for well in wells_}
    expected_keys |= {(allen.PROBES[2][0], well) for wells_ in wells.values() for well in wells_[2:]}
    assert known == expected_keys
    with duckdb.connect(database, read_only=True) as connection:
        counts = connection.execute("select probe_id, n from probe_statistics order by probe_id").fetchall()
    assert counts == [(101, 8), (103, 4), (104, 4)]


def test_the_same_file_again_changes_nothing(tmp_path: Path, database: Path) -> None:
    download = write_zip(tmp_path / "normalized_microarray_donor9861.zip", full_donor())
    ingest([download], database)
    before = sha256(database)
    report = ingest([download, download], database)
    assert report.column("status") == ["already loaded"] * 2
    assert report.column("values_written") == [0, 0]
    assert report.column("donors")[0] == ["H0351.2001"]
    assert sha256(database) == before


def test_the_same_values_from_another_file_change_no_value(tmp_path: Path, database: Path) -> None:
    ingest([donor_folder(tmp_path)], database)
    report = ingest([write_zip(tmp_path / "donor9861.zip", full_donor())], database)
    assert (report.column("status"), report.column("values_written")) == (["loaded"], [0])
    assert count(database, "expression") == 4
    assert count(database, "downloads") == 2


def test_files_are_recorded_with_their_sha256(tmp_path: Path, database: Path) -> None:
    folder = donor_folder(tmp_path)
    ingest([folder], database)
    with duckdb.connect(database, read_only=True) as connection:
        ((files, title),) = connection.execute("select files, title from downloads").fetchall()
    assert {file["name"]: file["sha256"] for file in files} == {
        name: sha256(folder / name) for name in full_donor() if name != "Readme.txt"
    }
    assert title == "Allen Human Brain Atlas"


def test_heatmap_and_full_donor_download_complement_each_other(tmp_path: Path, database: Path) -> None:
    ingest([write_folder(tmp_path / "page", heatmap()), donor_folder(tmp_path)], database)
    with duckdb.connect(database, read_only=True) as connection:
        structure = connection.execute(
            "select hemisphere, top_level_structure_id from structures where structure_id = 40091"
        ).fetchall()
        donor = connection.execute("from donors where donor_id = 9861").fetchall()
        slabs = connection.execute("select donor_id, slab_num from samples group by all order by 1").fetchall()
    assert structure == [("L", 4009)]
    assert donor == [(9861, "H0351.2001", "24 years", "M", "EC891D")]
    assert slabs == [(9861, 22), (15496, None)]


def assert_refused(downloads: list[Path], database: Path, message: str) -> None:
    """Check that a download is refused and the file of the database does not change."""
    before = sha256(database)
    with pytest.raises(ConflictError, match=message):
        ingest(downloads, database)
    assert sha256(database) == before
    assert not database.with_name(database.name + ".wal").exists()


@pytest.mark.long
@pytest.mark.parametrize("difference", [0.0011, -3])
def test_contradicting_values_are_refused_with_probe_and_sample(
    tmp_path: Path, database: Path, difference: float
) -> None:
    ingest([donor_folder(tmp_path)], database)
    value = allen.values()[1, 3] + difference  # row 2, well 7: the third column of the heatmap, after the id
    files = allen.replace_cell(heatmap(), "Expression.csv", 2, 1 + 2, f"{value:.4f}")
    assert_refused(
        [write_folder(tmp_path / "page", files)],
        database,
        r"log2 of probe CUST_1359_PI416573500 \(101\) in sample 7 of donor 9861 is .* \(1 such values",
    )


def test_copies_can_differ_by_rounding(tmp_path: Path, database: Path) -> None:
    ingest([donor_folder(tmp_path)], database)
    value = allen.values()[1, 3] + 0.0009
    files = allen.replace_cell(heatmap(), "Expression.csv", 2, 1 + 2, f"{value:.4f}")
    ingest([write_folder(tmp_path / "page", files)], database)
    assert stored(database) == expected(9861) | expected(15496, decimals=4)


def test_present_calls_that_differ_are_refused(tmp_path: Path, database: Path) -> None:
    ingest([donor_folder(tmp_path)], database)
    old = full_donor()["PACall.csv"].splitlines()[0].split(",")[1]
    files = allen.replace_cell(full_donor(), "PACall.csv", 1, 2, str(1 - int(old)))
    assert_refused(
        [donor_folder(tmp_path / "other", files=files)],
        database,
        r"present of probe A_23_P216779 \(103\) in sample 594",
    )


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "row", "column", "cell", "message"),
    [
        ("Probes.csv", 2, 2, "A_23_P1", r"about its probes \(1\); first, probe_id 103: 'A_23_P1 \(103\) of gene 4884'"),
        ("Probes.csv", 4, 4, "BDNFX", r"about its genes \(1\); first, gene_id 624: 'BDNFX, Entrez 627'"),
        ("Ontology.csv", 3, 3, "frontal pole", r"about its structures \(1\); first, structure_id 4009"),
        ("SampleAnnot.csv", 2, 3, "594", r"about its samples \(1\); first, sample_id 594: 'donor 15496"),
    ],
)
def test_a_second_donor_that_contradicts_is_refused(
    tmp_path: Path, database: Path, name: str, row: int, column: int, cell: str, message: str
) -> None:
    ingest([donor_folder(tmp_path)], database)
    files = allen.replace_cell(full_donor(15496), name, row, column, cell)
    assert_refused([donor_folder(tmp_path, 15496, files)], database, message)


def test_a_probe_name_under_two_ids_is_refused(tmp_path: Path, database: Path) -> None:
    ingest([donor_folder(tmp_path)], database)
    files = {name: text.replace("103,", "203,", 1) for name, text in heatmap().items()}
    assert_refused(
        [write_folder(tmp_path / "page", files)], database, r"'A_23_P216779 \(203\) of gene 4884' in the download"
    )


def without_probe(files: allen.Files, probe: str) -> allen.Files:
    """Return a full-donor download without one probe."""
    kept = {
        name: "".join(line for line in files[name].splitlines(keepends=True) if not line.startswith(probe))
        for name in ("MicroarrayExpression.csv", "PACall.csv", "Probes.csv")
    }
    return files | kept


@pytest.mark.long
def test_a_probe_list_that_differs_between_donors_is_refused(tmp_path: Path, database: Path) -> None:
    fewer = without_probe(full_donor(15496), "102,")
    ingest([donor_folder(tmp_path)], database)
    assert_refused([donor_folder(tmp_path, 15496, fewer)], database, "probe 102, missing from this download")
    other = tmp_path / "other.duckdb"
    ingest([tmp_path / "normalized_microarray_donor15496"], other)
    assert_refused([tmp_path / "normalized_microarray_donor9861"], other, "probe 102, only in this download")


def test_a_download_of_another_atlas_is_refused(tmp_path: Path, database: Path) -> None:
    ingest([donor_folder(tmp_path)], database)
    files = full_donor(15496) | {"Readme.txt": "====\nSome other atlas\n===="}
    assert_refused([donor_folder(tmp_path, 15496, files)], database, "'Some other atlas', the database of 'Allen Human")


def test_the_same_files_under_another_donor_are_refused(tmp_path: Path, database: Path) -> None:
    path = write_zip(tmp_path / "donor.zip", full_donor())
    ingest([path], database, donor="H0351.2001")
    with pytest.raises(ConflictError, match="already loaded, as donor 9861 and not as donor 10021"):
        ingest([path], database, donor="10021")


def test_a_damaged_download_changes_nothing_and_earlier_ones_remain(tmp_path: Path, database: Path) -> None:
    damaged = allen.replace_cell(full_donor(15496), "PACall.csv", 4, 7, "2")
    folders = [donor_folder(tmp_path), donor_folder(tmp_path, 15496, damaged)]
    with pytest.raises(DownloadError, match=r"PACall\.csv, row 4, column 7: expected 0 or 1, found '2'"):
        ingest(folders, database)
    assert stored(database) == expected(9861)
    assert count(database, "donors") == 1


def test_the_error_reports_how_many_downloads_were_loaded_before(tmp_path: Path, database: Path) -> None:
    damaged = allen.replace_cell(full_donor(15496), "PACall.csv", 4, 7, "2")
    with pytest.raises(DownloadError, match=r"Loaded before it: 1 of 2 downloads"):
        ingest([donor_folder(tmp_path), donor_folder(tmp_path, 15496, damaged)], database)


def test_a_damaged_download_creates_no_database(tmp_path: Path, new_database: Path) -> None:
    damaged = allen.replace_cell(full_donor(), "MicroarrayExpression.csv", 4, 7, "six")
    with pytest.raises(DownloadError):
        ingest([donor_folder(tmp_path, files=damaged)], new_database)
    assert not new_database.exists()


def test_progress_is_reported(tmp_path: Path, database: Path) -> None:
    progress = Recorded()
    ingest([donor_folder(tmp_path)], database, progress=progress)
    assert list(progress.tasks) == ["Reading", "Writing 1 of 1"]
    for total, done in progress.tasks.values():
        assert done == pytest.approx(total)
        assert total > 0


def test_two_downloads_in_one_zip_are_both_loaded(tmp_path: Path, database: Path) -> None:
    pages = {
        f"{folder}/{name}": text
        for folder, probes in (("a", (0, 1)), ("b", (2, 3)))
        for name, text in heatmap(probes=probes).items()
    }
    path = write_zip(tmp_path / "pages.zip", pages)
    assert ingest([path], database).column("status") == ["loaded", "loaded"]
    assert stored(database) == expected(9861, 15496, decimals=4)
    assert ingest([path], database).column("status") == ["already loaded"] * 2


def test_present_calls_are_padded_for_a_sample_added_between_two_loads(tmp_path: Path, database: Path) -> None:
    ingest([donor_folder(tmp_path)], database)
    files = {name: text.replace("594", "9594") for name, text in heatmap(donors=(9861,), columns=(0,)).items()}
    ingest([write_folder(tmp_path / "page", files)], database)
    more = full_donor()
    more["SampleAnnot.csv"] += (
        more["SampleAnnot.csv"].splitlines()[1].replace(",594,", ",9594,").replace(",37470,", ",37470,") + "\n"
    )
    for name, cell in (("MicroarrayExpression.csv", None), ("PACall.csv", "1")):
        lines = more[name].splitlines()
        more[name] = "\n".join(f"{line},{cell or line.split(',')[1]}" for line in lines)
    ingest([donor_folder(tmp_path / "more", files=more)], database)
    with duckdb.connect(database, read_only=True) as connection:
        rows = connection.execute(
            "select present[position], len(present) from present_calls join samples using (donor_id) "
            "where sample_id = 9594"
        ).fetchall()
        old = connection.execute(
            "select probe_id, sample_id, present[position] from present_calls join samples using (donor_id) "
            "where sample_id <> 9594"
        ).fetchall()
    assert rows == [(True, 7)] * 4
    assert len(old) == 24
    assert {present for _, _, present in old} == {True, False}


def test_a_later_entrez_id_is_stored_and_another_one_refused(tmp_path: Path, database: Path) -> None:
    without = allen.replace_cell(heatmap(donors=(9861,)), "Probes.csv", 4, 6, "")
    ingest([write_folder(tmp_path / "without", without)], database)
    ingest([write_folder(tmp_path / "with", heatmap(donors=(9861,), columns=(0,)))], database)
    with duckdb.connect(database, read_only=True) as connection:
        assert connection.execute("select entrez_id from genes where gene_symbol = 'BDNF'").fetchall() == [(627,)]
    other = allen.replace_cell(heatmap(donors=(9861,), columns=(1,)), "Probes.csv", 4, 6, "628")
    assert_refused([write_folder(tmp_path / "other", other)], database, r"'BDNF, Entrez 628' in the download")


def test_the_smallest_id_among_probes_of_equal_mean_represents_the_gene(tmp_path: Path, database: Path) -> None:
    files = full_donor()
    lines = files["MicroarrayExpression.csv"].splitlines()
    lines[1] = lines[0].replace("103,", "101,")
    ingest([donor_folder(tmp_path, files=files | {"MicroarrayExpression.csv": "\n".join(lines)})], database)
    with duckdb.connect(database, read_only=True) as connection:
        found = connection.execute("select probe_id from representative_probes where gene_id = 4884").fetchall()
    assert found == [(101,)]


def test_only_probes_known_in_the_most_samples_represent_a_gene(tmp_path: Path, database: Path) -> None:
    low = allen.values().mean(axis=1)
    best, other = (0, 1) if low[0] > low[1] else (1, 0)
    ingest([write_folder(tmp_path / "both", heatmap(donors=(9861,), probes=(0, 1)))], database)
    ingest([write_folder(tmp_path / "one", heatmap(donors=(15496,), probes=(other,)))], database)
    with duckdb.connect(database, read_only=True) as connection:
        found = connection.execute("select probe_id from representative_probes where gene_id = 4884").fetchall()
    assert found == [(allen.PROBES[other][0],)]
    assert best != other


def test_a_donor_without_samples_is_left_out(tmp_path: Path, database: Path) -> None:
    files = heatmap()
    for column in range(8, 14):
        files = allen.replace_cell(files, "Columns.csv", column, 5, "-1")
        for row in range(1, 5):
            files = allen.replace_cell(files, "Expression.csv", row, column, "")
    ingest([write_folder(tmp_path / "page", files)], database)
    assert stored(database) == expected(9861, decimals=4)
    assert count(database, "donors") == 1


def test_one_path_needs_no_list(tmp_path: Path, database: Path) -> None:
    assert ingest(str(donor_folder(tmp_path)), database).provenance.contents["samples"] == 6


def test_a_readme_without_the_banner_names_no_atlas(tmp_path: Path, database: Path) -> None:
    ingest([donor_folder(tmp_path, files=full_donor() | {"Readme.txt": "My notes\nof today"})], database)
    ingest([donor_folder(tmp_path, 15496)], database)
    assert count(database, "donors") == 2


@pytest.mark.long
def test_rows_that_were_rewritten_out_of_order_are_read_correctly(tmp_path: Path) -> None:
    """Two donors have the same number of samples; some rows of the first are stored after those of the second."""
    database = tmp_path / "atlas.duckdb"
    rounded, precise = heatmap(), heatmap(donors=(9861,), probes=(1, 2))
    ingest([write_folder(tmp_path / "first", rounded)], database)
    expression = "Expression.csv"
    more = {
        name: re.sub(r"(\d\.\d{4})", r"\g<1>01", text) if name == expression else text for name, text in precise.items()
    }
    ingest([write_folder(tmp_path / "second", more)], database)
    with duckdb.connect(database, read_only=True) as connection:
        samples = find_all_samples(connection)
        probe_ids = choose_all_probes(connection)
        profiles = read_expression(connection, probe_ids, samples)
        stored = connection.execute("select donor_id, probe_id, log2 from expression").fetchall()
        order = [donor_id for donor_id, *_ in stored]
    assert order != sorted(order)
    for donor_id, probe_id, log2 in stored:
        row = profiles[np.searchsorted(probe_ids, probe_id), samples.columns[donor_id]]
        np.testing.assert_array_equal(row, np.array(log2, dtype=np.float32))


@pytest.mark.long
def test_rows_that_are_stored_out_of_order_are_compared_correctly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a heatmap of some probes, the rows of a donor are stored in the order in which they were loaded."""
    monkeypatch.setitem(allen.WELLS, 9861, sorted(allen.WELLS[9861]))  # so that columns need not be reordered
    database = tmp_path / "atlas.duckdb"
    donor = full_donor(9861)
    ingest(
        [write_folder(tmp_path / "page", heatmap(donors=(9861,), probes=(1, 0), columns=(0, 1, 2, 3, 4, 5)))], database
    )
    ingest([write_zip(tmp_path / "normalized_microarray_donor9861.zip", donor)], database)
    report = ingest([donor_folder(tmp_path / "again", files=donor)], database)
    assert report.column("status") == ["loaded"]
    assert report.column("values_written") == [0]
    assert stored(database) == pytest.approx(expected(9861), abs=1e-6)


def test_one_download_named_several_times_is_read_once(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "normalized_microarray_donor9861.zip", full_donor(9861))
    recognised, _ = find_downloads([path])
    prefetched = list(prefetch(recognised * 3, set(), ignore))
    assert [one.contents is None for one in prefetched] == [False, True, True]
    assert len({one.sha256 for one in prefetched}) == 1


def test_threads_of_prefetch_end_after_an_error(tmp_path: Path) -> None:
    damaged = write_zip(
        tmp_path / "normalized_microarray_donor9861.zip", replace_cell(full_donor(9861), "PACall.csv", 2, 3, "7")
    )
    before = threading.active_count()
    with pytest.raises(DownloadError, match="expected 0 or 1"):
        ingest([damaged], tmp_path / "atlas.duckdb")
    assert threading.active_count() == before

import re
import zipfile
from pathlib import Path

import duckdb
import numpy as np
import pytest

from coexpr.atlas import Atlas
from coexpr.demo.downloads import write_downloads
from coexpr.demo.synthetic import blocks, design
from coexpr.errors import OptionError
from coexpr.loading.downloads import ingest

NTRK2 = {
    "A_23_P216779",
    "A_24_P343559",
    "CUST_1358_PI416573500",
    "CUST_1359_PI416573500",
    "CUST_1400_PI416379584",
    "CUST_16457_PI416261804",
    "CUST_486_PI416408490",
}


def test_the_readme_names_the_atlas_synthetic(synthetic_zips: list[Path]) -> None:
    for path in synthetic_zips:
        assert "Synthetic" in zipfile.ZipFile(path).read("Readme.txt").decode()


def test_the_probes_of_ntrk2_and_bdnf_have_their_real_names(synthetic_database: Path) -> None:
    with duckdb.connect(synthetic_database, read_only=True) as connection:
        names = connection.execute(
            "select gene_symbol, list(probe_name) from probes join genes using (gene_id) "
            "where entrez_id in (627, 4915) group by 1 order by 1"
        ).fetchall()
    assert [(symbol, set(probes)) for symbol, probes in names] == [
        ("BDNF", {"A_23_P127891", "A_32_P7316"}),
        ("NTRK2", NTRK2),
    ]


def test_every_other_probe_name_is_marked_as_invented(synthetic_database: Path) -> None:
    with duckdb.connect(synthetic_database, read_only=True) as connection:
        names = {name for (name,) in connection.execute("select probe_name from probes").fetchall()}
    assert all(re.fullmatch(r"DEMO_P\d+", name) for name in names - NTRK2 - {"A_23_P127891", "A_32_P7316"})


def test_probes_of_a_gene_agree_more_than_probes_of_different_genes(atlas: Atlas) -> None:
    rows = atlas.correlates("A_23_P216779", top=None).rows
    same = [row[6] for row in rows if row[3] == "NTRK2"]
    other = [row[6] for row in rows if row[3] != "NTRK2"]
    assert np.median(same) > np.quantile(other, 0.9)


def test_donors_differ_by_more_than_chance() -> None:
    plan = design(100, 600, 1)
    _, values, _ = next(iter(blocks(plan)))
    for structure in np.unique(plan.structure_of_sample):
        columns = plan.structure_of_sample == structure
        values[:, columns] -= values[:, columns].mean(axis=1, keepdims=True)
    groups = [values[:, plan.donor_of_sample == donor] for donor in range(6)]
    between = sum(group.shape[1] * group.mean(axis=1) ** 2 for group in groups) / 5
    within = sum(group.var(axis=1) * group.shape[1] for group in groups) / (600 - 6)
    assert np.median(between / within) > 3  # the 5 % point of F(5, 594) is 2.2


def test_equal_seeds_give_equal_values() -> None:
    plan = design(60, 60, 1)
    first = next(iter(blocks(plan)))[1]
    again = next(iter(blocks(design(60, 60, 1))))[1]
    np.testing.assert_array_equal(first, again)
    assert (first >= 1).all()
    assert (first <= 16).all()


@pytest.mark.parametrize(("probes", "samples"), [(8, 60), (9, 59)])
def test_a_demo_that_is_too_small_is_refused(tmp_path: Path, probes: int, samples: int) -> None:
    with pytest.raises(OptionError, match="at least 9 probes and 60 samples"):
        write_downloads(tmp_path, probes=probes, samples=samples)
    assert list(tmp_path.iterdir()) == []


def test_numbers_have_twelve_significant_digits(synthetic_zips: list[Path]) -> None:
    text = zipfile.ZipFile(synthetic_zips[0]).read("MicroarrayExpression.csv").decode()
    cells = [cell for line in text.splitlines() for cell in line.split(",")[1:]]
    assert all(cell == f"{float(cell):.12g}" for cell in cells)
    assert sum(len(cell.replace(".", "").lstrip("0")) == 12 for cell in cells) > 0.8 * len(cells)


@pytest.mark.long
def test_a_large_atlas_has_as_many_structures_as_the_real_one(tmp_path: Path) -> None:
    ingest(write_downloads(tmp_path, probes=9, samples=3702), tmp_path / "atlas.duckdb")
    with duckdb.connect(tmp_path / "atlas.duckdb", read_only=True) as connection:
        counts = connection.execute(
            "select count(distinct structure_id) from samples group by rollup (donor_id) order by donor_id nulls first"
        ).fetchall()
    assert 350 < counts[0][0] < 450
    assert all(150 < count < 400 for (count,) in counts[1:])

"""Values on the scales of the site, compared with those that the site returned for the same search."""

import csv
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from coexpr.database.samples import Samples, find_all_samples
from coexpr.database.site_views import shown_under
from coexpr.stats.site_scale import average_by, z_scores


def read(folder: Path) -> tuple[list[dict[str, str]], dict[int, np.ndarray]]:
    with (folder / "Columns.csv").open() as stream:
        columns = list(csv.DictReader(stream))
    with (folder / "Expression.csv").open() as stream:
        values = {int(row[0]): np.array([float(cell or "nan") for cell in row[1:]]) for row in csv.reader(stream)}
    return columns, values


@pytest.fixture(scope="module")
def samples_of_site(shared_data: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[int]]:
    columns, values = read(shared_data / "heatmap-gabra4" / "samples_log2intensities")
    ids = sorted(values)
    donors = np.array([int(column["donor_id"]) for column in columns], dtype=np.int32)
    structures = np.array([int(column["structure_id"]) for column in columns], dtype=np.int32)
    return np.stack([values[probe] for probe in ids]), donors, structures, ids


def test_averages_are_those_of_the_site(shared_data: Path, gabra4: Path, samples_of_site) -> None:
    x, donors, structures, ids = samples_of_site
    with duckdb.connect(gabra4, read_only=True) as connection:
        shown = shown_under(connection, Samples(donors, np.zeros_like(donors), structures), "structures")
    averages, groups = average_by(x, donors.astype(np.int64) * 1_000_000 + shown)
    ours = dict(zip(groups.tolist(), averages.T, strict=True))
    columns, values = read(shared_data / "heatmap-gabra4" / "structures_log2intensities")
    site = np.stack([values[probe] for probe in ids])
    agreeing = 0
    for column, displayed in zip(columns, site.T, strict=True):
        group = int(column["donor_id"]) * 1_000_000 + int(column["structure_id"])
        if np.isnan(displayed).all():
            assert group not in ours
        else:
            agreeing += np.abs(ours[group] - displayed).max() <= 1e-4 + 1e-9
    assert (agreeing, len(ours)) == (841, 841)


def test_z_scores_are_those_of_the_site(shared_data: Path, samples_of_site) -> None:
    x, donors, _, ids = samples_of_site
    _, values = read(shared_data / "heatmap-gabra4" / "samples_zscore")
    assert np.abs(z_scores(x, donors) - np.stack([values[probe] for probe in ids])).max() <= 4e-4


def test_every_sample_of_the_atlas_is_shown_under_one_of_169_structures(gabra4: Path) -> None:
    with duckdb.connect(gabra4, read_only=True) as connection:
        samples = find_all_samples(connection)
        fine, coarse = (shown_under(connection, samples, view) for view in ("structures", "coarse structures"))
    assert (len(set(fine.tolist())), len(set(coarse.tolist()) - {-1})) == (169, 26)
    assert (fine > 0).all()


matrices = arrays.arrays(np.float64, st.tuples(st.integers(1, 3), st.integers(1, 9)), elements=st.floats(0, 16))


@given(matrices, st.data())
def test_averages_by_definition(x: np.ndarray, data: st.DataObject) -> None:
    groups = np.array(data.draw(st.lists(st.integers(-1, 2), min_size=x.shape[1], max_size=x.shape[1])))
    x = np.where(data.draw(arrays.arrays(np.bool_, x.shape)), np.nan, x)
    averages, ids = average_by(x, groups)
    assert ids.tolist() == sorted(set(groups.tolist()) - {-1})
    for column, group in enumerate(ids):
        for row in range(len(x)):
            known = x[row, (groups == group) & ~np.isnan(x[row])]
            expected = np.log2(np.mean(2**known)) if len(known) else np.nan
            assert averages[row, column] == pytest.approx(expected, nan_ok=True)


def test_rows_whose_squared_deviations_underflow_have_no_z_score() -> None:
    x = np.array([[0.0, 1e-200, 0.0], [1.0, 2.0, 3.0]])
    z = z_scores(x, np.zeros(3, dtype=int))
    assert np.isnan(z[0]).all()
    assert np.isfinite(z[1]).all()


@given(matrices, st.data())
def test_z_scores_by_definition(x: np.ndarray, data: st.DataObject) -> None:
    x = np.where(data.draw(arrays.arrays(np.bool_, x.shape)), np.nan, x)
    groups = np.array(data.draw(st.lists(st.integers(0, 2), min_size=x.shape[1], max_size=x.shape[1])))
    z = z_scores(x, groups)
    for group in np.unique(groups):
        for row, scores_of_row in zip(x[:, groups == group], z[:, groups == group], strict=True):
            known = ~np.isnan(row)
            assert np.isnan(scores_of_row[~known]).all()
            values, scores = row[known], scores_of_row[known]
            if not len(values) or np.ptp(values) == 0:
                assert np.isnan(scores).all()
            elif np.ptp(values) > 1e-6:
                np.testing.assert_allclose(scores, (values - values.mean()) / values.std(), atol=1e-6)

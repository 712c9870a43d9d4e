"""Mean r of sets by centroids, against all pairs of rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coexpr.stats.centroids import (
    Sets,
    centroids_of,
    mean_r_between,
    mean_r_with,
    mean_r_within,
    without_itself,
    without_members,
)
from coexpr.stats.measures import Estimator, measure_all, unit_rows


def sets_of(members: list[np.ndarray]) -> Sets:
    starts = np.cumsum([0, *map(len, members)]).astype(np.intp)
    return Sets(starts, np.concatenate(members))


@pytest.fixture(scope="module")
def atlas() -> tuple[np.ndarray, np.ndarray, Sets]:
    """2,000 rows over 60 samples of three donors: their unit rows, r of all pairs, and 40 sets."""
    random = np.random.default_rng(18)
    rows = random.normal(8, 2, (2000, 1)) + random.normal(0, 1, (2000, 5)) @ random.normal(0, 1, (5, 60))
    rows += random.normal(0, 1, rows.shape)
    estimator = Estimator(factors=(np.repeat([0, 1, 2], 20),))
    sets = sets_of([np.sort(random.choice(2000, size, replace=False)) for size in random.integers(2, 300, 40)])
    return unit_rows(rows, estimator), measure_all(rows, estimator)[0], sets


@pytest.mark.parametrize("workers", [1, 3])
def test_mean_r_with_every_set(atlas: tuple[np.ndarray, np.ndarray, Sets], workers: int) -> None:
    unit, r, sets = atlas
    found = mean_r_with(centroids_of(unit, sets, workers), unit)
    expected = np.stack([r[sets[number]].mean(axis=0) for number in range(len(sets))])
    np.testing.assert_allclose(found, expected, atol=1e-12, rtol=0)


def test_mean_r_of_a_member_with_the_others(atlas: tuple[np.ndarray, np.ndarray, Sets]) -> None:
    unit, r, sets = atlas
    centroids = centroids_of(unit, sets)
    for number in range(len(sets)):
        members = sets[number]
        found = without_itself(centroids[number] @ unit[members].T, sets.sizes[number])
        block = r[np.ix_(members, members)]
        expected = (block.sum(axis=1) - np.diagonal(block)) / (len(members) - 1)
        np.testing.assert_allclose(found, expected, atol=1e-12, rtol=0)


def test_mean_r_within_sets(atlas: tuple[np.ndarray, np.ndarray, Sets]) -> None:
    unit, r, sets = atlas
    expected = []
    for number in range(len(sets)):
        block = r[np.ix_(sets[number], sets[number])]
        expected.append(block[~np.eye(len(block), dtype=bool)].mean())
    np.testing.assert_allclose(mean_r_within(centroids_of(unit, sets), sets.sizes), expected, atol=1e-12, rtol=0)


def test_mean_r_between_sets_that_share_genes(atlas: tuple[np.ndarray, np.ndarray, Sets]) -> None:
    unit, r, sets = atlas
    centroids = centroids_of(unit, sets)
    for one, other in [(0, 1), (2, 3), (4, 5), (6, 6)]:
        a, b = sets[one], sets[other]
        pairs = a[:, None] != b
        found = mean_r_between(centroids[one], len(a), centroids[other], len(b), len(np.intersect1d(a, b)))
        assert found == pytest.approx(r[np.ix_(a, b)][pairs].mean(), abs=1e-12)
    assert np.isnan(mean_r_between(unit[0], 1, unit[0], 1, 1))


def test_centroids_without_some_members(atlas: tuple[np.ndarray, np.ndarray, Sets]) -> None:
    unit, _, sets = atlas
    left_out = np.unique(np.concatenate([sets[number][:2] for number in range(10)]))
    fewer = sets.without(left_out)
    is_left_out = np.isin(sets.members, left_out)
    counts = np.bincount(sets.owners[is_left_out], minlength=len(sets))
    sums = np.zeros((len(sets), unit.shape[1]))
    np.add.at(sums, sets.owners[is_left_out], unit[sets.members[is_left_out]])
    kept = np.flatnonzero(fewer.sizes)
    assert (sets.sizes - counts == fewer.sizes).all()
    found = without_members(centroids_of(unit, sets), sets.sizes, sums, counts)
    np.testing.assert_allclose(found[kept], centroids_of(unit, fewer.take(kept)), atol=1e-12, rtol=0)


@given(st.lists(st.lists(st.integers(0, 9), unique=True), min_size=1), st.lists(st.integers(0, 9), unique=True))
def test_sets_behave_as_lists(members: list[list[int]], left_out: list[int]) -> None:
    sets = sets_of([np.array(rows, dtype=np.intp) for rows in members])
    assert [sets[number].tolist() for number in range(len(sets))] == members
    fewer = sets.without(np.array(left_out, dtype=np.intp))
    assert [fewer[number].tolist() for number in range(len(fewer))] == [
        [row for row in rows if row not in left_out] for rows in members
    ]
    backwards = sets.take(np.arange(len(sets))[::-1])
    assert [backwards[number].tolist() for number in range(len(backwards))] == members[::-1]
    values = np.arange(10.0) ** 2
    for mean, rows in zip(sets.means(values), members, strict=True):
        assert np.isnan(mean) if not rows else mean == pytest.approx(values[rows].mean())

"""Mean r with a set of seeds against definitions that are written out."""

import numpy as np
import pytest

from coexpr.stats.measures import Estimator, measure_all, measure_seed
from coexpr.stats.seed_sets import (
    Part,
    centroids_of_all,
    combine_parts,
    fewest_over_seeds,
    mean_over_seeds,
    mean_r_with_all,
    measure_parts,
    places_among,
    rank_biased_precision,
    weigh_parts,
)

DONORS = [slice(0, 30), slice(30, 50), slice(50, 80)]


@pytest.fixture(params=[Estimator(), Estimator("spearman"), Estimator("bicor", 0.1)], ids=["r", "rank", "bicor"])
def parts(request: pytest.FixtureRequest) -> list[Part]:
    return [Part(columns, request.param) for columns in DONORS]


@pytest.fixture
def x() -> np.ndarray:
    rng = np.random.default_rng(3)
    return (rng.normal(8, 1, (41, 80)) + rng.normal(0, 1, 80) * rng.random((41, 1))).astype(np.float32)


def test_each_part_is_measured_alone(x: np.ndarray, parts: list[Part], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coexpr.stats.seed_sets._READ_VALUES", 80 * 6)  # several blocks
    x[7, :35] = np.nan
    r, n = measure_parts(x[:3], x, parts, workers=2)
    assert r.shape == n.shape == (3, 3, 41)
    for part, (columns, estimator) in enumerate(parts):
        for seed in range(3):
            expected, expected_n = measure_seed(x[seed, columns], x[:, columns], estimator)
            np.testing.assert_allclose(r[part, seed], expected, atol=1e-12, rtol=0)
            np.testing.assert_array_equal(n[part, seed], expected_n)
    assert np.isnan(r[0, :, 7]).all()
    assert set(n[1, :, 7]) == {15}


def test_a_seed_does_not_count_for_itself() -> None:
    r = np.array([[[1, 0.5, 0.2], [0.5, 1, np.nan], [0.3, 0.1, 0.4]]])
    n = np.array([[[9, 8, 7], [8, 9, 0], [6, 5, 4]]], dtype=np.int32)
    own = np.array([[True, False, False], [False, True, False], [False, False, False]])
    np.testing.assert_allclose(mean_over_seeds(r, own), [[0.4, 0.3, np.nan]])
    assert fewest_over_seeds(n, own).tolist() == [[6, 5, 0]]
    every = np.ones((3, 3), dtype=bool)
    assert np.isnan(mean_over_seeds(r, every)).all()
    assert fewest_over_seeds(n, every).tolist() == [[0, 0, 0]]


def test_parts_without_a_value_do_not_count() -> None:
    values = np.array([[0.1, np.nan, np.nan], [0.5, 0.5, np.nan], [np.nan, 9, 9]])
    np.testing.assert_allclose(combine_parts(values, np.array([0.25, 0.75, 0])), [0.4, 0.5, np.nan])
    assert combine_parts(np.array([0.3]), np.ones(1)) == 0.3


def test_mean_r_with_all_others(x: np.ndarray, parts: list[Part], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coexpr.stats.seed_sets._UNIT_VALUES", 80 * 6)
    x[5] = 7
    x[9, 60] = np.nan
    hub = mean_r_with_all(x, parts, centroids_of_all(x, parts, workers=2), workers=2)
    for part, (columns, estimator) in enumerate(parts):
        used = [row for row in range(41) if row != 5 and not np.isnan(x[row, columns]).any()]
        r, _ = measure_all(x[used][:, columns], estimator)
        expected = (r.sum(axis=1) - 1) / (len(used) - 1)
        np.testing.assert_allclose(hub[part, used], expected, atol=1e-12, rtol=0)
    assert np.isnan(hub[:, 5]).all()
    assert np.isnan(hub[:, 9]).tolist() == [False, False, True]


def test_mean_r_of_a_profile_that_is_no_member(x: np.ndarray) -> None:
    parts = [Part(slice(None), Estimator())]
    hub = mean_r_with_all(x[:2], parts, centroids_of_all(x[1:], parts), np.array([False, True]))
    r, _ = measure_all(x, Estimator())
    np.testing.assert_allclose(hub, [[r[0, 1:].mean(), r[1, 2:].mean()]], atol=1e-12, rtol=0)


@pytest.mark.parametrize("rows", [0, 1])
def test_there_is_no_mean_r_with_nothing(x: np.ndarray, rows: int) -> None:
    parts = [Part(slice(None), Estimator())]
    centroids = centroids_of_all(x[:rows], parts)
    assert [count for _, count in centroids] == [rows]
    assert np.isnan(mean_r_with_all(x, parts, centroids)).all()


def test_equal_profiles_have_equal_mean_r_with_all(x: np.ndarray) -> None:
    parts = [Part(slice(None), Estimator())]
    many = x[[0, 1, 2, 1, 1]].repeat(7, axis=0)
    hub = mean_r_with_all(many, parts, centroids_of_all(many, parts))
    assert len(set(hub[0].tolist())) == 3


def test_places_are_ranks_with_ties_by_number() -> None:
    others, numbers = np.array([0.9, 0.5, np.nan, 0.1]), np.array([1, 8, 0, 4])
    places = places_among(np.array([0.5, 0.5, np.nan, 1]), np.array([9, 7, 2, 3]), others, numbers)
    np.testing.assert_array_equal(places, [5, 3, np.nan, 1])


def test_rank_biased_precision_by_hand() -> None:
    assert rank_biased_precision(np.array([1.0, 3.0]), 0.5) == 0.5 * (1 + 0.25)
    assert rank_biased_precision(np.array([1.0, np.nan]), 0.5) == 0.5
    assert rank_biased_precision(np.array([np.nan])) == 0
    np.testing.assert_allclose(rank_biased_precision(np.arange(1.0, 5000)), 1)  # a list of nothing else
    np.testing.assert_allclose(
        rank_biased_precision(np.array([[1.0, 2.0], [69.0, 70.0]])), [0.0199, 0.01 * (0.99**68 + 0.99**69)]
    )


def test_weights_by_hand() -> None:
    ranks = np.array([[[np.nan, 1], [2, np.nan]], [[np.nan, 100], [50, np.nan]], [[np.nan, 1], [1, np.nan]]])
    defined = np.array([[True, True], [True, True], [True, False]])
    scores, weights = weigh_parts(ranks, defined)
    expected = np.array([0.01 * (1 + 0.99) / 2, 0.01 * (0.99**99 + 0.99**49) / 2])
    np.testing.assert_allclose(scores, [*expected, np.nan])
    np.testing.assert_allclose(weights, [*expected / expected.sum(), 0])
    scores, weights = weigh_parts(ranks, defined, without=1)  # one seed has no other to find
    assert weights.tolist() == [1 / 3] * 3
    assert weigh_parts(ranks, np.zeros((3, 2), dtype=bool))[1].tolist() == [0, 0, 0]


def test_the_donor_in_which_seeds_find_each_other_gets_the_weight() -> None:
    """Seeds with a common signal in one of two donors, planted."""
    rng = np.random.default_rng(8)
    x = rng.normal(size=(300, 60))
    x[:4, :30] += 3 * rng.normal(size=30)
    parts = [Part(slice(0, 30), Estimator()), Part(slice(30, 60), Estimator())]
    r, _ = measure_parts(x[:4], x, parts)
    ranks = np.full((2, 4, 4), np.nan)
    for part in range(2):
        for seed in range(4):
            rest = [other for other in range(4) if other != seed]
            ranks[part, seed, rest] = places_among(
                r[part, seed, rest], np.array(rest), r[part, seed, 4:], np.arange(4, 300)
            )
    assert set(ranks[0][~np.isnan(ranks[0])]) == {1, 2, 3}
    _, weights = weigh_parts(ranks, np.ones((2, 4), dtype=bool))
    assert weights[0] > 0.7

"""Summaries of r over analyses, on examples that can be checked by hand, and ranks against sorting."""

import numpy as np
import pytest

from coexpr.stats.curves import Movement, describe, movements, ranks_among, same_sign


def test_a_distribution() -> None:
    assert describe(np.array([[4.0, np.nan], [1, 2], [3, 5]])) == (3, 2, 4, 1, 5)
    assert np.isnan(describe(np.full(3, np.nan))).all()


def test_the_share_of_the_same_sign() -> None:
    r = np.array([0.5, -0.1, 0.2, np.nan, 0.1])
    assert same_sign(r, 0.3) == 0.75
    assert same_sign(r, -0.3) == 0.25
    assert np.isnan(same_sign(r, np.nan))
    assert np.isnan(same_sign(np.array([np.nan]), 0.3))


def test_the_choice_that_moves_most_comes_first() -> None:
    """By hand: rows differ by 0.1 in the mean, columns by 0.6; the third choice has one level."""
    r = np.array([[[0.1], [0.5], [0.9]], [[0.2], [0.7], [0.6]]])
    columns, rows = movements(r)
    assert columns == Movement(1, 0, pytest.approx(0.15), 2, pytest.approx(0.75))
    assert columns.range == pytest.approx(0.6)
    assert rows == Movement(0, 0, pytest.approx(0.5), 1, pytest.approx(0.5))


def test_levels_that_were_not_run_do_not_count() -> None:
    r = np.array([[0.1, np.nan, 0.4], [0.3, np.nan, np.nan]])
    columns, rows = movements(r)
    assert (columns.lowest, columns.highest, columns.range) == (0, 2, pytest.approx(0.2))
    assert (rows.lowest_mean, rows.highest_mean) == (pytest.approx(0.25), pytest.approx(0.3))
    assert movements(np.full((2, 2), np.nan)) == []


@pytest.mark.parametrize("ascending", [False, True])
def test_ranks_are_places_in_sorted_order(ascending: bool) -> None:
    random = np.random.default_rng(3)
    r = random.integers(-5, 6, 200) / 5.0
    r[::17] = np.nan
    others = random.random(200) < 0.8
    tie_order = random.permutation(200)
    rows = np.flatnonzero(others)
    ranks = ranks_among(r, rows, others, tie_order, ascending=ascending)
    order = rows[np.lexsort((tie_order[rows], r[rows] if ascending else -r[rows]))]
    places = {row: place for place, row in enumerate(order.tolist(), start=1)}
    expected = [np.nan if np.isnan(r[row]) else places[row] for row in rows.tolist()]
    np.testing.assert_array_equal(ranks, expected)

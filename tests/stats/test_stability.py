"""Differential stability compared with its definition, computed pair by pair and row by row."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coexpr.stats.ranks import rank_rows
from coexpr.stats.stability import NothingToCompareError, differential_stability


def by_definition(profiles: list[np.ndarray], structures: list[np.ndarray]) -> np.ndarray:
    """Return the mean over pairs of donors of Pearson's r of the ranks of means by structure."""
    rows = []
    for row in range(len(profiles[0])):
        regional = [
            {structure: x[row, of == structure].mean(dtype=np.float64) for structure in np.unique(of)}
            for x, of in zip(profiles, structures, strict=True)
        ]
        r = []
        for (one, first), (other, second) in combinations(zip(regional, profiles, strict=True), 2):
            shared = sorted(one.keys() & other.keys())
            if len(shared) < 2:
                continue
            ranks = []
            for means, x in ((one, first), (other, second)):
                size = np.nanmax(np.abs(x[row]), initial=0)
                ranks.append(rank_rows(np.array([[means[key] for key in shared]]), np.array([2.0**-23 * size]))[0])
            missing = any(np.isnan(means[key]) for means in (one, other) for key in shared)
            is_constant = any(len(set(of_donor)) == 1 for of_donor in ranks)
            r.append(np.nan if missing or is_constant else np.corrcoef(ranks)[0, 1])
        rows.append(np.mean(r))
    return np.array(rows)


@given(st.integers(0, 2**32), st.integers(2, 4), st.integers(1, 12), st.sampled_from([None, 0, 1]))
def test_stability_is_that_of_its_definition(seed: int, donors: int, count: int, decimals: int | None) -> None:
    rng = np.random.default_rng(seed)
    structures = [np.append(rng.integers(0, count, rng.integers(1, 40)), [0, 1]) for _ in range(donors)]
    profiles = [rng.normal(6, 2, (5, len(of))).astype(np.float32) for of in structures]
    if decimals is not None:  # with ties
        profiles = [x.round(decimals) for x in profiles]
    profiles[0][0, structures[0] == 0] = np.nan
    profiles[1][1] = 3
    found = differential_stability(profiles, structures)
    np.testing.assert_allclose(found, by_definition(profiles, structures), rtol=0, atol=1e-12)
    assert np.isnan(found[:2]).all()


def test_donors_without_two_shared_structures_are_not_compared() -> None:
    x = np.random.default_rng(1).normal(size=(3, 4)).astype(np.float32)
    one, other = np.array([1, 1, 2, 3]), np.array([3, 4, 5, 6])
    with pytest.raises(NothingToCompareError, match="share two structures"):
        differential_stability([x, x], [one, other])
    three = differential_stability([x, x, x[:, ::-1]], [one, other, one])
    np.testing.assert_array_equal(three, differential_stability([x, x[:, ::-1]], [one, one]))

"""Moments and unit rows of shards of samples, by those of whole rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coexpr.stats.gram import Moments, moments_of, unit_part
from coexpr.stats.measures import Estimator, unit_rows


def moments_in_shards(x: np.ndarray, group: np.ndarray, groups: int, shard: int) -> Moments:
    parts = [
        moments_of(x[:, start : start + shard], group[start : start + shard], groups)
        for start in range(0, x.shape[1], shard)
    ]
    merged = parts[0]
    for part in parts[1:]:
        merged = merged.merge(part)
    return merged


@given(st.integers(0, 9999), st.integers(2, 60), st.integers(1, 4), st.integers(1, 61))
def test_moments_do_not_depend_on_shards(seed: int, samples: int, groups: int, shard: int) -> None:
    rng = np.random.default_rng(seed)
    x = (rng.normal(size=(5, samples)) + 10).astype(np.float32)
    group = rng.integers(0, groups, samples)
    found = moments_in_shards(x, group, groups, shard)
    for number in range(groups):
        values = x[:, group == number].astype(np.float64)
        assert found.n[number] == values.shape[1]
        if values.size:
            np.testing.assert_allclose(found.means[number], values.mean(axis=1), rtol=1e-13)
            np.testing.assert_allclose(found.squares[number], values.var(axis=1) * values.shape[1], atol=1e-10)
    assert found.first.tolist() == x[:, 0].tolist()


@pytest.mark.parametrize("factors", [(), (np.repeat(np.arange(3), 20),)], ids=["pooled", "within groups"])
@pytest.mark.parametrize("shard", [1, 7, 25, 60])
def test_unit_rows_of_shards_are_those_of_whole_rows(factors: tuple[np.ndarray, ...], shard: int) -> None:
    rng = np.random.default_rng(3)
    x = (rng.normal(size=(12, 60)) + 9).astype(np.float32)
    x[2] = 5
    x[3, 41] = np.nan
    x[4] = np.repeat([4, 5, 6], 20)  # constant within each group
    x[5] = np.float32(0.1)
    x[6, :59] = 7  # constant but for the last sample
    x[7] *= 1e6
    group = factors[0] if factors else np.zeros(60, dtype=int)
    estimator = Estimator(factors=factors, error=2.0**-24)
    moments = moments_in_shards(x, group, group.max() + 1, shard)
    lengths = moments.lengths(estimator.error)
    parts = [
        unit_part(x[:, start : start + shard], group[start : start + shard], moments.means, lengths)
        for start in range(0, 60, shard)
    ]
    np.testing.assert_allclose(np.concatenate(parts, axis=1), unit_rows(x, estimator), rtol=1e-6, atol=1e-7)
    assert moments.is_complete.tolist() == [row != 3 for row in range(12)]
    assert np.flatnonzero(np.isnan(lengths)).tolist() == ([2, 3, 4, 5] if factors else [2, 3, 5])

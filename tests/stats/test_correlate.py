import csv
import warnings

import numpy as np
import pytest
from helpers.folders import REFERENCE
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from coexpr.stats.correlate import correlate_all, correlate_seed

CORRELATION = REFERENCE / "correlation"
profiles = arrays.arrays(
    np.float64,
    st.tuples(st.integers(1, 6), st.integers(3, 12)),
    elements=st.floats(0, 16, allow_subnormal=False).map(lambda value: round(value, 4)),
)


def read(name: str) -> tuple[list[str], np.ndarray]:
    with (CORRELATION / name).open() as stream:
        _, *rows = csv.reader(stream)
    return [row[0] for row in rows], np.array([[float(cell or "nan") for cell in row[1:]] for row in rows])


def plain_r(x: np.ndarray, y: np.ndarray) -> float:
    """Return r by its definition, over the samples in which both have values."""
    both = ~np.isnan(x) & ~np.isnan(y)
    x, y = x[both], y[both]
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return np.nan
    return float(np.corrcoef(x, y)[0, 1])


@pytest.mark.parametrize(
    ("values", "expected"), [("input.csv", "pearson.csv"), ("input_na.csv", "pearson_pairwise_na.csv")]
)
def test_agrees_with_r(values: str, expected: str) -> None:
    names, x = read(values)
    _, reference = read(expected)
    for row, name in enumerate(names):
        r, n = correlate_seed(x[row], x)
        known = ~np.isnan(x[row]) & ~np.isnan(x)
        assert n.tolist() == known.sum(axis=1).tolist()
        expected_r = reference[row].copy()
        if name == "constant":  # R returns 1 on the diagonal, but a constant profile has no r
            expected_r[row] = np.nan
        np.testing.assert_allclose(r, expected_r, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("values", "expected"), [("input.csv", "pearson.csv"), ("input_na.csv", "pearson_pairwise_na.csv")]
)
def test_correlate_all_agrees_with_r(values: str, expected: str) -> None:
    names, x = read(values)
    _, reference = read(expected)
    for row, name in enumerate(names):
        if name == "constant":
            reference[row, row] = np.nan
    r, n = correlate_all(x)
    np.testing.assert_allclose(r, reference, rtol=0, atol=1e-12)
    known = ~np.isnan(x)
    np.testing.assert_array_equal(n, known.astype(int) @ known.T.astype(int))


@pytest.mark.long
@given(profiles, st.data())
def test_correlate_all_agrees_with_correlate_seed(x: np.ndarray, data: st.DataObject) -> None:
    missing = data.draw(arrays.arrays(np.bool_, x.shape))
    for values in (x, np.where(missing, np.nan, x)):
        r, n = correlate_all(values)
        np.testing.assert_array_equal(r, r.T)
        stacked, _ = correlate_all(np.stack([values, values]))
        for row, seed in enumerate(values):
            one, shared = correlate_seed(seed, values)
            np.testing.assert_allclose(r[row], one, atol=1e-9, rtol=0)
            np.testing.assert_allclose(stacked[1, row], one, atol=1e-9, rtol=0)
            np.testing.assert_array_equal(n[row], shared)


@given(profiles)
def test_agrees_with_numpy(x: np.ndarray) -> None:
    r, n = correlate_seed(x[0], x)
    assert (n == x.shape[1]).all()
    for row, actual in enumerate(r):
        assert actual == pytest.approx(plain_r(x[0], x[row]), abs=1e-9, nan_ok=True)


@given(profiles, st.data())
def test_missing_values_are_left_out_in_each_pair(x: np.ndarray, data: st.DataObject) -> None:
    missing = data.draw(arrays.arrays(np.bool_, x.shape))
    x = np.where(missing, np.nan, x)
    r, n = correlate_seed(x[0], x)
    for row, actual in enumerate(r):
        assert n[row] == np.count_nonzero(~np.isnan(x[0]) & ~np.isnan(x[row]))
        assert actual == pytest.approx(plain_r(x[0], x[row]), abs=1e-9, nan_ok=True)


@given(profiles, st.floats(0.1, 10), st.floats(-5, 5))
def test_scale_and_offset_do_not_matter(x: np.ndarray, scale: float, offset: float) -> None:
    varied = x[:, np.newaxis].std(axis=2).ravel() > 1e-3
    r, _ = correlate_seed(x[0], x[varied])
    moved, _ = correlate_seed(x[0], x[varied] * scale + offset)
    np.testing.assert_allclose(moved, r, atol=1e-8)


def test_results_do_not_depend_on_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(1).normal(7, 2, (50, 40)).astype(np.float32)
    at_once, _ = correlate_seed(x[3], x)
    monkeypatch.setattr("coexpr.stats.correlate._BLOCK_VALUES", 120)
    in_blocks, _ = correlate_seed(x[3], x)
    np.testing.assert_allclose(in_blocks, at_once, rtol=0, atol=1e-14)


def test_float32_profiles_are_computed_in_double_precision() -> None:
    x = (12 + np.random.default_rng(2).normal(scale=0.01, size=(20, 500))).astype(np.float32)
    r, _ = correlate_seed(x[0], x)
    np.testing.assert_allclose(r, np.corrcoef(x.astype(np.float64))[0], rtol=0, atol=1e-12)


@pytest.mark.parametrize("level", [0.1, 7.3, 1e6])
def test_a_constant_profile_has_no_r(level: float) -> None:
    varying = np.random.default_rng(3).normal(7, 2, 11)
    x = np.array([varying, np.full(11, level)])
    assert np.isnan(correlate_seed(x[0], x)[0]).tolist() == [False, True]
    assert np.isnan(correlate_seed(x[1], x)[0]).all()


def test_a_nearly_constant_profile_has_r() -> None:
    y = np.full(100, 1e6)
    y[0] += 1e-6
    x = np.arange(100.0)
    assert correlate_seed(x, y[None])[0][0] == pytest.approx(plain_r(x, y), abs=1e-6)


@pytest.mark.parametrize("samples", [0, 1])
def test_r_of_fewer_than_two_samples_is_missing(samples: int) -> None:
    with warnings.catch_warnings(action="error"):
        r, n = correlate_seed(np.ones(samples), np.ones((2, samples)))
    assert np.isnan(r).all()
    assert n.tolist() == [samples, samples]


def test_a_seed_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected \(4,\)"):
        correlate_seed(np.ones(3), np.ones((2, 4)))


def test_equal_profiles_have_equal_r_in_any_row() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(7, 2, (300, 3702)).astype(np.float32)
    x[::7] = x[1]
    r, _ = correlate_seed(x[2], x)
    assert len(set(r[::7].tolist())) == 1

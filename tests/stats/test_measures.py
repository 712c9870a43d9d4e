import csv

import numpy as np
import pytest
from helpers.folders import REFERENCE
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import stats

from coexpr.stats.measures import (
    Estimator,
    degrees_of_freedom,
    lost_to_factors,
    measure_all,
    measure_seed,
    measure_seeds,
)
from coexpr.stats.meta_analysis import naive_test

CORRELATION = REFERENCE / "correlation"
profiles = arrays.arrays(
    np.float64,
    st.tuples(st.integers(1, 5), st.integers(4, 12)),
    elements=st.floats(0, 16, allow_subnormal=False).map(lambda value: round(value, 3)),
)


def read(name: str) -> tuple[list[str], np.ndarray]:
    with (CORRELATION / name).open() as stream:
        _, *rows = csv.reader(stream)
    return [row[0] for row in rows], np.array([[float(cell or "nan") for cell in row[1:]] for row in rows])


def donors_of_samples() -> np.ndarray:
    with (CORRELATION / "samples.csv").open() as stream:
        return np.unique([row["donor"] for row in csv.DictReader(stream)], return_inverse=True)[1]


@pytest.mark.parametrize(
    ("values", "expected", "estimator"),
    [
        ("input.csv", "spearman.csv", Estimator("spearman")),
        ("input_na.csv", "spearman_pairwise_na.csv", Estimator("spearman")),
        ("input.csv", "bicor_maxpoutliers_1.csv", Estimator("bicor")),
        ("input.csv", "bicor_maxpoutliers_0.05.csv", Estimator("bicor", 0.05)),
        ("input_na.csv", "bicor_pairwise_na.csv", Estimator("bicor")),
    ],
)
def test_agrees_with_r(values: str, expected: str, estimator: Estimator) -> None:
    names, x = read(values)
    _, reference = read(expected)
    for row, name in enumerate(names):
        if name == "constant":  # R returns 1 on the diagonal, but a constant profile has no r
            reference[row, row] = np.nan
    for row, seed in enumerate(x):
        r, n = measure_seed(seed, x, estimator)
        np.testing.assert_allclose(r, reference[row], atol=1e-12, rtol=0)
        np.testing.assert_array_equal(n, (~np.isnan(seed) & ~np.isnan(x)).sum(axis=1))
    r, _ = measure_all(x, estimator)
    np.testing.assert_allclose(r, reference, atol=1e-12, rtol=0)


@pytest.mark.parametrize(
    ("values", "expected"), [("input.csv", "partial_donor.csv"), ("input_na.csv", "partial_donor_na.csv")]
)
def test_residual_r_agrees_with_r(values: str, expected: str) -> None:
    names, x = read(values)
    estimator = Estimator(factors=(donors_of_samples(),))
    r, n = measure_seed(x[names.index("seed")], x, estimator)
    lost = lost_to_factors(x[names.index("seed")], x, estimator)
    tested = naive_test(r, n, lost)
    with (CORRELATION / expected).open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) > 15
    for row in rows:
        at = names.index(row["row_id"])
        assert r[at] == pytest.approx(float(row["partial_r"] or "nan"), abs=1e-9, nan_ok=True), row
        assert n[at] == int(row["n"])
        if row["t"] and abs(r[at]) < 1 - 1e-9:
            assert tested.t[at] == pytest.approx(float(row["t"]), rel=1e-9)
            assert tested.p[at] == pytest.approx(float(row["p"]), rel=1e-6, abs=1e-12)
        if row["df"]:
            assert n[at] - 2 - lost[at] == int(row["df"])
            shared = ~np.isnan(x[at]) & ~np.isnan(x[names.index("seed")])
            codes = np.unique(donors_of_samples()[shared], return_inverse=True)[1]
            assert degrees_of_freedom([codes]) == int(row["df"])


def by_least_squares(x: np.ndarray, factors: list[np.ndarray]) -> np.ndarray:
    """Return residuals of each row after a fit of indicator variables of every factor."""
    indicators = np.concatenate([factor[:, None] == np.unique(factor) for factor in factors], axis=1).astype(float)
    return x - (indicators @ np.linalg.lstsq(indicators, x.T, rcond=None)[0]).T


def test_a_profile_that_two_factors_explain_exactly_has_no_r() -> None:
    x = np.array([[1.0, 0, 0, 0, 0]])
    factors = (np.array([0, 0, 0, 0, 1]), np.array([1, 0, 0, 0, 0]))
    assert np.isnan(measure_seed(x[0], x, Estimator(factors=factors))[0]).all()


@pytest.mark.long
def test_rounding_errors_of_fits_have_no_r() -> None:
    rng = np.random.default_rng(5)
    for _ in range(2000):
        width = int(rng.choice([3, 5, 8, 40, 400]))
        factors = [rng.integers(0, rng.integers(1, 5), width) for _ in range(rng.integers(1, 4))]
        x = sum(rng.uniform(-1, 1, 5)[factor] * 10.0 ** rng.integers(-3, 4) for factor in factors)
        for method in ("pearson", "spearman", "bicor"):
            r, _ = measure_seed(x, x[None], Estimator(method, factors=tuple(factors)))
            assert np.isnan(r).all()


@given(profiles, st.data())
def test_residual_r_agrees_with_least_squares(x: np.ndarray, data: st.DataObject) -> None:
    width = x.shape[1]
    labels = st.lists(st.integers(0, 2), min_size=width, max_size=width).map(np.array)
    factors = [data.draw(labels), data.draw(labels)]
    residuals = by_least_squares(x, factors)
    r, _ = measure_seed(x[0], x, Estimator(factors=tuple(factors)))
    for row, actual in enumerate(r):
        rss = [float(np.sum(residuals[index] ** 2)) for index in (0, row)]
        if min(rss) > 1e-12 and degrees_of_freedom(factors) >= 1:
            assert actual == pytest.approx(np.corrcoef(residuals[0], residuals[row])[0, 1], abs=1e-6)
        if min(rss) < 1e-24:
            assert np.isnan(actual)


@given(profiles)
def test_spearman_agrees_with_scipy(x: np.ndarray) -> None:
    r, _ = measure_seed(x[0], x, Estimator("spearman"))
    ranks = stats.rankdata(x, axis=1)
    for row, actual in enumerate(r):
        if np.ptp(x[0]) == 0 or np.ptp(x[row]) == 0:
            assert np.isnan(actual)
        else:
            assert actual == pytest.approx(np.corrcoef(ranks[0], ranks[row])[0, 1], abs=1e-9)


@given(
    profiles,
    st.data(),
    st.sampled_from([Estimator(), Estimator("spearman"), Estimator("bicor"), Estimator("bicor", 0.1)]),
)
def test_r_is_computed_from_shared_samples(x: np.ndarray, data: st.DataObject, estimator: Estimator) -> None:
    incomplete = np.where(data.draw(arrays.arrays(np.bool_, x.shape)), np.nan, x)
    r, n = measure_seed(incomplete[0], incomplete, estimator)
    both, _ = measure_all(incomplete, estimator)
    np.testing.assert_array_equal(both, both.T)
    np.testing.assert_allclose(both[0, 1:], r[1:], atol=1e-9, rtol=0)
    for row, values in enumerate(incomplete):
        shared = ~np.isnan(incomplete[0]) & ~np.isnan(values)
        assert n[row] == shared.sum()
        if shared.sum() >= 2:
            alone, _ = measure_seed(incomplete[0][shared], values[None, shared], estimator)
            assert r[row] == pytest.approx(alone[0], abs=1e-9, nan_ok=True)
        else:
            assert np.isnan(r[row])


@pytest.mark.parametrize(
    "estimator", [Estimator("spearman"), Estimator("bicor"), Estimator(factors=(np.arange(40) % 4,))]
)
def test_equal_profiles_have_equal_r_and_float32_is_computed_in_double(estimator: Estimator) -> None:
    x = np.random.default_rng(2).normal(8, 1, (3, 40)).astype(np.float32)
    many = x[[0, 1, 2, 1, 1]].repeat(7, axis=0)
    r, _ = measure_seed(x[0], many, estimator)
    assert len(set(r.tolist())) == 3
    np.testing.assert_array_equal(r, measure_seed(x[0].astype(float), many.astype(float), estimator)[0])


def test_factors_without_degrees_of_freedom_give_no_r() -> None:
    x = np.random.default_rng(1).normal(size=(3, 6))
    assert np.isnan(measure_seed(x[0], x, Estimator(factors=(np.arange(6),)))[0]).all()
    assert np.isnan(measure_all(x, Estimator(factors=(np.arange(6),)))[0]).all()


ESTIMATORS = {
    "pearson": Estimator(),
    "spearman": Estimator("spearman"),
    "bicor": Estimator("bicor", 0.05),
    "adjusted": Estimator(factors=(np.arange(60) % 4,)),
    "adjusted ranks": Estimator("spearman", factors=(np.arange(60) % 4, np.arange(60) % 3)),
}


@pytest.mark.parametrize("missing", ["none", "profiles", "seeds", "both"])
@pytest.mark.parametrize("estimator", ESTIMATORS.values(), ids=ESTIMATORS)
def test_several_seeds_equal_one_at_a_time(estimator: Estimator, missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coexpr.stats.measures._SEEDS_BLOCK_VALUES", 60 * 7)  # several blocks
    rng = np.random.default_rng(11)
    x = (rng.normal(8, 1, (50, 60)) + rng.normal(0, 1, 60)).astype(np.float32)
    seeds = x[[3, 20, 41]].copy()
    x[5] = 7
    if missing in ("seeds", "both"):
        seeds[1, :9] = np.nan
    if missing in ("profiles", "both"):
        x[10:25][rng.random((15, 60)) < 0.2] = np.nan
        x[30] = np.nan
        x[31, 1:] = np.nan
    r, n = measure_seeds(seeds, x, estimator, workers=2)
    assert r.shape == n.shape == (3, 50)
    for seed, of_seed, n_of_seed in zip(seeds, r, n, strict=True):
        expected, expected_n = measure_seed(seed, x, estimator)
        np.testing.assert_allclose(of_seed, expected, atol=1e-12, rtol=0)
        np.testing.assert_array_equal(n_of_seed, expected_n)
    assert np.isnan(r[:, 5]).all()


def test_several_seeds_give_equal_profiles_equal_r() -> None:
    x = np.random.default_rng(2).normal(8, 1, (3, 400)).astype(np.float32)
    many = x[[0, 1, 2, 1, 1]].repeat(7, axis=0)
    r, _ = measure_seeds(x, many, Estimator())
    for of_seed in r:
        assert len(set(of_seed.tolist())) == 3


@pytest.mark.parametrize("shape", [(0, 5), (2, 0), (2, 1), (2, 3)])
def test_several_seeds_without_r(shape: tuple[int, int]) -> None:
    k, samples = shape
    values = np.ones((4, samples))
    r, n = measure_seeds(np.ones(shape), values, Estimator(factors=(np.arange(samples),)))
    assert np.isnan(r).all()
    np.testing.assert_array_equal(n, np.full((k, 4), samples))
    r, n = measure_seeds(np.ones(shape), values, Estimator())
    assert np.isnan(r).all()
    np.testing.assert_array_equal(n, np.full((k, 4), samples))

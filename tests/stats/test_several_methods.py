"""Several methods at once give r of each method alone: with ties, constant and missing values, and factors."""

import numpy as np
import pytest
from numpy.typing import NDArray

from coexpr.stats.measures import Estimator, measure_seed, unit_rows
from coexpr.stats.precision import OF_STORED_VALUES
from coexpr.stats.several_methods import SeveralMethods, unit_rows_by_method

FACTORS = {
    "none": (),
    "one": (np.repeat(np.arange(4), [30, 20, 9, 1]),),
    "two": (np.repeat(np.arange(4), [30, 20, 9, 1]), np.tile(np.arange(6), 10)),
}


@pytest.fixture(params=[60, 59], ids=["even", "odd"])
def profiles(request: pytest.FixtureRequest) -> NDArray[np.float32]:
    """Profiles as they are stored, and every kind of odd one: ties, outliers, a MAD of 0, constant ones, equal ones."""
    random = np.random.default_rng(7)
    x = random.normal(8, 1, (12, request.param)).astype(np.float32)
    x[1] = np.round(x[1])
    x[2, ::3] *= 4
    x[3, :40] = 5
    x[4] = 5
    x[5] = x[6]
    x[7] = -x[0]
    x[8] = FACTORS["one"][0][: request.param]
    return x


def estimators(factors: str, width: int) -> list[Estimator]:
    of_samples = tuple(factor[:width] for factor in FACTORS[factors])
    return [
        Estimator(name, outliers, of_samples, OF_STORED_VALUES)
        for name, outliers in (("pearson", 1), ("spearman", 1), ("bicor", 1), ("bicor", 0.05))
    ]


@pytest.mark.parametrize("factors", FACTORS)
def test_unit_rows_are_those_of_each_method_alone(profiles: NDArray[np.float32], factors: str) -> None:
    several = estimators(factors, profiles.shape[1])
    for estimator, rows in zip(several, unit_rows_by_method(profiles, several), strict=True):
        np.testing.assert_allclose(rows, unit_rows(profiles, estimator), rtol=0, atol=1e-12)
        assert np.isnan(rows[4]).all()


@pytest.mark.long
@pytest.mark.parametrize("factors", FACTORS)
def test_r_is_that_of_each_method_alone(profiles: NDArray[np.float32], factors: str) -> None:
    profiles[9, :7] = np.nan
    profiles[10, 20:] = np.nan
    profiles[11] = np.nan
    several = estimators(factors, profiles.shape[1])
    seeds = profiles[[0, 1, 4, 9, 11]]
    r = SeveralMethods(seeds, several).measure(profiles)
    for of_method, estimator in zip(r, several, strict=True):
        for of_seed, seed in zip(of_method, seeds, strict=True):
            expected, _ = measure_seed(seed, profiles, estimator)
            np.testing.assert_allclose(of_seed, expected, rtol=0, atol=1e-12)
    assert (r[:, :2, 5] == r[:, :2, 6]).all()  # equal profiles, exactly


def test_r_over_too_few_samples_is_undefined(profiles: NDArray[np.float32]) -> None:
    profiles[1, 5:] = np.nan
    several = SeveralMethods(profiles[:1], [Estimator()])
    assert np.isnan(several.measure(profiles, 6)[0, 0, 1])
    assert not np.isnan(several.measure(profiles, 5)[0, 0, 1])
    assert np.isnan(several.measure(profiles, 61)).all()


def test_nothing_is_measured_with_nothing() -> None:
    several = SeveralMethods(np.empty((0, 5)), [Estimator("bicor")])
    assert several.measure(np.ones((3, 5))).shape == (1, 0, 3)
    assert SeveralMethods(np.eye(5)[:2], [Estimator("spearman")]).measure(np.empty((0, 5))).shape == (1, 2, 0)

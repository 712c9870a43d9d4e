"""Profiles that are hard to correlate: numbers equal those of 60 digits, without a warning."""

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numerics import exact
from numerics.checks import comparisons, differs

from coexpr.stats.correlate import correlate_all, correlate_seed
from coexpr.stats.measures import Estimator, measure_all, measure_seed, measure_seeds
from coexpr.stats.scan import Scan, is_scannable, scan_columns, scan_rows
from coexpr.stats.site_scale import average_by


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_statistics_equal_those_of_60_digits(seed: int) -> None:
    wrong = [
        (name, found, right)
        for name, found, right, tolerance in comparisons(np.random.default_rng(seed))
        if differs(found, right, tolerance)
    ]
    assert not wrong


@pytest.mark.parametrize("factor", [1e-310, 1e-200, 1e200, 1e307])
def test_very_small_and_large_float64(factor: float) -> None:
    """A brain map can have any numbers, such as p-values."""
    x = np.random.default_rng(1).normal(size=(4, 12))
    incomplete = x.copy()
    incomplete[2:, 3] = np.nan
    tolerance = 1e-9 if factor > 1e-300 else 0.1  # the smallest numbers have few digits
    for values in (x, incomplete):
        right = [exact.pearson(values[0], row) for row in values]
        assert correlate_seed(factor * values[0], values)[0] == pytest.approx(right, abs=tolerance)
        assert correlate_seed(factor * values[0], factor * values)[0] == pytest.approx(right, abs=tolerance)
        assert correlate_all(factor * values)[0][0] == pytest.approx(right, abs=tolerance)
        for method in ("spearman", "bicor"):
            expected, _ = measure_seed(values[0], values, Estimator(method))
            found, _ = measure_seeds(factor * values[:1], factor * values, Estimator(method))
            assert found[0] == pytest.approx(expected, abs=tolerance)
    assert is_scannable(factor * x[0]) is False


def test_much_larger_values_that_are_not_shared() -> None:
    x = np.array([1e100, 1e-120, 3e-120, 2e-120, 5e-120])
    y = np.array([np.nan, 1.0, 2, 4, 3])
    right = exact.pearson(x, y)
    assert correlate_seed(x, y[None])[0][0] == pytest.approx(right, abs=1e-12)
    assert correlate_all(np.stack([x, y]))[0][0, 1] == pytest.approx(right, abs=1e-12)


@pytest.mark.parametrize("samples", [5, 33, 1000, 3702])
def test_r_with_an_equal_profile_is_exactly_1(samples: int) -> None:
    for seed in range(40):
        x = np.random.default_rng(seed).normal(8, 1, (2, samples)).astype(np.float32)
        assert correlate_seed(x[0], np.stack([x[1], x[0], -x[0]]))[0][1:].tolist() == [1, -1]


def test_a_matrix_of_r_is_symmetric_where_values_are_missing() -> None:
    rng = np.random.default_rng(6)
    for _ in range(100):
        x = np.round(rng.normal(size=(5, rng.integers(4, 13))), 3)
        x[rng.random(x.shape) < 0.2] = np.nan
        r, _ = correlate_all(x)
        np.testing.assert_array_equal(r, r.T)


def test_rows_that_overflow_in_single_precision_are_computed() -> None:
    x = (1e38 * np.random.default_rng(3).uniform(-3, 3, (40, 30))).astype(np.float32)
    x[0] = np.random.default_rng(4).normal(8, 1, 30)
    right = correlate_seed(x[0], x)[0]
    deviations = x[0] - x[0].mean(dtype=np.float64)
    means = x.mean(axis=1, dtype=np.float64)
    squares = ((x - means[:, None]) ** 2).sum(axis=1)
    for r, bound in (scan_rows(deviations, x, 30, means, squares), scan_columns(deviations, x, np.arange(30))):
        scan = Scan(r, bound, np.zeros(40, np.int32), lambda rows: correlate_seed(x[0], x[rows]))
        found = scan.first(np.arange(40), 5, ascending=True, tie_order=np.arange(40))
        assert found.tolist() == np.argsort(right)[:5].tolist()


def test_averages_of_large_values() -> None:
    averages, _ = average_by(np.array([[1e6, 1e6 + 1, 2000.0]]), np.array([0, 0, 1]))
    assert averages[0].tolist() == pytest.approx([1e6 + np.log2(1.5), 2000], rel=1e-15)


def test_a_nearly_constant_profile_without_mad_has_bicor() -> None:
    x = np.random.default_rng(5).normal(8, 1, 41).astype(np.float32)
    y = np.full(41, 8.1, dtype=np.float32)
    y[::5] = np.nextafter(y[0], np.float32(9))
    for r in (
        measure_seed(x, y[None], Estimator("bicor"))[0][0],
        measure_all(np.stack([x, y]), Estimator("bicor"))[0][0, 1],
    ):
        assert r == pytest.approx(exact.bicor(x.astype(float), y.astype(float)), abs=1e-12)


_DIGITS = """
import numpy as np
from coexpr.stats.correlate import correlate_seed
from coexpr.stats.measures import Estimator, measure_seed
rng = np.random.default_rng(0)
x = rng.normal(8, 1, (4, 1853)).astype(np.float32)
many = x[rng.integers(0, 4, 403)]
factors = rng.integers(0, 6, 1853), rng.integers(0, 150, 1853)
for estimator in (Estimator(), Estimator("spearman"), Estimator("bicor"), Estimator(factors=factors)):
    r = [*measure_seed(x[0], many, estimator)[0], *measure_seed(x[0], many[:3], estimator)[0]]
    print(sorted(set(map(float, r))))
"""


@pytest.mark.long
def test_equal_profiles_have_equal_r_whatever_the_matrix_library() -> None:
    """Ties are ordered by probe_id, so r must have the same digits in every row, and on every processor."""
    printed = {
        subprocess.run(
            [sys.executable, "-c", _DIGITS],
            env=os.environ | {"OPENBLAS_CORETYPE": kernel, "OPENBLAS_NUM_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for kernel, threads in (("", "2"), ("Nehalem", "1"), ("Sandybridge", "1"))
    }
    assert len(printed) == 1
    assert all(line.count(",") == 3 for line in printed.pop().splitlines())

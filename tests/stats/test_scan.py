"""Scans in single precision: error bounds hold, and results are those of double precision."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coexpr.stats.correlate import correlate_seed
from coexpr.stats.scan import Scan, is_scannable, scan_columns, scan_rows


def profiles(seed: int, rows: int, samples: int, spread: float) -> np.ndarray:
    """Return log2 intensities with a common component, almost equal rows, and a constant row."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=samples)
    x = rng.uniform(-0.06, 0.06, (rows, 1)) + spread * (
        rng.normal(size=(rows, 1)) * common + rng.normal(size=(rows, samples))
    )
    x[1::7] = x[0] + 1e-6 * rng.normal(size=(len(x[1::7]), samples))  # r differs by less than single precision resolves
    x[2::11] = x[3 % rows]
    x[-1] = 0.25
    return x.astype(np.float32)


def approximate(x: np.ndarray, seed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    wide = x.astype(np.float64)
    means = wide.mean(axis=1)
    squares = ((wide - means[:, None]) ** 2).sum(axis=1)
    return scan_rows(seed - seed.mean(dtype=np.float64), x, x.shape[1], means, squares)


def scan_of(x: np.ndarray, seed: np.ndarray) -> tuple[Scan, list[int]]:
    refined: list[int] = []

    def exact(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        refined.extend(rows.tolist())
        return correlate_seed(seed, x[rows])

    return Scan(*approximate(x, seed), np.full(len(x), x.shape[1], dtype=np.int32), exact), refined


SIZES = {"seed": st.integers(0, 10**6), "rows": st.integers(2, 120), "samples": st.integers(4, 300)}


@given(**SIZES, spread=st.sampled_from([0.01, 0.3, 3.0]))
def test_the_error_is_within_its_bound(seed: int, rows: int, samples: int, spread: float) -> None:
    x = profiles(seed, rows, samples, spread)
    exact, _ = correlate_seed(x[0], x)
    for r, bound in (
        approximate(x, x[0]),
        scan_columns(x[0].astype(np.float64) - x[0].mean(dtype=np.float64), x, np.arange(samples)),
    ):
        bounded = np.isfinite(bound)
        assert np.isnan(exact[~bounded]).sum() == np.isnan(exact).sum()
        assert (np.abs(r - exact)[bounded] <= bound[bounded]).all()


@given(
    **SIZES, share=st.sampled_from([0.05, 0.3, 0.9]), offset=st.sampled_from([0.0, 0.5, 3.0]), workers=st.integers(1, 3)
)
def test_over_some_columns_the_error_is_within_its_bound(
    seed: int, rows: int, samples: int, share: float, offset: float, workers: int
) -> None:
    rng = np.random.default_rng(seed)
    x = profiles(seed, rows, samples, 0.3)
    columns = np.sort(rng.choice(samples, max(4, int(share * samples)), replace=False))
    x[:, columns] += np.float32(offset)  # expression differs between structures
    others = np.setdiff1d(np.arange(samples), columns)
    if len(others):
        x[rows // 2, others[0]] = np.nan  # is not used
    exact, _ = correlate_seed(x[0, columns], x[:, columns])
    wide = x[0, columns].astype(np.float64)
    r, bound = scan_columns(wide - wide.mean(), x, columns, workers)
    bounded = np.isfinite(bound)
    assert (np.abs(r - exact)[bounded] <= bound[bounded]).all()
    assert bounded.mean() >= (~np.isnan(exact)).mean() - 0.1 or len(columns) < 10


@given(**SIZES, top=st.integers(1, 130), ascending=st.booleans())
def test_the_first_rows_are_those_of_double_precision(
    seed: int, rows: int, samples: int, top: int, ascending: bool
) -> None:
    x = profiles(seed, rows, samples, 0.3)
    exact, _ = correlate_seed(x[0], x)
    ties = np.random.default_rng(seed).permutation(rows)
    among = np.arange(1, rows)
    expected = among[np.lexsort((ties[among], (exact if ascending else -exact)[among]))]
    scan, _ = scan_of(x, x[0])
    found = scan.first(among, top, ascending=ascending, tie_order=ties)
    assert found.tolist() == expected[:top].tolist()
    np.testing.assert_array_equal(scan.r[found], exact[found])
    place = {row: number for number, row in enumerate(expected.tolist(), start=1)}
    some = found[::3]
    assert scan.places(some, among, ascending=ascending, tie_order=ties).tolist() == [
        place[row] for row in some.tolist()
    ]


def test_few_rows_are_computed_exactly() -> None:
    rng = np.random.default_rng(4)
    x = (0.3 * rng.normal(size=(4000, 500))).astype(np.float32)
    scan, refined = scan_of(x, x[0])
    scan.first(np.arange(len(x)), 20, ascending=False, tie_order=np.arange(len(x)))
    assert 20 <= len(refined) < 100


@pytest.mark.parametrize("count", [None, 5, 50])
def test_rows_without_r_come_last(count: int | None) -> None:
    x = np.ones((20, 30), dtype=np.float32)
    x[:8] = np.random.default_rng(1).normal(size=(8, 30))
    x[5, 3] = np.nan
    scan, _ = scan_of(x, x[0])
    order = scan.first(np.arange(20), count, ascending=False, tie_order=np.arange(20))
    assert len(order) == min(count or 20, 20)
    assert not np.isnan(scan.r[order[:5]]).any()
    assert np.isnan(scan.r[order[8:]]).all()
    assert scan.n[5] == 29


def with_missing_values(rows: int, samples: int) -> np.ndarray:
    """Return pairs of equal rows, some with missing values or without a donor, and a constant row."""
    rng = np.random.default_rng(6)
    x = (6 + 0.4 * rng.normal(size=(rows, samples))).astype(np.float32)
    x[1::2] = x[::2]
    x[1::6, : samples // 3] = np.nan
    x[4::9, rng.integers(samples)] = np.nan
    x[7] = 4
    return x


def test_equal_profiles_have_equal_r_with_any_other_rows() -> None:
    x = with_missing_values(60, 90)
    for seed in (x[0], x[1]):
        together, n = correlate_seed(seed, x)
        alone = [correlate_seed(seed, x[[row]]) for row in range(60)]
        np.testing.assert_array_equal(together, [r[0] for r, _ in alone])
        assert n.tolist() == [int(count[0]) for _, count in alone]


@pytest.mark.parametrize(
    ("seed", "expected"),
    [
        (np.full(50, 7.3), False),
        (np.full(50, 1e-30) * np.arange(50), False),
        (7.3 + 1e-12 * np.arange(50.0), False),
        (np.where(np.arange(50) == 3, np.nan, np.arange(50.0)), False),
        (np.arange(50.0), True),
    ],
)
def test_which_seeds_can_be_scanned(seed: np.ndarray, expected: bool) -> None:
    assert is_scannable(seed) is expected


def test_tiny_rows_are_computed() -> None:
    x = (1e-20 * np.random.default_rng(1).normal(size=(40, 30))).astype(np.float32)
    scan, refined = scan_of(x, x[0])
    assert len(refined) == 40
    np.testing.assert_array_equal(scan.r, correlate_seed(x[0], x)[0])

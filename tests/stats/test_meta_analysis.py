import csv

import numpy as np
import pytest
from helpers.folders import REFERENCE
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from coexpr.stats.correlate import correlate_seed
from coexpr.stats.measures import Estimator, measure_seed
from coexpr.stats.meta_analysis import benjamini_hochberg, combine_donors, mean_of_donors, naive_test


def rows_of(name: str) -> list[dict[str, str]]:
    with (REFERENCE / name).open() as stream:
        return list(csv.DictReader(stream))


def number(cell: str) -> float:
    return float(cell or "nan")


def read_donors() -> tuple[list[str], np.ndarray, np.ndarray]:
    rows = rows_of("donor_meta/input.csv")
    x = np.array([[number(cell) for name, cell in row.items() if name != "row_id"] for row in rows])
    return [row["row_id"] for row in rows], x, np.array([row["donor"] for row in rows_of("donor_meta/samples.csv")])


def by_donor(names: list[str], x: np.ndarray, donors: np.ndarray) -> tuple[list[str], np.ndarray, np.ndarray]:
    seed = x[names.index("seed")]
    found = sorted(set(donors.tolist()))
    pairs = [correlate_seed(seed[donors == donor], x[:, donors == donor]) for donor in found]
    return found, np.stack([r for r, _ in pairs]), np.stack([n for _, n in pairs])


def test_r_in_each_donor_is_that_of_r() -> None:
    names, x, donors = read_donors()
    found, r, n = by_donor(names, x, donors)
    rows = rows_of("donor_meta/per_donor.csv")
    assert len(rows) == 48
    for row in rows:
        at = found.index(row["donor"]), names.index(row["row_id"])
        assert r[at] == pytest.approx(number(row["r"]), abs=1e-9, nan_ok=True), row
        assert n[at] == int(row["n"])


OURS = {
    "k": "k",
    "Q": "q",
    "tau2_DL": "tau2",
    "random_r": "r",
    "random_ci_low": "low",
    "random_ci_high": "high",
    "fixed_r": "fixed_r",
    "donors_with_sign_of_random": "same_sign",
}
OUR_MEANS = {"k": "k", "equal_weight_r": "r", "equal_weight_t_low": "low", "equal_weight_t_high": "high"}


def test_donors_are_combined_as_in_metafor() -> None:
    names, x, donors = read_donors()
    _, r, n = by_donor(names, x, donors)
    combined, mean = combine_donors(r, n), mean_of_donors(r, n)
    seed = x[names.index("seed")]
    within, _ = measure_seed(seed, x, Estimator(factors=(np.unique(donors, return_inverse=True)[1],)))
    pooled, _ = correlate_seed(seed, x)
    rows = rows_of("donor_meta/meta.csv")
    assert len(rows) == 8
    for row in rows:
        at = names.index(row["row_id"])
        columns = [(theirs, getattr(combined, ours)) for theirs, ours in OURS.items()]
        columns += [(theirs, getattr(mean, ours)) for theirs, ours in OUR_MEANS.items()]
        for theirs, ours in columns:
            actual = ours[at]
            assert actual == pytest.approx(number(row[theirs]), rel=1e-9, abs=1e-9, nan_ok=True), (
                row["row_id"],
                theirs,
            )
        assert combined.i2[at] * 100 == pytest.approx(number(row["I2_percent"]), rel=1e-9, abs=1e-7, nan_ok=True)
        assert pooled[at] == pytest.approx(number(row["pooled_r"]), abs=1e-9, nan_ok=True)
        assert within[at] == pytest.approx(number(row["within_donor_r"]), abs=1e-9, nan_ok=True)


@pytest.mark.parametrize(("values", "expected"), [("input", "cor_test"), ("input_na", "cor_test_na")])
def test_the_naive_test_is_that_of_cor_test(values: str, expected: str) -> None:
    rows = rows_of(f"correlation/{values}.csv")
    names = [row["row_id"] for row in rows]
    x = np.array([[number(cell) for name, cell in row.items() if name != "row_id"] for row in rows])
    r, n = correlate_seed(x[names.index("seed")], x)
    tested = naive_test(r, n)
    expected_rows = rows_of(f"correlation/{expected}.csv")
    order = [names.index(row["row_id"]) for row in expected_rows]
    r, t, p, low, high = (values[order] for values in (r, tested.t, tested.p, tested.low, tested.high))
    q = benjamini_hochberg(p)
    compared = 0
    for at, row in enumerate(expected_rows):
        assert r[at] == pytest.approx(number(row["r"]), abs=1e-9, nan_ok=True) or row["r_error"]
        if not row["r"] or abs(r[at]) > 1 - 1e-9:
            continue  # for |r| = 1 the test depends on the last bit of r
        compared += 1
        assert t[at] == pytest.approx(number(row["t"]), rel=1e-9)
        assert p[at] == pytest.approx(number(row["p"]), rel=1e-6, abs=1e-9)
        assert low[at] == pytest.approx(number(row["ci95_low"]), abs=1e-9, nan_ok=True)
        assert high[at] == pytest.approx(number(row["ci95_high"]), abs=1e-9, nan_ok=True)
        assert q[at] == pytest.approx(number(row["q_bh"]), rel=1e-6, abs=1e-9)
    assert compared > 12


@given(st.lists(st.one_of(st.floats(0, 1), st.just(np.nan)), max_size=20).map(np.array))
def test_false_discovery_rates_agree_with_scipy(p: np.ndarray) -> None:
    known = ~np.isnan(p)
    q = benjamini_hochberg(p)
    assert np.isnan(q[~known]).all()
    if known.any():
        np.testing.assert_allclose(q[known], stats.false_discovery_control(p[known]), atol=1e-12)


@given(
    st.lists(st.tuples(st.floats(-1, 1), st.integers(0, 60)), min_size=1, max_size=6),
)
def test_any_donors_can_be_combined(donors: list[tuple[float, int]]) -> None:
    r = np.array([[value] for value, _ in donors])
    n = np.array([[count] for _, count in donors])
    combined, mean = combine_donors(r, n), mean_of_donors(r, n)
    k = int(combined.k[0])
    assert k == sum(abs(value) < 1 - 1e-12 and count > 3 for value, count in donors)
    if k:
        assert -1 <= combined.low[0] <= combined.r[0] <= combined.high[0] <= 1
        assert 0 <= combined.i2[0] <= 1
        assert 0 <= combined.same_sign[0] <= k
    else:
        assert np.isnan([combined.r[0], combined.q[0], mean.r[0]]).all()
    assert np.isnan(mean.low[0]) == (k < 2)

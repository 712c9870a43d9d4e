import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.stats import rankdata

from coexpr.stats.ranks import rank_rows

# Few different values, so that there are ties.
few = arrays.arrays(np.float32, st.tuples(st.integers(1, 5), st.integers(1, 12)), elements=st.integers(0, 6))


@given(few)
def test_agrees_with_scipy(values: np.ndarray) -> None:
    np.testing.assert_array_equal(rank_rows(values), rankdata(values, axis=1))


def test_agrees_with_scipy_without_ties() -> None:
    values = np.random.default_rng(1).normal(size=(20, 300))
    np.testing.assert_array_equal(rank_rows(values), rankdata(values, axis=1))

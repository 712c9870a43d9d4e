import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from coexpr.stats.merge import conflicts_of_calls, conflicts_of_log2, merge_calls, merge_log2

intensity = st.floats(0.5, 16)


def one(value: float | None) -> np.ndarray:
    return np.array([[np.nan if value is None else value]], dtype=np.float32)


def call(value: int) -> np.ndarray:
    return np.array([[value]], dtype=np.int8)


@given(intensity)
def test_the_more_precise_copy_is_kept_in_either_order(value: float) -> None:
    precise, rounded = one(value), one(round(value, 4))
    assert merge_log2(precise, rounded) == precise
    assert merge_log2(rounded, precise) == precise
    assert not conflicts_of_log2(precise, rounded).any()


@given(intensity)
def test_a_missing_value_is_replaced(value: float) -> None:
    assert merge_log2(one(value), one(None)) == one(value)
    assert merge_log2(one(None), one(value)) == one(value)
    assert np.isnan(merge_log2(one(None), one(None))).all()
    assert not conflicts_of_log2(one(value), one(None)).any()


@given(intensity, st.floats(0.0011, 5))
def test_a_difference_above_rounding_is_a_conflict(value: float, difference: float) -> None:
    assert conflicts_of_log2(one(value), one(value + difference)).all()
    assert conflicts_of_log2(one(value + difference), one(value)).all()


def test_calls() -> None:
    assert merge_calls(call(-1), call(1)) == 1
    assert merge_calls(call(0), call(-1)) == 0
    assert conflicts_of_calls(call(0), call(1)).all()
    assert not conflicts_of_calls(call(-1), call(1)).any()
    assert not conflicts_of_calls(call(1), call(1)).any()

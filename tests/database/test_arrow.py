import duckdb
import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from coexpr.database.arrow import read_matrices, to_lists

# Opening one takes longer than a test.
database = duckdb.connect()
shapes = st.tuples(st.integers(1, 5), st.integers(1, 5))


def write_and_read(matrix: np.ndarray) -> np.ndarray:
    with database.cursor() as connection:
        connection.register("lists", _table(matrix))
        blocks = [values for _, values in read_matrices(connection, "select row, list from lists order by row")]
    return np.concatenate(blocks)


def _table(matrix: np.ndarray) -> pa.Table:
    return pa.table({"row": np.arange(len(matrix)), "list": to_lists(matrix)})


@given(arrays.arrays(np.float32, shapes, elements=st.one_of(st.floats(-8, 16, width=32), st.just(np.nan))))
def test_log2_is_read_with_nan_for_null(matrix: np.ndarray) -> None:
    np.testing.assert_array_equal(write_and_read(matrix), matrix)


@given(arrays.arrays(np.int8, shapes, elements=st.sampled_from([-1, 0, 1])))
def test_calls_are_read_with_minus_one_for_null(matrix: np.ndarray) -> None:
    np.testing.assert_array_equal(write_and_read(matrix), matrix)


def test_nan_is_null_in_the_database() -> None:
    with database.cursor() as connection:
        connection.register("lists", _table(np.array([[1, np.nan]], dtype=np.float32)))
        assert connection.execute("select list[2] is null, list_avg(list) from lists").fetchall() == [(True, 1.0)]


def test_lists_of_different_lengths_are_read_in_runs() -> None:
    with database.cursor() as connection:
        statement = "select i as row, if(i < 3, [i, i], [i]) as list from range(5) t(i) order by i"
        runs = [(keys.tolist(), values.tolist()) for keys, values in read_matrices(connection, statement)]
    assert runs == [([0, 1, 2], [[0, 0], [1, 1], [2, 2]]), ([3, 4], [[3], [4]])]

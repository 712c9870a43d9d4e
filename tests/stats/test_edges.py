"""The edges between blocks of rows, and their order."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from coexpr.stats.edges import edges_between, edges_within, merge_directions, strongest


def unit(seed: int, rows: int, samples: int = 30) -> np.ndarray:
    x = np.random.default_rng(seed).normal(size=(rows, samples))
    x -= x.mean(axis=1, keepdims=True)
    return (x / np.linalg.norm(x, axis=1)[:, None]).astype(np.float32)


@given(st.integers(0, 9999), st.integers(1, 12), st.integers(1, 12), st.sampled_from([np.abs, lambda r: r]))
def test_an_edge_is_strong_enough_for_one_end(seed: int, rows: int, others: int, strength) -> None:
    x, y = unit(seed, rows), unit(seed + 1, others)
    rng = np.random.default_rng(seed)
    least_x, least_y = (rng.uniform(-0.2, 0.6, size).astype(np.float32) for size in (rows, others))
    least_y[0] = np.inf
    x[0] = np.nan
    found = edges_between(x, y, least_x, least_y, strength)
    r = x @ y.T
    expected = {
        (row, other)
        for row in range(rows)
        for other in range(others)
        if strength(r[row, other]) >= min(least_x[row], least_y[other])
    }
    assert set(zip(found.row.tolist(), found.other.tolist(), strict=True)) == expected
    np.testing.assert_array_equal(found.r, r[found.row, found.other])


@given(st.integers(0, 9999), st.integers(1, 20), st.integers(1, 25))
def test_the_strongest_edges_of_every_row_are_found_within_a_block(seed: int, rows: int, count: int) -> None:
    x = unit(seed, rows)
    x[rows // 2] = x[0]
    found = edges_within(x, np.full(rows, -np.inf, dtype=np.float32), count)
    r = x @ x.T
    for row in range(rows):
        others = np.delete(np.arange(rows), row)
        best = np.sort(r[row, others])[::-1][:count]
        actual = np.sort(found.r[found.row == row])[::-1]
        np.testing.assert_allclose(actual[: len(best)], best, atol=1e-6)
    assert (found.row != found.other).all()


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 40)), unique=True, max_size=60),
    arrays.arrays(np.float32, 60, elements=st.sampled_from([-1, -0.5, -0.25, -0.0, 0.0, 2.0**-100, 0.25, 0.5, 1])),
    st.sampled_from([None, 1, 3, 100]),
    st.sampled_from([np.abs, lambda r: r]),
)
def test_the_order_is_that_of_a_sort(pairs: list[tuple[int, int]], r: np.ndarray, count: int | None, strength) -> None:
    source, target = (np.array(side, dtype=np.int32) for side in (zip(*pairs, strict=True) if pairs else ((), ())))
    r = r[: len(pairs)]
    kept, rank = strongest(source, target, r, count, strength)
    expected = np.lexsort((target, -strength(r), source))
    places = {one: 0 for one in source.tolist()}
    ranked = []
    for edge in expected.tolist():
        places[int(source[edge])] += 1
        if count is None or places[int(source[edge])] <= count:
            ranked.append((edge, places[int(source[edge])]))
    assert list(zip(kept.tolist(), rank.tolist(), strict=True)) == ranked


@given(
    st.dictionaries(
        st.tuples(st.integers(0, 6), st.integers(0, 6)).filter(lambda ends: ends[0] != ends[1]), st.integers(1, 9)
    ),
    st.randoms(),
    st.sampled_from([0, 2**31 - 8]),
)
def test_directions_are_merged_as_in_a_dict(ranks: dict[tuple[int, int], int], random, start: int) -> None:
    r_of = {ends: (min(ends) * 10 + max(ends)) / 100 for ends in ranks}
    expected: dict[tuple[int, int], list[int]] = {}
    for ends, rank in ranks.items():
        expected.setdefault((min(ends), max(ends)), []).append(rank)
    edges = list(ranks)
    random.shuffle(edges)
    pairs = merge_directions(
        np.array([source + start for source, _ in edges], dtype=np.int32),
        np.array([target + start for _, target in edges], dtype=np.int32),
        np.array([r_of[ends] for ends in edges], dtype=np.float32),
        np.array([ranks[ends] for ends in edges], dtype=np.int32),
    )
    assert [values.dtype for values in pairs] == [np.int32, np.int32, np.float32, np.int32, np.float64]
    found = list(zip((pairs.source - start).tolist(), (pairs.target - start).tolist(), strict=True))
    assert found == sorted(expected)
    for ends, r, rank, mutual_rank in zip(found, pairs.r, pairs.rank, pairs.mutual_rank, strict=True):
        assert r == np.float32((ends[0] * 10 + ends[1]) / 100)
        assert rank == min(expected[ends])
        both = np.sqrt(np.prod(expected[ends], dtype=np.float64)) if len(expected[ends]) == 2 else np.nan
        np.testing.assert_allclose(mutual_rank, both)


def test_the_r_of_a_pair_is_that_of_the_edge_from_the_smaller_row() -> None:
    source, target = np.array([4, 1, 3], dtype=np.int32), np.array([1, 4, 2], dtype=np.int32)
    pairs = merge_directions(source, target, np.float32([0.25, 0.5, 0.75]), np.array([1, 9, 4], dtype=np.int32))
    assert pairs.r.tolist() == [0.5, 0.75]
    assert pairs.rank.tolist() == [1, 4]


def test_a_row_without_r_has_no_edge() -> None:
    x = unit(3, 6)
    x[2] = np.nan
    within = edges_within(x, np.full(6, -np.inf, dtype=np.float32), 2)
    assert 2 not in within.row
    assert 2 not in within.other


def test_r_is_that_of_double_precision() -> None:
    x = np.random.default_rng(0).normal(6, 0.4, size=(60, 3702))
    wide = np.corrcoef(x)
    x -= x.mean(axis=1, keepdims=True)
    narrow = (x / np.linalg.norm(x, axis=1)[:, None]).astype(np.float32)
    low = np.full(60, -np.inf, dtype=np.float32)
    found = edges_between(narrow[:30], narrow[30:], low[:30], low[30:])
    np.testing.assert_allclose(found.r, wide[found.row, found.other + 30], atol=2e-6)

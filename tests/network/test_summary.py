"""The summary of a network is that of the edges in its file."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from coexpr.atlas import Atlas
from coexpr.network.summary import SummaryBuilder


@pytest.mark.parametrize("undirected", [False, True])
@pytest.mark.parametrize("selection", [{"top": 1}, {"top": 30}, {"min_abs_r": 0.3}, {"min_abs_r": 1.0}], ids=str)
def test_the_summary_is_that_of_the_file(atlas: Atlas, tmp_path: Path, selection: dict, undirected: bool) -> None:
    result = atlas.network(tmp_path / "n.parquet", undirected=undirected, **selection)
    ((_, rows, edges),) = result
    table = parquet.read_table(tmp_path / "n.parquet")
    source, target = table["source"].to_pylist(), table["target"].to_pylist()
    names, degrees, r_counts, kept = (
        getattr(result.summary, name) for name in ("names", "degrees", "r_counts", "edges")
    )
    assert len(names) == rows
    assert dict(zip(names, degrees.tolist(), strict=True)) == {
        name: source.count(name) + target.count(name) for name in names
    }
    np.testing.assert_array_equal(r_counts, np.histogram(table["r"].to_numpy(), bins=200, range=(-1, 1))[0])
    assert r_counts.sum() == edges
    if edges > 500:
        assert kept is None
    else:
        assert [names[row] for row in kept.source] == source
        assert [names[row] for row in kept.target] == target
        assert kept.r.tolist() == table["r"].to_pylist()


@given(st.lists(st.integers(0, 300), max_size=5))
def test_edges_are_kept_up_to_500(sizes: list[int]) -> None:
    builder = SummaryBuilder(2)
    parts = [
        {"source": np.zeros(size, np.int32), "target": np.ones(size, np.int32), "r": np.ones(size, np.float32)}
        for size in [*sizes, 0]
    ]
    assert list(builder.pass_on(iter(parts))) == parts
    summary = builder.summary(["a", "b"])
    assert summary.degrees.tolist() == [sum(sizes)] * 2
    assert summary.r_counts[-1] == sum(sizes)
    assert (summary.edges is None) == (sum(sizes) > 500)
    if summary.edges is not None:
        assert len(summary.edges.r) == sum(sizes)

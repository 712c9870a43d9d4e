"""Networks whose rows are too long for memory: the edges are those of whole rows."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from helpers.recorded import Recorded
from pyarrow import parquet

import coexpr.network.plan
from coexpr.atlas import Atlas
from coexpr.errors import LimitError
from coexpr.network.checkpoint import Checkpoint
from coexpr.network.driver import Network
from coexpr.network.plan import EdgeSelection, Plan, make_plan
from coexpr.network.products import InProcess
from coexpr.network.sample_shards import groups_of, products_of
from coexpr.options import CorrelationMethod, SampleFilter
from coexpr.stats.measures import Estimator, measure_all

SAMPLES = 400
GROUPS = np.repeat(np.arange(4), 100)
ESTIMATORS = {"pooled": Estimator(), "within groups": Estimator(factors=(GROUPS,), error=2.0**-24)}
SELECTIONS = [EdgeSelection(4, None), EdgeSelection(4, 0.2), EdgeSelection(None, 0.2)]


def profiles(rows: int = 150) -> np.ndarray:
    """Return profiles of five modules with levels of groups, two of them constant and two with a missing value."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=(rows, SAMPLES)) + rng.normal(size=(5, SAMPLES))[np.arange(rows) % 5] + 8
    x += rng.normal(size=(rows, 4))[:, GROUPS]
    x[7] = 4
    x[8] = 0.1
    x[11, 3] = x[149, 399] = np.nan
    x[20, :SAMPLES] = 7 + 1e-3 * x[20]  # a small spread about a large mean
    return x.astype(np.float32)


def network_of(
    folder: Path, x: np.ndarray, estimator: Estimator, selection: EdgeSelection, plan: Plan, threads: int = 1
) -> Network:
    with Checkpoint(folder, {}) as checkpoint:
        engine = InProcess(products_of(x, estimator, plan), plan, selection, threads)
        network = Network(x, estimator, selection, plan, checkpoint, engine)
        network.find(Recorded())
    return network


def edges_of(network: Network) -> dict[tuple[int, int], float]:
    edges = {}
    for part in network.edges():
        ends = zip(part["source"].tolist(), part["target"].tolist(), strict=True)
        edges |= dict(zip(ends, part["r"].tolist(), strict=True))
    return edges


@pytest.mark.long
@pytest.mark.parametrize("estimator", ESTIMATORS.values(), ids=ESTIMATORS)
@pytest.mark.parametrize("selection", SELECTIONS, ids=str)
@pytest.mark.parametrize("shard", [1, 33, 100, 399, 400])
def test_edges_are_those_of_whole_rows(
    tmp_path: Path, estimator: Estimator, selection: EdgeSelection, shard: int
) -> None:
    x = profiles()
    whole = network_of(tmp_path / "a", x, estimator, selection, Plan(len(x), 40, 2))
    parts = network_of(tmp_path / "b", x, estimator, selection, Plan(len(x), 40, 1, shard))
    edges, expected = edges_of(parts), edges_of(whole)
    assert edges.keys() == expected.keys()
    np.testing.assert_allclose(list(edges.values()), [expected[edge] for edge in edges], atol=2e-6)
    exact = measure_all(x.astype(np.float64), estimator)[0]
    np.testing.assert_allclose(list(edges.values()), [exact[edge] for edge in edges], atol=1e-6)
    assert parts.left_out == whole.left_out == {"with_missing_values": 2, "constant": 2}


def test_edges_do_not_depend_on_threads(tmp_path: Path) -> None:
    x, plan = profiles(), Plan(150, 40, 1, 33)
    one, four = (
        network_of(tmp_path / str(threads), x, Estimator(), SELECTIONS[0], plan, threads) for threads in (1, 4)
    )
    assert edges_of(one) == edges_of(four)


@pytest.mark.parametrize(
    ("samples", "memory", "shards"),
    [(3702, 2e9, False), (3702, 3e8, False), (100_000, 2e9, False), (100_000, 1e9, True), (10**6, 10**11, True)],
)
def test_shards_are_planned_where_whole_rows_leave_no_memory_for_blocks(
    samples: int, memory: float, shards: bool
) -> None:
    plan = make_plan(60_000, samples, EdgeSelection(50, None), 60_000 * 50, int(memory), 1)
    assert bool(plan.shard_samples) is shards
    assert plan.block_rows >= 512


def test_memory_is_not_exceeded(tmp_path: Path) -> None:
    x = np.random.default_rng(1).normal(size=(600, 30_000)).astype(np.float32)
    selection = EdgeSelection(10, None)
    plan = make_plan(*x.shape, selection, len(x) * 10, 40 * 10**6, 1)
    assert plan.shard_samples
    tracemalloc.start()
    try:
        network_of(tmp_path / "run", x, Estimator(), selection, plan, threads=4)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 40 * 10**6


def test_only_pearson_with_one_factor_has_shards() -> None:
    other = np.arange(SAMPLES) % 7
    assert groups_of(Estimator()) == 1
    assert groups_of(Estimator(factors=(GROUPS,))) == 4
    assert groups_of(Estimator(factors=(GROUPS, other))) is None
    assert groups_of(Estimator("spearman")) is None
    assert groups_of(Estimator("bicor")) is None


@pytest.mark.parametrize("adjust", [None, "donor"])
@pytest.mark.parametrize(
    "donors", [(), ("H0351.2001", "H0351.2002", "H0351.1012", "H0351.1015", "H0351.1016")], ids=len
)
def test_a_network_with_little_memory_is_the_same(
    synthetic_database: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    adjust: str | None,
    donors: tuple[str, ...],
) -> None:
    monkeypatch.setattr(coexpr.network.plan, "_FEWEST_SHARD_SAMPLES", 8)
    progress = Recorded()
    asked = {"level": "probe", "top": 3, "sample_filter": SampleFilter(donors=donors)}
    with Atlas(synthetic_database, progress=progress) as atlas:
        atlas.network(tmp_path / "a.parquet", **asked, method=CorrelationMethod(adjust=adjust))
        assert not any("shards" in message for message in progress.messages)
        atlas.network(tmp_path / "b.parquet", **asked, method=CorrelationMethod(adjust=adjust), memory=500_000)
        with pytest.raises(LimitError, match="Whole rows are needed: only `method` pearson"):
            atlas.network(tmp_path / "c.parquet", **asked, method="spearman", memory=500_000)
    assert any("are processed in" in message for message in progress.messages)
    a, b = (parquet.read_table(tmp_path / name).to_pylist() for name in ("a.parquet", "b.parquet"))
    assert [(row["source"], row["rank"]) for row in a] == [(row["source"], row["rank"]) for row in b]
    differing = [(x, y) for x, y in zip(a, b, strict=True) if x["target"] != y["target"]]
    assert all(abs(x["r"] - y["r"]) < 4e-6 for x, y in differing)
    assert len(differing) < len(a) / 100

"""Networks: their edges do not depend on blocks, memory, interruptions and file formats."""

import csv
import json
import re
import tracemalloc
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import duckdb
import numpy as np
import pytest
from helpers.command import run
from helpers.recorded import Recorded
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import ipc, parquet

import coexpr.network.driver
import coexpr.network.products
from coexpr.analysis.network_size import check_size
from coexpr.atlas import Atlas
from coexpr.errors import LimitError, NotFoundError, OptionError, OutputError
from coexpr.network.checkpoint import Checkpoint
from coexpr.network.driver import Network
from coexpr.network.nodes import Nodes
from coexpr.network.plan import EdgeSelection, Plan, make_plan
from coexpr.network.writers import write_network
from coexpr.options import ProbeSelection
from coexpr.stats.measures import Estimator, measure_all

SAMPLES = 40


def profiles(rows: int = 61) -> np.ndarray:
    """Return profiles of five modules, one of them constant and one with a missing value."""
    rng = np.random.default_rng(8)
    x = rng.normal(size=(rows, SAMPLES)) + rng.normal(size=(5, SAMPLES))[np.arange(rows) % 5] + 6
    x[7] = 4
    x[11, 3] = np.nan
    return x.astype(np.float32)


def expected_edges(
    x: np.ndarray, selection: EdgeSelection, estimator: Estimator | None = None
) -> dict[tuple[int, int], float]:
    """Return edges with their r, by their definition."""
    known = np.flatnonzero(~np.isnan(x).any(axis=1))
    r = np.full((len(x), len(x)), np.nan)
    r[np.ix_(known, known)] = measure_all(x[known], estimator or Estimator())[0]
    np.fill_diagonal(r, np.nan)
    strength = r if selection.min_abs_r is None else np.abs(r)
    edges = {}
    for row in range(len(x)):
        order = [
            other for other in np.argsort(-strength[row], kind="stable") if strength[row, other] >= selection.least
        ]
        edges |= {(row, int(other)): r[row, other] for other in order[: selection.top]}
    return edges


def find_network(
    x: np.ndarray, selection: EdgeSelection, plan: Plan, folder: Path, estimator: Estimator | None = None
) -> Network:
    with Checkpoint(folder, {}) as checkpoint:
        network = Network(x, estimator or Estimator(), selection, plan, checkpoint)
        network.find()
    return network


def edges_of(network: Network) -> dict[tuple[int, int], float]:
    edges = {}
    for part in network.edges():
        ends = zip(part["source"].tolist(), part["target"].tolist(), strict=True)
        edges |= dict(zip(ends, part["r"].tolist(), strict=True))
        for source in np.unique(part["source"]):
            assert part["rank"][part["source"] == source].tolist() == list(
                range(1, (part["source"] == source).sum() + 1)
            )
    return edges


@pytest.mark.long
@pytest.mark.parametrize(
    "selection",
    [EdgeSelection(3, None), EdgeSelection(3, 0.4), EdgeSelection(None, 0.4), EdgeSelection(200, None)],
    ids=str,
)
@pytest.mark.parametrize(("block_rows", "held"), [(61, 1), (64, 1), (20, 4), (7, 2), (9, 1), (1, 61)])
def test_edges_do_not_depend_on_the_blocks(
    tmp_path: Path, selection: EdgeSelection, block_rows: int, held: int
) -> None:
    x = profiles()
    network = find_network(x, selection, Plan(len(x), block_rows, held), tmp_path / "run")
    edges, expected = edges_of(network), expected_edges(x, selection)
    assert edges.keys() == expected.keys()
    np.testing.assert_allclose(list(edges.values()), [expected[edge] for edge in edges], atol=2e-6)
    assert network.left_out == {"with_missing_values": 1, "constant": 1}
    Checkpoint(tmp_path / "run", {}).remove()
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "estimator", [Estimator("spearman"), Estimator("bicor"), Estimator(factors=(np.arange(SAMPLES) % 3,))]
)
def test_every_estimator(tmp_path: Path, estimator: Estimator) -> None:
    x = profiles()
    edges = edges_of(find_network(x, EdgeSelection(4, None), Plan(len(x), 16, 2), tmp_path / "run", estimator))
    expected = expected_edges(x, EdgeSelection(4, None), estimator)
    assert edges.keys() == expected.keys()
    np.testing.assert_allclose(list(edges.values()), [expected[edge] for edge in edges], atol=2e-6)


@given(st.integers(1, 40), st.integers(1, 9), st.integers(1, 9))
def test_every_pair_of_blocks_is_processed_once(rows: int, block_rows: int, held: int) -> None:
    plan = Plan(rows, block_rows, held)
    blocks = range(plan.blocks)
    assert sorted(plan.steps()) == [(block, other) for block in blocks for other in blocks if block <= other]
    covered = np.concatenate([np.arange(rows)[plan.block(number)] for number in blocks])
    assert covered.tolist() == list(range(rows))


@pytest.mark.parametrize("selection", [EdgeSelection(3, None), EdgeSelection(None, 0.3)], ids=str)
@pytest.mark.parametrize("after", [1, 4, 9])
def test_an_interrupted_run_continues(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, selection: EdgeSelection, after: int
) -> None:
    monkeypatch.setattr(coexpr.network.driver, "_CHECKPOINT_SECONDS", 0)
    x, plan = profiles(), Plan(61, 16, 2)

    def stop() -> None:
        if first.advances == after:
            raise KeyboardInterrupt

    first, second = Recorded(stop), Recorded()
    with pytest.raises(KeyboardInterrupt), Checkpoint(tmp_path / "run", {"of": 1}) as checkpoint:
        Network(x, Estimator(), selection, plan, checkpoint).find(first)
    with Checkpoint(tmp_path / "run", {"of": 1}) as checkpoint:
        again = Network(x, Estimator(), selection, plan, checkpoint)
        again.find(second)
    assert second.messages == [f"{after} of 10 steps were done before"]
    assert second.advances == 10 - after
    assert second.tasks == {"Correlating": (61 * 60 / 2, 61 * 60 / 2)}
    assert edges_of(again).keys() == expected_edges(x, selection).keys()
    assert again.left_out == {"with_missing_values": 1, "constant": 1}


@pytest.mark.parametrize("selection", [EdgeSelection(3, None), EdgeSelection(None, 0.3)], ids=str)
@pytest.mark.parametrize("fraction", [0, 0.5, 0.98])
def test_a_truncated_checkpoint_is_not_continued(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, selection: EdgeSelection, fraction: float
) -> None:
    monkeypatch.setattr(coexpr.network.driver, "_CHECKPOINT_SECONDS", 0)
    find_network(profiles(), selection, Plan(61, 16, 2), tmp_path / "run")
    file = tmp_path / "run" / ("strongest.npz" if selection.top else "done.npz")
    file.write_bytes(file.read_bytes()[: int(fraction * file.stat().st_size)])
    again = find_network(profiles(), selection, Plan(61, 16, 2), tmp_path / "run")
    assert edges_of(again).keys() == expected_edges(profiles(), selection).keys()
    assert again.left_out == {"with_missing_values": 1, "constant": 1}


def test_a_checkpoint_of_another_run_is_removed_and_other_files_remain(tmp_path: Path) -> None:
    find_network(profiles(), EdgeSelection(3, None), Plan(61, 16, 2), tmp_path / "run")
    with Checkpoint(tmp_path / "run", {"of": 2}) as checkpoint:
        assert checkpoint.read("strongest") is None
        with pytest.raises(OutputError, match="another run is at work"), Checkpoint(tmp_path / "run", {"of": 2}):
            pass
        (tmp_path / "run" / "mine.txt").write_text("something")
        checkpoint.remove()
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["mine.txt"]
    with pytest.raises(OutputError, match="is in the way"), Checkpoint(tmp_path / "run", {"of": 2}):
        pass
    assert (tmp_path / "run" / "mine.txt").exists()


@pytest.mark.parametrize(("held", "products"), [(1, 12 + 11 * 12 // 2), (3, 33), (6, 21), (12, 12)])
def test_unit_rows_are_computed_no_more_often_than_necessary(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: int, products: int
) -> None:
    counted: list[int] = []
    real = coexpr.network.products.unit_rows

    def counting(some: np.ndarray, estimator: Estimator) -> np.ndarray:
        counted.append(len(some))
        return real(some, estimator)

    monkeypatch.setattr(coexpr.network.products, "unit_rows", counting)
    find_network(profiles(60), EdgeSelection(3, None), Plan(60, 5, held), tmp_path / "run")
    assert len(counted) <= products + 12


@pytest.mark.parametrize("memory", [10**8, 2 * 10**8, 10**9, 2 * 10**9, 10**10])
def test_a_plan_fits_into_memory(memory: int) -> None:
    plan = make_plan(58692, 3702, EdgeSelection(20, None), 58692 * 20, memory)
    held = (plan.held + 1) * plan.block_rows * 3702 * 4
    assert held + plan.block_rows**2 * 4 + 58692 * 20 * 8 < memory
    assert plan.held == min(plan.held, plan.blocks)


@pytest.mark.long
@pytest.mark.parametrize(
    ("selection", "allowed"),
    [
        (EdgeSelection(None, 0.1), 60),
        (EdgeSelection(None, 0.0), 60),
        (EdgeSelection(300, None), 60),
        (EdgeSelection(300, None, mutual_rank=True), 120),
        (EdgeSelection(300, None, undirected=True), 120),
        (EdgeSelection(None, 0.0, undirected=True), 570),
    ],
    ids=str,
)
def test_the_memory_limit_is_not_exceeded(tmp_path: Path, selection: EdgeSelection, allowed: int) -> None:
    x = np.random.default_rng(1).normal(size=(2500, 40)).astype(np.float32)
    edges = len(x) * (selection.top or len(x) - 1)
    plan = make_plan(*x.shape, selection, edges, allowed * 10**6)
    nodes = Nodes([(str(row), None, None, None, None, None, None) for row in range(len(x))])
    tracemalloc.start()
    try:
        network = find_network(x, selection, plan, tmp_path / "run")
        write_network(tmp_path / "n.parquet", "parquet", network.edges(), nodes, {})
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < allowed * 10**6


def test_a_network_that_does_not_fit_is_refused_before_it_is_computed(tmp_path: Path) -> None:
    with pytest.raises(LimitError, match=r"need 2,\d\d\d MB of memory; 1,000 MB are allowed"):
        make_plan(58692, 3702, EdgeSelection(1000, None), 58692 * 1000, 10**9)
    plan, folder = make_plan(10**6, 100, EdgeSelection(None, 0.9), 10**6, 10**9), tmp_path / "run"
    with pytest.raises(LimitError, match="MB left"):
        check_size(plan, EdgeSelection(None, 0.9), 10**14, "csv", folder, None, print)
    with pytest.raises(LimitError, match="the limit is 1,000 edges"):
        check_size(plan, EdgeSelection(None, 0.9), 10**4, "csv", folder, 1000, print)


@pytest.fixture(scope="module")
def edges_by_r(synthetic_database: Path) -> dict[str, list[tuple[str, float]]]:
    """Return the five highest correlates of some genes, with one query for each."""
    with Atlas(synthetic_database) as atlas:
        symbols = [symbol for (symbol,) in atlas.sql("select gene_symbol from genes where entrez_id > 0").fetchall()][
            :8
        ]
        return {
            symbol: [(row[3], row[6]) for row in atlas.correlates(symbol, top=5).rows]
            for symbol in dict.fromkeys(symbols)
        }


ENDINGS = ["parquet", "arrow", "csv", "tsv", "graphml", "duckdb"]


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_file_has_the_same_edges(
    atlas: Atlas, tmp_path: Path, edges_by_r: dict[str, list[tuple[str, float]]], ending: str
) -> None:
    path = tmp_path / f"genes.{ending}"
    ((_, nodes, edges),) = atlas.network(path, top=5, mutual_rank=True)
    rows, provenance = read_network(path)
    assert len(rows) == edges == 5 * nodes
    for symbol, correlates in edges_by_r.items():
        of_symbol = sorted((row for row in rows if row[0] == symbol), key=lambda row: row[3])
        assert [row[1] for row in of_symbol] == [name for name, _ in correlates]
        assert [row[2] for row in of_symbol] == pytest.approx([r for _, r in correlates], abs=2e-6)
        assert [row[3] for row in of_symbol] == [1, 2, 3, 4, 5]
    ranks = {(row[0], row[1]): row[3] for row in rows}
    for source, target, _, rank, mutual in rows:
        reverse = ranks.get((target, source))
        assert mutual == (None if reverse is None else pytest.approx((rank * reverse) ** 0.5))
    assert any(row[4] is not None for row in rows)
    if provenance:
        assert (provenance["edges"]["top"], provenance["probe_selection"]["rule"]) == (5, "max-mean")
        assert provenance["data"]["n_samples"] == 90
    assert [path.name for path in tmp_path.iterdir()] == [f"genes.{ending}"]


@pytest.mark.long
@pytest.mark.parametrize("selection", [{"top": 5, "mutual_rank": True}, {"min_abs_r": 0.3}], ids=str)
@pytest.mark.parametrize("ending", ENDINGS)
def test_undirected_edges_are_those_of_the_directed_file(
    atlas: Atlas, tmp_path: Path, ending: str, selection: dict
) -> None:
    directed = parquet.read_table(tmp_path / atlas.network(tmp_path / "directed.parquet", **selection).rows[0][0])
    ((_, _, edges),) = atlas.network(tmp_path / f"pairs.{ending}", undirected=True, **selection)
    rows, provenance = read_network(tmp_path / f"pairs.{ending}", "mutual_rank" in selection)
    place = {name: row for row, name in enumerate(dict.fromkeys(directed["source"].to_pylist()))}
    by_pair: dict[tuple[str, str], list[tuple[int, float]]] = {}
    for source, target, r, rank, *_ in zip(*(column.to_pylist() for column in directed.columns), strict=True):
        by_pair.setdefault(tuple(sorted((source, target), key=place.__getitem__)), []).append((rank, r))
    assert len(rows) == edges == len(by_pair) < len(directed)
    for source, target, r, rank, *mutual in rows:
        found = by_pair.pop((source, target))
        assert rank == min(found)[0]
        assert r == pytest.approx(found[0][1], abs=1e-7)
        if "mutual_rank" in selection:
            expected = (found[0][0] * found[1][0]) ** 0.5 if len(found) == 2 else None
            assert mutual == [expected if expected is None else pytest.approx(expected)]
    sources = [place[row[0]] for row in rows]
    assert sources == sorted(sources)
    if provenance:
        assert provenance["edges"]["undirected"] is True


@pytest.mark.parametrize("undirected", [False, True])
def test_an_arrow_file_equals_the_parquet_file(atlas: Atlas, tmp_path: Path, undirected: bool) -> None:
    for ending in ("parquet", "arrow"):
        atlas.network(tmp_path / f"n.{ending}", top=7, mutual_rank=True, undirected=undirected)
    atlas.network(tmp_path / "named", top=7, mutual_rank=True, undirected=undirected, format="arrow")
    expected = parquet.read_table(tmp_path / "n.parquet")
    for name in ("n.arrow", "named"):
        table = ipc.open_file(tmp_path / name).read_all()
        assert table.schema.equals(expected.schema, check_metadata=True)
        assert table.to_pylist() == expected.to_pylist()


@pytest.mark.long
@pytest.mark.parametrize(
    "selection",
    [
        EdgeSelection(3, None, mutual_rank=True, undirected=True),
        EdgeSelection(3, 0.4, mutual_rank=True, undirected=True),
        EdgeSelection(None, 0.4, undirected=True),
    ],
    ids=str,
)
def test_undirected_edges_do_not_depend_on_the_blocks(tmp_path: Path, selection: EdgeSelection) -> None:
    whole, *others = [
        list(find_network(profiles(), selection, Plan(61, block_rows, held), tmp_path / f"{block_rows}").edges())
        for block_rows, held in [(61, 1), (20, 4), (7, 2), (1, 61)]
    ]
    for parts in others:
        assert parts[0].keys() == whole[0].keys()
        for name, values in whole[0].items():
            np.testing.assert_allclose(np.concatenate([part[name] for part in parts]), values, atol=1e-6)
    assert (whole[0]["source"] < whole[0]["target"]).all()
    strengths = selection.strength(whole[0]["r"])
    assert (np.diff(strengths)[np.diff(whole[0]["source"]) == 0] <= 0).all()


def read_network(path: Path, with_mutual_rank: bool = True) -> tuple[list[tuple], dict | None]:
    """Return the edges, and the provenance if the file contains it."""
    if path.suffix in (".parquet", ".arrow"):
        table = parquet.read_table(path) if path.suffix == ".parquet" else ipc.open_file(path).read_all()
        rows = [tuple(row.values()) for row in table.to_pylist()]
        return rows, json.loads(table.schema.metadata[b"provenance"])
    if path.suffix == ".duckdb":
        with duckdb.connect(path, read_only=True) as connection:
            rows = connection.execute("from edges").fetchall()
            assert connection.execute("select count(*) from edges anti join nodes on source = name").fetchone() == (0,)
            provenance = connection.execute("from provenance").fetchall()
        return rows, {name: json.loads(value) for name, value in provenance}
    if path.suffix == ".graphml":
        space = "{http://graphml.graphdrawing.org/xmlns}"
        root = ElementTree.parse(path).getroot()
        assert next(iter(root)).tag == f"{space}desc"
        names = {node.get("id") for node in root.iter(f"{space}node")}
        rows = []
        for edge in root.iter(f"{space}edge"):
            data = {cell.get("key"): float(cell.text or "") for cell in edge}
            ends = edge.get("source"), edge.get("target")
            assert names >= set(ends)
            rows.append((*ends, data["r"], int(data["rank"]), data.get("mutual_rank")))
        return rows, json.loads(root.findtext(f"{space}desc") or "")
    with path.open(newline="") as stream:
        rows = list(csv.reader(stream, delimiter="\t" if path.suffix == ".tsv" else ","))
    assert rows[0] == ["source", "target", "r", "rank", *["mutual_rank"] * with_mutual_rank]
    edges = [
        (a, b, float(r), int(rank), *(float(cell) if cell else None for cell in mutual))
        for a, b, r, rank, *mutual in rows[1:]
    ]
    return edges, None


def test_rules_categories_and_probes(atlas: Atlas, tmp_path: Path) -> None:
    path = tmp_path / "n.parquet"
    result = atlas.network(
        path, gene_filter=["nervous system development"], min_abs_r=0.5, probe_selection=ProbeSelection("average")
    )
    matrix = atlas.correlation_matrix(
        gene_filter=["nervous system development"], probe_selection=ProbeSelection("average")
    )
    strong = (np.abs(matrix.r) >= 0.5).sum() - len(matrix)
    assert result.rows == [(str(path), len(matrix), strong)]
    assert result.provenance.probe_selection.rule == "average"
    probes = atlas.network(path, ["NTRK2", "BDNF"], level="probe", top=1000)
    ((_, rows, edges),) = probes
    assert edges == rows * (rows - 1)
    assert probes.provenance.level == "probe"


def test_invalid_networks_are_refused(atlas: Atlas, tmp_path: Path) -> None:
    path = tmp_path / "n.parquet"
    with pytest.raises(OptionError, match="choose edges with `top`, `min_abs_r`, or both"):
        atlas.network(path)
    with pytest.raises(OptionError, match="`mutual_rank` compares"):
        atlas.network(path, min_abs_r=0.3, mutual_rank=True)
    with pytest.raises(OptionError, match="`min_abs_r` 3: expected a number from 0 to 1"):
        atlas.network(path, min_abs_r=3)
    with pytest.raises(OptionError, match="`top` 0: expected a whole number of at least 1"):
        atlas.network(path, top=0)
    with pytest.raises(NotFoundError, match="two rows"):
        atlas.network(path, ["BDNF"], top=1)
    with pytest.raises(OptionError, match="ending"):
        atlas.network(tmp_path / "n.xls", top=1)
    with pytest.raises(OutputError, match="no folder"):
        atlas.network(tmp_path / "none" / "n.csv", top=1)
    with pytest.raises(LimitError, match="the limit is 10 edges"):
        atlas.network(path, top=1, max_edges=10)
    with pytest.raises(OptionError, match="`mark` has no effect on a parquet file: only duckdb and graphml"):
        atlas.network(path, top=1, mark="nervous system development")
    with pytest.raises(NotFoundError, match="nervous sistem"):
        atlas.network(tmp_path / "n.graphml", top=1, mark=["nervous sistem"])
    (tmp_path / "n.duckdb").write_bytes(b"")
    with pytest.raises(OutputError, match="is there already"):
        atlas.network(tmp_path / "n.duckdb", top=1)
    assert [path.name for path in tmp_path.iterdir()] == ["n.duckdb"]
    (tmp_path / "n.duckdb.partial").mkdir()
    with pytest.raises(
        OutputError, match=r"If it is the result of a run that was killed, remove .*n\.duckdb\.partial, "
    ):
        atlas.network(tmp_path / "n.duckdb", top=1)


def test_the_command(synthetic_database: Path, tmp_path: Path) -> None:
    done = run("network", "--top", "2", "-o", tmp_path / "n.csv", "--db", synthetic_database)
    assert done.stdout == ""
    assert "about" in done.stderr
    assert f"into {tmp_path / 'n.csv'}" in done.stderr.replace("\n", " ")
    assert "choose edges with --top, --min-abs-r, or both" in run("network", "--db", synthetic_database, code=1).stderr
    marked = ("--mark", "nervous system development", "--mark", "synapse organization")
    pairs = ("network", "--top", "2", "--undirected", *marked, "--db", synthetic_database, "-o")
    messages = " ".join(run(*pairs, tmp_path / "n.graphml").stderr.split())
    assert re.search(r"about [\d,]+ undirected edges, ", messages)
    assert re.search(r"Wrote [\d,]+ undirected edges of ", messages)
    assert re.search(r"Marked: \d+ members of nervous system development\. Marked: \d+ members of syn", messages)
    assert "has no effect on a csv file" in " ".join(run(*pairs, tmp_path / "n.csv", code=1).stderr.split())

"""GraphML files as networkx reads them: the same network as in the Parquet file, with marks and any name."""

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet

from coexpr.atlas import Atlas
from coexpr.network.nodes import COLUMNS, Nodes
from coexpr.network.writers import write_network

networkx = pytest.importorskip("networkx")

CATEGORY = "nervous system development"
NAMES = ["a", 'the "quoted" & <b>\'s', "bell\x07 and \ufffe", "tab\tand\nline", "\u03b2-globin \U0001f9e0", ' "', " '"]


@pytest.mark.parametrize("undirected", [False, True])
def test_networkx_reads_the_network_of_the_parquet_file(atlas: Atlas, tmp_path: Path, undirected: bool) -> None:
    options = {"top": 5, "mutual_rank": True, "undirected": undirected}
    atlas.network(tmp_path / "n.parquet", **options)
    result = atlas.network(tmp_path / "n.graphml", mark=[CATEGORY], **options)
    graph = networkx.read_graphml(tmp_path / "n.graphml")
    assert graph.is_directed() is not undirected
    assert not graph.is_multigraph()
    assert list(graph) == result.summary.names

    table = parquet.read_table(tmp_path / "n.parquet").to_pylist()
    assert graph.number_of_edges() == len(table)
    for edge in table:
        read = graph.edges[edge["source"], edge["target"]]
        assert read["r"] == pytest.approx(edge["r"], abs=1e-8)
        assert read["rank"] == edge["rank"]
        assert isinstance(read["rank"], int)
        assert read.get("mutual_rank") == (edge["mutual_rank"] and pytest.approx(edge["mutual_rank"]))

    expression = atlas.expression(list(graph), level="gene")
    members = {row[0] for row in atlas.members(CATEGORY).rows}
    assert 0 < sum(node[CATEGORY] for _, node in graph.nodes(data=True)) < len(graph)
    for name, node in graph.nodes(data=True):
        assert (node["name"], node["label"], node["gene_symbol"]) == (name, name, name)
        assert node["mean_log2"] == pytest.approx(np.mean(expression.column(name)), abs=1e-6)
        assert node[CATEGORY] is (name in members)


def written(tmp_path: Path, names: list[str], categories: dict[str, np.ndarray]) -> Path:
    """Write a network in which each node has an edge to the next one."""
    rows = [(name, number, None, None, None, name, None) for number, name in enumerate(names)]
    source = np.arange(len(names) - 1, dtype=np.int32)
    part = {
        "source": source,
        "target": source + 1,
        "r": np.linspace(-1, 1, len(source), dtype=np.float32),
        "rank": np.ones(len(source), dtype=np.int32),
        "mutual_rank": np.full(len(source), np.nan),
    }
    means = np.where(np.arange(len(names)) == 0, np.nan, 7.25)
    path = tmp_path / "n.graphml"
    write_network(path, "graphml", iter([part]), Nodes(rows, means, categories), {"a": '<"&\x07>'})
    return path


def test_names_are_escaped(tmp_path: Path) -> None:
    categories = {name: np.arange(len(NAMES)) == number for number, name in enumerate(NAMES)}
    graph = networkx.read_graphml(written(tmp_path, NAMES, categories))
    read = [NAMES[0], NAMES[1], "bellU+0007 and U+FFFE", *NAMES[3:]]
    assert list(graph) == read
    assert list(graph.edges) == list(pairwise(read))
    assert [node["label"] for _, node in graph.nodes(data=True)] == read
    for number, (_, node) in enumerate(graph.nodes(data=True)):
        assert [node[name] for name in read] == [place == number for place in range(len(read))]
        assert "gene_symbol" not in node
        assert node.get("mean_log2") == (7.25 if number else None)


def test_keys_are_name_tokens(tmp_path: Path) -> None:
    text = written(tmp_path, ["a", "b"], {"a category": np.array([True, False])}).read_text(encoding="utf-8")
    keys = re.findall(r'<key id="([^"]*)"', text)
    assert len(keys) == len(set(keys)) == len(COLUMNS) + 6
    assert all(re.fullmatch(r"[A-Za-z_][\w.-]*", key) for key in keys)
    assert '<key id="category_1" for="node" attr.name="a category" attr.type="boolean"/>' in text
    assert '<data key="category_1">true</data>' in text

"""The nodes of a network: their means, and the categories that mark them."""

from pathlib import Path

import duckdb
import numpy as np
import pytest

from coexpr.analysis.network_rows import _means
from coexpr.atlas import Atlas
from coexpr.options import GeneFilter

CATEGORIES = ["nervous system development", "synapse organization"]


def tables(path: Path) -> tuple[list[tuple], list[tuple]]:
    """Return name, gene_symbol and mean_log2 of each node, and the members of each category."""
    with duckdb.connect(path, read_only=True) as connection:
        nodes = connection.execute("select name, gene_symbol, mean_log2 from nodes").fetchall()
        return nodes, connection.execute("select category, name from node_categories").fetchall()


def members_of(atlas: Atlas, category: str) -> set[str]:
    return set(atlas.members(category).column("gene_symbol"))


def test_marks_leave_no_row_out(atlas: Atlas, tmp_path: Path) -> None:
    result = atlas.network(tmp_path / "n.duckdb", top=2, mark=CATEGORIES)
    nodes, members = tables(tmp_path / "n.duckdb")
    assert len(nodes) == result.rows[0][1]
    names = {name for name, _, _ in nodes}
    for category in CATEGORIES:
        expected = members_of(atlas, category) & names
        assert 0 < len(expected) < len(names)
        assert {name for marked_by, name in members if marked_by == category} == expected
        assert result.provenance.marks[category] == len(expected)
    expression = atlas.expression([name for name, _, _ in nodes], level="gene")
    means = [np.mean(expression.column(name)) for name, _, _ in nodes]
    np.testing.assert_allclose([mean for _, _, mean in nodes], means, rtol=1e-6)


def test_the_categories_of_a_filter_are_marks_if_there_are_several(atlas: Atlas, tmp_path: Path) -> None:
    result = atlas.network(tmp_path / "several.duckdb", top=2, gene_filter=CATEGORIES, mark="cell division")
    nodes, members = tables(tmp_path / "several.duckdb")
    names = {name for name, _, _ in nodes}
    assert names == (members_of(atlas, CATEGORIES[0]) | members_of(atlas, CATEGORIES[1])) & names
    for category in (*CATEGORIES, "cell division"):
        assert {name for marked_by, name in members if marked_by == category} == members_of(atlas, category) & names
    assert list(result.provenance.marks) == [*CATEGORIES, "cell division"]

    one = atlas.network(tmp_path / "one.duckdb", top=2, gene_filter=GeneFilter(categories=(CATEGORIES[0],)))
    assert tables(tmp_path / "one.duckdb")[1] == []
    assert one.provenance.marks == {}


def test_a_probe_is_marked_by_its_gene(atlas: Atlas, tmp_path: Path) -> None:
    atlas.network(tmp_path / "n.duckdb", top=2, level="probe", mark=CATEGORIES)
    nodes, members = tables(tmp_path / "n.duckdb")
    genes = {name: gene for name, gene, _ in nodes}
    genes_of_category = members_of(atlas, CATEGORIES[0])
    expected = {name for name, gene in genes.items() if gene in genes_of_category}
    assert {name for marked_by, name in members if marked_by == CATEGORIES[0]} == expected


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_means_of_rows(kind: type) -> None:
    x = np.random.default_rng(3).normal(7, 2, size=(600, 50)).astype(kind)
    x[5, 3] = np.nan
    x[599] = np.nan
    means = _means(x)
    np.testing.assert_allclose(means[:599], np.nanmean(x[:599].astype(np.float64), axis=1), rtol=1e-12)
    assert np.isnan(means[599])

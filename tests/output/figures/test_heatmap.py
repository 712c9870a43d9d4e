"""Heatmaps of r: order, dendrogram, strips; and the clustering they show."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.drawings import SIZES, gene_names, heatmap, related
from helpers.drawn import axes_of, draw, legend_texts, with_gid
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb
from scipy.cluster.hierarchy import linkage
from scipy.spatial.distance import squareform

from coexpr.atlas import Atlas
from coexpr.errors import FigureError
from coexpr.options import GeneFilter
from coexpr.output.figures.heatmap import Heatmap, branches
from coexpr.output.figures.palette import COLORS
from coexpr.stats.clustering import cluster


def random_r(seed: int, rows: int, without_r: int = 0) -> np.ndarray:
    """Return a matrix of r in which some rows have none."""
    rng = np.random.default_rng(seed)
    r = np.corrcoef(related(rng, rows, 8)) if rows > 1 else np.ones((1, 1))
    lost = rng.permutation(rows)[:without_r]
    r[lost] = np.nan
    r[:, lost] = np.nan
    return r


@pytest.mark.parametrize("size", SIZES)
def test_the_image_is_r_in_the_order_of_the_clustering(size: str) -> None:
    drawing = heatmap(size)
    ax = axes_of(drawing)
    (image,) = with_gid(ax, "r")
    shown = image.get_array()
    assert np.array_equal(shown, drawing.r[drawing.order][:, drawing.order])
    assert np.allclose(shown, shown.T)
    assert image.get_clim() == (-1, 1)


@pytest.mark.long
@pytest.mark.parametrize("size", ["small", "medium"])
def test_rows_and_columns_are_named_in_that_order(size: str) -> None:
    drawing = heatmap(size)
    ax = draw(drawing).ax
    names = [drawing.names[row] for row in drawing.order]
    assert [label.get_text() for label in ax.get_xticklabels()] == names
    assert [label.get_text() for label in ax.get_yticklabels()] == names


@pytest.mark.parametrize("size", SIZES)
def test_strips_have_the_members_in_that_order(size: str) -> None:
    drawing = heatmap(size, 2)
    ax = axes_of(drawing)
    image = ax.child_axes[0].get_images()[0].get_array()
    for column, members in enumerate(drawing.marks.values()):
        has_color = (image[:, column] == to_rgb(COLORS[column])).all(axis=1)
        assert np.array_equal(has_color, members[drawing.order])
    assert legend_texts(ax) == list(drawing.marks)


@pytest.mark.parametrize("size", SIZES)
def test_the_dendrogram_is_drawn_next_to_its_rows(size: str) -> None:
    drawing = heatmap(size)
    ax = axes_of(drawing)
    (tree,) = [panel for panel in ax.child_axes if panel.collections and not panel.axison]
    (lines,) = tree.collections
    assert np.array_equal(lines.get_segments(), branches(drawing.tree, drawing.order))
    assert tree.get_ylim() == ax.get_ylim()
    assert tree.get_xlim()[0] > drawing.tree[:, 2].max()


def test_names_that_cannot_be_read_are_left_out_and_the_caption_says_so() -> None:
    rng = np.random.default_rng(9)
    r = np.corrcoef(related(rng, 300, 50))
    clusters = cluster(r)
    drawing = Heatmap(gene_names(300), r, clusters.tree, clusters.order, "300 rows")
    narrow = draw(drawing, 180)
    (sentence,) = narrow.left_out
    assert sentence.startswith("Names are left out: they need a width of ")
    assert not any(line.text.startswith("GENE") for line in narrow.lines)
    assert "Names are left out" in " ".join(line.text for line in narrow.lines)


def test_rows_without_r_are_last_and_gray() -> None:
    r = random_r(1, 8, without_r=3)
    clusters = cluster(r)
    drawing = Heatmap(gene_names(8), r, clusters.tree, clusters.order, "8 rows")
    (image,) = with_gid(axes_of(drawing), "r")
    assert set(drawing.order[5:]) == set(np.flatnonzero(np.isnan(np.diagonal(r))))
    assert image.get_array().mask[5:].all()
    assert image.get_array().mask[:, 5:].all()
    assert not image.get_array().mask[:5, :5].any()


@pytest.mark.parametrize("rows", [1, 2])
def test_one_and_two_rows_are_drawn(rows: int) -> None:
    r = random_r(2, rows)
    clusters = cluster(r)
    figure = draw(Heatmap(gene_names(rows), r, clusters.tree, clusters.order, "few rows"))
    texts = [line.text for line in figure.lines]
    assert all(texts.count(name) == 2 for name in gene_names(rows))  # of a row and of a column


def test_nothing_to_draw_and_too_many_rows_are_refused() -> None:
    drawing = heatmap("small")
    with pytest.raises(FigureError, match="nothing to draw: no r is defined"):
        replace(drawing, r=np.full((3, 3), np.nan))
    with pytest.raises(FigureError, match="a heatmap of 11 x 11 values of r cannot be read; the limit is 10 rows"):
        Heatmap.check_size(11, 10)
    Heatmap.check_size(10, 10)
    Heatmap.check_size(10_000, None)


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(0, 3))
def test_every_row_is_in_the_order_once_and_rows_without_r_come_last(seed: int, rows: int, without_r: int) -> None:
    r = random_r(seed, rows, min(without_r, rows))
    tree, order = cluster(r)
    assert sorted(order.tolist()) == list(range(rows))
    with_r = np.flatnonzero(~np.isnan(np.diagonal(r)))
    assert sorted(order[: len(with_r)].tolist()) == with_r.tolist()
    assert len(tree) == max(0, len(with_r) - 1)


@given(st.integers(0, 2**32 - 1), st.integers(2, 30), st.integers(0, 3))
def test_the_heights_are_those_of_average_linkage(seed: int, rows: int, without_r: int) -> None:
    r = random_r(seed, rows + without_r, without_r)
    kept = np.flatnonzero(~np.isnan(np.diagonal(r)))
    distance = 1 - r[np.ix_(kept, kept)]
    expected = linkage(squareform(distance, checks=False), "average")
    tree, order = cluster(r)
    assert np.allclose(tree[:, 2], expected[:, 2])
    assert np.array_equal([line[1, 0] for line in branches(tree, order)], tree[:, 2])


@given(st.integers(0, 2**32 - 1), st.integers(2, 30), st.integers(0, 3))
def test_branches_do_not_cross(seed: int, rows: int, without_r: int) -> None:
    """The rows below the two sides of each merge are adjacent intervals, and its ends are within them."""
    tree, order = cluster(random_r(seed, rows + without_r, without_r))
    leaves = len(tree) + 1
    row_of_leaf = np.argsort(order[:leaves])
    below = {leaf: {int(row_of_leaf[leaf])} for leaf in range(leaves)}
    for number, line in enumerate(branches(tree, order)):
        sides = [below[int(child)] for child in tree[number, :2]]
        both = sides[0] | sides[1]
        assert max(both) - min(both) + 1 == len(both) == len(sides[0]) + len(sides[1])
        for side, place in zip(sides, (line[0, 1], line[3, 1]), strict=True):
            assert max(side) - min(side) + 1 == len(side)
            assert min(side) <= place <= max(side)
        assert (line[[1, 2], 0] >= line[[0, 3], 0] - 1e-12).all()
        below[leaves + number] = both


def test_strongly_correlated_rows_are_neighbors() -> None:
    rng = np.random.default_rng(5)
    a, b = rng.normal(size=(2, 200))
    r = np.corrcoef([a, b, a + 0.1 * rng.normal(size=200), b + 0.1 * rng.normal(size=200)])
    order = cluster(r).order.tolist()
    assert {frozenset(order[:2]), frozenset(order[2:])} == {frozenset({0, 2}), frozenset({1, 3})}


def test_a_matrix_of_the_atlas_is_drawn_with_its_categories(atlas: Atlas) -> None:
    names = ["nervous system development", "synapse organization"]
    matrix = atlas.correlation_matrix(gene_filter=GeneFilter(categories=tuple(names)))
    drawing = matrix.drawing()
    assert list(drawing.marks) == names
    assert [len(members) for members in drawing.marks.values()] == [len(matrix.names)] * 2
    assert all(a | b for a, b in zip(*drawing.marks.values(), strict=True))
    assert np.array_equal(drawing.r, matrix.r)
    with pytest.raises(FigureError, match="the limit is 3 rows"):
        matrix.drawing(max_rows=3)

"""Networks: a circle of nodes, or distributions of r and of degree."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.drawings import SIZES, circle, distributions
from helpers.drawn import axes_of, draw, with_gid
from matplotlib.colors import to_hex
from matplotlib.patches import Rectangle

from coexpr.atlas import Atlas
from coexpr.errors import FigureError
from coexpr.output.figures.graph import Circle, Distributions
from coexpr.output.figures.palette import COLORS


@pytest.mark.parametrize("size", SIZES)
def test_all_nodes_are_on_the_unit_circle_at_equal_distances(size: str) -> None:
    drawing = circle(size)
    (nodes,) = with_gid(axes_of(drawing), "nodes")
    places = nodes.get_offsets()
    assert np.allclose(np.hypot(*places.T), 1)
    around = places[drawing.order]
    distances = np.hypot(*(around - np.roll(around, -1, axis=0)).T)
    assert np.allclose(distances, distances[0])


@pytest.mark.parametrize("size", SIZES)
def test_each_edge_joins_its_two_nodes(size: str) -> None:
    drawing = circle(size)
    ax = axes_of(drawing)
    (nodes,), (edges,) = with_gid(ax, "nodes"), with_gid(ax, "edges")
    places = nodes.get_offsets()
    drawn = {(*path.vertices[0].round(9), *path.vertices[-1].round(9)) for path in edges.get_paths()}
    pairs = zip(places[drawing.source].round(9), places[drawing.target].round(9), strict=True)
    assert drawn == {(*a, *b) for a, b in pairs}
    assert len(edges.get_paths()) == len(drawing.r)


@pytest.mark.parametrize("size", SIZES)
def test_stronger_edges_are_wider_and_the_sign_is_the_color(size: str) -> None:
    drawing = circle(size)
    (edges,) = with_gid(axes_of(drawing), "edges")
    strongest_last = drawing.r[np.argsort(np.abs(drawing.r))]
    assert (np.diff(edges.get_linewidths()) >= 0).all()
    red, _, blue, _ = np.array(edges.get_edgecolors()).T
    clear = np.abs(strongest_last) > 0.05
    assert np.array_equal((red > blue)[clear], (strongest_last > 0)[clear])


@pytest.mark.parametrize("size", SIZES)
def test_each_node_is_named_outside_the_circle(size: str) -> None:
    drawing = circle(size)
    ax = axes_of(drawing)
    (nodes,) = with_gid(ax, "nodes")
    assert [text.get_text() for text in ax.texts] == list(drawing.names)
    positions = np.array([text.get_position() for text in ax.texts])
    assert (np.hypot(*positions.T) > 1).all()
    assert np.allclose(positions / np.hypot(*positions.T)[:, None], nodes.get_offsets())


@pytest.mark.parametrize("size", SIZES)
def test_distributions_show_every_edge_and_every_node(size: str) -> None:
    drawing = distributions(size)
    left, right = axes_of(drawing).child_axes
    (steps,) = with_gid(left, "r")
    assert np.array_equal(steps.get_data().values, drawing.r_counts)
    assert np.allclose(steps.get_data().edges, np.linspace(-1, 1, len(drawing.r_counts) + 1))
    bars = [patch for patch in right.patches if isinstance(patch, Rectangle)]
    assert sum(bar.get_height() for bar in bars) == len(drawing.degrees)
    low, high = min(bar.get_x() for bar in bars), max(bar.get_x() + bar.get_width() for bar in bars)
    assert low < drawing.degrees.min()
    assert drawing.degrees.max() < high
    assert to_hex(steps.get_facecolor()) == COLORS[0].lower()
    assert (left.get_xlabel(), left.get_ylabel(), right.get_ylabel()) == ("r", "edges", "nodes")
    assert right.get_xlabel() == "degree"


def test_limits_of_the_distribution_contain_every_r() -> None:
    drawing = distributions("small")
    left, _ = axes_of(drawing).child_axes
    edges = np.linspace(-1, 1, len(drawing.r_counts) + 1)
    found = np.flatnonzero(drawing.r_counts)
    low, high = left.get_xlim()
    assert low < edges[found[0]]
    assert edges[found[-1] + 1] < high


def test_two_nodes_and_a_node_without_edges_are_drawn() -> None:
    drawing = circle("small")
    one_edge = draw(replace(drawing, source=drawing.source[:1], target=drawing.target[:1], r=drawing.r[:1]))
    assert set(drawing.names) <= {line.text for line in one_edge.lines}
    two = Circle(["A", "B"], np.array([1, 0]), np.array([0]), np.array([1]), np.array([-1.0]), "2 genes")
    assert {"A", "B"} <= {line.text for line in draw(two).lines}


def test_a_network_without_edges_is_refused() -> None:
    none = np.empty(0, np.intp)
    with pytest.raises(FigureError, match="nothing to draw: the network has no edges"):
        replace(circle("small"), source=none, target=none, r=np.empty(0))
    with pytest.raises(FigureError, match="nothing to draw: the network has no edges"):
        replace(distributions("small"), r_counts=np.zeros(200, np.int64))


def test_a_small_network_is_a_circle_and_a_large_one_distributions(atlas: Atlas, tmp_path: Path) -> None:
    category = "synapse organization"
    result = atlas.network(tmp_path / "small.csv", gene_filter=category, top=2, undirected=True)
    small = result.drawing()
    assert isinstance(small, Circle)
    ((_, rows, edges),) = result
    assert (len(small.names), len(small.r)) == (rows, edges)
    assert sorted(small.order.tolist()) == list(range(rows))
    result = atlas.network(tmp_path / "large.csv", top=5)
    large = result.drawing()
    assert isinstance(large, Distributions)
    ((_, rows, edges),) = result
    assert (len(large.degrees), int(large.r_counts.sum())) == (rows, edges)
    assert large.title == f"{rows:,} genes, {edges:,} edges"

"""Specification curves: analyses in the order of r, their levels below, and the ranges of hits."""

import numpy as np
import pytest
from helpers.drawn import axes_of, draw, overlapping, with_gid

from coexpr.atlas import Atlas
from coexpr.errors import FigureError
from coexpr.output.figures.curve import HitRanges, Panel, SpecificationCurve
from coexpr.output.figures.drawing import Drawing

pytestmark = pytest.mark.long

NAMES = {"rule": 13, "min_present": 2, "annotation": 2, "method": 3, "adjust": 4, "without_donor": 7}


def curve(count: int) -> SpecificationCurve:
    """A curve of random analyses."""
    random = np.random.default_rng(1)
    panels = [
        Panel(choice, [f"{choice}-{level}" for level in range(levels)], random.integers(0, levels, count))
        for choice, levels in NAMES.items()
    ]
    return SpecificationCurve(random.uniform(-0.5, 0.9, count), panels, 0, "r of A and B")


def hits(count: int) -> HitRanges:
    random = np.random.default_rng(2)
    numbers = np.sort(random.uniform(-0.3, 0.9, (5, count)), axis=0)
    least, q25, median, q75, most = numbers
    return HitRanges(
        [f"GENE{place}" for place in range(count)], random.uniform(least, most), median,
        np.stack([q25, q75, least, most]), "Correlates of A",
    )  # fmt: skip


@pytest.mark.parametrize("count", [1, 50, 4368])
def test_analyses_are_in_the_order_of_r(count: int) -> None:
    drawing = curve(count)
    ax = axes_of(drawing)
    (points,) = with_gid(ax, "r")[:1]
    assert np.array_equal(points.get_offsets(), np.column_stack([np.arange(count), np.sort(drawing.r)]))
    (default,) = with_gid(ax, "default")
    place = int(np.sum(drawing.r < drawing.r[0]))
    assert default.get_offsets().tolist() == [[place, drawing.r[0]]]


def test_each_of_few_analyses_has_a_dot_at_its_levels() -> None:
    drawing = curve(50)
    ax = axes_of(drawing)
    labels = [label.get_text() for label in ax.child_axes[1].get_yticklabels()]
    order = np.argsort(drawing.r)
    for panel in drawing.panels:
        (dots,) = with_gid(ax, panel.choice)
        places, rows = np.asarray(dots.get_offsets()).T.astype(int)
        assert places.tolist() == list(range(50))
        assert [labels[row] for row in rows] == [panel.names[level] for level in panel.levels[order]]


def test_shades_are_the_shares_of_many_analyses() -> None:
    drawing = curve(4368)
    ax = axes_of(drawing)
    for panel in drawing.panels:
        (image,) = with_gid(ax, panel.choice)
        shares = np.asarray(image.get_array())
        assert shares.sum(axis=0) == pytest.approx(1)
        counts = np.bincount(np.arange(4368) * shares.shape[1] // 4368)
        assert (shares @ counts).round().astype(int).tolist() == np.bincount(panel.levels).tolist()


def test_rows_of_hits() -> None:
    drawing = hits(6)
    ax = axes_of(drawing)
    assert [label.get_text() for label in ax.get_yticklabels()] == list(drawing.names)
    for gid, numbers in (("median", drawing.median), ("default", drawing.r)):
        (points,) = with_gid(ax, gid)
        assert np.array_equal(points.get_offsets(), np.column_stack([numbers, np.arange(6)]))
    for gid, (low, high) in (("quartiles", drawing.limits[:2]), ("range", drawing.limits[2:])):
        (lines,) = with_gid(ax, gid)
        ends = np.array(lines.get_segments())[:, :, 0]
        assert np.array_equal(ends, np.column_stack([low, high]))


@pytest.mark.parametrize("width", [89, 180])
@pytest.mark.parametrize("drawing", [curve(50), curve(4368), hits(1), hits(40)], ids=["few", "many", "hit", "hits"])
def test_texts_do_not_overlap_and_are_on_the_page(drawing: Drawing, width: float) -> None:
    drawn = draw(drawing, width)
    assert overlapping(drawn.lines) == []
    for line in drawn.lines:
        assert (line.corners >= -0.5).all(), line
        assert (line.corners <= [side + 0.5 for side in drawn.page]).all(), line


def test_nothing_to_draw_is_refused() -> None:
    with pytest.raises(FigureError, match="no analysis has an r"):
        SpecificationCurve(np.empty(0), [], None, "")
    with pytest.raises(FigureError, match="no hit has an r"):
        hits(0)
    with pytest.raises(FigureError, match="the limit is 400"):
        hits(401)


def test_the_figures_of_an_atlas_mark_the_default(atlas: Atlas) -> None:
    found = atlas.curve("NTRK2", "BDNF", vary=["rule", "adjust"])
    drawing = found.analyses.drawing()
    assert drawing.default is not None
    assert drawing.r[drawing.default] == pytest.approx(atlas.pair("NTRK2", "BDNF").provenance.r)
    assert [panel.choice for panel in drawing.panels] == ["rule", "adjust"]
    ranges = atlas.curve_of_correlates("NTRK2", top=4, vary="rule").hits.drawing()
    assert list(ranges.names) == atlas.correlates("NTRK2", top=4).column("gene_symbol")

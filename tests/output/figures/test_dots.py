"""Dot plots of correlates: order of rows, ranges over donors, marks."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.drawings import SIZES, dots
from helpers.drawn import axes_of, draw, legend_texts, overlapping, with_gid
from matplotlib.colors import to_hex, to_rgb

from coexpr.atlas import Atlas
from coexpr.errors import FigureError
from coexpr.output.figures.palette import COLORS, PLAIN


@pytest.mark.parametrize("size", SIZES)
def test_rows_are_in_order_from_the_top(size: str) -> None:
    drawing = dots(size)
    ax = axes_of(drawing)
    assert [label.get_text() for label in ax.get_yticklabels()] == list(drawing.names)
    assert ax.get_yticks().tolist() == list(range(len(drawing.r)))
    bottom, top = ax.get_ylim()
    assert top < 0 < len(drawing.r) - 1 < bottom


@pytest.mark.parametrize("size", SIZES)
def test_each_row_has_a_dot_at_r_and_a_line_over_its_range(size: str) -> None:
    drawing = dots(size)
    ax = axes_of(drawing)
    (points,) = with_gid(ax, "r")[-1:]
    rows = np.arange(len(drawing.r))
    assert np.array_equal(points.get_offsets(), np.column_stack([drawing.r, rows]))
    (ranges,) = with_gid(ax, "range-over-donors")
    has_range = ~np.isnan(drawing.low)
    drawn = np.array([segment for segment in ranges.get_segments() if len(segment) and not np.isnan(segment).any()])
    assert np.array_equal(drawn[:, 0], np.column_stack([drawing.low, rows])[has_range])
    assert np.array_equal(drawn[:, 1], np.column_stack([drawing.high, rows])[has_range])


@pytest.mark.parametrize("size", SIZES)
def test_limits_contain_dots_and_ranges(size: str) -> None:
    drawing = dots(size)
    low, high = axes_of(drawing).get_xlim()
    assert low < np.nanmin([drawing.r, drawing.low])
    assert high > np.nanmax([drawing.r, drawing.high])


@pytest.mark.parametrize("size", SIZES)
def test_members_of_one_category_have_another_color(size: str) -> None:
    drawing = dots(size, 1)
    ax = axes_of(drawing)
    ((name, members),) = drawing.marks.items()
    expected = [(COLORS[0] if member else PLAIN).lower() for member in members]
    for artist, colors in zip(with_gid(ax, "r"), ("get_edgecolor", "get_facecolor"), strict=True):
        assert [to_hex(color) for color in getattr(artist, colors)()] == expected
    assert legend_texts(ax) == [name, "other"]


@pytest.mark.long
@pytest.mark.parametrize("size", SIZES)
def test_several_categories_are_strips_with_a_row_each(size: str) -> None:
    drawing = dots(size, 3)
    (strips,) = axes_of(drawing).child_axes
    image = strips.get_images()[0].get_array()
    for column, members in enumerate(drawing.marks.values()):
        has_color = (image[:, column] == to_rgb(COLORS[column])).all(axis=1)
        assert np.array_equal(has_color, members)
    assert strips.get_ylim() == axes_of(drawing).get_ylim()
    assert legend_texts(axes_of(drawing)) == list(drawing.marks)


def test_without_marks_there_is_no_legend() -> None:
    assert legend_texts(axes_of(dots("medium"))) == []


def test_one_row_and_equal_rows_are_drawn() -> None:
    unknown = np.array([np.nan])
    one = replace(dots("small"), names=["BDNF"], r=np.array([0.5]), low=unknown, high=unknown)
    low, high = draw(one).ax.get_xlim()
    assert low < 0.5 < high


def test_nothing_to_draw_and_too_many_rows_are_refused() -> None:
    drawing = dots("small")
    with pytest.raises(FigureError, match="nothing to draw: no row has an r"):
        replace(drawing, r=np.full(3, np.nan))
    with pytest.raises(FigureError, match="nothing to draw"):
        replace(drawing, names=[], r=np.empty(0), low=np.empty(0), high=np.empty(0))
    many = np.zeros(401)
    with pytest.raises(FigureError, match=r"401 rows would be 1\.2 m high; the limit is 400 rows\. Limit them"):
        replace(drawing, names=["a"] * 401, r=many, low=many, high=many)
    replace(drawing, names=["a"] * 400, r=many[1:], low=many[1:], high=many[1:])


def test_ranges_of_correlates_are_those_over_donors(atlas: Atlas) -> None:
    result = atlas.correlates("NTRK2", top=9, by_donor=True, mark="nervous system development")
    drawing = result.drawing()
    by_donor = np.array([result.column(f"r_{donor}") for donor in result.provenance.data.donors])
    assert np.array_equal(drawing.low, by_donor.min(axis=0))
    assert np.array_equal(drawing.high, by_donor.max(axis=0))
    assert drawing.r.tolist() == result.column("r")
    assert drawing.names == result.column("gene_symbol")
    assert drawing.marks["nervous system development"].tolist() == result.column("nervous system development")
    assert drawing.title == "Correlates of NTRK2"


def test_the_title_names_the_category(atlas: Atlas) -> None:
    filtered = atlas.correlates("NTRK2", top=3, gene_filter="nervous system development", by_donor=True)
    assert filtered.drawing().title == "Correlates of NTRK2 in nervous system development"


def test_probes_are_named_with_their_genes(atlas: Atlas) -> None:
    result = atlas.correlates("A_23_P216779", top=5, by_donor=True)
    drawing = result.drawing()
    pairs = zip(result.column("probe_name"), result.column("gene_symbol"), strict=True)
    assert drawing.names == [f"{probe}  {gene or ''}".rstrip() for probe, gene in pairs]
    assert drawing.title == "Correlates of A_23_P216779"


def test_without_r_by_donor_there_is_no_range(atlas: Atlas) -> None:
    drawing = atlas.correlates("A_23_P216779", top=5).drawing()
    assert np.isnan(drawing.low).all()
    assert drawing.label == "r"


def test_a_result_without_rows_cannot_be_drawn(atlas: Atlas) -> None:
    with pytest.raises(FigureError, match="nothing to draw"):
        atlas.correlates("NTRK2", min_r=0.9999).drawing()


def test_long_names_are_wrapped() -> None:
    category = "regulation of postsynaptic membrane neurotransmitter receptor levels and localization"
    drawing = replace(dots("small"), title=category, marks={category: np.ones(len(dots("small").r), dtype=np.bool_)})
    figure = draw(drawing)
    assert overlapping(figure.lines) == []
    assert max(line.corners[:, 0].max() for line in figure.lines) <= figure.page[0]

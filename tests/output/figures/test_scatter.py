"""Scatter plots of two profiles: points, fitted lines, legends, panels."""

import re
from dataclasses import replace

import numpy as np
import pytest
from helpers.drawings import SIZES, scatter
from helpers.drawn import axes_of, legend_texts, legends_of, with_gid
from helpers.profiles import profile
from matplotlib.colors import to_hex

from coexpr.atlas import Atlas
from coexpr.errors import FigureError, OptionError
from coexpr.options import CorrelationMethod
from coexpr.output.figures.palette import COLORS, DonorR
from coexpr.output.figures.scatter import Scatter


def known(drawing: Scatter) -> np.ndarray:
    return ~np.isnan(drawing.x) & ~np.isnan(drawing.y)


@pytest.mark.long
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("by_facet", [False, True])
def test_the_points_of_each_donor_are_its_samples_with_both_values(size: str, by_facet: bool) -> None:
    drawing = scatter(size, by_facet=by_facet)
    points = with_gid(axes_of(drawing), "donor-")
    assert len(points) == len(drawing.by_donor)
    for place, of_donor in enumerate(points):
        is_drawn = known(drawing) & (drawing.donors == place)
        assert of_donor.get_gid() == f"donor-{drawing.by_donor[place].donor}"
        assert np.array_equal(of_donor.get_offsets(), np.column_stack([drawing.x[is_drawn], drawing.y[is_drawn]]))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("by_facet", [False, True])
def test_one_line_per_donor_is_that_of_least_squares(size: str, by_facet: bool) -> None:
    drawing = scatter(size, by_facet=by_facet)
    lines = with_gid(axes_of(drawing), "line-")
    assert len(lines) == len(drawing.by_donor)
    for place, line in enumerate(lines):
        is_drawn = known(drawing) & (drawing.donors == place)
        x, y = drawing.x[is_drawn], drawing.y[is_drawn]
        assert list(line.get_xdata()) == [x.min(), x.max()]
        assert np.allclose(line.get_ydata(), np.polyval(np.polyfit(x, y, 1), line.get_xdata()))


@pytest.mark.parametrize("size", SIZES)
def test_donors_have_the_colors_of_the_palette_and_different_markers(size: str) -> None:
    ax = axes_of(scatter(size))
    points = with_gid(ax, "donor-")
    colors = [to_hex(of_donor.get_facecolor()[0]).upper() for of_donor in points]
    assert colors == list(COLORS[: len(points)])
    assert [to_hex(line.get_color()).upper() for line in with_gid(ax, "line-")] == colors
    assert len({of_donor.get_paths()[0].vertices.tobytes() for of_donor in points}) == len(points)


@pytest.mark.parametrize("size", SIZES)
def test_the_legend_has_r_and_n_of_each_donor(size: str) -> None:
    drawing = scatter(size)
    expected = [f"{donor}  r = {r:.3f}, n = {n:,}" for donor, r, n in drawing.by_donor]
    assert legend_texts(axes_of(drawing)) == expected
    assert [legend.get_title().get_text() for legend in legends_of(axes_of(drawing))] == ["Donor"]


def test_an_undefined_r_is_written_as_such() -> None:
    drawing = replace(scatter("small"), by_donor=[DonorR("H0351.2001", None, 11)])
    assert legend_texts(axes_of(drawing)) == ["H0351.2001  r undefined, n = 11"]


@pytest.mark.parametrize("size", SIZES)
def test_structures_have_their_colors_in_points_and_legend(size: str) -> None:
    drawing = scatter(size, by_structure=True)
    assert drawing.groups is not None
    ax = axes_of(drawing)
    for place, of_donor in enumerate(with_gid(ax, "donor-")):
        members = drawing.groups.members[known(drawing) & (drawing.donors == place)]
        expected = [drawing.groups.colors[group].lower() for group in members]
        assert [to_hex(color) for color in of_donor.get_facecolor()] == expected
    shown = np.unique(drawing.groups.members[known(drawing)])
    names = [drawing.groups.full_names[group] for group in shown]
    of_structures, of_donors = legends_of(ax)
    assert [text.get_text() for text in of_structures.get_texts()] == names
    handles = [to_hex(handle.get_color()) for handle in of_structures.legend_handles]
    assert handles == [drawing.groups.colors[group].lower() for group in shown]
    assert len(of_donors.get_texts()) == len(drawing.by_donor)
    styles = {(line.get_linestyle(), str(line._dash_pattern)) for line in with_gid(ax, "line-")}
    assert len(styles) == len(drawing.by_donor)


@pytest.mark.parametrize("size", SIZES)
def test_panels_share_limits_that_contain_every_point(size: str) -> None:
    drawing = scatter(size, by_facet=True)
    panels = axes_of(drawing).child_axes
    assert len(panels) == len(drawing.by_donor)
    (limits,) = {(panel.get_xlim(), panel.get_ylim()) for panel in panels}
    for (low, high), values in zip(limits, (drawing.x, drawing.y), strict=True):
        assert low < values[known(drawing)].min()
        assert values[known(drawing)].max() < high


@pytest.mark.parametrize("size", SIZES)
def test_a_panel_names_its_donor_with_r_and_n(size: str) -> None:
    drawing = scatter(size, by_facet=True)
    titles = [panel.get_title(loc="left") for panel in axes_of(drawing).child_axes]
    assert titles == [f"{donor}\nr = {r:.3f}, n = {n:,}" for donor, r, n in drawing.by_donor]


@pytest.mark.parametrize("by_facet", [False, True])
def test_axes_are_labelled_with_names_as_they_are(by_facet: bool) -> None:
    drawing = scatter("medium", by_facet=by_facet)
    ax = axes_of(drawing)
    assert ax.get_xlabel() == "NTRK2 (log2 expression)"
    assert ax.get_ylabel() == "A_1$B_2$C (log2 expression)"
    assert ax.get_title(loc="left") == drawing.title


def test_no_sample_with_both_values_is_refused() -> None:
    drawing = scatter("small")
    with pytest.raises(FigureError, match=r"nothing to draw: no sample has values of both NTRK2 and A_1\$B_2\$C"):
        replace(drawing, y=np.where(np.isnan(drawing.x), 5, np.nan))


@pytest.mark.parametrize("by_facet", [False, True])
def test_a_constant_profile_and_a_donor_without_samples_are_drawn_without_a_line(by_facet: bool) -> None:
    drawing = scatter("medium", by_facet=by_facet)
    constant = replace(drawing, x=np.where(drawing.donors == 2, np.nan, 5.0))
    ax = axes_of(constant)
    assert [len(points.get_offsets()) for points in with_gid(ax, "donor-")][2] == 0
    assert with_gid(ax, "line-") == []


@pytest.mark.parametrize("facet", [None, "donor"])
def test_a_pair_is_drawn_with_the_values_of_the_database(atlas: Atlas, facet: str | None) -> None:
    pair = atlas.pair("A_23_P216779", "A_23_P127891")
    drawing = pair.samples.drawing(facet=facet)
    points = np.concatenate([of_donor.get_offsets() for of_donor in with_gid(axes_of(drawing), "donor-")])
    expected = [profile(atlas, "A_23_P216779"), profile(atlas, "A_23_P127891")]
    assert np.array_equal(np.sort(points, axis=0), np.sort(np.column_stack(expected), axis=0))
    assert drawing.title == f"r = {pair.provenance.r:.3f}, n = 90"
    assert list(drawing.by_donor) == [tuple(row) for row in pair.donors]


def test_structures_of_a_pair_have_the_colors_of_the_database(atlas: Atlas) -> None:
    drawing = atlas.pair("NTRK2", "BDNF").samples.drawing(color="structure")
    assert drawing.groups is not None
    of_database = dict(atlas.sql("select name, '#' || color_hex_triplet from structures").fetchall())
    assert drawing.groups.colors == [of_database[name] for name in drawing.groups.full_names]


@pytest.mark.parametrize(("option", "message"), [("color", "donor or structure"), ("facet", "donor")])
def test_an_unknown_option_is_refused(atlas: Atlas, option: str, message: str) -> None:
    with pytest.raises(OptionError, match=re.escape(f"`{option}` 'hemisphere': expected {message}.")):
        atlas.pair("NTRK2", "BDNF").samples.drawing(**{option: "hemisphere"})


def test_an_adjusted_r_has_no_lines_that_would_contradict_it(atlas: Atlas) -> None:
    drawing = atlas.pair("NTRK2", "BDNF", method=CorrelationMethod(adjust="structure")).samples.drawing()
    assert with_gid(axes_of(drawing), "line-") == []
    assert "adjusted for structure" in drawing.title

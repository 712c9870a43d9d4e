"""Box plots of expression by structure: panels, boxes, points of few samples, means of donors."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.drawings import SIZES, expression, gene_names, groups_of
from helpers.drawn import axes_of, draw, legend_texts, legends_of, with_gid
from helpers.profiles import profile
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.patches import PathPatch

from coexpr.atlas import Atlas
from coexpr.errors import FigureError
from coexpr.output.figures.expression import ExpressionByStructure
from coexpr.output.figures.palette import COLORS


def panels_of(ax: Axes) -> list[Axes]:
    return list(ax.child_axes) or [ax]


def boxes_of(panel: Axes) -> list[PathPatch]:
    return [patch for patch in panel.patches if isinstance(patch, PathPatch)]


def values_of(drawing: ExpressionByStructure, row: int, group: int) -> np.ndarray:
    log2 = drawing.log2[row][drawing.groups.members == group]
    return log2[~np.isnan(log2)]


@pytest.mark.long
@pytest.mark.parametrize("size", SIZES)
def test_a_panel_per_profile_in_order_from_the_top(size: str) -> None:
    drawing = expression(size)
    panels = panels_of(axes_of(drawing))
    assert [panel.get_title(loc="left") for panel in panels] == list(drawing.names)
    assert {panel.get_ylabel() for panel in panels} == {"log2 expression"}
    bottoms = [panel.get_position().y0 for panel in panels]
    assert bottoms == sorted(bottoms, reverse=True)


@pytest.mark.long
@pytest.mark.parametrize("size", SIZES)
def test_structures_are_in_order_and_named_below_the_last_panel(size: str) -> None:
    drawing = expression(size)
    panels = panels_of(axes_of(drawing))
    present = np.unique(drawing.groups.members)
    for panel in panels:
        assert panel.get_xticks().tolist() == list(range(len(present)))
    assert [label.get_text() for label in panels[-1].get_xticklabels()] == [
        drawing.groups.names[group] for group in present
    ]
    has_labels = [panel.xaxis.get_tick_params()["labelbottom"] for panel in panels]
    assert has_labels == [False] * (len(panels) - 1) + [True]


@pytest.mark.long
@pytest.mark.parametrize("size", SIZES)
def test_a_box_has_the_quartiles_and_the_color_of_its_structure(size: str) -> None:
    drawing = expression(size)
    for row, panel in enumerate(panels_of(axes_of(drawing))):
        groups = [group for group in np.unique(drawing.groups.members) if len(values_of(drawing, row, group)) >= 5]
        boxes = boxes_of(panel)
        assert [to_hex(box.get_facecolor()) for box in boxes] == [drawing.groups.colors[g].lower() for g in groups]
        for box, group in zip(boxes, groups, strict=True):
            ends = box.get_path().vertices[:, 1]
            assert np.allclose([ends.min(), ends.max()], np.percentile(values_of(drawing, row, group), [25, 75]))


@pytest.mark.long
@pytest.mark.parametrize("size", SIZES)
def test_few_samples_are_drawn_as_points(size: str) -> None:
    drawing = expression(size)
    for row, panel in enumerate(panels_of(axes_of(drawing))):
        points = np.concatenate([artist.get_offsets() for artist in with_gid(panel, "sample")])
        few = [group for group in np.unique(drawing.groups.members) if len(values_of(drawing, row, group)) < 5]
        assert 0 in few
        assert points[:, 1].tolist() == [value for group in few for value in values_of(drawing, row, group)]


@pytest.mark.long
@pytest.mark.parametrize("size", SIZES)
def test_means_of_donors_have_the_colors_of_the_palette(size: str) -> None:
    drawing = expression(size)
    ax = axes_of(drawing)
    for row, panel in enumerate(panels_of(ax)):
        has_value = ~np.isnan(drawing.log2[row])
        expected = []
        for group in np.unique(drawing.groups.members):
            for donor in range(len(drawing.donor_names)):
                here = has_value & (drawing.groups.members == group) & (drawing.donors == donor)
                if here.any():
                    expected.append((COLORS[donor].lower(), drawing.log2[row][here].mean()))
        means = [artist for artist in with_gid(panel, "donor-mean") if artist in panel.get_children()]
        assert [to_hex(mean.get_facecolor()[0]) for mean in means] == [color for color, _ in expected]
        assert np.allclose([mean.get_offsets()[0, 1] for mean in means], [mean for _, mean in expected])
    assert legend_texts(ax) == list(drawing.donor_names)
    assert legends_of(ax)[0].get_title().get_text() == "Mean of donor"


@pytest.mark.long
def test_a_constant_profile_and_one_sample_per_structure_are_drawn() -> None:
    drawing = expression("small")
    constant = replace(drawing, log2=np.full(drawing.log2.shape, 5.0))
    assert boxes_of(draw(constant).ax)
    single = replace(drawing, groups=groups_of(np.arange(14), 14))
    ax = draw(single).ax
    assert boxes_of(ax) == []
    assert sum(len(points.get_offsets()) for points in with_gid(ax, "sample")) == 13


def test_a_structure_without_values_is_left_out() -> None:
    drawing = expression("small")
    log2 = np.where(drawing.groups.members == 0, np.nan, drawing.log2)
    labels = axes_of(replace(drawing, log2=log2)).get_xticklabels()
    assert [label.get_text() for label in labels] == drawing.groups.names[1:]


def test_nothing_to_draw_and_too_many_panels_are_refused() -> None:
    drawing = expression("small")
    with pytest.raises(FigureError, match="nothing to draw: no sample has a value"):
        replace(drawing, log2=np.full((1, 14), np.nan))
    with pytest.raises(FigureError, match="at most 12 panels of expression, and there are 13 profiles"):
        replace(drawing, names=gene_names(13), log2=np.ones((13, 14)))
    replace(drawing, names=gene_names(12), log2=np.ones((12, 14)))


def test_expression_of_the_atlas_is_drawn_by_top_level_structure(atlas: Atlas) -> None:
    drawing = atlas.expression(["A_23_P216779", "A_23_P127891"]).drawing()
    assert np.array_equal(drawing.log2, [profile(atlas, name) for name in drawing.names])
    assert list(drawing.donor_names) == [
        name for (name,) in atlas.sql("select donor_name from donors order by donor_id").fetchall()
    ]
    of_database = dict(
        atlas.sql("select acronym, '#' || color_hex_triplet from structures where hemisphere is null").fetchall()
    )
    assert [of_database[name] for name in drawing.groups.names] == drawing.groups.colors

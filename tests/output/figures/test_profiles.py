"""Heatmaps of probes by structures, and the strip of structures above them."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.drawings import SIZES, groups_of, profiles
from helpers.drawn import axes_of, with_gid
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb

from coexpr.atlas import Atlas
from coexpr.errors import FigureError
from coexpr.output.figures.columns import font_of, spread


@pytest.mark.parametrize("size", SIZES)
def test_the_image_is_z_with_gray_where_it_is_missing(size: str) -> None:
    drawing = profiles(size)
    (image,) = with_gid(axes_of(drawing), "z")
    assert np.array_equal(image.get_array().filled(np.nan), drawing.z, equal_nan=True)
    assert image.get_clim() == (-3, 3)


@pytest.mark.parametrize("size", SIZES)
def test_rows_are_named_in_order_and_only_the_selected_one_is_bold(size: str) -> None:
    drawing = profiles(size)
    labels = axes_of(drawing).get_yticklabels()
    assert [label.get_text() for label in labels] == list(drawing.names)
    assert [row for row, label in enumerate(labels) if label.get_fontweight() == "bold"] == [drawing.selected]


@pytest.mark.parametrize("size", SIZES)
def test_the_strip_has_the_color_of_each_column(size: str) -> None:
    drawing = profiles(size)
    strip = axes_of(drawing).child_axes[0]
    assert np.array_equal(strip.get_images()[0].get_array(), [[to_rgb(color) for color in drawing.colors]])


@pytest.mark.parametrize("size", SIZES)
def test_every_top_level_structure_is_named_above_its_columns_in_order(size: str) -> None:
    drawing = profiles(size)
    texts = axes_of(drawing).texts
    present = list(dict.fromkeys(drawing.groups.members.tolist()))
    assert [text.get_text() for text in texts] == [drawing.groups.names[group] for group in present]
    places = [text.get_position()[0] for text in texts]
    assert places == sorted(places)


def test_a_structure_with_several_runs_is_named_at_the_longest() -> None:
    drawing = profiles("small")
    groups = groups_of(np.array([0, 1, 1, 0, 0, 0]), 2)
    wide = replace(drawing, z=np.ones((2, 6)), groups=groups, colors=["#000000"] * 6)
    places = [text.get_position()[0] * 6 - 0.5 for text in axes_of(wide).texts]
    assert np.allclose(places, [1.5, 4])


def test_one_structure_and_one_probe_are_drawn() -> None:
    drawing = profiles("small")
    one = replace(
        drawing, names=["A_23_P216779"], z=np.zeros((1, 1)), groups=groups_of(np.zeros(1, np.intp), 1),
        colors=["#E8CD59"], selected=None,
    )  # fmt: skip
    assert [text.get_text() for text in axes_of(one).texts] == ["FL"]


def test_nothing_to_draw_and_too_many_probes_are_refused() -> None:
    drawing = profiles("small")
    with pytest.raises(FigureError, match="nothing to draw: no probe differs between structures"):
        replace(drawing, z=np.full((2, 5), np.nan))
    with pytest.raises(FigureError, match="a heatmap of 401 probes cannot be read; the limit is 400"):
        replace(drawing, z=np.zeros((401, 5)))


@st.composite
def names_to_spread(draw: st.DrawFn) -> tuple[np.ndarray, float, float]:
    """Return ascending centers, the least distance between names, and the last place."""
    last = draw(st.integers(0, 400))
    centers = np.array(sorted(draw(st.lists(st.floats(0, last), min_size=1, max_size=30))))
    return centers, draw(st.floats(0.01, 60)), float(last)


@given(names_to_spread())
def test_names_keep_their_order_within_the_columns(given_names: tuple[np.ndarray, float, float]) -> None:
    centers, apart, last = given_names
    places = spread(centers, apart, last)
    assert (places >= -1e-9).all()
    assert (places <= last + 1e-9).all()
    assert (np.diff(places) >= -1e-9).all()


@given(names_to_spread())
def test_names_are_as_far_apart_as_needed_or_as_the_columns_allow(
    given_names: tuple[np.ndarray, float, float],
) -> None:
    centers, apart, last = given_names
    possible = last / (len(centers) - 1) if len(centers) > 1 else apart
    assert (np.diff(spread(centers, apart, last)) >= min(apart, possible) - 1e-9).all()


@given(names_to_spread())
def test_names_that_do_not_overlap_stay_where_they_are(given_names: tuple[np.ndarray, float, float]) -> None:
    centers, apart, last = given_names
    kept = centers[np.concatenate([[True], np.diff(centers) > 0])]
    apart = min(apart, float(np.diff(kept).min())) if len(kept) > 1 else apart
    assert np.allclose(spread(kept, apart, last), kept)


def test_a_name_is_no_higher_than_its_row() -> None:
    for row_height in (0.5, 1, 3, 10):
        assert font_of(row_height, 6) <= min(6, row_height * 72 / 25.4)


def test_the_probes_of_a_gene_are_drawn_in_the_order_of_the_table(atlas: Atlas) -> None:
    result = atlas.probes("NTRK2")
    drawing = result.drawing()
    assert drawing.names == result.column("probe_name")
    assert drawing.title == "7 probes of NTRK2"
    assert drawing.selected == 0
    averages = drawing.z.mean(axis=1)
    assert np.allclose(averages, 0)
    of_database = {color for (color,) in atlas.sql("select '#' || color_hex_triplet from structures").fetchall()}
    assert set(drawing.colors) <= of_database
    assert len(drawing.colors) == drawing.z.shape[1] == len(drawing.groups.members)

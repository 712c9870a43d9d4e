"""The tree of structures: names, indents, bars."""

from dataclasses import replace

import numpy as np
import pytest
from helpers.drawings import SIZES, tree
from helpers.drawn import axes_of, draw
from matplotlib.colors import to_hex

from coexpr.atlas import Atlas
from coexpr.errors import FigureError


@pytest.mark.long
@pytest.mark.parametrize("size", SIZES)
def test_each_structure_has_a_bar_of_its_samples_in_its_color(size: str) -> None:
    drawing = tree(size)
    bars = axes_of(drawing).patches
    assert [bar.get_width() for bar in bars] == list(drawing.samples)
    assert [to_hex(bar.get_facecolor()) for bar in bars] == [color.lower() for color in drawing.colors]
    assert np.allclose([bar.get_y() + bar.get_height() / 2 for bar in bars], range(len(bars)))


@pytest.mark.parametrize("size", SIZES)
def test_names_are_indented_by_their_depth(size: str) -> None:
    drawing = tree(size)
    ax = axes_of(drawing)
    names = ax.texts[::2]
    starts = np.array([name.get_position()[0] for name in names])
    depths = np.array(drawing.depths)
    step = (starts.max() - starts.min()) / (depths.max() - depths.min())
    assert step > 0
    assert np.allclose(starts - starts.min(), (depths - depths.min()) * step)
    for name, full in zip(names, drawing.names, strict=True):
        assert full.startswith(name.get_text().removesuffix("…"))


@pytest.mark.parametrize("size", SIZES)
def test_each_bar_is_labelled_with_its_number_and_rows_are_in_order(size: str) -> None:
    drawing = tree(size)
    ax = axes_of(drawing)
    assert [text.get_text() for text in ax.texts[1::2]] == [f"{count:,}" for count in drawing.samples]
    bottom, top = ax.get_ylim()
    assert top < 0 < len(drawing.names) - 1 < bottom


def test_one_structure_is_drawn() -> None:
    one = replace(tree("small"), names=["Br  brain"], depths=[3], samples=[90], colors=["#E8CD59"])
    assert [text.get_text() for text in draw(one).ax.texts] == ["Br  brain", "90"]


def test_nothing_to_draw_and_too_many_rows_are_refused() -> None:
    drawing = tree("small")
    with pytest.raises(FigureError, match="nothing to draw: no structure has enough samples"):
        replace(drawing, names=[], depths=[], samples=[], colors=[])
    with pytest.raises(FigureError, match=r"501 structures would be 1\.4 m high; the limit is 500"):
        replace(drawing, names=["a"] * 501)


def test_the_structures_of_the_atlas_are_drawn_in_its_order(atlas: Atlas) -> None:
    found = atlas.structures("cortex")
    drawing = found.drawing()
    assert list(drawing.samples) == found.column("samples")
    assert list(drawing.depths) == found.column("depth")
    assert [name.split("  ")[1] for name in drawing.names] == found.column("name")
    of_database = dict(atlas.sql("select structure_id, '#' || color_hex_triplet from structures").fetchall())
    assert drawing.colors == [of_database[structure_id] for structure_id in found.column("structure_id")]
    with pytest.raises(FigureError):
        atlas.structures("cortex", min_samples=1000).drawing()

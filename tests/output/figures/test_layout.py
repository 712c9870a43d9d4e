"""The page of every kind of figure: no text overlaps another, and all of it is on the page."""

import re
from functools import cache

import matplotlib
import numpy as np
import pytest
from helpers.drawings import KINDS, ODD_NAME, SIZES, VARIANTS, scatter, tree
from helpers.drawn import CAPTION, Drawn, Line, draw, overlapping
from matplotlib.figure import Figure

from coexpr.atlas import Atlas
from coexpr.errors import OptionError

pytestmark = pytest.mark.long

WIDTHS = (60, 89, 120, 180)
CASES = [(kind, size, None) for kind in KINDS for size in SIZES if kind not in VARIANTS or size == "medium"] + [
    (kind, "small", width)
    for kind in KINDS
    for width in WIDTHS
    if kind not in VARIANTS and KINDS[kind]("small").width != width  # which is drawn already
]


@cache
def drawn(kind: str, size: str, width: int | None) -> Drawn | None:
    """Return a figure as it is drawn; None if the width is refused as too narrow."""
    try:
        return draw(KINDS[kind](size), width)
    except OptionError:
        return None


@pytest.mark.parametrize(("kind", "size", "width"), CASES)
def test_no_text_overlaps_another(kind: str, size: str, width: int | None) -> None:
    if figure := drawn(kind, size, width):
        assert overlapping(figure.lines) == []


@pytest.mark.parametrize(("kind", "size", "width"), CASES)
def test_everything_is_on_the_page(kind: str, size: str, width: int | None) -> None:
    if figure := drawn(kind, size, width):
        for line in figure.lines:
            assert (line.corners >= -0.5).all(), line
            assert (line.corners <= [side + 0.5 for side in figure.page]).all(), line
        left, bottom, right, top = figure.extent
        assert min(left, bottom, figure.page[0] - right, figure.page[1] - top) > -0.5


def test_only_figures_with_long_names_are_refused_as_too_narrow() -> None:
    refused = {kind for kind, size, width in CASES if drawn(kind, size, width) is None}
    assert refused <= {"profiles", "tree"}
    assert all(drawn(kind, size, width) for kind, size, width in CASES if width in (None, 120, 180))


@pytest.mark.parametrize("kind", ["dots with categories", "heatmap with categories", "circle"])
@pytest.mark.parametrize("width", [60, 180])
def test_the_page_is_as_wide_as_requested(kind: str, width: int) -> None:
    figure = drawn(kind, "small", width)
    assert figure is not None
    assert figure.page[0] == pytest.approx(width / 25.4 * 300)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in VARIANTS])
def test_the_caption_is_below_all_else(kind: str) -> None:
    figure = drawn(kind, "small", None)
    assert figure is not None
    words = " ".join(line.text for line in figure.lines[-10:])
    assert CAPTION in words
    first = next(place for place, line in enumerate(figure.lines) if line.text.startswith(CAPTION[:20]))
    in_caption = [line.text in CAPTION for line in figure.lines[first:]]
    assert all(in_caption)
    assert min(line.corners[:, 1].min() for line in figure.lines[:first]) > figure.lines[first].corners[:, 1].min()


@pytest.mark.parametrize("kind", ["scatter by facet", "dots with categories", "heatmap with categories", "circle"])
def test_a_name_with_dollar_and_underscore_is_shown_as_it_is(kind: str) -> None:
    figure = drawn(kind, "small", None)
    assert figure is not None
    assert any(line.text.startswith(ODD_NAME) for line in figure.lines)


def test_all_texts_have_the_font_that_comes_with_matplotlib() -> None:
    ax = draw(scatter("small")).ax
    fonts = {text.get_fontname() for text in [*ax.get_xticklabels(), ax.title, ax.xaxis.label]}
    assert fonts == {"DejaVu Sans"}


def test_the_width_that_an_error_recommends_is_enough() -> None:
    with pytest.raises(OptionError) as caught:
        draw(tree("medium"), 45)
    draw(tree("medium"), int(re.findall(r"Use at least (\d+)\.", str(caught.value))[0]) + 1)


def test_the_style_of_the_caller_has_no_effect_and_is_kept() -> None:
    plain = [line.text for line in draw(scatter("small")).lines]
    with matplotlib.rc_context({"font.size": 30, "axes.labelsize": 40, "text.parse_math": True}):
        lines = draw(scatter("small")).lines
        assert matplotlib.rcParams["font.size"] == 30
    assert [line.text for line in lines] == plain


def test_a_result_is_drawn_into_axes_of_the_caller(atlas: Atlas) -> None:
    figure = Figure()
    first, second = figure.subplots(1, 2)
    assert atlas.pair("NTRK2", "BDNF").plot(second) is second
    assert figure.axes == [first, second]
    assert second.has_data()
    assert not first.has_data()


def test_without_axes_a_figure_of_pyplot_is_made(atlas: Atlas) -> None:
    with matplotlib.rc_context({"backend": "agg"}):
        from matplotlib import pyplot

        ax = atlas.structures("cortex").plot(width=100)
        assert pyplot.get_fignums() == [ax.figure.number]
        pyplot.close(ax.figure)
    assert ax.figure.get_figwidth() == pytest.approx(100 / 25.4)


def test_lines_that_overlap_are_found() -> None:
    square = [(0, 0), (10, 0), (10, 10), (0, 10)]
    at = {place: Line(str(place), np.array(square, float) + place) for place in (0, 5, 20)}
    assert overlapping([at[0], at[5], at[20]]) == [("0", "5")]
    slanted = [Line(name, np.array([(x, 0), (x + 9, 9), (x + 8, 10), (x - 1, 1)], float))
               for name, x in (("a", 0), ("b", 4))]  # fmt: skip
    assert overlapping(slanted) == []

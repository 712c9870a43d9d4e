"""Colors: of donors for every kind of color vision, and of structures."""

import itertools

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from coexpr.output.figures.palette import COLORS, MARKERS, MISSING, color_of, hex_color, marker_of

# Machado, Oliveira and Fernandes 2009, severity 1, for linear RGB.
VISION = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}
# IEC 61966-2-1: from linear sRGB to XYZ, with the white point D65.
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def lab(color: str, vision: np.ndarray) -> np.ndarray:
    """Return a color in CIE 1976 L*a*b*, as someone with some color vision sees it."""
    rgb = np.array(to_rgb(color))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = XYZ @ np.clip(vision @ linear, 0, 1) / XYZ.sum(axis=1)
    x, y, z = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_the_conversion_to_lab() -> None:
    assert np.allclose(lab("#FFFFFF", VISION["normal"]), [100, 0, 0], atol=0.01)
    assert np.allclose(lab("#FF0000", VISION["normal"]), [53.24, 80.09, 67.20], atol=0.1)


@pytest.mark.parametrize("vision", VISION)
def test_six_donors_differ_by_color_alone(vision: str) -> None:
    for a, b in itertools.combinations(COLORS[:6], 2):
        assert np.linalg.norm(lab(a, VISION[vision]) - lab(b, VISION[vision])) >= 10, (a, b)


def test_six_donors_differ_by_marker_alone() -> None:
    assert len({marker_of(place) for place in range(6)}) == 6


def test_no_two_of_many_donors_have_the_same_color_and_marker() -> None:
    looks = [(color_of(place), marker_of(place)) for place in range(len(COLORS) * len(MARKERS))]
    assert len(set(looks)) == len(looks)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("E8CD59", "#E8CD59"),
        ("#e8cd59", "#e8cd59"),
        (" E8CD59 ", "#E8CD59"),
        ("8CD59", "#08CD59"),
        (None, MISSING),
        ("red", MISSING),
        ("E8CD5900", MISSING),
    ],
)
def test_colors_of_structures_as_downloads_write_them(given: str | None, expected: str) -> None:
    assert hex_color(given) == expected

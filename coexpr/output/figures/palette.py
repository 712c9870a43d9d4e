"""Colors: of donors and categories for every kind of color vision, and of structures as in Allen's atlas."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

# Okabe and Ito 2008, "Color universal design"; donors also differ by marker.
COLORS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000", "#F0E442")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
# The color of r from -1 to 1, and of missing values.
DIVERGING = "RdBu_r"
MISSING = "#D9D9D9"
# What is in no marked category.
PLAIN = "#7F7F7F"


class Groups(NamedTuple):
    """Groups of samples or columns, in the order in which they are drawn.

    Parameters
    ----------
    names : list of str
        Short names, such as acronyms of structures.
    full_names : list of str
    colors : list of str
        Such as "#E8CD59".
    members : (S,) intp
        The group of each sample.
    """

    names: list[str]
    full_names: list[str]
    colors: list[str]
    members: NDArray[np.intp]

    def take(self, rows: NDArray[np.generic]) -> "Groups":
        """Return the groups of some samples."""
        return self._replace(members=self.members[rows])


class DonorR(NamedTuple):
    """r within one donor, None where it is undefined."""

    donor: str
    r: float | None
    n: int


def color_of(place: int) -> str:
    """Return the color of a donor or category by its place."""
    return COLORS[place % len(COLORS)]


def marker_of(place: int) -> str:
    """Return the marker of a donor; donors of one color have different markers."""
    return MARKERS[(place + place // len(COLORS)) % len(MARKERS)]


def hex_color(triplet: str | None) -> str:
    """Return Allen's color of a structure, such as E8CD59, as a color; gray where it is missing or is no color."""
    text = (triplet or "").strip().lstrip("#").rjust(6, "0")
    is_color = triplet is not None and len(text) == 6 and all(digit in "0123456789abcdefABCDEF" for digit in text)
    return f"#{text}" if is_color else MISSING

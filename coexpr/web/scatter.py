"""A scatter plot of two profiles as the coordinates of an SVG, which a template draws."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.pair import Pair
from coexpr.analysis.pair_samples import Color
from coexpr.output.figures.palette import Groups, color_of

# Sizes in units of the SVG.
SIDE = 480
LEFT, BOTTOM, EDGE = 58, 48, 12
_TICKS = 5


@dataclass(frozen=True)
class Point:
    """A sample: where it is drawn, and what it is."""

    x: str
    y: str
    title: str


@dataclass(frozen=True)
class Group:
    """Samples of one color."""

    name: str
    full_name: str
    color: str
    points: list[Point]


@dataclass(frozen=True)
class Tick:
    """A number at an axis, and where it is."""

    place: str
    text: str


@dataclass(frozen=True)
class Scatter:
    """What is drawn.

    Parameters
    ----------
    names : tuple of str
        Of the two profiles.
    groups : list of Group
        Only those with points.
    x_ticks, y_ticks : list of Tick
    """

    names: tuple[str, str]
    groups: list[Group]
    x_ticks: list[Tick]
    y_ticks: list[Tick]

    @property
    def count(self) -> int:
        """How many samples are drawn."""
        return sum(len(group.points) for group in self.groups)


def scatter_of(pair: Pair, color: Color) -> Scatter | None:
    """Return the scatter plot of a pair, or None if no sample has both values; its Atlas must be open."""
    samples = pair.samples
    x, y = (np.asarray(profile, dtype=np.float64) for profile in (samples.x, samples.y))
    known = np.flatnonzero(~np.isnan(x) & ~np.isnan(y))
    if not len(known):
        return None
    donors, members = samples.labels.donors
    groups = samples.labels.top_level
    if color == "donor":
        groups = Groups(donors, donors, [color_of(place) for place in range(len(donors))], members)
    x_place, x_ticks = _axis(x[known], LEFT, SIDE - EDGE)
    y_place, y_ticks = _axis(y[known], SIDE - BOTTOM, EDGE)
    titles = [_title(row) for row in samples.labels.rows]
    points: list[list[Point]] = [[] for _ in groups.names]
    for place, sample in enumerate(known):
        point = Point(f"{x_place[place]:.1f}", f"{y_place[place]:.1f}", titles[sample])
        points[groups.members[sample]].append(point)
    drawn = [Group(*of_group) for of_group in zip(groups.names, groups.full_names, groups.colors, points, strict=True)]
    names = (str(samples.columns[-2]), str(samples.columns[-1]))
    return Scatter(names, [group for group in drawn if group.points], x_ticks, y_ticks)


def _title(row: tuple[object, ...]) -> str:
    sample_id, donor, _, acronym, structure_name = row[:5]
    return f"{structure_name} ({acronym}), {donor}, sample {sample_id}"


def _axis(values: NDArray[np.float64], start: float, stop: float) -> tuple[NDArray[np.float64], list[Tick]]:
    """Return where values are on an axis, and its ticks at round numbers."""
    low, high = float(values.min()), float(values.max())
    margin = (high - low) * 0.04 or 0.5
    low, high = low - margin, high + margin

    def placed(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        return start + (numbers - low) / (high - low) * (stop - start)

    step = _round_step((high - low) / _TICKS)
    numbers = np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step
    places = placed(numbers)
    ticks = [Tick(f"{place:.1f}", f"{number:.6g}") for place, number in zip(places, numbers, strict=True)]
    return placed(values), ticks


def _round_step(step: float) -> float:
    """Return the next step of 1, 2 or 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(step))
    return float(next(factor * power for factor in (1, 2, 5, 10) if factor * power >= step * (1 - 1e-9)))

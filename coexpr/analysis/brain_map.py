"""A map of the brain as a profile over the samples of the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.map_matching import Match, match_points, match_samples, match_structures, with_kind
from coexpr.database.expression import Expression
from coexpr.database.samples import Samples
from coexpr.errors import MapError, OptionError, TooFewSamplesError
from coexpr.options import MIN_SAMPLES, Space
from coexpr.readers.brain_map import BrainMap, Kind, map_of, read_map
from coexpr.readers.map_table import first_of

# A map with fewer structures has too few different values for r.
MIN_STRUCTURES = 10
DEFAULT_RADIUS = 5.0
# Rows without a sample that the provenance names.
_MAX_UNMATCHED = 20

MapLike = Path | str | Mapping[str, float] | Mapping[int, float]


@dataclass(frozen=True)
class UnmatchedRow:
    """A row of a map that gives no sample its value.

    Parameters
    ----------
    row : int
        In the file; the header is row 1.
    key : str
        What the row is about.
    reason : str
    """

    row: int
    key: str
    reason: str


@dataclass(frozen=True)
class MapUse:
    """A map, and how its rows were matched to samples.

    Parameters
    ----------
    name : str
        Name of the file; "" for numbers that were given without one.
    sha256 : str, optional
        Of the file.
    column : str
        The column of the values.
    kind : "structures", "coordinates" or "samples"
    rows, matched : int
        How many rows it has, and how many give at least one sample its value.
    samples : int
        How many samples have a value.
    unmatched : list of UnmatchedRow
        The first of the other rows.
    space : "corrected" or "allen", optional
        For coordinates: those of the samples.
    radius : float, optional
        For coordinates: the largest distance of a sample from a point, in mm.
    """

    name: str
    sha256: str | None
    column: str
    kind: Kind
    rows: int
    matched: int
    samples: int
    unmatched: list[UnmatchedRow]
    space: Space | None = None
    radius: float | None = None


@dataclass(frozen=True)
class MapProfile:
    """A map as a profile.

    Parameters
    ----------
    profile : (S,) float64
        The value of each sample; NaN where the map has none.
    use : MapUse
    """

    profile: NDArray[np.float64]
    use: MapUse


def map_profile(
    expression: Expression,
    given: MapLike,
    samples: Samples,
    *,
    column: str | int | None = None,
    radius: float = DEFAULT_RADIUS,
    space: Space | None = None,
) -> MapProfile:
    """Return a map as a profile over some samples.

    Parameters
    ----------
    expression : Expression
    given : path, or mapping of str or int to float
        A file (see `coexpr.readers.brain_map`), or a number by structure or by sample_id.
    samples : Samples
    column : str or int, optional
        Header or number of the column of values.
    radius : float
        For coordinates: the largest distance of a sample from a point, in mm.
    space : "corrected" or "allen", optional
        For coordinates: those of the samples; see `find_coordinates`. Other maps do not need it.

    Raises
    ------
    MapError
        If the map cannot be read, too few of its rows match, or it is constant over the samples.
    TooFewSamplesError
        If too few samples have a value.
    OptionError
        For an invalid or unused option.
    NotFoundError
        If the samples have no coordinates.
    """
    if isinstance(given, Mapping) and column is not None:
        raise OptionError("`column` names a column of a file, and the map is given as numbers. Leave it out.")
    if isinstance(radius, bool) or not isinstance(radius, int | float) or not 0 < radius < np.inf:
        raise OptionError(f"`radius` {radius!r:.60}: expected a number of mm above 0.")
    found = map_of(given) if isinstance(given, Mapping) else read_map(given, column)
    found = with_kind(expression, found)
    is_points = found.kind == "coordinates"
    used: Space | None = None
    if is_points:
        used, match = match_points(expression, found, samples, radius, space)
    else:
        match = (match_structures if found.kind == "structures" else match_samples)(expression, found, samples)
    _refuse_too_few(found, match)
    unmatched = [
        UnmatchedRow(found.rows[row], found.keys[row], match.reasons[row])
        for row in np.flatnonzero(~match.used)[:_MAX_UNMATCHED].tolist()
    ]
    use = MapUse(
        name=found.name,
        sha256=found.sha256,
        column=found.column,
        kind=found.kind,
        rows=len(found),
        matched=int(match.used.sum()),
        samples=int(np.count_nonzero(~np.isnan(match.profile))),
        unmatched=unmatched,
        space=used,
        radius=float(radius) if is_points else None,
    )
    return MapProfile(match.profile, use)


def _refuse_too_few(found: BrainMap, match: Match) -> None:
    """Raise an error if r with the map would mean nothing."""
    where = found.name or "`map`"
    known = match.profile[~np.isnan(match.profile)]
    matched = int(match.used.sum())
    others = ""
    if unmatched := np.flatnonzero(~match.used).tolist():
        names = first_of([found.keys[row] for row in unmatched])
        others = f" Without samples: {names} ({match.reasons[unmatched[0]]})."
    if found.kind == "structures" and matched < MIN_STRUCTURES:
        raise MapError(
            f"{where}: {matched:,} of its {len(found):,} structures have samples, and a map needs at least "
            f"{MIN_STRUCTURES}: fewer give too few different values.{others} Give more and smaller structures; see: "
            "coexpr structures"
        )
    if len(known) < MIN_SAMPLES:
        raise TooFewSamplesError(
            f"{where}: {len(known):,} samples have a value ({matched:,} of its {len(found):,} rows match), and r needs "
            f"at least {MIN_SAMPLES}.{others}"
        )
    if (known == known[0]).all():
        raise MapError(
            f"{where}: its value is {known[0]:g} in all {len(known):,} samples, and r with a constant is undefined."
            f"{others}"
        )

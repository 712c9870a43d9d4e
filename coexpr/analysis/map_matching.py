"""Which sample has the value of which row of a map: by structures, by samples, or by coordinates."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coexpr.database.coordinates import find_coordinates, find_sample_ids
from coexpr.database.expression import Expression
from coexpr.database.queries import query, registered, run
from coexpr.database.samples import Samples
from coexpr.errors import MapError, TooFewSamplesError
from coexpr.options import Space
from coexpr.readers.brain_map import BrainMap
from coexpr.readers.limits import MAP_STRUCTURES

NO_ROW = -1
# The way in which structures_called matches an acronym in another case, which several structures may have.
_IN_ANOTHER_CASE = 4
_WITHOUT_SAMPLES = "no sample that is not in a lower structure of the map"
# Distances that are computed at a time: 1 MB, which stays in the cache of a processor.
_BLOCK_DISTANCES = 1 << 17


@dataclass(frozen=True)
class Match:
    """The values that a map gives to samples.

    Parameters
    ----------
    profile : (S,) float64
        NaN where it gives none.
    used : (N,) bool
        The rows that give a sample its value.
    reasons : dict of int to str
        For the other rows, by their place: why not.
    """

    profile: NDArray[np.float64]
    used: NDArray[np.bool_]
    reasons: dict[int, str]


def with_kind(expression: Expression, found: BrainMap) -> BrainMap:
    """Return a map of ids as one of structures or of samples: those that have more of the ids."""
    if found.kind != "ids":
        return found
    ids = [int(key) for key in found.keys]
    known = {
        "structures": {row["structure_id"] for row in run(expression.connection, "all_structure_ids")},
        "samples": set(find_sample_ids(expression.connection).tolist()),
    }
    counts = {kind: sum(key in of_kind for key in ids) for kind, of_kind in known.items()}
    if counts["structures"] == counts["samples"]:
        where = found.name or "`map`"
        raise MapError(
            f"{where}: as many of its {len(ids):,} ids are of structures as of samples of this database "
            f"({counts['samples']:,}). Name the column structure_id or sample_id."
        )
    return replace(found, kind="structures" if counts["structures"] > counts["samples"] else "samples")


def match_structures(expression: Expression, found: BrainMap, samples: Samples) -> Match:
    """Give each sample the value of the nearest structure of the map at or above its own."""
    reasons: dict[int, str] = {}
    row_of: dict[int, int] = {}
    structures = _find_structures(expression, found)
    for row, key in enumerate(found.keys):
        called = structures.get(str(key), [])
        acronyms = sorted({structure["acronym"] for structure in called})
        if not called:
            reasons[row] = "no structure of this database"
        elif called[0]["way"] == _IN_ANOTHER_CASE and len(acronyms) > 1:
            reasons[row] = f"can mean {', '.join(acronyms)}, which differ by case"
        else:
            for structure in called:
                _add(row_of, structure["structure_id"], row, found, structure["name"])
    nearest: dict[int, int] = {}
    if row_of:
        ids = np.array(list(row_of), dtype=np.int32)
        with registered(expression.connection, requested_structures={"structure_id": ids}):
            nearest = dict(expression.connection.execute(query("nearest_requested_structures")).fetchall())
    rows = np.array(
        [row_of.get(nearest.get(structure, NO_ROW), NO_ROW) for structure in samples.structure_ids.tolist()],
        dtype=np.intp,
    )
    has_samples = set(row_of.values())
    return _given(found, rows, reasons | dict.fromkeys(has_samples - reasons.keys(), _WITHOUT_SAMPLES))


def _find_structures(expression: Expression, found: BrainMap) -> dict[str, list[dict[str, Any]]]:
    """Return the structures that each name of a map matches.

    Raises
    ------
    MapError
        If there are more names than the atlas can have.
    """
    names = list(dict.fromkeys(map(str, found.keys)))
    if len(names) > MAP_STRUCTURES:
        raise MapError(
            f"{found.name or '`map`'} names {len(names):,} structures: expected at most {MAP_STRUCTURES:,}. The tree "
            "of the atlas has 1,839."
        )
    structures: dict[str, list[dict[str, Any]]] = {}
    with registered(expression.connection, given_names={"name": np.array(names, dtype=object)}):
        for row in run(expression.connection, "structures_called_by_names"):
            structures.setdefault(row.pop("given_name"), []).append(row)
    return structures


def _add(row_of: dict[int, int], structure_id: int, row: int, found: BrainMap, name: str) -> None:
    """Record the row of a structure.

    Raises
    ------
    MapError
        If another row about it has another value.
    """
    earlier = row_of.setdefault(structure_id, row)
    if found.values[earlier] != found.values[row]:
        raise MapError(
            f"{found.name or '`map`'}: rows {found.rows[earlier]} ({found.keys[earlier]}) and {found.rows[row]} "
            f"({found.keys[row]}) are both about {name}, with the values {found.values[earlier]:g} and "
            f"{found.values[row]:g}. Give each structure one value; left and right have different ids."
        )


def match_samples(expression: Expression, found: BrainMap, samples: Samples) -> Match:
    """Give each sample the value of the row with its id."""
    row_of = {int(key): row for row, key in enumerate(found.keys)}
    all_ids = find_sample_ids(expression.connection)
    ids = all_ids[samples.columns_in(expression.all_samples)]
    rows = np.array([row_of.get(sample_id, NO_ROW) for sample_id in ids.tolist()], dtype=np.intp)
    known = set(all_ids.tolist())
    reasons = {
        row: "not among the samples of the query" if key in known else "no sample of this database"
        for key, row in row_of.items()
    }
    return _given(found, rows, reasons)


def _given(found: BrainMap, rows: NDArray[np.intp], reasons: dict[int, str]) -> Match:
    """Return the match that gives each sample the value of its row."""
    profile = np.where(rows == NO_ROW, np.nan, found.values[rows])
    used = np.zeros(len(found), dtype=np.bool_)
    used[rows[rows != NO_ROW]] = True
    return Match(profile, used, reasons)


def match_points(
    expression: Expression, found: BrainMap, samples: Samples, radius: float, space: Space | None
) -> tuple[Space, Match]:
    """Give the sample that is nearest to each point its value; the mean where it is nearest to several."""
    space, coordinates = find_coordinates(expression.connection, space)
    coordinates = coordinates[samples.columns_in(expression.all_samples)]
    if found.points is None or np.isnan(coordinates).all():
        raise TooFewSamplesError(f"none of the {len(samples):,} samples of the query has {space} MNI coordinates.")
    nearest, distance = nearest_samples(found.points, coordinates)
    used = distance <= radius
    counts = np.bincount(nearest[used], minlength=len(samples))
    sums = np.bincount(nearest[used], found.values[used], minlength=len(samples))
    profile = np.divide(sums, counts, out=np.full(len(samples), np.nan), where=counts > 0)
    reasons = {row: f"the nearest sample is {distance[row]:.1f} mm away" for row in np.flatnonzero(~used).tolist()}
    return space, Match(profile, used, reasons)


def nearest_samples(
    points: NDArray[np.float64], coordinates: NDArray[np.float64]
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the nearest sample of each point, and its distance.

    Parameters
    ----------
    points : (N, 3) float64
    coordinates : (S, 3) float64
        Of samples; NaN where missing.

    Returns
    -------
    nearest : (N,) intp
        Of samples at the same distance, the first.
    distance : (N,) float64
    """
    known = np.flatnonzero(~np.isnan(coordinates).any(axis=1))
    nearest = np.empty(len(points), dtype=np.intp)
    distance = np.empty(len(points))
    step = max(1, _BLOCK_DISTANCES // len(known))
    for start in range(0, len(points), step):
        block = slice(start, start + step)
        squares = np.zeros((len(points[block]), len(known)))
        for axis, of_samples in enumerate(coordinates[known].T):
            differences = points[block, axis, None] - of_samples
            squares += np.square(differences, out=differences)
        first = squares.argmin(axis=1)
        nearest[block] = known[first]
        distance[block] = np.sqrt(np.take_along_axis(squares, first[:, None], axis=1))[:, 0]
    return nearest, distance

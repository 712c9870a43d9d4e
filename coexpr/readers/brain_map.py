"""A map of the brain: a table with one number per structure, MNI coordinate or sample of the atlas.

The file is text with a comma, semicolon or tab between cells, also compressed with gzip. What its rows are about is
found by the headers of its columns, or by their contents where these leave no doubt.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from coexpr.errors import MapError
from coexpr.readers.corrected_coordinates import RANGES
from coexpr.readers.map_columns import Columns, find_columns, read_number, whole_number
from coexpr.readers.map_table import MapTable, first_of, read_map_table
from coexpr.readers.printable import first_with_control
from coexpr.readers.text import read_text

# What a map may be about. Whole numbers without a header are "ids": the database has them as structures or as samples.
Kind = Literal["structures", "coordinates", "samples", "ids"]
# Whole numbers from 0 of which one exceeds this are voxels: no MNI coordinates are all positive and as large.
_LARGEST_WITHOUT_NEGATIVE = 100
_MISSING = -1.0


@dataclass(frozen=True)
class BrainMap:
    """A number for each of some structures, points or samples.

    Parameters
    ----------
    kind : "structures", "coordinates", "samples" or "ids"
    keys : list of str
        What each row is about, as text: the name or id of a structure, the id of a sample, or three coordinates.
    values : (N,) float64
    rows : list of int
        The row of each in the file; the header is row 1.
    name : str
        Name of the file; "" for numbers that were given without one.
    column : str
        The column of the values.
    points : (N, 3) float64, optional
        MNI coordinates in mm.
    sha256 : str, optional
        Of the file.
    """

    kind: Kind
    keys: list[str]
    values: NDArray[np.float64]
    rows: list[int]
    name: str = ""
    column: str = ""
    points: NDArray[np.float64] | None = None
    sha256: str | None = None

    def __len__(self) -> int:
        return len(self.keys)


def read_map(path: Path | str, column: str | int | None = None) -> BrainMap:
    """Read the map in a file.

    Parameters
    ----------
    path : path
    column : str or int, optional
        Header or number, from 1, of the column of values. By default the only one that can be it.

    Raises
    ------
    MapError
        If there is no one column of values, or of what they belong to, or a cell is not as expected; the message names
        file, row and column.
    DownloadError
        If the file cannot be read as text.
    """
    path = Path(path)
    table = read_map_table(read_text(path), str(path))
    columns = find_columns(table, column)
    kind, keys, points = _keys(table, columns)
    if (strange := first_with_control(keys)) is not None:
        raise MapError(f"{path}: {strange!r:.60} has characters that are not printed. Remove them from the file.")
    found = BrainMap(
        kind=kind,
        keys=keys,
        values=np.array([read_number(table, row, columns.value) for row in range(len(table))]),
        rows=table.rows,
        name=path.name,
        column=table.names[columns.value],
        points=points,
        sha256=_sha256(path),
    )
    return _checked(found, str(path))


def _sha256(path: Path) -> str | None:
    """Return the SHA-256 of a file; a pipe cannot be read again."""
    if not path.is_file():
        return None
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def map_of(numbers: Mapping[str, float] | Mapping[int, float]) -> BrainMap:
    """Return the map of numbers by structure or by sample.

    Raises
    ------
    MapError
        If there are none, one is not a finite number, or all are equal.
    """
    keys = [str(key).strip() for key in numbers]
    try:
        values = np.array([float(value) for value in numbers.values()], dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise MapError(f"`map`: expected a number for each structure or sample ({error}).") from None
    if not keys:
        raise MapError("`map` is empty. Give a number for each of some structures or samples.")
    if unusable := [key for key, value in zip(keys, values, strict=True) if not np.isfinite(value)]:
        raise MapError(f"`map`: expected finite numbers, found none for {first_of(unusable)}. Leave these out.")
    kind: Kind = "ids" if all(key.isascii() and key.isdigit() for key in keys) else "structures"
    return _checked(BrainMap(kind, keys, values, list(range(1, len(keys) + 1))), "`map`")


def _keys(table: MapTable, columns: Columns) -> tuple[Kind, list[str], NDArray[np.float64] | None]:
    """Return what the rows of a table are about."""
    if columns.kind == "coordinates":
        points = np.array([[read_number(table, row, place) for place in columns.keys] for row in range(len(table))])
        _refuse_missing(points, table)
        _refuse_voxels(points, table)
        _refuse_outside(points, table, columns)
        cells = [[table.cells[row][place] for place in columns.keys] for row in range(len(table))]
        return "coordinates", [", ".join(row) for row in cells], points
    (place,) = columns.keys
    keys = [row[place] for row in table.cells]
    if columns.are_ids:
        keys = [str(whole_number(table, row, place)) for row in range(len(table))]
    if blank := [table.rows[row] for row, key in enumerate(keys) if not key]:
        raise MapError(
            f"{table.where}, column {table.title(place)}: blank in {_rows(blank)}. Leave out rows that are not about a "
            f"{'sample' if columns.kind == 'samples' else 'structure'}."
        )
    return columns.kind, keys, None


def _refuse_missing(points: NDArray[np.float64], table: MapTable) -> None:
    if rows := [table.rows[row] for row in np.flatnonzero((points == _MISSING).all(axis=1))]:
        raise MapError(
            f"{table.where}: the coordinates -1, -1, -1 mean that there are none, in {_rows(rows)}. Leave these rows "
            "out."
        )


def _refuse_voxels(points: NDArray[np.float64], table: MapTable) -> None:
    are_whole = (points == np.rint(points)).all()
    if are_whole and points.min() >= 0 and points.max() > _LARGEST_WITHOUT_NEGATIVE:
        raise MapError(
            f"{table.where}: the coordinates are whole numbers from {points.min():g} to {points.max():g}, none "
            "negative: they are voxels, not mm. Expected MNI coordinates in mm. Multiply them with the affine matrix "
            "of the image."
        )


def _refuse_outside(points: NDArray[np.float64], table: MapTable, columns: Columns) -> None:
    limits = np.array(list(RANGES.values()), dtype=np.float64)
    outside = np.argwhere((points < limits[:, 0]) | (points > limits[:, 1]))
    if len(outside):
        row, axis = outside[0].tolist()
        low, high = limits[axis]
        where = f"{table.where}, row {table.rows[row]}, column {table.title(columns.keys[axis])}"
        raise MapError(
            f"{where}: expected an MNI coordinate from {low:g} to {high:g} mm, found {points[row, axis]:g} "
            f"({len(np.unique(outside[:, 0])):,} of {len(table):,} rows are outside the brain). The coordinates are of "
            "another space or unit: transform them to MNI space, in mm."
        )


def _checked(found: BrainMap, where: str) -> BrainMap:
    """Return a map without rows that repeat others.

    Raises
    ------
    MapError
        If all values are equal, or two rows about the same have different values.
    """
    first: dict[str | tuple[float, ...], int] = {}
    kept: list[int] = []
    for row, key in enumerate(found.keys):
        same = key if found.points is None else tuple(found.points[row].tolist())
        earlier = first.setdefault(same, row)
        if earlier == row:
            kept.append(row)
        elif found.values[earlier] != found.values[row]:
            raise MapError(
                f"{where}, row {found.rows[row]}: {key:.60} has the value {found.values[row]:g}, and "
                f"{found.values[earlier]:g} in row {found.rows[earlier]}. Expected one value for each. "
                "Keep one row, or their mean."
            )
    if (found.values == found.values[0]).all():
        raise MapError(
            f"{where}: all {len(found):,} values are {found.values[0]:g}, and r with a constant is undefined. "
            "Give a map with different values."
        )
    return BrainMap(
        found.kind,
        [found.keys[row] for row in kept],
        found.values[kept],
        [found.rows[row] for row in kept],
        found.name,
        found.column,
        None if found.points is None else found.points[kept],
        found.sha256,
    )


def _rows(numbers: list[int]) -> str:
    return f"{'row' if len(numbers) == 1 else 'rows'} {first_of(numbers)}"

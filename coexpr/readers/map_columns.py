"""The columns of a map file: which of them say what a row is about, and which has the values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from coexpr.errors import MapError
from coexpr.readers.gene_cells import count_rows, is_column_number
from coexpr.readers.map_table import MapTable, first_of, has_decimal_comma, is_missing, is_number
from coexpr.readers.tables import INT32_MAX, plain_header

# Headers without case and punctuation, the most exact first: a table may have several of them.
_SAMPLES = ("sampleid", "wellid", "samplewell", "well", "sample")
_COORDINATES = (("x", "y", "z"), ("mnix", "mniy", "mniz"), ("correctedmnix", "correctedmniy", "correctedmniz"))
_STRUCTURE_IDS = ("structureid",)
_STRUCTURES = (
    "acronym", "structureacronym", "structureabbreviation", "abbreviation", "structurename", "name", "structure",
    "region", "regionname",
)  # fmt: skip
_IDS = ("id", "ids")
# Columns of tables of the atlas that are not a map.
_OTHERS = (
    "donor", "donorid", "donorname", "hemisphere", "slabnum", "slabtype", "polygonid", "samplepolygon", "mrivoxelx",
    "mrivoxely", "mrivoxelz", "parentstructureid", "graphorder", "depth", "toplevelstructureid",
)  # fmt: skip
_HEADERS_OF_KEYS = {*_SAMPLES, *sum(_COORDINATES, ()), *_STRUCTURE_IDS, *_STRUCTURES, *_IDS}
_MOSTLY = 0.5


@dataclass(frozen=True)
class Columns:
    """The places of the columns of a map.

    Parameters
    ----------
    kind : "structures", "coordinates", "samples" or "ids"
    keys : tuple of int
        What a row is about: one column, or three of coordinates.
    value : int
    are_ids : bool
        Whether the column of keys has ids.
    """

    kind: Literal["structures", "coordinates", "samples", "ids"]
    keys: tuple[int, ...]
    value: int
    are_ids: bool = False


def find_columns(table: MapTable, column: str | int | None) -> Columns:
    """Return the columns of a map; `column` is the header or number of that of the values.

    Raises
    ------
    MapError
        If what rows are about, or which column has the values, is in doubt.
    """
    value = None if column is None else _place_of(table, column)
    known = _by_header(table) or _by_contents(table, value)
    if known is None:
        raise MapError(
            f"{table.where}: expected a column of structures (structure_id, acronym or name), of samples (sample_id) "
            f"or MNI coordinates (x, y, z); found {_named(table.names)}. Give these columns such headers."
        )
    kind, keys, are_ids = known
    if value is None:
        value = _value_of(table, keys)
    elif value in keys:
        raise MapError(f"{table.where}: column {table.title(value)} says what a row is about. Name another `column`.")
    return Columns(kind, keys, value, are_ids)


def read_number(table: MapTable, row: int, place: int) -> float:
    """Return the number in a cell.

    Raises
    ------
    MapError
        If there is none; the message names file, row and column.
    """
    cell = table.cells[row][place]
    if is_number(cell) and abs(number := float(cell)) < float("inf"):
        return number
    where = f"{table.where}, row {table.rows[row]}, column {table.title(place)}"
    if is_missing(cell):
        raise MapError(f"{where}: expected a finite number, found {cell!r:.60}. Leave out rows without a value.")
    if has_decimal_comma(cell):
        raise MapError(f"{where}: expected a number with a decimal point, found {cell!r:.60}. Write 0.5, not 0,5.")
    raise MapError(f"{where}: expected a number, found {cell!r:.60}.")


def whole_number(table: MapTable, row: int, place: int) -> int:
    """Return the id in a cell, which may be written with decimals, as in 4008.0."""
    number = read_number(table, row, place)
    if number != int(number) or not 0 < number <= INT32_MAX:
        raise MapError(
            f"{table.where}, row {table.rows[row]}, column {table.title(place)}: expected an id, which is a whole "
            f"number, found {table.cells[row][place]!r:.60}."
        )
    return int(number)


_Keys = tuple[Literal["structures", "coordinates", "samples", "ids"], tuple[int, ...], bool]


def _by_header(table: MapTable) -> _Keys | None:
    """Return what rows are about by the headers."""
    plain = [plain_header(name) for name in table.names]
    places = {name: place for place, name in reversed(list(enumerate(plain)))}  # the first of each
    for name in _SAMPLES:
        if name in places:
            return "samples", (places[name],), True
    for names in _COORDINATES:
        if all(name in places for name in names):
            return "coordinates", tuple(places[name] for name in names), False
    for name in _STRUCTURE_IDS:
        if name in places:
            return "structures", (places[name],), True
    for name in _STRUCTURES:
        if name in places:
            return "structures", (places[name],), False  # as text: some acronyms are numbers
    return next((("ids", (places[name],), True) for name in _IDS if name in places), None)


def _by_contents(table: MapTable, value: int | None) -> _Keys | None:
    """Return what rows are about by the contents: the only column of text, or the only one of different ids."""
    others = [place for place in _possible(table) if place != value]
    texts = [place for place in others if not _is_numeric(table.column(place))]
    if len(texts) == 1:
        return "structures", (texts[0],), False
    ids = [place for place in others if _are_ids(table.column(place))]
    if not texts and len(ids) == 1 and len(others) == (2 if value is None else 1):
        return "ids", (ids[0],), True
    return None


def _value_of(table: MapTable, keys: Sequence[int]) -> int:
    """Return the only column that can have the values."""
    possible = [place for place in _possible(table) if plain_header(table.names[place]) not in _HEADERS_OF_KEYS]
    others = [place for place in possible if place not in keys]
    numeric = [place for place in others if _is_numeric(table.column(place))]
    if len(numeric) == 1:
        return numeric[0]
    if not numeric and len(others) == 1:
        return others[0]  # the message about its first cell says what is wrong with it
    found = _named([table.names[place] for place in numeric or others])
    if not numeric:
        raise MapError(f"{table.where}: expected a column of numbers besides {_named([table.names[k] for k in keys])}.")
    raise MapError(f"{table.where} has several columns of numbers: {found}. Name the one of the map with `column`.")


def _possible(table: MapTable) -> list[int]:
    """Return the columns that are neither row numbers, which R and pandas write, nor known to be something else."""
    return [
        place
        for place, name in enumerate(table.names)
        if plain_header(name) not in _OTHERS
        and not (plain_header(name) in ("", "unnamed0", "index") and count_rows(table.column(place)))
    ]


def _place_of(table: MapTable, column: str | int) -> int:
    """Return the place of a column by its header or number.

    Raises
    ------
    MapError
        If there is none.
    """
    name = str(column).strip()
    if name in table.names:
        return table.names.index(name)
    plain = [plain_header(header) for header in table.names]
    if plain_header(name) and plain.count(plain_header(name)) == 1 and not is_column_number(name):
        return plain.index(plain_header(name))
    if is_column_number(name) and 1 <= int(name) <= len(table.names):
        return int(name) - 1
    raise MapError(f"{table.where} has no column {name!r:.60}. Its columns are {_named(table.names)}.")


def _is_numeric(cells: Sequence[str]) -> bool:
    given = [cell for cell in cells if not is_missing(cell)]
    return bool(given) and sum(is_number(cell) or has_decimal_comma(cell) for cell in given) > _MOSTLY * len(given)


def _are_ids(cells: Sequence[str]) -> bool:
    """Return whether cells are whole numbers, each another one."""
    if not all(map(is_number, cells)):
        return False
    numbers = {float(cell) for cell in cells}
    return len(numbers) == len(cells) and all(number == number // 1 and 0 < number <= INT32_MAX for number in numbers)


def _named(names: Sequence[str]) -> str:
    return first_of([name or "(no header)" for name in names])

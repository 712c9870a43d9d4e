"""Expression out of the database as one matrix: profiles in rows, samples in columns."""

from collections.abc import Mapping
from itertools import accumulate
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from coexpr.lists import stream
from coexpr.queries import query


def columns_of_donors(connection: duckdb.DuckDBPyConnection) -> dict[int, slice]:
    """Return where the samples of each donor lie among the columns of a matrix, by donor_id."""
    counts = connection.execute(query("sample_counts")).fetchall()
    ends = accumulate(count for _, count in counts)
    return {donor_id: slice(end - count, end) for (donor_id, count), end in zip(counts, ends, strict=True)}


def choose_probes(connection: duckdb.DuckDBPyConnection, probe_ids: NDArray[np.int32]) -> None:
    """Fill chosen_probes with these."""
    connection.execute(query("create_chosen_probes"))
    connection.register("given_probes", {"probe_id": probe_ids})
    connection.execute(query("choose_given_probes"))
    connection.unregister("given_probes")


def profiles_of(connection: duckdb.DuckDBPyConnection, probe_ids: NDArray[np.int32]) -> NDArray[np.float32]:
    """Return the profiles of these probes, ascending; see `read_profiles`. They become the chosen probes."""
    choose_probes(connection, probe_ids)
    return read_profiles(connection, query("expression_of_chosen_probes"), {}, probe_ids)


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
    columns = columns_of_donors(connection)
    n_samples = max((samples.stop for samples in columns.values()), default=0)
    profiles = np.full((len(probe_ids), n_samples), np.nan, dtype=np.float32)
    for donor_ids, ids, values in stream(connection, statement, parameters):
        rows = np.searchsorted(probe_ids, ids)
        if donor_ids[0] == donor_ids[-1] and (donor_ids == donor_ids[0]).all():  # rows are stored donor by donor
            profiles[rows, columns[donor_ids[0]]] = values
            continue
        for donor_id in np.unique(donor_ids):
            of_donor = donor_ids == donor_id
            profiles[rows[of_donor], columns[donor_id]] = values[of_donor]
    return profiles

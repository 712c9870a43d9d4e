"""Expression out of the database as one matrix: profiles in rows, samples in columns."""

import duckdb
import numpy as np
from numpy.typing import NDArray

from coexpr.database.queries import query
from coexpr.database.samples import Samples


def choose_probes(connection: duckdb.DuckDBPyConnection, probe_ids: NDArray[np.int32]) -> None:
    """Fill chosen_probes with these."""
    connection.execute(query("create_chosen_probes"))
    connection.register("given_probes", {"probe_id": probe_ids})
    connection.execute(query("choose_given_probes"))
    connection.unregister("given_probes")


def choose_every_probe(connection: duckdb.DuckDBPyConnection) -> NDArray[np.int32]:
    """Fill chosen_probes with every probe that has expression; return them, ascending."""
    connection.execute(query("create_chosen_probes"))
    connection.execute(query("choose_all_probes"))
    return np.asarray(connection.execute(query("chosen_probe_ids")).fetchnumpy()["probe_id"], dtype=np.int32)


def read_profiles(
    connection: duckdb.DuckDBPyConnection, probe_ids: NDArray[np.int32], samples: Samples
) -> NDArray[np.float32]:
    """Return the log2 intensities of the chosen probes.

    Parameters
    ----------
    connection : DuckDBPyConnection
    probe_ids : (P,) int32, ascending
        Every chosen probe.
    samples : Samples

    Returns
    -------
    (P, S) float32
        Rows in the order of `probe_ids`, columns in that of `samples`. NaN where unknown.
    """
    from coexpr.database.arrow import stream  # loads Arrow, which a mapped matrix needs not

    profiles = np.full((len(probe_ids), len(samples)), np.nan, dtype=np.float32)
    statement, donors = query("expression_of_chosen_probes"), {"donor_ids": list(samples.columns)}
    for donor_ids, ids, values in stream(connection, statement, donors):
        rows = np.searchsorted(probe_ids, ids)
        for donor_id in np.unique(donor_ids).tolist():
            columns = samples.columns[donor_id]
            wanted = samples.positions[columns]
            some = values if len(wanted) == values.shape[1] else values[:, wanted]
            if (donor_ids == donor_id).all():  # as a rule: rows are stored donor by donor
                profiles[rows, columns] = some
            else:
                of_donor = donor_ids == donor_id
                profiles[rows[of_donor], columns] = some[of_donor]
    return profiles

"""Differential stability of every probe, stored in the database until further data are loaded."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import duckdb
import numpy as np
from numpy.typing import NDArray

from coexpr.database.matrix import choose_all_probes, choose_probes, read_expression
from coexpr.database.queries import query, registered, single, transaction
from coexpr.database.samples import Samples, find_all_samples
from coexpr.progress import SILENT, Progress
from coexpr.stats.stability import NothingToCompareError, differential_stability

# Probes whose profiles are read at a time: 60 MB for the whole atlas.
_PROBES_AT_A_TIME = 4096


def forget_stability(connection: duckdb.DuckDBPyConnection) -> None:
    """Remove the stored differential stability, which is not valid for data that are being loaded."""
    connection.execute(query("forget_stability"))


def store_stability(connection: duckdb.DuckDBPyConnection, progress: Progress = SILENT) -> None:
    """Compute and store differential stability, unless it is stored or no two donors share two structures."""
    all_samples = find_all_samples(connection)
    if len(all_samples.columns) < 2 or single(connection, "stability_is_stored"):
        return
    probes = single(connection, "count_probes")
    with progress.task("Differential stability", probes, "probes") as advance, transaction(connection):
        for probe_ids, stability in compute_stability(connection, all_samples):
            table = {"probe_id": probe_ids, "diff_stability": stability}
            with registered(connection, incoming_stability=table):
                connection.execute(query("store_stability"))
            advance(len(probe_ids))


def compute_stability(
    connection: duckdb.DuckDBPyConnection, all_samples: Samples
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.float64]]]:
    """Yield blocks of probe ids with their differential stability.

    Nothing is yielded if no two donors share two structures.
    """
    for probe_ids, stability in _computations(connection, all_samples):
        try:
            of_probes = stability.result()
        except NothingToCompareError:
            return
        yield probe_ids, of_probes


def _computations(
    connection: duckdb.DuckDBPyConnection, all_samples: Samples
) -> Iterator[tuple[NDArray[np.int32], Future[NDArray[np.float64]]]]:
    """Yield blocks of probe ids with the pending result of their computation, which runs while the next are read."""
    structures = [all_samples.structure_ids[columns] for columns in all_samples.columns.values()]
    probe_ids = choose_all_probes(connection)
    previous: tuple[NDArray[np.int32], Future[NDArray[np.float64]]] | None = None
    with ThreadPoolExecutor(max_workers=1) as computer:
        for start in range(0, len(probe_ids), _PROBES_AT_A_TIME):
            block = probe_ids[start : start + _PROBES_AT_A_TIME]
            choose_probes(connection, block)
            profiles = read_expression(connection, block, all_samples)
            by_donor = [profiles[:, columns] for columns in all_samples.columns.values()]
            current = block, computer.submit(differential_stability, by_donor, structures)
            if previous:
                yield previous
            previous = current
        if previous:
            yield previous

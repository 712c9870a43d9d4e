"""Differential stability of every probe, stored in the database until further data are loaded."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import duckdb
import numpy as np
from numpy.typing import NDArray

from coexpr.database.matrix import STATISTICS, choose_probes, read_expression, read_moments, read_statistics
from coexpr.database.matrix_cache import MatrixWriter
from coexpr.database.queries import query, registered, single, transaction
from coexpr.database.samples import Samples, find_all_samples
from coexpr.progress import SILENT, Progress
from coexpr.stats.stability import NothingToCompareError, differential_stability

# Probes whose profiles are read at a time: 60 MB for the whole atlas.
_PROBES_AT_A_TIME = 4096


def forget_stability(connection: duckdb.DuckDBPyConnection) -> None:
    """Remove the stored differential stability, which is not valid for data that are being loaded."""
    connection.execute(query("forget_stability"))


def store_stability(
    connection: duckdb.DuckDBPyConnection, progress: Progress = SILENT, cache: MatrixWriter | None = None
) -> None:
    """Compute and store differential stability, unless it is stored or no two donors share two structures.

    The matrix, which is read for this, is written to `cache`.
    """
    all_samples = find_all_samples(connection)
    if len(all_samples.columns) < 2 or single(connection, "stability_is_stored"):
        return
    probes = single(connection, "count_probes")
    with progress.task("Differential stability", probes, "probes") as advance, transaction(connection):
        for probe_ids, stability in compute_stability(connection, all_samples, cache):
            table = {"probe_id": probe_ids, "diff_stability": stability}
            with registered(connection, incoming_stability=table):
                connection.execute(query("store_stability"))
            advance(len(probe_ids))
    if cache:
        cache.add(read_moments(connection, all_samples) | {"statistics": read_statistics(connection)[1]})


def compute_stability(
    connection: duckdb.DuckDBPyConnection, all_samples: Samples, cache: MatrixWriter | None = None
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.float64]]]:
    """Yield blocks of probe ids with their differential stability.

    Nothing is yielded if no two donors share two structures.
    """
    for probe_ids, stability in _computations(connection, all_samples, cache):
        try:
            of_probes = stability.result()
        except NothingToCompareError:
            if cache:
                cache.close()
            return
        yield probe_ids, of_probes


def _computations(
    connection: duckdb.DuckDBPyConnection, all_samples: Samples, cache: MatrixWriter | None
) -> Iterator[tuple[NDArray[np.int32], Future[NDArray[np.float64]]]]:
    """Yield blocks of probe ids with the pending result of their computation, which runs while the next are read."""
    structures = [all_samples.structure_ids[columns] for columns in all_samples.columns.values()]
    probe_ids, statistics = read_statistics(connection)
    means = statistics[STATISTICS.index("mean_log2")]
    if cache:
        cache.start(len(probe_ids), len(all_samples))
    previous: tuple[NDArray[np.int32], Future[NDArray[np.float64]]] | None = None
    with ThreadPoolExecutor(max_workers=1) as computer:
        for start in range(0, len(probe_ids), _PROBES_AT_A_TIME):
            block = probe_ids[start : start + _PROBES_AT_A_TIME]
            choose_probes(connection, block)
            profiles = read_expression(connection, block, all_samples)
            by_donor = [profiles[:, columns] for columns in all_samples.columns.values()]
            current = block, computer.submit(differential_stability, by_donor, structures)
            if cache:
                cache.append(profiles, means[start : start + _PROBES_AT_A_TIME])
            if previous:
                yield previous
            previous = current
        if previous:
            yield previous

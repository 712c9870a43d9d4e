"""Differential stability of every probe, kept in the database for as long as it holds."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import duckdb
import numpy as np
from numpy.typing import NDArray

from coexpr.database.matrix import choose_all_probes, choose_probes, read_expression
from coexpr.database.queries import query, registered, single, transaction
from coexpr.database.samples import Samples, find_all_samples
from coexpr.stats.stability import NothingToCompareError, differential_stability

# Probes whose profiles are held at a time: 60 MB at full size.
_PROBES_AT_A_TIME = 4096


def forget_stability(connection: duckdb.DuckDBPyConnection) -> None:
    """Remove what is stored: something is being loaded for which it does not hold."""
    connection.execute(query("forget_stability"))


def store_stability(
    connection: duckdb.DuckDBPyConnection, progress: Callable[[str], None] = lambda message: None
) -> None:
    """Compute and store what is not stored; nothing where no two donors share two structures."""
    all_samples = find_all_samples(connection)
    if len(all_samples.columns) < 2 or single(connection, "stability_is_stored"):
        return
    progress("differential stability of every probe")
    with transaction(connection):
        for probe_ids, stability in compute_stability(connection, all_samples):
            table = {"probe_id": probe_ids, "diff_stability": stability}
            with registered(connection, incoming_stability=table):
                connection.execute(query("store_stability"))


def compute_stability(
    connection: duckdb.DuckDBPyConnection, all_samples: Samples
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.float64]]]:
    """Yield probe ids and their differential stability, some thousand at a time.

    Nothing where no two donors can be compared.
    """
    for probe_ids, stability in _one_behind(connection, all_samples):
        try:
            of_probes = stability.result()
        except NothingToCompareError:
            return
        yield probe_ids, of_probes


def _one_behind(
    connection: duckdb.DuckDBPyConnection, all_samples: Samples
) -> Iterator[tuple[NDArray[np.int32], Future[NDArray[np.float64]]]]:
    """Yield what is being computed, while the next profiles are read."""
    structures = [all_samples.structure_ids[columns] for columns in all_samples.columns.values()]
    probe_ids = choose_all_probes(connection)
    before: tuple[NDArray[np.int32], Future[NDArray[np.float64]]] | None = None
    with ThreadPoolExecutor(max_workers=1) as computer:
        for start in range(0, len(probe_ids), _PROBES_AT_A_TIME):
            some = probe_ids[start : start + _PROBES_AT_A_TIME]
            choose_probes(connection, some)
            profiles = read_expression(connection, some, all_samples)
            of_donors = [profiles[:, of] for of in all_samples.columns.values()]
            now = some, computer.submit(differential_stability, of_donors, structures)
            if before:
                yield before
            before = now
        if before:
            yield before

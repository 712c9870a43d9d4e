"""Differential stability of every probe, kept in the database for as long as it holds."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import duckdb
import numpy as np
from numpy.typing import NDArray

from coexpr.database.connection import transaction
from coexpr.database.matrix import choose_every_probe, choose_probes, read_profiles
from coexpr.database.queries import query, single
from coexpr.database.samples import Samples, every_sample
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
    every = every_sample(connection)
    if len(every.columns) < 2 or single(connection, "stability_is_stored"):
        return
    progress("differential stability of every probe")
    with transaction(connection):
        for probe_ids, stability in compute_stability(connection, every):
            connection.register("incoming_stability", {"probe_id": probe_ids, "diff_stability": stability})
            connection.execute(query("store_stability"))
            connection.unregister("incoming_stability")


def compute_stability(
    connection: duckdb.DuckDBPyConnection, every: Samples
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.float64]]]:
    """Yield probe ids and their differential stability, some thousand at a time.

    Nothing where no two donors can be compared.
    """
    for probe_ids, stability in _one_behind(connection, every):
        try:
            of_probes = stability.result()
        except NothingToCompareError:
            return
        yield probe_ids, of_probes


def _one_behind(
    connection: duckdb.DuckDBPyConnection, every: Samples
) -> Iterator[tuple[NDArray[np.int32], Future[NDArray[np.float64]]]]:
    """Yield what is being computed, while the next profiles are read."""
    structures = [every.structure_ids[columns] for columns in every.columns.values()]
    probe_ids = choose_every_probe(connection)
    before: tuple[NDArray[np.int32], Future[NDArray[np.float64]]] | None = None
    with ThreadPoolExecutor(max_workers=1) as computer:
        for start in range(0, len(probe_ids), _PROBES_AT_A_TIME):
            some = probe_ids[start : start + _PROBES_AT_A_TIME]
            choose_probes(connection, some)
            profiles = read_profiles(connection, some, every)
            of_donors = [profiles[:, of] for of in every.columns.values()]
            now = some, computer.submit(differential_stability, of_donors, structures)
            if before:
                yield before
            before = now
        if before:
            yield before

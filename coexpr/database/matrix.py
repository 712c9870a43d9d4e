"""The expression matrix of an open database: read from its rows of lists, or from the mapped cache, by rows."""

from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from coexpr.database.matrix_cache import Matrix, shift_rows
from coexpr.database.queries import query, registered, single
from coexpr.database.samples import Samples
from coexpr.progress import Advance, Progress, ignore
from coexpr.stats.scan import is_scannable, scan_columns, scan_rows

# What is stored for each probe, besides its expression, that selection rules use.
STATISTICS = ("n", "mean_log2", "variance_log2", "present_fraction", "diff_stability", "rnaseq_r", "rnaseq_q")
# Below this fraction of all rows, exact computation is faster than a scan of the whole matrix.
_SCAN_FRACTION = 1 / 16


class MatrixRows:
    """Rows of the stored matrix, read when they are indexed.

    An index returns log2 intensity as an array (k, S) float32. Rows can be replaced by assignment; the stored matrix
    does not change.

    Parameters
    ----------
    matrix : Matrix
    rows : (P,) intp
        Rows of the matrix.
    samples : Samples
        The columns.
    all_samples : Samples
        The columns of the matrix.
    """

    def __init__(self, matrix: Matrix, rows: NDArray[np.intp], samples: Samples, all_samples: Samples) -> None:
        self._matrix, self._rows, self._samples = matrix, rows, samples
        self._all_samples = all_samples
        self._columns = None if len(samples) == len(all_samples) else samples.columns_in(all_samples)
        self._replaced: dict[int, NDArray[np.floating]] = {}
        self.shape: tuple[int, int] = (len(rows), len(samples))

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, rows: int | slice | NDArray[np.intp]) -> NDArray[np.float32]:
        log2 = self._matrix.log2(self._rows[rows])
        if self._columns is not None:
            log2 = np.take(log2, self._columns, axis=-1)
        for row, replacement in self._replaced.items():
            log2[np.arange(len(self))[rows] == row] = replacement
        return log2

    def part(self, rows: slice, columns: slice) -> NDArray[np.float32]:
        """Return some columns of some rows, without reading others; rows that were replaced are not."""
        where = self._rows[rows]
        chosen = columns if self._columns is None else self._columns[columns]
        values = self._matrix.values
        some = values[where, chosen] if isinstance(chosen, slice) else values[np.ix_(where, chosen)]
        return some + self._matrix.shift[where, None]

    def __setitem__(self, rows: NDArray[np.intp], log2: NDArray[np.floating]) -> None:
        self._replaced |= dict.fromkeys(rows.tolist(), log2)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[:], dtype=dtype)

    def scan(self, seed: NDArray[np.floating], workers: int) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Return Pearson's r of a profile (S,) with each row in single precision, and its error bound.

        None where exact computation is faster: for few rows, or a seed with missing values.
        """
        matrix = self._matrix
        if len(self) < _SCAN_FRACTION * len(matrix.values) or not is_scannable(seed):
            return None
        deviations = seed - seed.mean(dtype=np.float64)
        if self._columns is None or self._are_whole_donors():
            full = np.zeros(matrix.values.shape[1])
            full[slice(None) if self._columns is None else self._columns] = deviations
            donors = np.isin(matrix.donor_ids, list(self._samples.columns))
            means, squares = matrix.spread(donors)
            r, bound = scan_rows(full, matrix.values, len(seed), means, squares)
            bound[matrix.n[donors].sum(axis=0) != len(seed)] = np.inf
        else:
            r, bound = scan_columns(deviations, matrix.values, self._columns, workers)
        r, bound = r[self._rows], bound[self._rows]
        bound[list(self._replaced)] = np.inf
        return r, bound

    def _are_whole_donors(self) -> bool:
        """Return whether the columns are all samples of some donors, and no donor has missing values."""
        sizes = [columns.stop - columns.start for columns in self._all_samples.columns.values()]
        return bool((self._matrix.n == np.array(sizes)[:, None]).all()) and all(
            columns.stop - columns.start
            == self._all_samples.columns[donor].stop - self._all_samples.columns[donor].start
            for donor, columns in self._samples.columns.items()
        )


def choose_probes(connection: duckdb.DuckDBPyConnection, probe_ids: NDArray[np.int32]) -> None:
    """Fill the temporary table chosen_probes with these probes."""
    connection.execute(query("create_chosen_probes"))
    with registered(connection, given_probes={"probe_id": probe_ids}):
        connection.execute(query("choose_given_probes"))


def choose_all_probes(connection: duckdb.DuckDBPyConnection) -> NDArray[np.int32]:
    """Fill the temporary table chosen_probes with every probe that has expression data; return them, ascending."""
    connection.execute(query("create_chosen_probes"))
    connection.execute(query("choose_all_probes"))
    return np.asarray(connection.execute(query("chosen_probe_ids")).fetchnumpy()["probe_id"], dtype=np.int32)


def read_expression(
    connection: duckdb.DuckDBPyConnection,
    probe_ids: NDArray[np.int32],
    samples: Samples,
    advance: Advance = ignore,
) -> NDArray[np.float32]:
    """Return the log2 intensity of the chosen probes.

    Parameters
    ----------
    connection : DuckDBPyConnection
    probe_ids : (P,) int32, ascending
        All probes in chosen_probes.
    samples : Samples
    advance : callable, optional
        Called with the number of values that were read.

    Returns
    -------
    (P, S) float32
        Rows in the order of `probe_ids`, columns in the order of `samples`. NaN where missing.
    """
    from coexpr.database.arrow import read_matrices  # loads Arrow, which a mapped matrix does not need

    log2 = np.full((len(probe_ids), len(samples)), np.nan, dtype=np.float32)
    statement, donors = query("expression_of_chosen_probes"), {"donor_ids": list(samples.columns)}
    for donor_ids, ids, lists in read_matrices(connection, statement, donors):
        rows = np.searchsorted(probe_ids, ids)
        for donor_id in np.unique(donor_ids).tolist():
            columns = samples.columns[donor_id]
            positions = samples.positions[columns]
            some = lists if len(positions) == lists.shape[1] else lists[:, positions]
            if (donor_ids == donor_id).all():  # usual, because rows are stored donor by donor
                log2[rows, columns] = some
            else:
                of_donor = donor_ids == donor_id
                log2[rows[of_donor], columns] = some[of_donor]
        advance(lists.size)
    return log2


def read_matrix(connection: duckdb.DuckDBPyConnection, all_samples: Samples, progress: Progress) -> Matrix:
    """Read the whole matrix from the database, with the moments of each row in each donor."""
    choose_all_probes(connection)
    probe_ids, statistics = read_statistics(connection)
    with progress.task("Reading the matrix", len(probe_ids) * len(all_samples), "values") as advance:
        log2 = read_expression(connection, probe_ids, all_samples, advance)
    shift = shift_rows(log2, statistics[STATISTICS.index("mean_log2")])
    return Matrix(log2, shift, **read_moments(connection, all_samples), statistics=statistics)


def read_moments(connection: duckdb.DuckDBPyConnection, all_samples: Samples) -> dict[str, NDArray[Any]]:
    """Return the probes, donors and moments of a `Matrix`: probe_ids, donor_ids, n, mean_log2, squared_deviations."""
    stored = connection.execute(query("moments_of_expression")).fetchnumpy()
    probe_ids, rows = np.unique(stored["probe_id"], return_inverse=True)
    donor_ids = np.array(list(all_samples.columns), dtype=np.int32)
    donors = np.searchsorted(donor_ids, stored["donor_id"])
    moments: dict[str, NDArray[Any]] = {"probe_ids": probe_ids.astype(np.int32), "donor_ids": donor_ids}
    for name, dtype in (("n", np.int32), ("mean_log2", np.float64), ("squared_deviations", np.float64)):
        moments[name] = np.zeros((len(donor_ids), len(probe_ids)), dtype)
        moments[name][donors, rows] = stored[name]
    return moments


def contents_of_cache(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return texts that identify the data of a database that its cache contains."""
    return [str(single(connection, "loaded_downloads")), query("statistics_of_probes"), *STATISTICS]


def read_statistics(connection: duckdb.DuckDBPyConnection) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Return every probe with expression data, ascending, and `STATISTICS` as rows; NaN where missing."""
    columns = connection.execute(query("statistics_of_probes")).fetchnumpy()
    statistics = [np.ma.filled(np.ma.asarray(columns[name], dtype=np.float64), np.nan) for name in STATISTICS]
    return np.asarray(columns["probe_id"], dtype=np.int32), np.stack(statistics)


# Rows of expression (P, S): in memory, or read when they are indexed.
ExpressionRows = NDArray[np.floating] | MatrixRows

"""The expression data of an open database: its samples, its probes, and the matrix of both.

The matrix is mapped from its cache (`coexpr.database.matrix_cache`), which ingest writes. Without a cache, few rows are
read from the database; the first query for all rows reads the whole matrix and writes the cache.
"""

from functools import cached_property
from pathlib import Path
from threading import Thread
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from coexpr.database.matrix import (
    STATISTICS,
    MatrixRows,
    choose_probes,
    contents_of_cache,
    read_expression,
    read_matrix,
    read_statistics,
)
from coexpr.database.matrix_cache import Matrix, cache_path, load, save
from coexpr.database.queries import query, run
from coexpr.database.samples import Samples, find_all_samples
from coexpr.database.stamp import cache_is_on, key_of, stamp_of
from coexpr.database.threads import Threads
from coexpr.errors import OutputError
from coexpr.options import Annotation
from coexpr.progress import SILENT, Progress

NO_GENE = 0
# Rows that are compared with the database at a time: 120 MB at full size.
_COMPARED_ROWS = 8192
# A matrix of fewer pages, 64 MB, is mapped faster than a thread starts and names are looked up.
_PAGE_BYTES, _FEWEST_PAGES = 4096, 16_384


class Expression:
    """The expression data of an open database, for numpy.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Of a database that no process writes while it is open.
    path : path
        Its file; the cache is stored next to it.
    threads : Threads
    progress : Progress, optional
        Receives what takes long.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, path: Path, threads: Threads, progress: Progress = SILENT
    ) -> None:
        self.connection = connection
        self.path = path
        self.threads = threads
        self.progress = progress
        # Resolved now: the working folder may change, and the file may be replaced while it is open.
        self._file = path.resolve()
        self._stamp = stamp_of(self._file)
        self.cache_problem: str | None = None
        self._matrix: Matrix | None = None
        self._looked_for_cache = False
        self._is_prefetched = False
        # For each annotation, the gene of every probe with expression data; the last entry is for any other probe.
        self._genes: dict[Annotation, NDArray[np.int32]] = {}

    @cached_property
    def all_samples(self) -> Samples:
        """Every sample of the database."""
        return find_all_samples(self.connection)

    @cached_property
    def donor_names(self) -> dict[int, str]:
        """The name of each donor by donor_id."""
        return dict(self.connection.execute(query("donor_names")).fetchall())

    @cached_property
    def sample_labels(self) -> list[tuple[Any, ...]]:
        """The labels of every sample; see `coexpr.analysis.sample_labels.LABELS`."""
        return self.connection.execute(query("labels_of_samples")).fetchall()

    @cached_property
    def sample_structures(self) -> list[dict[str, Any]]:
        """The structure of every sample, and its top-level structure."""
        return run(self.connection, "structures_of_samples")

    @cached_property
    def titles(self) -> list[str]:
        """The title of the atlas according to its downloads: one, or none."""
        return [title for (title,) in self.connection.execute(query("titles")).fetchall()]

    @cached_property
    def statistics(self) -> tuple[NDArray[np.int32], dict[str, NDArray[np.float64]]]:
        """Every probe with expression data, ascending, and the statistics that rules use, NaN where missing."""
        matrix = self._cached_matrix()
        if matrix is None:
            probe_ids, statistics = read_statistics(self.connection)
        else:
            probe_ids, statistics = matrix.probe_ids, matrix.statistics
        return probe_ids, dict(zip(STATISTICS, statistics, strict=True))

    def log2(self, probe_ids: NDArray[np.int32], samples: Samples) -> NDArray[np.float32]:
        """Return the expression of some probes (P, S), ascending by probe_id; NaN where missing."""
        matrix = self._cached_matrix()
        if matrix is None:
            choose_probes(self.connection, probe_ids)
            return read_expression(self.connection, probe_ids, samples)
        has_expression = np.isin(probe_ids, matrix.probe_ids)
        log2 = np.full((len(probe_ids), len(samples)), np.nan, dtype=np.float32)
        rows = np.searchsorted(matrix.probe_ids, probe_ids[has_expression])
        log2[has_expression] = MatrixRows(matrix, rows, samples, self.all_samples)[:]
        return log2

    def mapped_rows(self, probe_ids: NDArray[np.int32], samples: Samples) -> MatrixRows:
        """Return the expression of some probes with expression data, to be read when it is indexed."""
        stored = self.matrix.probe_ids
        rows = np.arange(len(stored)) if probe_ids is stored else np.searchsorted(stored, probe_ids)
        return MatrixRows(self.matrix, rows, samples, self.all_samples)

    @property
    def matrix(self) -> Matrix:
        """The whole matrix: mapped; or read from the database, and then written to the cache and mapped."""
        matrix = self._cached_matrix()
        if matrix is None:
            matrix = read_matrix(self.connection, self.all_samples, self.progress)
            if cache_is_on():
                matrix = self._write_cache(matrix)
            self._matrix = matrix
        return matrix

    def prefetch_matrix(self) -> None:
        """Let another thread map the pages of a large cached matrix, while the names of a query are looked up.

        A product of a matrix that no page of this process is mapped to takes twice as long.
        """
        matrix = self._cached_matrix()
        if matrix is None or self._is_prefetched or self.threads.workers < 2:
            return
        self._is_prefetched = True
        pages = matrix.values.view(np.uint8).reshape(-1)[::_PAGE_BYTES]
        if len(pages) >= _FEWEST_PAGES:
            Thread(target=pages.max).start()

    @property
    def has_cache(self) -> bool:
        """Whether there is a valid cache of the matrix."""
        return self._cached_matrix() is not None

    def count_stale_rows(self) -> int | None:
        """Return how many rows of the cache differ from the database; None without a cache."""
        matrix = self._cached_matrix()
        if matrix is None:
            return None
        probe_ids, statistics = read_statistics(self.connection)
        if not np.array_equal(probe_ids, matrix.probe_ids):
            return len(np.setxor1d(probe_ids, matrix.probe_ids))
        differing = int(np.count_nonzero(~_equal(statistics, matrix.statistics).all(axis=0)))
        with self.progress.task("Comparing the cache", len(matrix.probe_ids), "probes") as advance:
            for start in range(0, len(matrix.probe_ids), _COMPARED_ROWS):
                rows = slice(start, start + _COMPARED_ROWS)
                choose_probes(self.connection, matrix.probe_ids[rows])
                stored = read_expression(self.connection, matrix.probe_ids[rows], self.all_samples)
                differing += int(np.count_nonzero(~_equal(stored, matrix.log2(rows)).all(axis=1)))
                advance(len(stored))
        return differing

    def genes_of(self, probe_ids: NDArray[np.int32], annotation: Annotation) -> NDArray[np.int32]:
        """Return the gene that each probe measures, `NO_GENE` for none."""
        known = self.statistics[0]
        if annotation not in self._genes:
            found = self.connection.execute(query("genes_of_probes"), {"annotation": annotation}).fetchnumpy()
            genes = np.full(len(known) + 1, NO_GENE, dtype=np.int32)
            here = np.isin(found["probe_id"], known)
            genes[np.searchsorted(known, found["probe_id"][here])] = found["gene_id"][here]
            self._genes[annotation] = genes
        genes = self._genes[annotation]
        if probe_ids is known:
            return genes[:-1]
        rows = np.searchsorted(known, probe_ids)
        rows[~np.isin(probe_ids, known)] = len(known)
        return genes[rows]

    @cached_property
    def key(self) -> str:
        """A digest of the contents of the database and of what the cache holds of them."""
        return key_of(self._stamp, *contents_of_cache(self.connection))

    def _cached_matrix(self) -> Matrix | None:
        """Return the matrix if it was used before, or a valid cache exists."""
        if not self._looked_for_cache and cache_is_on():
            self._matrix = load(cache_path(self._file), self.key)
        self._looked_for_cache = True
        return self._matrix

    def _write_cache(self, matrix: Matrix) -> Matrix:
        """Write the matrix to its cache and return it mapped; unmapped if the cache cannot be written."""
        try:
            if stamp_of(self._file) != self._stamp:
                return matrix  # the file was replaced since it was opened
            save(cache_path(self._file), self.key, matrix)
        except (OSError, OutputError) as error:
            self.cache_problem = str(error).rstrip(".")
            return matrix
        return load(cache_path(self._file), self.key) or matrix


def _equal(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.bool_]:
    equal: NDArray[np.bool_] = (a == b) | (np.isnan(a) & np.isnan(b))
    return equal

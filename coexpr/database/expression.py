"""The expression of an open database, for numpy: its samples, its probes, and the matrix of both.

A matrix is mapped from its cache (`coexpr.database.matrix_cache`). Where there is no cache, few profiles are read
from the database; the first question about all of them reads the whole, and writes the cache.
"""

import os
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from coexpr.choice import Annotation
from coexpr.database.matrix import choose_every_probe, choose_probes, read_profiles
from coexpr.database.matrix_cache import Matrix, cache_path, key_of, load, save, shift_rows, stamp_of
from coexpr.database.queries import query, single
from coexpr.database.samples import Samples, every_sample
from coexpr.database.threads import workers
from coexpr.errors import OutputError
from coexpr.stats.scan import is_scannable, scan_columns, scan_rows

NO_GENE = 0
_FACTS = ("n", "mean_log2", "variance_log2", "present_fraction", "diff_stability", "rnaseq_r", "rnaseq_q")
CACHE_VARIABLE = "COEXPR_CACHE"
_OFF = ("off", "0", "no", "false")
# Rows that are compared with the database at a time: 120 MB at full size.
_ROWS_AT_A_TIME = 8192
# Rows whose mean and spread are computed at a time, while they are in cache.
_BLOCK_ROWS = 256
# A scan of the whole matrix costs as much as that many of its rows do exactly.
_WORTH_A_SCAN = 1 / 16


class Expression:
    """What an open database stores, for numpy.

    Parameters
    ----------
    connection : DuckDBPyConnection
        Of a database that nobody writes while it is open.
    path : path
        Its file, beside which the cache lies.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        self.connection = connection
        self.path = path
        # As it is now: the working folder may change, and the file may be replaced while it is open.
        self._file = path.resolve()
        self._stamp = stamp_of(self._file)
        self.cache_problem: str | None = None
        self._matrix: Matrix | None = None
        self._has_looked = False
        # Of each annotation the gene of every probe with expression, and last that of any other.
        self._genes: dict[Annotation, NDArray[np.int32]] = {}

    @cached_property
    def every_sample(self) -> Samples:
        """Every sample of the database."""
        return every_sample(self.connection)

    @cached_property
    def donor_names(self) -> dict[int, str]:
        """What each donor is called, by donor_id."""
        return dict(self.connection.execute(query("donor_names")).fetchall())

    @cached_property
    def titles(self) -> list[str]:
        """The atlas that the downloads say they are of: one, or none where none says."""
        return [title for (title,) in self.connection.execute(query("titles")).fetchall()]

    @cached_property
    def facts(self) -> tuple[NDArray[np.int32], dict[str, NDArray[np.float64]]]:
        """Every probe with expression, ascending, and what rules choose by, NaN where unknown."""
        matrix = self._stored_matrix()
        probe_ids, facts = _read_facts(self.connection) if matrix is None else (matrix.probe_ids, matrix.facts)
        return probe_ids, dict(zip(_FACTS, facts, strict=True))

    def profiles(self, probe_ids: NDArray[np.int32], samples: Samples) -> NDArray[np.float32]:
        """Return the profiles of some probes (P, S), ascending by probe_id; NaN where there is no expression."""
        matrix = self._stored_matrix()
        if matrix is None:
            choose_probes(self.connection, probe_ids)
            return read_profiles(self.connection, probe_ids, samples)
        has_expression = np.isin(probe_ids, matrix.probe_ids)
        profiles = np.full((len(probe_ids), len(samples)), np.nan, dtype=np.float32)
        rows = np.searchsorted(matrix.probe_ids, probe_ids[has_expression])
        profiles[has_expression] = StoredProfiles(matrix, rows, samples, self.every_sample)[:]
        return profiles

    def mapped_profiles(self, probe_ids: NDArray[np.int32], samples: Samples) -> "StoredProfiles":
        """Return those of probes with expression, to be read from the matrix when they are asked for."""
        every = self.matrix.probe_ids
        rows = np.arange(len(every)) if probe_ids is every else np.searchsorted(every, probe_ids)
        return StoredProfiles(self.matrix, rows, samples, self.every_sample)

    @property
    def matrix(self) -> Matrix:
        """The whole matrix: mapped, or read from the database and then, if that can be, mapped."""
        matrix = self._stored_matrix()
        if matrix is None:
            matrix = _read_matrix(self.connection, self.every_sample)
            if _is_wanted():
                matrix = self._cached(matrix)
            self._matrix = matrix
        return matrix

    def differing_rows(self) -> int | None:
        """Return how many rows of the cached matrix, or facts of probes, are not the database's.

        None where nothing is cached.
        """
        matrix = self._stored_matrix()
        if matrix is None:
            return None
        probe_ids, facts = _read_facts(self.connection)
        if not np.array_equal(probe_ids, matrix.probe_ids):
            return len(np.setxor1d(probe_ids, matrix.probe_ids))
        differing = int(
            np.count_nonzero(~((facts == matrix.facts) | (np.isnan(facts) & np.isnan(matrix.facts))).all(axis=0))
        )
        for start in range(0, len(matrix.probe_ids), _ROWS_AT_A_TIME):
            rows = slice(start, start + _ROWS_AT_A_TIME)
            choose_probes(self.connection, matrix.probe_ids[rows])
            stored = read_profiles(self.connection, matrix.probe_ids[rows], self.every_sample)
            cached = matrix.log2(rows)
            same = (stored == cached) | (np.isnan(stored) & np.isnan(cached))
            differing += int(np.count_nonzero(~same.all(axis=1)))
        return differing

    def genes_of(self, probe_ids: NDArray[np.int32], annotation: Annotation) -> NDArray[np.int32]:
        """Return the gene that each probe measures, `NO_GENE` for none."""
        if annotation not in self._genes:
            found = self.connection.execute(query("genes_of_probes"), {"annotation": annotation}).fetchnumpy()
            known, genes = self.facts[0], np.full(len(self.facts[0]) + 1, NO_GENE, dtype=np.int32)
            there = np.isin(found["probe_id"], known)
            genes[np.searchsorted(known, found["probe_id"][there])] = found["gene_id"][there]
            self._genes[annotation] = genes
        known, genes = self.facts[0], self._genes[annotation]
        if probe_ids is known:
            return genes[:-1]
        places = np.searchsorted(known, probe_ids)
        places[~np.isin(probe_ids, known)] = len(known)
        return genes[places]

    def _stored_matrix(self) -> Matrix | None:
        """Return the matrix if this was asked before, or a cache holds it."""
        if not self._has_looked and _is_wanted():
            self._matrix = load(cache_path(self._file), self.key)
        self._has_looked = True
        return self._matrix

    def _cached(self, matrix: Matrix) -> Matrix:
        """Write a matrix to its cache and return it mapped, or as it is where that cannot be."""
        try:
            if stamp_of(self._file) != self._stamp:
                return matrix  # the file of that name is another by now
            save(cache_path(self._file), self.key, matrix)
        except (OSError, OutputError) as error:
            self.cache_problem = str(error).rstrip(".")
            return matrix
        return load(cache_path(self._file), self.key) or matrix

    @cached_property
    def key(self) -> str:
        """What tells the contents of the database, and what is made of them, from any others."""
        return key_of(self._stamp, str(single(self.connection, "loaded_downloads")), query("facts_of_probes"), *_FACTS)


class StoredProfiles:
    """Profiles in the stored matrix, read when they are asked for.

    Indexed by rows it gives them as an array of log2 intensities (k, S) float32. Rows that are set stand
    in for the stored ones.

    Parameters
    ----------
    matrix : Matrix
    rows : (P,) intp
        The row of the matrix that each is.
    samples : Samples
        The columns.
    every : Samples
        The columns of the matrix.
    """

    def __init__(self, matrix: Matrix, rows: NDArray[np.intp], samples: Samples, every: Samples) -> None:
        self._matrix, self._rows, self._samples = matrix, rows, samples
        self._every = every
        self._columns = None if len(samples) == len(every) else samples.places_in(every)
        self._set: dict[int, NDArray[np.floating]] = {}
        self.shape: tuple[int, int] = (len(rows), len(samples))

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, rows: int | slice | NDArray[np.intp]) -> NDArray[np.float32]:
        values = self._matrix.log2(self._rows[rows])
        if self._columns is not None:
            values = np.take(values, self._columns, axis=-1)
        for row, value in self._set.items():
            values[np.arange(len(self))[rows] == row] = value
        return values

    def __setitem__(self, rows: NDArray[np.intp], values: NDArray[np.floating]) -> None:
        self._set |= dict.fromkeys(rows.tolist(), values)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[:], dtype=dtype)

    def scan(self, seed: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Return Pearson's r of a profile (S,) with each, approximately, and how far it may be off.

        None where every r is had sooner exactly: for few profiles, or a seed that is not known in every
        sample.
        """
        matrix = self._matrix
        if len(self) < _WORTH_A_SCAN * len(matrix.values) or not is_scannable(seed):
            return None
        deviations = seed - seed.mean(dtype=np.float64)
        if self._columns is None or self._are_whole_donors():
            full = np.zeros(matrix.values.shape[1])
            full[slice(None) if self._columns is None else self._columns] = deviations
            donors = np.isin(matrix.donor_ids, list(self._samples.columns))
            means, squares = matrix.spread(donors)
            r, slack = scan_rows(full, matrix.values, len(seed), means, squares)
            slack[matrix.n[donors].sum(axis=0) != len(seed)] = np.inf
        else:
            r, slack = scan_columns(deviations, matrix.values, self._columns, workers())
        r, slack = r[self._rows], slack[self._rows]
        slack[list(self._set)] = np.inf
        return r, slack

    def _are_whole_donors(self) -> bool:
        """Say whether they are all samples of some donors, and no value of the others is unknown."""
        sizes = [of.stop - of.start for of in self._every.columns.values()]
        return bool((self._matrix.n == np.array(sizes)[:, None]).all()) and all(
            samples.stop - samples.start == self._every.columns[donor].stop - self._every.columns[donor].start
            for donor, samples in self._samples.columns.items()
        )


def _is_wanted() -> bool:
    return os.environ.get(CACHE_VARIABLE, "").strip().lower() not in _OFF


def _read_matrix(connection: duckdb.DuckDBPyConnection, every: Samples) -> Matrix:
    """Read the whole matrix from the database."""
    choose_every_probe(connection)
    probe_ids, facts = _read_facts(connection)
    values = read_profiles(connection, probe_ids, every)
    n, means, squares = (np.zeros((len(every.columns), len(values)), dtype=kind) for kind in (np.int32, float, float))
    for start in range(0, len(values), _BLOCK_ROWS):
        rows = slice(start, start + _BLOCK_ROWS)
        for donor, columns in enumerate(every.columns.values()):
            some = values[rows, columns].astype(np.float64)
            known = ~np.isnan(some)
            n[donor, rows] = known.sum(axis=1)
            means[donor, rows] = np.where(known, some, 0).sum(axis=1) / np.maximum(n[donor, rows], 1)
            deviations = np.where(known, some - means[donor, rows, None], 0)
            squares[donor, rows] = np.einsum("ij,ij->i", deviations, deviations)
    shift = shift_rows(values, facts[_FACTS.index("mean_log2")])
    return Matrix(values, shift, probe_ids, np.array(list(every.columns), dtype=np.int32), n, means, squares, facts)


def _read_facts(connection: duckdb.DuckDBPyConnection) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """Return every probe with expression, ascending, and a row for each of the facts."""
    columns = connection.execute(query("facts_of_probes")).fetchnumpy()
    facts = [np.ma.filled(np.ma.asarray(columns[name], dtype=np.float64), np.nan) for name in _FACTS]
    return np.asarray(columns["probe_id"], dtype=np.int32), np.stack(facts)


# Profiles (P, S): in memory, or read when they are asked for.
Values = NDArray[np.floating] | StoredProfiles

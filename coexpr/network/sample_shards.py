"""Products of rows that are too long for memory: unit rows are computed, multiplied and forgotten shard by shard.

A shard is a range of samples. Products of a shard are computed in single precision and added up in double precision,
so the error of r does not grow with the number of shards.
"""

from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coexpr.database.matrix import MatrixRows
from coexpr.network.plan import Plan
from coexpr.network.products import CONSTANT, MISSING, OK, Products, UnitRows, multiply, over_rows
from coexpr.stats.correlate import Rows
from coexpr.stats.edges import Block
from coexpr.stats.gram import Moments, moments_of, unit_part
from coexpr.stats.measures import Estimator


class SampleShards:
    """Products of rows that are read in shards of samples.

    Parameters
    ----------
    values : (P, S) array or MatrixRows
    estimator : Estimator
        Pearson's r, with one factor at most.
    plan : Plan
        With the number of samples per shard.
    """

    def __init__(self, values: Rows, estimator: Estimator, plan: Plan) -> None:
        self._values, self._estimator, self._plan = values, estimator, plan
        factor = estimator.factors[0] if estimator.factors else np.zeros(values.shape[1], dtype=np.int8)
        names, self._group = np.unique(factor, return_inverse=True)
        self._groups = len(names)
        starts = range(0, values.shape[1], plan.shard_samples)
        self._shards = [slice(start, min(start + plan.shard_samples, values.shape[1])) for start in starts]
        self._moments: dict[int, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}
        self._changing = Lock()  # a worker of a scheduler may compute several products at a time
        self.states = np.full(plan.rows, OK, dtype=np.int8)

    def product(self, block: int, other: int, threads: int) -> Block:
        """Return r of two blocks, or of one with itself."""
        for number in {block, other}:
            self._find_moments(number, threads)
        rows, others = (self._plan.block(number) for number in (block, other))
        r = np.zeros((rows.stop - rows.start, others.stop - others.start))
        for shard in self._shards:
            x = self._unit(block, shard, threads)
            r += multiply(x, x if block == other else self._unit(other, shard, threads), threads)
        return r.astype(np.float32)

    def _find_moments(self, number: int, threads: int) -> None:
        """Compute mean and length of the rows of a block, unless they are known."""
        with self._changing:
            if number in self._moments:
                return
            rows = self._plan.block(number)
            parts = over_rows(self._moments_of, rows, threads)
            lengths = [part.lengths(self._estimator.error) for part in parts]
            self._moments[number] = np.concatenate([part.means for part in parts], axis=1), np.concatenate(lengths)
            is_complete = np.concatenate([part.is_complete for part in parts])
            states = self.states[rows]
            states[np.isnan(self._moments[number][1])] = CONSTANT
            states[~is_complete] = MISSING

    def _moments_of(self, rows: slice) -> Moments:
        """Return the moments of some rows over all samples."""
        moments = None
        for shard in self._shards:
            of_shard = moments_of(self._read(rows, shard), self._group[shard], self._groups)
            moments = of_shard if moments is None else moments.merge(of_shard)
        assert moments is not None  # noqa: S101  # a network has samples
        return moments

    def _unit(self, number: int, shard: slice, threads: int) -> Block:
        """Return the unit rows of a block in a shard."""
        rows = self._plan.block(number)
        unit = np.empty((rows.stop - rows.start, shard.stop - shard.start), dtype=np.float32)
        means, lengths = self._moments[number]

        def compute(part: slice) -> None:
            within = slice(part.start - rows.start, part.stop - rows.start)
            values = self._read(part, shard)
            unit[within] = unit_part(values, self._group[shard], means[:, within], lengths[within])

        over_rows(compute, rows, threads)
        return unit

    def _read(self, rows: slice, shard: slice) -> NDArray[Any]:
        """Return the values of some rows in a shard, without reading others."""
        return self._values.part(rows, shard) if isinstance(self._values, MatrixRows) else self._values[rows][:, shard]


def groups_of(estimator: Estimator) -> int | None:
    """Return how many groups of samples have their own mean; None if r cannot be computed in shards of samples."""
    if estimator.method != "pearson" or len(estimator.factors) > 1:
        return None
    return len(np.unique(estimator.factors[0])) if estimator.factors else 1


def products_of(values: Rows, estimator: Estimator, plan: Plan) -> Products:
    """Return the products of rows, by whole rows or by shards of samples as planned."""
    return (SampleShards if plan.shard_samples else UnitRows)(values, estimator, plan)

"""What an r is computed from: the samples of a query, and the estimator over these samples."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from coexpr.database.expression import Expression
from coexpr.database.matrix import ExpressionRows, MatrixRows
from coexpr.database.samples import Region, Samples, find_samples, refuse_too_few
from coexpr.errors import TooFewSamplesError
from coexpr.options import MIN_SAMPLES_FOR_R, CorrelationMethod, SampleFilter
from coexpr.stats.measures import Estimator, degrees_of_freedom, measure_all, measure_seed
from coexpr.stats.precision import OF_STORED_VALUES
from coexpr.stats.scan import Scan


@dataclass(frozen=True)
class Design:
    """The samples of a query and how r is computed over them.

    Parameters
    ----------
    samples : Samples
    region : Region
        Where the samples are from.
    method : CorrelationMethod
    estimator : Estimator
        The method, with the factors of these samples.
    workers : int
        Number of threads.
    """

    samples: Samples
    region: Region
    method: CorrelationMethod
    estimator: Estimator
    workers: int = 1

    def correlate(
        self, seed: NDArray[np.floating], rows: ExpressionRows
    ) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """Return r and n of one profile (S,) with each row (P, S); r over fewer than four samples is NaN."""
        r, n = measure_seed(seed, rows, self.estimator, self.workers)
        r[n < MIN_SAMPLES_FOR_R] = np.nan
        return r, n

    def scan(self, seed: NDArray[np.floating], rows: ExpressionRows) -> Scan:
        """Return r and n of one profile (S,) with each row (P, S), refined to double precision where needed."""
        approximate = None
        is_plain = self.estimator.method == "pearson" and not self.estimator.factors
        if is_plain and isinstance(rows, MatrixRows) and len(seed) >= MIN_SAMPLES_FOR_R:
            approximate = rows.scan(seed, self.workers)
        if approximate is None:
            r, n = self.correlate(seed, rows)
            return Scan(r, np.zeros(len(r)), n, lambda some: (r[some], n[some]))
        n = np.full(len(rows), len(seed), dtype=np.int32)
        return Scan(*approximate, n, lambda some: self.correlate(seed, rows[some]))

    def correlate_all(self, rows: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """Return r and n of every row (P, S) with every other; see `correlate`."""
        r, n = measure_all(rows, self.estimator)
        r[n < MIN_SAMPLES_FOR_R] = np.nan
        return r, n

    def over(self, columns: NDArray[np.intp]) -> "Design":
        """Return the design over some of its samples."""
        return replace(self, samples=self.samples.take(columns), estimator=self.estimator_for(columns))

    def estimator_for(self, columns: slice | NDArray[np.intp]) -> Estimator:
        """Return the estimator for some of the samples."""
        factors = tuple(factor[columns] for factor in self.estimator.factors)
        return replace(self.estimator, factors=factors)


def find_design(expression: Expression, sample_filter: SampleFilter, method: CorrelationMethod) -> Design:
    """Return the samples that a filter keeps, and how r is computed over them.

    Raises
    ------
    TooFewSamplesError
        If too few samples remain, or the factors of the method leave no degree of freedom.
    NotFoundError, AmbiguousNameError
        As for `find_samples`.
    """
    if sample_filter:
        samples, region = find_samples(expression.connection, sample_filter)
        refuse_too_few(len(samples), sample_filter)
    else:
        samples, region = expression.all_samples, Region()
    of_factor = {"donor": samples.donor_ids, "structure": samples.structure_ids}
    factors = tuple(of_factor[name] for name in (method.adjust or "").split("+") if name)
    if factors and degrees_of_freedom(factors) < 1:
        raise TooFewSamplesError(
            f"adjusting for {method.adjust} leaves no degree of freedom: {len(samples)} samples of "
            f"{len(np.unique(samples.structure_ids))} structures and {len(samples.columns)} donors. Use more samples, "
            "or leave out `adjust`."
        )
    estimator = Estimator(method.name, method.max_p_outliers, factors, OF_STORED_VALUES)
    return Design(samples, region, method, estimator, expression.threads.workers)

"""What an r is of and how it is measured: the samples of a question, and its method."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from coexpr.errors import TooFewSamplesError
from coexpr.measures import Measure, degrees_of_freedom, measure_seed
from coexpr.method import Method
from coexpr.restriction import Restriction
from coexpr.samples import Samples, choose_samples


@dataclass(frozen=True)
class Basis:
    """The samples and the measure of a question.

    Parameters
    ----------
    samples : Samples
    measure : Measure
        Its factors are those of the samples.
    method : Method
    told : dict
        What the route says of the restriction.
    """

    samples: Samples
    measure: Measure
    method: Method
    told: dict[str, Any] = field(default_factory=dict)

    def lost(self, columns: slice | NDArray[np.intp] = slice(None)) -> int:
        """Return how many degrees of freedom the factors take, among all of the samples or some."""
        factors = self.only(columns).factors
        count = len(self.samples.donor_ids[columns])
        return count - 2 - degrees_of_freedom(count, _codes(factors))

    def seed_with(
        self, seed: NDArray[np.floating], profiles: NDArray[np.floating]
    ) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """Return r and n of one profile (S,) with each of many (P, S)."""
        return measure_seed(seed, profiles, self.measure)

    def only(self, columns: slice | NDArray[np.intp]) -> Measure:
        """Return the measure for some of the samples."""
        factors = tuple(factor[columns] for factor in self.measure.factors)
        return Measure(self.measure.method, self.measure.max_p_outliers, factors)


def find_basis(connection: duckdb.DuckDBPyConnection, restriction: Restriction | None, method: Method | None) -> Basis:
    """Return the samples that a restriction leaves, and how r is measured over them.

    Raises
    ------
    TooFewSamplesError
        If too few samples are left, or the factors of the method leave no degree of freedom.
    NotFoundError, AmbiguousNameError
        As for `choose_samples`.
    """
    method = method or Method()
    samples, told = choose_samples(connection, restriction or Restriction())
    of_factor = {"donor": samples.donor_ids, "structure": samples.structure_ids}
    factors = tuple(of_factor[name] for name in (method.adjust or "").split("+") if name)
    if factors and degrees_of_freedom(len(samples), _codes(factors)) < 1:
        raise TooFewSamplesError(
            f"taking off what {method.adjust} explains leaves no degree of freedom: {len(samples)} samples of "
            f"{len(np.unique(samples.structure_ids))} structures and {len(samples.columns)} donors. Ask for more "
            "samples, or leave --adjust out."
        )
    return Basis(samples, Measure(method.name, method.max_p_outliers, factors), method, told)


def _codes(factors: Sequence[NDArray[np.integer]]) -> list[NDArray[np.intp]]:
    return [np.unique(factor, return_inverse=True)[1].ravel() for factor in factors]

"""What an r is of and how it is measured: the samples of a question, and its method."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coexpr.database.expression import Expression, StoredProfiles, Values
from coexpr.database.samples import EVERYWHERE, Samples, choose_samples
from coexpr.database.threads import workers
from coexpr.errors import TooFewSamplesError
from coexpr.method import Method
from coexpr.restriction import FEWEST_FOR_R, Restriction
from coexpr.stats.measures import Measure, degrees_of_freedom, measure_all, measure_seed
from coexpr.stats.precision import OF_STORED_VALUES
from coexpr.stats.scan import Scan


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

    def seed_with(self, seed: NDArray[np.floating], profiles: Values) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """Return r and n of one profile (S,) with each of many (P, S); an r of fewer than four samples is none."""
        r, n = measure_seed(seed, profiles, self.measure, workers())
        r[n < FEWEST_FOR_R] = np.nan
        return r, n

    def scan(self, seed: NDArray[np.floating], profiles: Values) -> Scan:
        """Return r and n of one profile (S,) with each of many (P, S), exact where it is asked for; see `seed_with`."""
        approximate = None
        is_plain = self.measure.method == "pearson" and not self.measure.factors
        if is_plain and isinstance(profiles, StoredProfiles) and len(seed) >= FEWEST_FOR_R:
            approximate = profiles.scan(seed)
        if approximate is None:
            r, n = self.seed_with(seed, profiles)
            return Scan(r, np.zeros(len(r)), n, lambda rows: (r[rows], n[rows]))
        n = np.full(len(profiles), len(seed), dtype=np.int32)
        return Scan(*approximate, n, lambda rows: self.seed_with(seed, profiles[rows]))

    def all_with_all(self, profiles: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
        """Return r and n of every profile (P, S) with every other; see `seed_with`."""
        r, n = measure_all(profiles, self.measure)
        r[n < FEWEST_FOR_R] = np.nan
        return r, n

    def only(self, columns: slice | NDArray[np.intp]) -> Measure:
        """Return the measure for some of the samples."""
        factors = tuple(factor[columns] for factor in self.measure.factors)
        return replace(self.measure, factors=factors)


def find_basis(expression: Expression, restriction: Restriction | None, method: Method | None) -> Basis:
    """Return the samples that a restriction leaves, and how r is measured over them.

    Raises
    ------
    TooFewSamplesError
        If too few samples are left, or the factors of the method leave no degree of freedom.
    NotFoundError, AmbiguousNameError
        As for `choose_samples`.
    """
    method = method or Method()
    if restriction is None or not restriction.limits:
        samples, told = expression.every_sample, dict(EVERYWHERE)
    else:
        samples, told = choose_samples(expression.connection, restriction)
    of_factor = {"donor": samples.donor_ids, "structure": samples.structure_ids}
    factors = tuple(of_factor[name] for name in (method.adjust or "").split("+") if name)
    if factors and degrees_of_freedom(factors) < 1:
        raise TooFewSamplesError(
            f"taking off what {method.adjust} explains leaves no degree of freedom: {len(samples)} samples of "
            f"{len(np.unique(samples.structure_ids))} structures and {len(samples.columns)} donors. Ask for more "
            "samples, or leave --adjust out."
        )
    return Basis(samples, Measure(method.name, method.max_p_outliers, factors, OF_STORED_VALUES), method, told)

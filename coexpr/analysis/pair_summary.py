"""How r of a pair varies: over pairs of probes, and over donors."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.between_donors import ByDonor
from coexpr.analysis.gene_probes import conflict_limit
from coexpr.result import number_or_none


@dataclass(frozen=True)
class Spread:
    """How r of single probes varies over all pairs of probes of two genes.

    Parameters
    ----------
    lowest, highest : float
    lowest_probes, highest_probes : tuple of str
        The pairs with these r.
    median : float
    pairs : int
    conflicts : int
        How many pairs clearly have the opposite sign of others.
    """

    lowest: float
    lowest_probes: tuple[str, str]
    highest: float
    highest_probes: tuple[str, str]
    median: float
    pairs: int
    conflicts: int


@dataclass(frozen=True)
class DonorSummary:
    """The meta-analysis of r over donors; see `coexpr.stats.meta_analysis`.

    Parameters
    ----------
    k : int
        Number of donors used.
    same_sign : int, optional
        How many agree in sign with the mean.
    r, low, high : float, optional
        Random-effects mean and its 95 % interval.
    fixed_r : float, optional
        Fixed-effect mean.
    q, i2, tau2 : float, optional
        Heterogeneity between donors.
    lowest_r, highest_r : float, optional
        The range of r in single donors.
    lowest_without_one, highest_without_one : float, optional
        The range of the pooled r when one donor is left out.
    """

    k: int
    same_sign: int | None
    r: float | None
    low: float | None
    high: float | None
    fixed_r: float | None
    q: float | None
    i2: float | None
    tau2: float | None
    lowest_r: float | None
    highest_r: float | None
    lowest_without_one: float | None
    highest_without_one: float | None


def summarise_donors(by_donor: ByDonor) -> DonorSummary:
    """Return the meta-analysis of the first row of r by donor."""
    combined: dict[str, Any] = {name: number_or_none(column[0]) for name, column in by_donor.combined._asdict().items()}
    defined = by_donor.r[~np.isnan(by_donor.r)].tolist()
    return DonorSummary(
        **{name: combined[name] for name in ("r", "low", "high", "fixed_r", "q", "i2", "tau2")},
        k=int(combined["k"] or 0),
        same_sign=None if combined["same_sign"] is None else int(combined["same_sign"]),
        lowest_r=min(defined, default=None),
        highest_r=max(defined, default=None),
        lowest_without_one=number_or_none(by_donor.lowest[0]),
        highest_without_one=number_or_none(by_donor.highest[0]),
    )


def summarise_spread(
    r: NDArray[np.float64], n: NDArray[np.int32], names_a: list[str], names_b: list[str]
) -> Spread | None:
    """Return how r varies over pairs of probes; None if no r is defined.

    Parameters
    ----------
    r, n : (A, B)
        r of each probe of one side with each of the other, NaN where it does not count, and its number of samples.
    names_a, names_b : list of str
    """
    if np.isnan(r).all():
        return None
    limits = conflict_limit(n)
    lowest, highest = (np.unravel_index(place(r), r.shape) for place in (np.nanargmin, np.nanargmax))
    return Spread(
        lowest=float(r[lowest]),
        lowest_probes=(names_a[lowest[0]], names_b[lowest[1]]),
        highest=float(r[highest]),
        highest_probes=(names_a[highest[0]], names_b[highest[1]]),
        median=float(np.nanmedian(r)),
        pairs=int(np.count_nonzero(~np.isnan(r))),
        conflicts=int(np.count_nonzero(r < -limits)) if (r > limits).any() else 0,
    )

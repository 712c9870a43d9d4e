"""r in each donor, what the donors say together, and what remains when one is left out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coexpr.basis import Basis
from coexpr.measures import measure_seed
from coexpr.statistics import BetweenDonors, combine_donors

FEWEST_FOR_R = 4


@dataclass(frozen=True)
class ByDonor:
    """r of one profile with many, donor by donor.

    Parameters
    ----------
    donor_ids : list of int
    r, n : (D, P)
        In each donor.
    combined : BetweenDonors
    lowest, highest : (P,) float64
        Of the pooled r that remain when one donor is left out; NaN where there is no second donor.
    """

    donor_ids: list[int]
    r: NDArray[np.float64]
    n: NDArray[np.int32]
    combined: BetweenDonors
    lowest: NDArray[np.float64]
    highest: NDArray[np.float64]


def in_each_donor(
    seed: NDArray[np.floating], profiles: NDArray[np.floating], basis: Basis
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Return r and n of one profile (S,) with each of many (P, S) in every donor, (D, P).

    An r of fewer than four samples is none: two samples always lie on a line.
    """
    pairs = [
        measure_seed(seed[columns], profiles[:, columns], basis.only(columns))
        for columns in basis.samples.columns.values()
    ]
    r, n = np.stack([r for r, _ in pairs]), np.stack([n for _, n in pairs])
    r[n < FEWEST_FOR_R] = np.nan
    return r, n


def combine(r: NDArray[np.float64], n: NDArray[np.int32], basis: Basis) -> BetweenDonors:
    """Return what the r and n of every donor (D, P) say together."""
    lost = [[basis.lost(columns)] for columns in basis.samples.columns.values()]
    return combine_donors(r, n, np.array(lost))


def compare_donors(seed: NDArray[np.floating], profiles: NDArray[np.floating], basis: Basis) -> ByDonor:
    """Return what each donor says of the r of one profile (S,) with each of many (P, S)."""
    r, n = in_each_donor(seed, profiles, basis)
    donor_ids = list(basis.samples.columns)
    without = np.full(r.shape, np.nan)
    if len(donor_ids) > 1:
        for place, donor_id in enumerate(donor_ids):
            others = np.flatnonzero(basis.samples.donor_ids != donor_id)
            without[place], _ = measure_seed(seed[others], profiles[:, others], basis.only(others))
    lowest = np.min(without, axis=0, where=~np.isnan(without), initial=np.inf)
    highest = np.max(without, axis=0, where=~np.isnan(without), initial=-np.inf)
    return ByDonor(
        donor_ids,
        r,
        n,
        combine(r, n, basis),
        np.where(np.isinf(lowest), np.nan, lowest),
        np.where(np.isinf(highest), np.nan, highest),
    )

"""r in each donor, what the donors say together, and what remains when one is left out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.design import Basis
from coexpr.restriction import FEWEST_FOR_R
from coexpr.stats.correlate import Rows
from coexpr.stats.measures import lost_to_factors, measure_seed
from coexpr.stats.meta_analysis import BetweenDonors, combine_donors

# Rows whose samples are copied at a time.
_BLOCK_ROWS = 1024


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
    seed: NDArray[np.floating], profiles: Rows, basis: Basis
) -> tuple[NDArray[np.float64], NDArray[np.int32], BetweenDonors]:
    """Return r and n of one profile (S,) with each of many (P, S) in every donor, (D, P), and what they say together.

    An r of fewer than four samples is none: two samples always lie on a line.
    """
    r, n, lost = (np.empty((len(basis.samples.columns), len(profiles))) for _ in range(3))
    for start in range(0, len(profiles), _BLOCK_ROWS):
        rows = slice(start, start + _BLOCK_ROWS)
        some = profiles[rows]
        for place, columns in enumerate(basis.samples.columns.values()):
            measure = basis.only(columns)
            r[place, rows], n[place, rows] = measure_seed(seed[columns], some[:, columns], measure)
            lost[place, rows] = lost_to_factors(seed[columns], some[:, columns], measure)
    r[n < FEWEST_FOR_R] = np.nan
    counts = n.astype(np.int32)
    return r, counts, combine_donors(r, counts, lost.astype(np.int32))


def compare_donors(seed: NDArray[np.floating], profiles: Rows, rows: NDArray[np.intp], basis: Basis) -> ByDonor:
    """Return what each donor says of the r of one profile (S,) with some of many (P, S)."""
    donor_ids = list(basis.samples.columns)
    parts = []
    for start in range(0, max(1, len(rows)), _BLOCK_ROWS):
        some = profiles[rows[start : start + _BLOCK_ROWS]]
        r, n, combined = in_each_donor(seed, some, basis)
        without = np.full(r.shape, np.nan)
        if len(donor_ids) > 1:
            for place, donor_id in enumerate(donor_ids):
                others = np.flatnonzero(basis.samples.donor_ids != donor_id)
                without[place], left = measure_seed(seed[others], some[:, others], basis.only(others))
                without[place, left < FEWEST_FOR_R] = np.nan
        defined = ~np.isnan(without)
        lowest = np.min(without, axis=0, where=defined, initial=np.inf)
        highest = np.max(without, axis=0, where=defined, initial=-np.inf)
        none = ~defined.any(axis=0)
        lowest[none], highest[none] = np.nan, np.nan
        parts.append((r, n, *combined, lowest, highest))
    r, n, *fields, lowest, highest = (np.concatenate(pieces, axis=-1) for pieces in zip(*parts, strict=True))
    return ByDonor(donor_ids, r, n, BetweenDonors(*fields), lowest, highest)

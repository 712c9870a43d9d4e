"""r in each donor, a meta-analysis over donors, and r without each donor."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.design import Design
from coexpr.options import MIN_SAMPLES_FOR_R
from coexpr.stats.correlate import Rows
from coexpr.stats.measures import lost_to_factors, measure_seed
from coexpr.stats.meta_analysis import BetweenDonors, combine_donors

# Rows whose samples are copied at a time.
_BLOCK_ROWS = 1024


@dataclass(frozen=True)
class ByDonor:
    """r of one profile with many, by donor.

    Parameters
    ----------
    donor_ids : list of int
    r, n : (D, P)
        In each donor.
    combined : BetweenDonors
    lowest, highest : (P,) float64
        The range of the pooled r over leaving out one donor; NaN for a single donor.
    """

    donor_ids: list[int]
    r: NDArray[np.float64]
    n: NDArray[np.int32]
    combined: BetweenDonors
    lowest: NDArray[np.float64]
    highest: NDArray[np.float64]


def correlate_by_donor(
    seed: NDArray[np.floating], rows: Rows, design: Design
) -> tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.int32]]:
    """Return r, n and lost degrees of freedom of one profile (S,) with each row (P, S) in every donor, (D, P).

    r over fewer than four samples is NaN: two samples always lie on a line.
    """
    r, n, lost = (np.empty((len(design.samples.columns), len(rows))) for _ in range(3))
    for start in range(0, len(rows), _BLOCK_ROWS):
        block = slice(start, start + _BLOCK_ROWS)
        some = rows[block]
        for donor, columns in enumerate(design.samples.columns.values()):
            estimator = design.estimator_for(columns)
            r[donor, block], n[donor, block] = measure_seed(seed[columns], some[:, columns], estimator)
            lost[donor, block] = lost_to_factors(seed[columns], some[:, columns], estimator)
    r[n < MIN_SAMPLES_FOR_R] = np.nan
    return r, n.astype(np.int32), lost.astype(np.int32)


def compare_donors(seed: NDArray[np.floating], rows: Rows, chosen: NDArray[np.intp], design: Design) -> ByDonor:
    """Return r by donor of one profile (S,) with the chosen ones of many rows (P, S)."""
    donor_ids = list(design.samples.columns)
    parts = []
    for start in range(0, max(1, len(chosen)), _BLOCK_ROWS):
        some = rows[chosen[start : start + _BLOCK_ROWS]]
        r, n, lost = correlate_by_donor(seed, some, design)
        combined = combine_donors(r, n, lost)
        without = np.full(r.shape, np.nan)
        if len(donor_ids) > 1:
            for donor, donor_id in enumerate(donor_ids):
                others = np.flatnonzero(design.samples.donor_ids != donor_id)
                without[donor], shared = measure_seed(seed[others], some[:, others], design.estimator_for(others))
                without[donor, shared < MIN_SAMPLES_FOR_R] = np.nan
        defined = ~np.isnan(without)
        lowest = np.min(without, axis=0, where=defined, initial=np.inf)
        highest = np.max(without, axis=0, where=defined, initial=-np.inf)
        none = ~defined.any(axis=0)
        lowest[none], highest[none] = np.nan, np.nan
        parts.append((r, n, *combined, lowest, highest))
    r, n, *fields, lowest, highest = (np.concatenate(pieces, axis=-1) for pieces in zip(*parts, strict=True))
    return ByDonor(donor_ids, r, n, BetweenDonors(*fields), lowest, highest)

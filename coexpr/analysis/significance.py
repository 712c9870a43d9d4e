"""Columns that say how sure an r is: by donor, over donors, and as if samples were independent."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.between_donors import compare_donors, in_each_donor
from coexpr.analysis.design import Basis
from coexpr.errors import OptionError
from coexpr.stats.correlate import Rows
from coexpr.stats.measures import lost_to_factors
from coexpr.stats.meta_analysis import benjamini_hochberg, naive_test

Columns = dict[str, NDArray[np.generic]]


@dataclass(frozen=True)
class Wanted:
    """Which columns are asked for; see `Atlas.correlates`."""

    by_donor: bool = False
    stats: bool = False
    naive_p: bool = False

    def refuse_what_cannot_be(self, basis: Basis) -> None:
        """Raise OptionError where a method has no such test, or there are no donors to compare."""
        if self.naive_p and basis.method.name != "pearson":
            raise OptionError(f"--naive-p is for Pearson's r only; the method here is {basis.method.name}.")
        if self.stats and len(basis.samples.columns) < 2:
            raise OptionError("--stats compares donors, and the samples are of one. Ask for two donors or more.")


def columns_of(
    wanted: Wanted,
    basis: Basis,
    seed: NDArray[np.floating],
    profiles: Rows,
    r: NDArray[np.float64],
    n: NDArray[np.int32],
    order: NDArray[np.intp],
    families: Mapping[str, NDArray[np.intp]],
    donor_names: Mapping[int, str],
) -> Columns:
    """Return the columns asked for, of the rows `order`.

    Parameters
    ----------
    wanted : Wanted
    basis : Basis
    seed : (S,) float
    profiles : (P, S) float
    r, n : (P,)
        Of the seed with each profile.
    order : (N,) intp
        The rows that are reported.
    families : mapping of str to array of intp
        For each column of false discovery rates the rows over which it is controlled.
    donor_names : mapping of int to str
    """
    columns: Columns = {}
    if wanted.by_donor:
        by_donor = compare_donors(seed, profiles, order, basis)
        for donor_id, r_donor, n_donor in zip(by_donor.donor_ids, by_donor.r, by_donor.n, strict=True):
            columns |= {f"r_{donor_names[donor_id]}": r_donor, f"n_{donor_names[donor_id]}": n_donor}
        over = by_donor.combined
        columns |= {"random_r": over.r, "random_low": over.low, "random_high": over.high}
        columns |= {"Q": over.q, "I2": over.i2, "tau2": over.tau2}
        columns |= {"donors": over.k.astype(np.int64), "same_sign": np.nan_to_num(over.same_sign).astype(np.int64)}
        columns |= {"lowest_without_one": by_donor.lowest, "highest_without_one": by_donor.highest}
    if wanted.stats:
        *_, over = in_each_donor(seed, profiles, basis)
        columns |= {
            "donor_mean_r": over.mean_r[order],
            "ci95_low": over.mean_low[order],
            "ci95_high": over.mean_high[order],
        }
        columns |= {"p": over.p[order], "donors_used": over.k[order].astype(np.int64)}
        for name, family in families.items():
            q = np.full(len(profiles), np.nan)
            q[family] = benjamini_hochberg(over.p[family])
            columns[name] = q[order]
    if wanted.naive_p:
        test = naive_test(r[order], n[order], lost_to_factors(seed, profiles, basis.measure)[order])
        columns |= {"naive_t": test.t, "naive_p": test.p, "naive_ci95_low": test.low, "naive_ci95_high": test.high}
    return columns

"""Columns about the reliability of r: by donor, over donors, and as if samples were independent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.design import Design
from coexpr.errors import OptionError
from coexpr.stats.correlate import Rows

Columns = dict[str, NDArray[np.generic]]


@dataclass(frozen=True)
class SignificanceOptions:
    """Which columns a result has; see `Atlas.correlates`."""

    by_donor: bool = False
    stats: bool = False
    naive_p: bool = False

    def refuse_impossible(self, design: Design) -> None:
        """Raise OptionError where the method has no such test, or there are no donors to compare."""
        if self.naive_p and design.method.name != "pearson":
            raise OptionError(f"`naive_p` applies to Pearson's r only; the method is {design.method.name}.")
        if self.stats and len(design.samples.columns) < 2:
            raise OptionError("`stats` compares donors, and the samples are of one donor. Use two donors or more.")


@dataclass(frozen=True)
class Correlated:
    """r of a seed with many rows.

    Parameters
    ----------
    seed : (S,) float
    rows : (P, S) float
    r, n : (P,)
    """

    seed: NDArray[np.floating]
    rows: Rows
    r: NDArray[np.float64]
    n: NDArray[np.int32]


def significance_columns(
    options: SignificanceOptions,
    design: Design,
    correlated: Correlated,
    order: NDArray[np.intp],
    families: Mapping[str, NDArray[np.intp]],
    donor_names: Mapping[int, str],
) -> Columns:
    """Return the requested columns for the rows in `order`.

    Parameters
    ----------
    options : SignificanceOptions
    design : Design
    correlated : Correlated
    order : (N,) intp
        The reported rows.
    families : mapping of str to array of intp
        For each column of false discovery rates, the rows over which it is controlled.
    donor_names : mapping of int to str
    """
    columns: Columns = {}
    if options.by_donor:
        columns |= _columns_by_donor(design, correlated, order, donor_names)
    if options.stats:
        columns |= _columns_over_donors(design, correlated, order, families)
    if options.naive_p:
        from coexpr.stats.measures import lost_to_factors
        from coexpr.stats.meta_analysis import naive_test

        lost = lost_to_factors(correlated.seed, correlated.rows, design.estimator)[order]
        test = naive_test(correlated.r[order], correlated.n[order], lost)
        columns |= {"naive_t": test.t, "naive_p": test.p, "naive_ci95_low": test.low, "naive_ci95_high": test.high}
    return columns


def _columns_by_donor(
    design: Design, correlated: Correlated, order: NDArray[np.intp], donor_names: Mapping[int, str]
) -> Columns:
    from coexpr.analysis.between_donors import compare_donors  # most queries have no columns of donors

    by_donor = compare_donors(correlated.seed, correlated.rows, order, design)
    columns: Columns = {}  # those that `columns_of_donors` names
    for donor_id, r, n in zip(by_donor.donor_ids, by_donor.r, by_donor.n, strict=True):
        columns |= {f"r_{donor_names[donor_id]}": r, f"n_{donor_names[donor_id]}": n}
    over = by_donor.combined
    columns |= {"random_r": over.r, "random_low": over.low, "random_high": over.high}
    columns |= {"cochran_q": over.q, "I2": over.i2, "tau2": over.tau2}
    columns |= {"donors": over.k.astype(np.int64), "same_sign": np.nan_to_num(over.same_sign).astype(np.int64)}
    return columns | {"lowest_without_one": by_donor.lowest, "highest_without_one": by_donor.highest}


def columns_of_donors(donors: Sequence[str]) -> set[str]:
    """Return the names of the columns that `by_donor` adds."""
    return {f"{statistic}_{donor}" for donor in donors for statistic in ("r", "n")} | {
        "random_r", "random_low", "random_high", "cochran_q", "I2", "tau2", "donors", "same_sign", "lowest_without_one",
        "highest_without_one",
    }  # fmt: skip


def _columns_over_donors(
    design: Design, correlated: Correlated, order: NDArray[np.intp], families: Mapping[str, NDArray[np.intp]]
) -> Columns:
    from coexpr.analysis.between_donors import correlate_by_donor
    from coexpr.stats.meta_analysis import benjamini_hochberg, mean_of_donors

    over = mean_of_donors(*correlate_by_donor(correlated.seed, correlated.rows, design))
    columns: Columns = {
        "donor_mean_r": over.r[order],
        "ci95_low": over.low[order],
        "ci95_high": over.high[order],
        "p": over.p[order],
        "donors_used": over.k[order].astype(np.int64),
    }
    for name, family in families.items():
        q = np.full(len(correlated.r), np.nan)
        q[family] = benjamini_hochberg(over.p[family])
        columns[name] = q[order]
    return columns

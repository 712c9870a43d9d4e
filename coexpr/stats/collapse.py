"""Collapse the rows of each group of a matrix to one profile, as collapseRows of WGCNA does.

Differences from collapseRows of WGCNA 1.74 (R/collapseRows.R):

- abs-max-mean and abs-min-mean return the row itself, not its absolute values, and `rows` names that row;
  collapseRows may name another row that has as many equal cells.
- A matrix of one row is accepted.
- max-variance selects the first row if no variance is defined; collapseRows returns blanks.
- A power of 0 or less is an error; collapseRows replaces it by 2.
- An eigengene needs no imputation (see `coexpr.stats.rules.build_profiles`).
- In threshold combining, the later of two rows with equal means is dropped; collapseRows drops none, one or both, or
  does not terminate. Rows whose r is undefined are kept; collapseRows stops.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from coexpr.stats.correlate import correlate_all
from coexpr.stats.rules import BUILDS, SCORES, best_rows, build_profiles, enough_known, score_rows


class Collapsed(NamedTuple):
    """The profiles of the groups.

    Parameters
    ----------
    profiles : (K, S) float64
        Profiles in the order of `groups`; with threshold combining, the rows that were kept, in their order.
    groups : (K,) int
        Group of each profile. Groups without usable rows are omitted.
    rows : (K,) int
        Row that was selected as each profile; -1 if the profile was built from several rows.
    """

    profiles: NDArray[np.float64]
    groups: NDArray[np.intp]
    rows: NDArray[np.intp]


def collapse_rows(
    x: NDArray[np.floating],
    groups: NDArray[np.integer],
    rule: str = "max-mean",
    *,
    power: float = 1,
    of_two: str = "max-mean",
    select_fewest_missing: bool = True,
    threshold_combine: float | None = None,
) -> Collapsed:
    """Collapse the rows of each group to one profile.

    The method is collapseRows of WGCNA (Miller et al. 2011, doi 10.1186/1471-2105-12-322). Ties go to the first row; to
    reproduce R, sort rows by name.

    Parameters
    ----------
    x : (P, S) float
        Log2 intensity of probes in samples; NaN where missing.
    groups : (P,) int
        Gene of each probe, from 0; rows of group -1 are ignored.
    rule : str
        max-mean, min-mean, max-variance, abs-max-mean, abs-min-mean, average, eigengene (collapseRows' MaxMean,
        MinMean, maxRowVariance, absMaxMean, absMinMean, Average, ME), connectivity (its connectivityBasedCollapsing),
        or abagen's pc-loading, corr-intensity and corr-variance.
    power : float
        connectivityPower of collapseRows.
    of_two : str
        With connectivity: the rule for groups of two rows (method of collapseRows).
    select_fewest_missing : bool
        Use only the rows of each group with the fewest missing values. Otherwise rows with more values have larger
        sums, by which means are ranked, as in collapseRows.
    threshold_combine : float, optional
        Ignore the rule and keep several rows per group: while the r of the two most correlated rows of a group is
        above this threshold, drop the one with the lower mean.

    Returns
    -------
    Collapsed

    Raises
    ------
    ValueError
        If the rule does not exist, the power is not above 0, or the threshold is outside [-1, 1].
    """
    x, groups = np.asarray(x), np.asarray(groups)
    if rule not in (*SCORES, *BUILDS):
        raise ValueError(f"rule {rule!r}; expected one of {', '.join((*SCORES, *BUILDS))}")
    usable = enough_known(x, groups, fewest_missing=select_fewest_missing)
    usable_groups = np.where(usable, groups, -1)
    if threshold_combine is not None:
        rows = _combine_above(x, groups, np.flatnonzero(usable), threshold_combine)
    elif rule in BUILDS:
        found = np.unique(usable_groups[usable])
        profiles = build_profiles(x, usable_groups, rule)[found]
        return Collapsed(profiles, found.astype(np.intp), np.full(len(found), -1, dtype=np.intp))
    else:
        rows = best_rows(usable_groups, score_rows(x, usable_groups, rule, power=power, of_two=of_two))
        rows = rows[rows >= 0]
    return Collapsed(x[rows].astype(np.float64), groups[rows].astype(np.intp), rows)


def _combine_above(
    x: NDArray[np.floating], groups: NDArray[np.integer], kept: NDArray[np.intp], threshold: float
) -> NDArray[np.intp]:
    """Return the rows of `kept` without those whose r with another row of their group is above a threshold."""
    if not -1 <= threshold <= 1:
        raise ValueError(f"threshold_combine {threshold}; expected a number from -1 to 1")
    dropped: list[int] = []
    for group in np.unique(groups[kept]):
        members = kept[groups[kept] == group]
        r, _ = correlate_all(x[members])
        means = np.nanmean(x[members].astype(np.float64), axis=1)
        np.fill_diagonal(r, -np.inf)
        r[np.isnan(r)] = -np.inf
        while len(members) > 1 and r.max() > threshold:
            pair = np.unravel_index(r.argmax(), r.shape)
            lower = max(pair, key=lambda row: (-means[row], row))
            dropped.append(int(members[lower]))
            members, means = np.delete(members, lower), np.delete(means, lower)
            r = np.delete(np.delete(r, lower, axis=0), lower, axis=1)
    return kept[~np.isin(kept, dropped)]

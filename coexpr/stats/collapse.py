"""numpy only: rows of a matrix to one per group, as WGCNA's collapseRows does."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from coexpr.stats.correlate import correlate_all
from coexpr.stats.rules import BUILDS, SCORES, best_rows, build_profiles, enough_known, score_rows


class Collapsed(NamedTuple):
    """What became of the groups.

    Parameters
    ----------
    profiles : (K, S) float64
        By group; with threshold combining, the rows that were kept, in their order.
    groups : (K,) int
        The group of each profile. A group without any usable row is not there.
    rows : (K,) int
        The row that each profile is; -1 where it is built of several.
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
    """Collapse the rows of each group to one.

    The method is collapseRows of WGCNA 1.74 (R/collapseRows.R; Miller et al. 2011, doi
    10.1186/1471-2105-12-322). Among equals the row that comes first is chosen; sort rows by name to get
    R's choice.

    Parameters
    ----------
    x : (P, S) float
        Log2 intensity of probes in samples; NaN where missing.
    groups : (P,) int
        The gene of each probe, from 0; rows of group -1 are left out.
    rule : str
        max-mean, min-mean, max-variance, abs-max-mean, abs-min-mean, average, eigengene (collapseRows'
        MaxMean, MinMean, maxRowVariance, absMaxMean, absMinMean, Average, ME), connectivity (its
        connectivityBasedCollapsing), or abagen's pc-loading, corr-intensity and corr-variance.
    power : float
        collapseRows' connectivityPower.
    of_two : str
        With connectivity: the rule for groups of two, collapseRows' method.
    select_fewest_missing : bool
        Of each group only the rows with the fewest missing values compete. Without it rows with more
        values have larger sums, by which collapseRows ranks means, and so does this.
    threshold_combine : float, optional
        Instead of one row per group, keep rows that are not alike: of the two most correlated rows of
        a group that with the lower mean is dropped, while their r is above this (and of a group of two
        if it is above). The rule is not used then.

    Returns
    -------
    Collapsed

    Raises
    ------
    ValueError
        For an unknown rule, a power not above 0, or a threshold outside [-1, 1].

    Notes
    -----
    Where collapseRows errs this does not. abs-max-mean and abs-min-mean return the row itself, not its
    absolute values, and `rows` says which row that is, where collapseRows may name another that has as
    many equal cells. A matrix of one row works. max-variance takes the first row where no variance is
    defined, where collapseRows returns blanks. A power of 0 or less is refused, not made 2. An
    eigengene needs no imputation (see `build_profiles`). In threshold combining, of two rows with equal
    means the later one is dropped, where collapseRows drops none, one or both or does not end; rows
    whose r is undefined are kept, where it stops.
    """
    x = np.asarray(x)
    groups = np.asarray(groups)
    if rule not in (*SCORES, *BUILDS):
        raise ValueError(f"rule {rule!r}; expected one of {', '.join((*SCORES, *BUILDS))}")
    usable = enough_known(x, groups, fewest_missing=select_fewest_missing)
    if threshold_combine is not None:
        kept = np.flatnonzero(usable)
        kept = _combine_above(x, groups, kept, threshold_combine)
        return Collapsed(x[kept].astype(np.float64), groups[kept].astype(np.intp), kept)
    usable_groups = np.where(usable, groups, -1)
    if rule in BUILDS:
        found = np.unique(usable_groups[usable])
        profiles = build_profiles(x, usable_groups, rule)[found]
        return Collapsed(profiles, found.astype(np.intp), np.full(len(found), -1, dtype=np.intp))
    scores = score_rows(x, usable_groups, rule, power=power, of_two=of_two)
    rows = best_rows(usable_groups, scores)
    rows = rows[rows >= 0]
    return Collapsed(x[rows].astype(np.float64), groups[rows].astype(np.intp), rows)


def _combine_above(
    x: NDArray[np.floating], groups: NDArray[np.integer], kept: NDArray[np.intp], threshold: float
) -> NDArray[np.intp]:
    """Return the rows of `kept` without those that are too much like another of their group."""
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

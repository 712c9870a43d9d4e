"""Rules that select or build the profile of a gene from its probes.

A rule either selects one row of each group or builds a profile from all of its rows. To select, every row gets a score,
and the row with the highest score of its group is taken; ties go to the first row. The rules are those of WGCNA's
collapseRows (Miller et al. 2011, doi 10.1186/1471-2105-12-322; R/collapseRows.R) and of abagen (Markello et al. 2021,
doi 10.7554/eLife.72129; abagen/probes_.py).
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from coexpr.stats.correlate import Rows, correlate_all
from coexpr.stats.precision import is_rounding, merge_close, relative_error

# Scores whose relative difference is smaller differ only by rounding error and are tied.
_TIE = 1e-12
# Values per block: 64 MB in double precision.
_BLOCK_VALUES = 1 << 23
# A row in which at least this fraction of values is missing is not used.
MOST_MISSING = 0.9

Groups = NDArray[np.integer]


def best_rows(groups: Groups, *scores: Rows) -> NDArray[np.intp]:
    """Return the best row of each group.

    Parameters
    ----------
    groups : (P,) int
        Group of each row, from 0; -1 for rows without a group.
    *scores : (P,) float
        Scores of the rows. Higher is better, and NaN is worst. Each further score breaks the ties of the previous ones.

    Returns
    -------
    (G,) intp
        Best row of each group, the first one if several are tied; -1 for a group without rows.
    """
    rows = np.flatnonzero(groups >= 0)
    size = int(groups.max(initial=-1)) + 1
    for score in scores:
        values = np.nan_to_num(score[rows], nan=-np.inf, neginf=-np.inf, posinf=np.inf)
        best = np.full(size, -np.inf)
        np.maximum.at(best, groups[rows], values)
        best = best[groups[rows]]
        with np.errstate(invalid="ignore"):
            tolerance = np.where(np.isfinite(best), _TIE * np.abs(best), 0)
        rows = rows[values >= best - tolerance]
    selected = np.full(size, -1, dtype=np.intp)
    selected[groups[rows[::-1]]] = rows[::-1]
    return selected


def score_rows(
    x: Rows, groups: Groups, rule: str, *, power: float = 1, of_two: str = "max-mean"
) -> NDArray[np.float64]:
    """Return the score of each row under a selection rule, for `best_rows`.

    Parameters
    ----------
    x : (P, S) float
        Log2 intensity of probes in samples; NaN where missing.
    groups : (P,) int
        Gene of each probe, from 0; -1 for none.
    rule : str
        One of `SCORES`. max-mean, min-mean, max-variance, abs-max-mean and abs-min-mean depend on the row alone (means
        are compared as sums of the values that are not missing, as in collapseRows). connectivity, corr-intensity,
        corr-variance and pc-loading compare a row with the other rows of its group.
    power : float
        With connectivity: exponent applied to correlations after mapping them to the range from 0 to 1.
    of_two : str
        With connectivity: the rule for groups of two rows.

    Returns
    -------
    (P,) float64
        NaN for a row without a score, such as a constant row under a rule that uses correlation.

    Raises
    ------
    ValueError
        If the rule is not one of `SCORES`, or the power is not above 0 (collapseRows replaces such a power by 2).
    """
    if rule not in SCORES:
        raise ValueError(f"rule {rule!r} has no score of rows; expected one of {', '.join(SCORES)}")
    if of_two not in _OF_ROW:
        raise ValueError(f"of_two {of_two!r}; expected one of {', '.join(_OF_ROW)}")
    if not 0 < power < np.inf:
        raise ValueError(f"power {power}; expected a number above 0")
    if rule in _OF_ROW:
        return _in_blocks(x, _OF_ROW[rule])
    scores = np.zeros(len(x))
    for rows in _groups_of_equal_size(groups, x.shape[1]):
        if rows.shape[1] == 1:
            continue
        if rows.shape[1] == 2 and rule in _OF_TWO:
            scores[rows] = _OF_ROW[_OF_TWO[rule] or of_two](x[rows.ravel()].astype(np.float64)).reshape(rows.shape)
        else:
            scores[rows] = _OF_GROUP[rule](x[rows], power)
    return scores


def build_profiles(x: Rows, groups: Groups, rule: str) -> NDArray[np.float64]:
    """Return one profile per group, built from all of its rows.

    Parameters
    ----------
    x : (P, S) float
        Log2 intensity; NaN where missing.
    groups : (P,) int
        Gene of each probe, from 0; -1 for none.
    rule : "average" or "eigengene"
        average: the mean of the rows in each sample; NaN if one of them is NaN. eigengene: the first right singular
        vector of the standardised rows, of unit length and without a unit, with the sign of their mean (WGCNA's
        moduleEigengenes). A missing value is replaced by the mean of its row and a constant row is ignored; WGCNA
        imputes from neighbours or falls back to a weighted mean. The eigengene is NaN in samples in which all rows are
        missing, and in all samples for a group of constant rows.

    Returns
    -------
    (G, S) float64
        NaN for a group without rows.
    """
    build = _BUILD[rule]
    profiles = np.full((int(groups.max(initial=-1)) + 1, x.shape[1]), np.nan)
    for rows in _groups_of_equal_size(groups, x.shape[1]):
        block = x[rows]
        profiles[groups[rows[:, 0]]] = build(block.astype(np.float64), relative_error(block))
    return profiles


def enough_known(x: NDArray[np.floating], groups: Groups, *, fewest_missing: bool = True) -> NDArray[np.bool_]:
    """Return which rows have enough values to be used in collapsing.

    Parameters
    ----------
    x : (P, S) float
        NaN where missing.
    groups : (P,) int
        Group of each row, from 0; -1 for rows without a group, which are never used.
    fewest_missing : bool
        Use only the rows of each group with the fewest missing values, so that means over different samples are not
        compared.

    Returns
    -------
    (P,) bool
        False for rows that miss 90 % of their values or more, even if their group has no other row.
    """
    missing = np.isnan(x).sum(axis=1)
    keep: NDArray[np.bool_] = (groups >= 0) & (missing < MOST_MISSING * x.shape[1])
    if fewest_missing and keep.any():
        fewest = np.full(int(groups.max()) + 1, x.shape[1])
        np.minimum.at(fewest, groups[keep], missing[keep])
        keep[keep] = missing[keep] == fewest[groups[keep]]
    return keep


def _in_blocks(x: Rows, score: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> NDArray[np.float64]:
    step = max(1, _BLOCK_VALUES // max(1, x.shape[1]))
    parts = [score(x[start : start + step].astype(np.float64)) for start in range(0, len(x), step)]
    return np.concatenate([np.zeros(0), *parts])


def _groups_of_equal_size(groups: Groups, width: int) -> Iterator[NDArray[np.intp]]:
    """Yield blocks (g, k) of the rows of g groups of size k; the rows of a group keep their order."""
    order = np.argsort(groups, kind="stable")
    order = order[groups[order] >= 0]
    starts = np.flatnonzero(np.diff(groups[order], prepend=-1))
    sizes = np.diff(np.append(starts, len(order)))
    for size in np.unique(sizes):
        rows = order[starts[sizes == size][:, None] + np.arange(size)]
        step = max(1, _BLOCK_VALUES // max(1, size * width))
        for start in range(0, len(rows), step):
            yield rows[start : start + step]


def _sum(x: NDArray[np.float64]) -> NDArray[np.float64]:
    total: NDArray[np.float64] = np.nansum(x, axis=-1)
    return total


def _variance(x: NDArray[np.float64]) -> NDArray[np.float64]:
    observed = ~np.isnan(x)
    n = observed.sum(axis=-1)
    deviations = np.where(observed, x - (_sum(x) / np.maximum(n, 1))[..., None], 0)
    return np.where(n > 1, np.einsum("...i,...i->...", deviations, deviations) / np.maximum(n - 1, 1), np.nan)


_OF_ROW: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "max-mean": _sum,
    "min-mean": lambda x: -_sum(x),
    "max-variance": _variance,
    "abs-max-mean": lambda x: _sum(np.abs(x)),
    "abs-min-mean": lambda x: -_sum(np.abs(x)),
}


def _connectivity(x: NDArray[np.floating], power: float) -> NDArray[np.float64]:
    r, _ = correlate_all(x)
    adjacency: NDArray[np.float64] = np.nansum(((1 + r) / 2) ** power, axis=-1)
    return adjacency


def _mean_r(x: NDArray[np.floating], power: float) -> NDArray[np.float64]:
    r, _ = correlate_all(x)
    defined = ~np.isnan(r)
    n = defined.sum(axis=-1)
    return np.where(n > 0, np.sum(r, axis=-1, where=defined) / np.maximum(n, 1), np.nan)


def _pc_loading(x: NDArray[np.floating], power: float) -> NDArray[np.float64]:
    """Return the signed score of each probe on the first principal component of the samples.

    Samples are centred over probes, and not probes over samples. The sign of the component makes its largest entry
    positive.
    """
    observed = ~np.isnan(x)
    means = np.sum(x, axis=1, where=observed, dtype=np.float64) / np.maximum(observed.sum(axis=1), 1)
    deviations = np.where(observed, x - means[:, None, :], 0)
    component, _ = _first_component(deviations)
    largest = np.argmax(np.abs(component), axis=1)
    component *= np.sign(np.take_along_axis(component, largest[:, None], axis=1))
    # einsum sums every row in the same order, so that equal rows get equal scores.
    scores: NDArray[np.float64] = np.einsum("gks,gs->gk", deviations, component)
    return scores


_OF_GROUP: dict[str, Callable[[NDArray[np.floating], float], NDArray[np.float64]]] = {
    "connectivity": _connectivity,
    "corr-intensity": _mean_r,
    "corr-variance": _mean_r,
    "pc-loading": _pc_loading,
}
# Rules for groups of two rows, which correlation cannot rank; None for the caller's `of_two`.
_OF_TWO = {"connectivity": None, "corr-intensity": "max-mean", "corr-variance": "max-variance"}
SCORES = (*_OF_ROW, *_OF_GROUP)


def _average(x: NDArray[np.float64], error: float) -> NDArray[np.float64]:
    magnitude = np.nanmax(np.abs(x).mean(axis=1), axis=-1, initial=0)
    return merge_close(x.mean(axis=1), 2 * error * magnitude)


def _eigengene(x: NDArray[np.float64], error: float) -> NDArray[np.float64]:
    observed = ~np.isnan(x)
    n = observed.sum(axis=-1, keepdims=True)
    deviations = np.where(observed, x - np.nan_to_num(x).sum(axis=-1, keepdims=True) / np.maximum(n, 1), 0)
    first = np.take_along_axis(x, observed.argmax(axis=-1)[..., None], axis=-1)
    constant = (~observed | (x == first)).all(axis=-1)
    squares = np.einsum("...i,...i->...", deviations, deviations)
    size = np.einsum("...i,...i->...", np.nan_to_num(x), np.nan_to_num(x))
    constant |= is_rounding(squares, size, error, x.shape[-1])
    deviations[constant] = 0
    spread = np.sqrt(np.where(constant, 0, squares)[..., None] / np.maximum(n - 1, 1))
    scaled = np.divide(deviations, spread, out=deviations, where=spread > 0)
    eigengene, weights = _first_component(scaled)
    # Error of a value after scaling.
    errors = error * np.max(np.abs(np.nan_to_num(x)), axis=-1)
    errors = np.divide(errors, spread[..., 0], out=np.zeros_like(errors), where=spread[..., 0] > 0)
    _set_signs(eigengene, scaled, errors)
    eigengene = merge_close(eigengene, 2 * np.einsum("gk,gk->g", np.abs(weights), errors))
    eigengene[constant.all(axis=-1)] = np.nan
    eigengene[~observed.any(axis=1)] = np.nan
    return eigengene


def _set_signs(eigengene: NDArray[np.float64], scaled: NDArray[np.float64], errors: NDArray[np.float64]) -> None:
    """Give eigengenes (g, S) the sign of the mean scaled row or, if that is rounding error, of the first row."""
    agreement = np.einsum("gs,gs->g", eigengene, scaled.mean(axis=1))
    first = (scaled != 0).any(axis=-1).argmax(axis=-1)
    with_first = np.einsum("gs,gs->g", eigengene, scaled[np.arange(len(scaled)), first])
    is_rounded = np.abs(agreement) <= errors.mean(axis=-1) * np.sqrt(scaled.shape[-1])
    eigengene[np.where(is_rounded, with_first, agreement) < 0] *= -1


_BUILD = {"average": _average, "eigengene": _eigengene}
BUILDS = tuple(_BUILD)


def _first_component(x: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the first right singular vector (g, S) of each matrix of a stack (g, k, S), and the weights of its rows.

    The vector is the sum of the rows times the weights (g, k). It is computed from the k by k products of the rows,
    because there are few rows and many samples.
    """
    _, vectors = np.linalg.eigh(x @ x.swapaxes(-1, -2))
    component = np.einsum("gks,gk->gs", x, vectors[..., -1])
    length = np.sqrt(np.einsum("gs,gs->g", component, component))[:, None]
    weights = np.divide(vectors[..., -1], length, out=np.zeros_like(vectors[..., -1]), where=length > 0)
    unit: NDArray[np.float64] = np.divide(component, length, out=component, where=length > 0)
    return unit, weights

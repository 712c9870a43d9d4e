"""Differential stability: how well the regional profile of a probe agrees between donors."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from coexpr.stats.precision import relative_error
from coexpr.stats.ranks import rank_rows


class NothingToCompareError(ValueError):
    """No two donors share two structures."""


def differential_stability(
    profiles: Sequence[NDArray[np.floating]], structures: Sequence[NDArray[np.integer]]
) -> NDArray[np.float64]:
    """Return the differential stability of each probe.

    Samples are averaged by structure in each donor. Spearman's correlation of the two regional profiles is computed
    for each pair of donors, over the structures that both have samples in; the stability is the mean over the pairs.
    The method is that of abagen (`abagen.probes_`, method diff_stability), after Hawrylycz et al. 2015 (doi
    10.1038/nn.4171), who use Pearson's correlation.

    Parameters
    ----------
    profiles : sequence of (P, S_d) float
        Log2 intensity of the same probes in each donor.
    structures : sequence of (S_d,) int
        Structure of each sample; left and right are different structures.

    Returns
    -------
    (P,) float64
        NaN for a probe that is constant over the structures of a donor, or has no value in one of them. Donors that
        share fewer than two structures are not compared; abagen returns no value for any probe in that case.

    Raises
    ------
    NothingToCompareError
        If no two donors share two structures.
    """
    regional = [_means_by_structure(x, of) for x, of in zip(profiles, structures, strict=True)]
    # Means that should be equal differ by rounding errors, which must not be ranked.
    tolerances = [2 * relative_error(x) * np.nanmax(np.abs(x), axis=1, initial=0) for x in profiles]
    stabilities = []
    for a, b in combinations(range(len(regional)), 2):
        (first, first_ids), (second, second_ids) = regional[a], regional[b]
        _, in_first, in_second = np.intersect1d(first_ids, second_ids, return_indices=True)
        if len(in_first) >= 2:
            ranks = rank_rows(first[:, in_first], tolerances[a]), rank_rows(second[:, in_second], tolerances[b])
            missing = np.isnan(first[:, in_first]) | np.isnan(second[:, in_second])
            stabilities.append(_r_of_rows(*ranks, np.asarray(missing.any(axis=1))))
    if not stabilities:
        raise NothingToCompareError("differential stability needs two donors that share two structures")
    stability: NDArray[np.float64] = np.mean(stabilities, axis=0)
    return stability


def _means_by_structure(
    x: NDArray[np.floating], structures: NDArray[np.integer]
) -> tuple[NDArray[np.float64], NDArray[np.integer]]:
    """Return the mean of each row over the samples of each structure, and the structures."""
    order = np.argsort(structures, kind="stable")
    ids, first, counts = np.unique(structures[order], return_index=True, return_counts=True)
    values = x[:, order].astype(np.float64)
    observed = ~np.isnan(values)
    if not observed.all():
        counts = np.add.reduceat(observed, first, axis=1, dtype=np.intp)
        values[~observed] = 0
    with np.errstate(invalid="ignore"):  # a structure in which all values are missing has no mean
        return np.add.reduceat(values, first, axis=1) / counts, ids


def _r_of_rows(x: NDArray[np.float64], y: NDArray[np.float64], missing: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return Pearson's r of each row of x with the same row of y; NaN if one is constant or misses a value."""
    dx, dy = (ranks - ranks.mean(axis=1, keepdims=True) for ranks in (x, y))
    squares = np.einsum("ij,ij->i", dx, dx) * np.einsum("ij,ij->i", dy, dy)
    squares[missing | (squares == 0)] = np.nan
    r: NDArray[np.float64] = np.einsum("ij,ij->i", dx, dy) / np.sqrt(squares)
    return r

"""numpy only: how alike the profile of a probe is from brain to brain."""

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

    Samples are averaged by structure in each donor. For each pair of donors the two regional profiles
    are compared by Spearman's correlation over the structures that both donors have; the stability is
    the mean over the pairs. So does abagen (`abagen.probes_`, method diff_stability), after Hawrylycz et
    al. 2015 (doi 10.1038/nn.4171), who use Pearson's correlation.

    Parameters
    ----------
    profiles : sequence of (P, S_d) float
        Log2 intensity of the same probes in each donor.
    structures : sequence of (S_d,) int
        The structure of each sample; left and right are different structures.

    Returns
    -------
    (P,) float64
        NaN for a probe that is constant over the structures of a donor, or has no value in one of them.
        Donors that share fewer than two structures are not compared, where abagen gives no probe a
        value.

    Raises
    ------
    NothingToCompareError
        If no two donors share two structures.
    """
    regional = [_means_by_structure(x, of) for x, of in zip(profiles, structures, strict=True)]
    # Means that should be equal differ by rounding, which must not be ranked.
    tolerances = [2 * relative_error(x) * np.nanmax(np.abs(x), axis=1, initial=0) for x in profiles]
    stabilities = []
    for a, b in combinations(range(len(regional)), 2):
        (first, first_ids), (second, second_ids) = regional[a], regional[b]
        _, in_first, in_second = np.intersect1d(first_ids, second_ids, return_indices=True)
        if len(in_first) >= 2:
            ranks = rank_rows(first[:, in_first], tolerances[a]), rank_rows(second[:, in_second], tolerances[b])
            unknown = np.isnan(first[:, in_first]) | np.isnan(second[:, in_second])
            stabilities.append(_r_of_rows(*ranks, np.asarray(unknown.any(axis=1))))
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
    known = ~np.isnan(values)
    if not known.all():
        counts = np.add.reduceat(known, first, axis=1, dtype=np.intp)
        values[~known] = 0
    with np.errstate(invalid="ignore"):  # a structure in which nothing is known has no mean
        return np.add.reduceat(values, first, axis=1) / counts, ids


def _r_of_rows(x: NDArray[np.float64], y: NDArray[np.float64], unknown: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return Pearson's r of each row of x with the same row of y; NaN where one is constant or unknown."""
    dx, dy = (ranks - ranks.mean(axis=1, keepdims=True) for ranks in (x, y))
    squares = np.einsum("ij,ij->i", dx, dx) * np.einsum("ij,ij->i", dy, dy)
    squares[unknown | (squares == 0)] = np.nan
    r: NDArray[np.float64] = np.einsum("ij,ij->i", dx, dy) / np.sqrt(squares)
    return r

"""numpy only: the edges of a network among blocks of rows: the kernel of all against all.

A kernel knows two blocks of unit rows and from which strength on an edge is wanted at each row; it gives
edges and touches nothing else, so whatever hands out blocks may call it, in any order and anywhere.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Block = NDArray[np.float32]
Strength = Callable[[Block], Block]


class Edges(NamedTuple):
    """Pairs of rows with their r; every field is (E,), rows by their place in their block.

    Parameters
    ----------
    row, other : int32
    r : float32
    """

    row: NDArray[np.int32]
    other: NDArray[np.int32]
    r: Block


def as_it_is(r: Block) -> Block:
    """Return r: the strength where positive correlation is wanted."""
    return r


def edges_between(
    rows: Block, others: Block, least_of_rows: Block, least_of_others: Block, strength: Strength = as_it_is
) -> Edges:
    """Return the edges between two blocks that are strong enough for the row at either end.

    Parameters
    ----------
    rows, others : (B, S), (C, S) float32
        Rows of unit length, whose products are r; NaN for a row without r, which gets no edge.
    least_of_rows, least_of_others : (B,), (C,) float32
        From which strength on an edge is wanted.
    strength : callable
        Of r: r itself, or `numpy.abs`.
    """
    return _strong(rows @ others.T, least_of_rows, least_of_others, strength)


def edges_within(rows: Block, least: Block, count: int, strength: Strength = as_it_is) -> Edges:
    """Return the edges within a block, in both directions, that may be among the strongest of either row.

    Parameters
    ----------
    rows : (B, S) float32
    least : (B,) float32
        As for `edges_between`.
    count : int
        How many edges of a row are wanted: those that are weaker than so many others of it are left out.
    strength : callable
    """
    r = rows @ rows.T
    np.fill_diagonal(r, np.nan)
    if count < len(rows) - 1:
        strengths = np.where(np.isnan(r), -np.inf, strength(r))
        strengths.partition(len(rows) - count, axis=1)
        least = np.maximum(least, strengths[:, len(rows) - count])
    return _strong(r, least, np.full(len(rows), np.inf, dtype=np.float32), strength)


def strongest(
    source: NDArray[np.int32], target: NDArray[np.int32], r: Block, count: int | None, strength: Strength = as_it_is
) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
    """Return which edges are the strongest of their source, in order, and the rank of each.

    Parameters
    ----------
    source, target : (E,) int32
    r : (E,) float32
    count : int or None
        Edges that are kept of each source; None for all.
    strength : callable

    Returns
    -------
    edges : (F,) intp
        By source, then strongest first, among equals the smallest target.
    rank : (F,) int32
        From 1.
    """
    order = _by_source_and_strength(source, target, strength(r))
    ordered = source[order]
    first = np.flatnonzero(np.diff(ordered, prepend=-1))
    lengths = np.diff(np.append(first, len(ordered)))
    rank = (np.arange(len(ordered)) - np.repeat(first, lengths) + 1).astype(np.int32)
    if count is None:
        return order, rank
    kept = rank <= count
    return order[kept], rank[kept]


def mutual_ranks(source: NDArray[np.int32], target: NDArray[np.int32], rank: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return the geometric mean of the ranks that two rows have for one another, (E,).

    Obayashi and Kinoshita 2009 (doi 10.1093/dnares/dsp016). NaN where there is no edge back.

    Parameters
    ----------
    source, target : (E,) int32
        Each pair once in a direction.
    rank : (E,) int32
    """
    there, back = ((a.astype(np.int64) << 32) | b.astype(np.int64) for a, b in ((source, target), (target, source)))
    order = np.argsort(there)
    places = order[np.minimum(np.searchsorted(there, back, sorter=order), max(len(order) - 1, 0))]
    return np.where(there[places] == back, np.sqrt(rank.astype(np.float64) * rank[places]), np.nan)


def _by_source_and_strength(source: NDArray[np.int32], target: NDArray[np.int32], strengths: Block) -> NDArray[np.intp]:
    """Return the order of a lexsort by source, then strongest first, then target, in a fraction of its time.

    Source and strength make one whole number, which is sorted at once: the bits of a float, read as a whole
    number, are in the order of the float but for the sign. Only among equals the target is looked at.
    """
    bits = (strengths + np.float32(0)).view(np.uint32)  # the sum makes 0 of -0
    descending = np.where(bits >> 31, bits, ~bits & np.uint32(0x7FFFFFFF))
    key = source.astype(np.uint64) << np.uint64(32) | descending
    order = np.argsort(key)
    ordered = key[order]
    equal = np.flatnonzero(ordered[1:] == ordered[:-1])
    if len(equal):
        tied = np.union1d(equal, equal + 1)
        order[tied] = order[tied][np.lexsort((target[order[tied]], ordered[tied]))]
    return order


def _strong(r: Block, least_of_rows: Block, least_of_others: Block, strength: Strength) -> Edges:
    """Return the pairs of a product (B, C) that reach what is wanted at one end or the other."""
    strengths = strength(r)
    wanted = strengths >= least_of_rows[:, None]
    wanted |= strengths >= least_of_others
    places = np.flatnonzero(wanted)
    row, other = np.divmod(places, r.shape[1])
    return Edges(row.astype(np.int32), other.astype(np.int32), np.clip(r.reshape(-1)[places], -1, 1))

"""Edges of a correlation network between blocks of rows.

The functions take blocks of unit rows and, for each row, the smallest strength that an edge must have; they return
edges and change nothing else. The caller may process pairs of blocks in any order and in parallel.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Block = NDArray[np.float32]
Strength = Callable[[Block], Block]


class Edges(NamedTuple):
    """Pairs of rows with their r; every field is (E,), rows are numbered within their block.

    Parameters
    ----------
    row, other : int32
    r : float32
    """

    row: NDArray[np.int32]
    other: NDArray[np.int32]
    r: Block


class Pairs(NamedTuple):
    """Pairs of rows that have an edge in one direction or both; every field is (E,).

    Parameters
    ----------
    source, target : int32
        The source is the row with the smaller number.
    r : float32
    rank : int32
        The smaller rank of the two directions; that of the only edge where there is one direction.
    mutual_rank : float64
        The geometric mean of both ranks. NaN where there is one direction.
    """

    source: NDArray[np.int32]
    target: NDArray[np.int32]
    r: Block
    rank: NDArray[np.int32]
    mutual_rank: NDArray[np.float64]


def as_it_is(r: Block) -> Block:
    """Return r itself as the strength of an edge, which ranks positive correlation first."""
    return r


def edges_between(
    rows: Block, others: Block, least_of_rows: Block, least_of_others: Block, strength: Strength = as_it_is
) -> Edges:
    """Return the edges between two blocks that are strong enough for the row at either end.

    Parameters
    ----------
    rows, others : (B, S), (C, S) float32
        Rows of unit length, whose products are r; a row of NaN has no r and gets no edge.
    least_of_rows, least_of_others : (B,), (C,) float32
        Smallest strength of an edge of each row.
    strength : callable
        Function of r: r itself, or `numpy.abs`.
    """
    return select_between(rows @ others.T, least_of_rows, least_of_others, strength)


def edges_within(rows: Block, least: Block, count: int, strength: Strength = as_it_is) -> Edges:
    """Return the edges within a block, in both directions, that may be among the strongest of either row.

    Parameters
    ----------
    rows : (B, S) float32
    least : (B,) float32
        As for `edges_between`.
    count : int
        Number of edges wanted per row: an edge is omitted if this many other edges of the row are stronger.
    strength : callable
    """
    return select_within(rows @ rows.T, 0, least, count, strength)


def select_between(r: Block, least_of_rows: Block, least_of_others: Block, strength: Strength = as_it_is) -> Edges:
    """Return the edges between two blocks, given r (B, C) of their rows; see `edges_between`."""
    strengths = strength(r)
    is_strong = strengths >= least_of_rows[:, None]
    is_strong |= strengths >= least_of_others
    places = np.flatnonzero(is_strong)
    row, other = np.divmod(places, r.shape[1])
    return Edges(row.astype(np.int32), other.astype(np.int32), np.clip(r.reshape(-1)[places], -1, 1))


def select_within(r: Block, first: int, least: Block, count: int, strength: Strength = as_it_is) -> Edges:
    """Return the edges of some rows of a block with all of its rows; see `edges_within`.

    Parameters
    ----------
    r : (B, C) float32
        r of consecutive rows of the block with all of its rows. The diagonal of the block is set to NaN.
    first : int
        Number of the first row within the block.
    least : (B,) float32
    count : int
    strength : callable
    """
    rows = np.arange(len(r))
    r[rows, rows + first] = np.nan
    least = raise_least(r, least, count, strength)
    return select_between(r, least, np.full(r.shape[1], np.inf, dtype=np.float32), strength)


def raise_least(r: Block, least: Block, count: int, strength: Strength = as_it_is) -> Block:
    """Return the smallest strength of an edge of each row, raised by what a product shows.

    If `count` edges of a row are in the product, no weaker edge is among the strongest of the row.

    Parameters
    ----------
    r : (B, C) float32
        NaN where there is no edge.
    least : (B,) float32
    count : int
        Number of edges wanted per row.
    strength : callable
    """
    place = r.shape[1] - count
    if place <= 0:
        return least
    strengths = np.where(np.isnan(r), -np.inf, strength(r))
    strengths.partition(place, axis=1)
    return np.maximum(least, strengths[:, place])


def strongest(
    source: NDArray[np.int32], target: NDArray[np.int32], r: Block, count: int | None, strength: Strength = as_it_is
) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
    """Return which edges are the strongest of their source, in order, and the rank of each.

    Parameters
    ----------
    source, target : (E,) int32
    r : (E,) float32
    count : int or None
        Number of edges kept per source; None for all.
    strength : callable

    Returns
    -------
    edges : (F,) intp
        Sorted by source, then strongest first; ties by smallest target.
    rank : (F,) int32
        Rank of each edge within its source, from 1.
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
    """Return the geometric mean of the ranks of each edge and its reverse, (E,).

    This is the mutual rank of Obayashi and Kinoshita 2009 (doi 10.1093/dnares/dsp016). NaN if the reverse edge does
    not exist.

    Parameters
    ----------
    source, target : (E,) int32
        Each pair at most once per direction.
    rank : (E,) int32
    """
    forward, back = ((a.astype(np.int64) << 32) | b.astype(np.int64) for a, b in ((source, target), (target, source)))
    order = np.argsort(forward)
    places = order[np.minimum(np.searchsorted(forward, back, sorter=order), max(len(order) - 1, 0))]
    return np.where(forward[places] == back, np.sqrt(rank.astype(np.float64) * rank[places]), np.nan)


def merge_directions(source: NDArray[np.int32], target: NDArray[np.int32], r: Block, rank: NDArray[np.int32]) -> Pairs:
    """Return directed edges as pairs, sorted by source and target.

    Parameters
    ----------
    source, target : (E,) int32
        Each pair at most once per direction, and no row with itself.
    r : (E,) float32
    rank : (E,) int32
    """
    edge, reverse = _edges_of_pairs(source, target)
    rank_of_reverse = np.where(reverse < 0, rank[edge], rank[reverse])
    return Pairs(
        np.minimum(source[edge], target[edge]),
        np.maximum(source[edge], target[edge]),
        r[edge],
        np.minimum(rank[edge], rank_of_reverse),
        np.where(reverse < 0, np.nan, np.sqrt(rank[edge].astype(np.float64) * rank_of_reverse)),
    )


def _edges_of_pairs(source: NDArray[np.int32], target: NDArray[np.int32]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return an edge of each pair of rows and its reverse, which is -1 if it does not exist.

    If both exist, the edge is the one from the row with the smaller number.
    """
    # The last bit is the direction, so that the edge from the smaller row is the first of its pair.
    key = np.minimum(source, target).astype(np.int64) << 32
    key |= np.maximum(source, target).astype(np.int64) << 1
    key |= source > target
    order = np.argsort(key)
    is_first = np.diff(key[order] >> 1, prepend=-1) != 0
    has_reverse = np.append(~is_first[1:], False)[is_first]
    reverse = np.full(len(has_reverse), -1, dtype=np.intp)
    reverse[has_reverse] = order[~is_first]
    return order[is_first], reverse


def _by_source_and_strength(source: NDArray[np.int32], target: NDArray[np.int32], strengths: Block) -> NDArray[np.intp]:
    """Return the order by source, then strongest first, then target.

    The result is that of a lexsort, which takes several times as long. Source and strength are combined into one
    integer key: the bits of a float, read as an integer, sort like the float apart from its sign. Only ties are then
    sorted by target.
    """
    bits = (strengths + np.float32(0)).view(np.uint32)  # the addition turns -0 into 0
    descending = np.where(bits >> 31, bits, ~bits & np.uint32(0x7FFFFFFF))
    key = source.astype(np.uint64) << np.uint64(32) | descending
    order = np.argsort(key)
    ordered = key[order]
    equal = np.flatnonzero(ordered[1:] == ordered[:-1])
    if len(equal):
        tied = np.union1d(equal, equal + 1)
        order[tied] = order[tied][np.lexsort((target[order[tied]], ordered[tied]))]
    return order

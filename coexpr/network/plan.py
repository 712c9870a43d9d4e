"""Plan of a network: which edges it has, and how its rows are divided into blocks that fit into memory."""

import re
from dataclasses import dataclass
from itertools import accumulate
from typing import Self

import numpy as np

from coexpr.errors import LimitError, OptionError
from coexpr.stats.edges import Strength, as_it_is

# Rows per block: a product of two blocks takes 64 MB.
_BLOCK_ROWS = 4096
_FEWEST_BLOCK_ROWS = 64
# Smaller blocks are read and computed again so often that shards of samples are faster.
_EFFICIENT_BLOCK_ROWS = 1024
# The error of r in single precision grows with the length of a row; longer rows are divided into shards if possible.
_MOST_SAMPLES_AT_ONCE = 100_000
# Samples per shard: products of fewer are slow; the rounding error of single precision grows within a shard.
_FEWEST_SHARD_SAMPLES, _MOST_SHARD_SAMPLES = 256, 8192
# Bytes per value of a product: r, its strength and masks; if all edges are selected, also their places, ends and r.
_BYTES_PER_PRODUCT = 50
# Rows whose unit rows are computed at a time: arrays in double precision that stay in the processor's cache.
ROWS_AT_A_TIME = 64
# Bytes per edge in memory (its end and r, and the same again while edges are pending), and per edge that is sorted,
# ranked and written.
_BYTES_HELD, _BYTES_WRITTEN = 40, 90


@dataclass(frozen=True)
class EdgeSelection:
    """Which edges a network has.

    Parameters
    ----------
    top : int or None
        Number of strongest edges of each row; None for no limit.
    min_abs_r : float or None
        Smallest absolute r of an edge. If given, the strength of an edge is its absolute r, otherwise r.
    mutual_rank : bool
        Whether edges have a mutual rank, the geometric mean of the ranks of an edge and its reverse; requires `top`.
    undirected : bool
        Whether each pair is written once, with the smaller rank of its two directions.
    """

    top: int | None = None
    min_abs_r: float | None = None
    mutual_rank: bool = False
    undirected: bool = False

    @property
    def strength(self) -> Strength:
        """The strength of an edge as a function of r."""
        return as_it_is if self.min_abs_r is None else np.abs

    @property
    def least(self) -> float:
        """The smallest strength of an edge."""
        return -np.inf if self.min_abs_r is None else self.min_abs_r

    @property
    def compares_directions(self) -> bool:
        """Whether an edge is written together with its reverse, for which all edges must be in memory."""
        return self.mutual_rank or self.undirected

    def count_written(self, edges: int, rows: int) -> int:
        """Return how many edges a file has at most, if this many directed edges are found between some rows."""
        if not self.undirected:
            return edges
        return -(-edges // 2) if self.top is None else min(edges, rows * (rows - 1) // 2)


@dataclass(frozen=True)
class Part:
    """A share of the steps of a plan.

    Parameters
    ----------
    number : int
        From 1.
    count : int
        Number of parts that the plan is divided into.
    """

    number: int
    count: int

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    @classmethod
    def of(cls, text: str) -> Self:
        """Return the part that a text such as "3/16" means.

        Raises
        ------
        OptionError
            If it means none.
        """
        found = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", str(text).strip())
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            raise OptionError(f"`part` {text!r:.40}: expected K/N, such as 3/16: part K of N, with K from 1 to N.")
        return cls(int(found[1]), int(found[2]))


@dataclass(frozen=True)
class Plan:
    """How rows are divided into blocks, and the order in which pairs of blocks are processed.

    Parameters
    ----------
    rows : int
        Number of rows.
    block_rows : int
        Number of rows per block.
    held : int
        Number of blocks whose unit rows are kept in memory, in addition to the block that they are compared with.
    shard_samples : int
        Number of samples that are read at a time; 0 if whole rows are read.
    """

    rows: int
    block_rows: int
    held: int
    shard_samples: int = 0

    @property
    def blocks(self) -> int:
        """Number of blocks."""
        return -(-self.rows // self.block_rows)

    def block(self, number: int) -> slice:
        """Return the rows of a block."""
        return slice(number * self.block_rows, min(self.rows, (number + 1) * self.block_rows))

    def steps(self) -> list[tuple[int, int]]:
        """Return every pair of blocks once, in the order of processing.

        Each block is first paired with itself, which shows early which edges of a row are too weak. This is done in
        reverse order, so that the blocks in memory at the end are those that are needed next. Then the blocks are kept
        in memory in groups of `held`, and each group is compared with the blocks after it.
        """
        pairs = [
            (block, other)
            for first in range(0, self.blocks, self.held)
            for other in range(first + 1, self.blocks)
            for block in range(first, min(first + self.held, other))
        ]
        return [*((block, block) for block in reversed(range(self.blocks))), *pairs]

    def pairs_of(self, block: int, other: int) -> int:
        """Return the number of pairs of rows that a step compares."""
        rows, others = self.block(block), self.block(other)
        count: int = rows.stop - rows.start
        return count * (count - 1) // 2 if block == other else count * (others.stop - others.start)

    def share(self, part: Part) -> range:
        """Return the numbers of the steps of a part: consecutive steps, with about the same number of products.

        Every step is in one part. If there are more parts than steps, some parts have none.
        """
        total = list(accumulate((self.pairs_of(*step) for step in self.steps()), initial=0))
        # Multiplied instead of divided, so that the limits do not depend on rounding.
        doubled = np.array(total, dtype=object) * (2 * part.count)
        middles = (doubled[:-1] + doubled[1:]) // 2
        limits = [2 * total[-1] * number for number in (part.number - 1, part.number)]
        first, last = (int(np.count_nonzero(middles < limit)) for limit in limits)
        return range(first, len(middles) if part.number == part.count else last)

    def are_held_with(self, block: int) -> range:
        """Return the blocks that are kept in memory together with a block."""
        first = block - block % self.held
        return range(first, first + self.held)


def make_plan(
    rows: int, samples: int, selection: EdgeSelection, edges: int, memory: int, groups: int | None = None
) -> Plan:
    """Return a plan that fits into memory.

    Rows are read whole, unless they are very long, or leave memory only for small blocks where shards of samples would
    allow larger ones.

    Parameters
    ----------
    rows, samples : int
        Shape of the matrix.
    selection : EdgeSelection
    edges : int
        Approximate number of edges.
    memory : int
        Available memory in bytes.
    groups : int, optional
        Number of groups of samples whose means are subtracted from the rows, 1 for none. None if rows cannot be
        computed in shards of samples.

    Raises
    ------
    LimitError
        If even small blocks, or the edges themselves, do not fit.
    """
    held_edges = edges * _BYTES_HELD if selection.top is not None else 0
    work = ROWS_AT_A_TIME * samples * 32
    block_rows = min(_BLOCK_ROWS, max(rows, 1))
    needed = 0
    plan = None
    while block_rows >= min(rows, _FEWEST_BLOCK_ROWS):
        computing = held_edges + block_rows**2 * _BYTES_PER_PRODUCT + work
        needed = max(computing + 2 * block_rows * samples * 4, memory_to_write(rows, block_rows, selection, edges))
        if needed <= memory:
            held = (memory - computing) // (block_rows * samples * 4) - 1
            plan = Plan(rows, block_rows, int(min(held, -(-rows // block_rows))))
            break
        block_rows //= 2
    is_long = samples > _MOST_SAMPLES_AT_ONCE
    if groups is not None and (is_long or plan is None or plan.block_rows < min(rows, _EFFICIENT_BLOCK_ROWS)):
        fewest = 2 * plan.block_rows if plan and not is_long else 0
        plan = _plan_shards(rows, samples, selection, edges, memory, groups, fewest) or plan
    if plan is None:
        raise too_little_memory(rows, edges, needed, memory)
    return plan


def _plan_shards(
    rows: int, samples: int, selection: EdgeSelection, edges: int, memory: int, groups: int, fewest: int
) -> Plan | None:
    """Return a plan with shards of samples, and at least `fewest` rows per block, that fits into memory; else None."""
    held_edges = edges * _BYTES_HELD if selection.top is not None else 0
    block_rows = min(_BLOCK_ROWS, max(rows, 1))
    while block_rows >= max(min(rows, _FEWEST_BLOCK_ROWS), fewest):
        computing = held_edges + block_rows**2 * _BYTES_PER_PRODUCT + rows * (groups + 1) * 8
        shard = (memory - computing) // (2 * block_rows * 4 + ROWS_AT_A_TIME * 32)
        if (
            shard >= min(samples, _FEWEST_SHARD_SAMPLES)
            and memory_to_write(rows, block_rows, selection, edges) <= memory
        ):
            return Plan(rows, block_rows, 1, min(shard, samples, _MOST_SHARD_SAMPLES))
        block_rows //= 2
    return None


def memory_to_write(rows: int, block_rows: int, selection: EdgeSelection, edges: int) -> int:
    """Return the bytes needed to write about this number of edges, with the strongest of each row in memory."""
    held = edges * _BYTES_HELD // 4 if selection.top is not None else 0
    written = edges if selection.compares_directions else edges * min(block_rows, rows) // rows
    return held + written * _BYTES_WRITTEN


def too_little_memory(rows: int, edges: int, needed: int, memory: int) -> LimitError:
    """Return the error of a network that does not fit into memory."""
    return LimitError(
        f"{rows:,} rows and about {edges:,} edges need {needed / 1e6:,.0f} MB of memory; {memory / 1e6:,.0f} MB are "
        "allowed. Allow more `memory`, or select fewer edges."
    )

"""Plan of a network: which edges it has, and how its rows are divided into blocks that fit into memory."""

from dataclasses import dataclass

import numpy as np

from coexpr.errors import LimitError
from coexpr.stats.edges import Strength, as_it_is

# Rows per block: a product of two blocks takes 64 MB.
_BLOCK_ROWS = 4096
_FEWEST_BLOCK_ROWS = 64
# Bytes per value of a product: r, its strength and masks; if all edges are selected, also their places, ends and r.
_BYTES_PER_PRODUCT = 50
# Rows whose unit rows are computed at a time, which needs arrays in double precision.
ROWS_AT_A_TIME = 256
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

    top: int | None
    min_abs_r: float | None
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
    """

    rows: int
    block_rows: int
    held: int

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

    def are_held_with(self, block: int) -> range:
        """Return the blocks that are kept in memory together with a block."""
        first = block - block % self.held
        return range(first, first + self.held)


def make_plan(rows: int, samples: int, selection: EdgeSelection, edges: int, memory: int) -> Plan:
    """Return a plan that fits into memory.

    Parameters
    ----------
    rows, samples : int
        Shape of the matrix.
    selection : EdgeSelection
    edges : int
        Approximate number of edges.
    memory : int
        Available memory in bytes.

    Raises
    ------
    LimitError
        If even small blocks, or the edges themselves, do not fit.
    """
    held_edges = edges * _BYTES_HELD if selection.top is not None else 0
    work = ROWS_AT_A_TIME * samples * 32
    block_rows = min(_BLOCK_ROWS, max(rows, 1))
    needed = 0
    while block_rows >= min(rows, _FEWEST_BLOCK_ROWS):
        computing = held_edges + block_rows**2 * _BYTES_PER_PRODUCT + work
        written = edges if selection.compares_directions else edges * block_rows // rows
        needed = max(computing + 2 * block_rows * samples * 4, held_edges // 4 + written * _BYTES_WRITTEN)
        if needed <= memory:
            held = (memory - computing) // (block_rows * samples * 4) - 1
            return Plan(rows, block_rows, int(min(held, -(-rows // block_rows))))
        block_rows //= 2
    raise LimitError(
        f"{rows:,} rows and about {edges:,} edges need {needed / 1e6:,.0f} MB of memory; {memory / 1e6:,.0f} MB are "
        "allowed. Allow more `memory`, or select fewer edges."
    )

"""What a network is to hold, how its rows are cut into blocks, and what fits into the memory."""

from dataclasses import dataclass

import numpy as np

from coexpr.errors import LimitError
from coexpr.stats.edges import Strength, as_it_is

# Rows of a block: a product of two blocks is 64 MB.
_BLOCK_ROWS = 4096
_FEWEST_BLOCK_ROWS = 64
# Of each value of a product: r, its strength, masks; and where all of it is selection, places, ends and r again.
_BYTES_PER_PRODUCT = 50
# Rows whose unit rows are made at a time: their double precision and what ranking needs beside.
ROWS_AT_A_TIME = 256
# Of an edge that is held: its end and r, and as much again while edges wait to be put in order; and of one that
# is put in order, ranked and written.
_BYTES_HELD, _BYTES_WRITTEN = 40, 90


@dataclass(frozen=True)
class EdgeSelection:
    """Which edges a network has.

    Parameters
    ----------
    top : int or None
        The strongest so many of each row.
    min_abs_r : float or None
        Edges of at least this |r|. With it the strength of an edge is |r|, else r.
    mutual_rank : bool
        With the mean of the ranks that both ends have for one another; only with `top`.
    """

    top: int | None
    min_abs_r: float | None
    mutual_rank: bool = False

    @property
    def strength(self) -> Strength:
        """What an edge is chosen by."""
        return as_it_is if self.min_abs_r is None else np.abs

    @property
    def least(self) -> float:
        """The strength that every edge has."""
        return -np.inf if self.min_abs_r is None else self.min_abs_r


@dataclass(frozen=True)
class Plan:
    """How rows are cut into blocks, and in which order pairs of blocks have their turn.

    Parameters
    ----------
    rows : int
    block_rows : int
    held : int
        Blocks of unit rows that are held at a time, beside the one that is passed by them.
    """

    rows: int
    block_rows: int
    held: int

    @property
    def blocks(self) -> int:
        """How many there are."""
        return -(-self.rows // self.block_rows)

    def block(self, number: int) -> slice:
        """Return the rows of a block."""
        return slice(number * self.block_rows, min(self.rows, (number + 1) * self.block_rows))

    def steps(self) -> list[tuple[int, int]]:
        """Return every pair of blocks once.

        First each with itself, so that it is known early which edges of a row are too weak; the last of
        them are those that are held first. Then those after the first of them pass by.
        """
        pairs = [
            (block, passing)
            for first in range(0, self.blocks, self.held)
            for passing in range(first + 1, self.blocks)
            for block in range(first, min(first + self.held, passing))
        ]
        return [*((block, block) for block in reversed(range(self.blocks))), *pairs]

    def are_held_with(self, block: int) -> range:
        """Return the blocks that are held while a block is."""
        first = block - block % self.held
        return range(first, first + self.held)


def make_plan(rows: int, samples: int, selection: EdgeSelection, edges: int, memory: int) -> Plan:
    """Return the plan that fits into so many bytes, with about so many edges.

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
        finding = held_edges + block_rows**2 * _BYTES_PER_PRODUCT + work
        written = edges if selection.mutual_rank else edges * block_rows // rows
        needed = max(finding + 2 * block_rows * samples * 4, held_edges // 4 + written * _BYTES_WRITTEN)
        if needed <= memory:
            held = (memory - finding) // (block_rows * samples * 4) - 1
            return Plan(rows, block_rows, int(min(held, -(-rows // block_rows))))
        block_rows //= 2
    raise LimitError(
        f"{rows:,} rows and about {edges:,} edges need {needed / 1e6:,.0f} MB of memory; {memory / 1e6:,.0f} MB are "
        "allowed. Allow more with --memory, or ask for fewer edges."
    )

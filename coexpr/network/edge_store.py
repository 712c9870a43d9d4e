"""Storage of the edges found so far: the strongest of each row in memory, or all strong enough edges in files."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coexpr.errors import OutputError
from coexpr.network.checkpoint import Checkpoint
from coexpr.network.plan import EdgeSelection, Plan
from coexpr.stats.edges import Block, Edges, strongest

Read = Callable[[str], dict[str, NDArray[Any]] | None]


class TopEdges:
    """The strongest edges of every row, kept in memory and written to the checkpoint as a whole."""

    progress_file = "strongest"

    def __init__(self, selection: EdgeSelection, plan: Plan, checkpoint: Checkpoint) -> None:
        self._selection, self._plan, self._checkpoint = selection, plan, checkpoint
        self._count = min(selection.top or 0, max(plan.rows - 1, 1))
        self._target = np.full((plan.rows, self._count), -1, dtype=np.int32)
        self._r = np.full((plan.rows, self._count), np.nan, dtype=np.float32)
        self._pending: list[list[Edges]] = [[] for _ in range(plan.blocks)]
        self.least = np.full(plan.rows, selection.least, dtype=np.float32)

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows, and of edges of each row."""
        return len(self._target), self._count

    def add(self, block: int, other: int, found: Edges) -> None:
        """Add the edges between two blocks, or within one; edges within a block are given in both directions."""
        strengths = self._selection.strength(found.r)
        rows, others = self._plan.block(block), self._plan.block(other)
        is_strong = strengths >= self.least[rows][found.row]
        self._append(block, found.row[is_strong], found.other[is_strong] + np.int32(others.start), found.r[is_strong])
        if block != other:
            is_strong = strengths >= self.least[others][found.other]
            self._append(other, found.other[is_strong], found.row[is_strong] + np.int32(rows.start), found.r[is_strong])

    def add_table(self, target: NDArray[np.int32], r: Block) -> None:
        """Add the strongest edges of every row that another run found in other steps.

        Parameters
        ----------
        target : (P, K) int32
            -1 where there is no edge.
        r : (P, K) float32
        """
        for block in range(self._plan.blocks):
            rows = self._plan.block(block)
            row, place = np.nonzero(target[rows] >= 0)
            self._append(block, row.astype(np.int32), target[rows][row, place], r[rows][row, place])

    def _append(self, block: int, row: NDArray[np.int32], target: NDArray[np.int32], r: Block) -> None:
        """Append edges to those pending, which are sorted in large batches because sorting is slow."""
        self._pending[block].append(Edges(row, target, r))
        rows = self._plan.block(block)
        if sum(len(edges.row) for edges in self._pending[block]) >= (rows.stop - rows.start) * self._count // 2:
            self._sort_pending(block)

    def _sort_pending(self, block: int) -> None:
        """Merge the pending edges of a block into the stored ones, and keep the strongest of each row."""
        rows = self._plan.block(block)
        stored_row, stored_place = np.nonzero(self._target[rows] >= 0)
        pending = self._pending[block]
        row = np.concatenate([stored_row.astype(np.int32), *(edges.row for edges in pending)])
        target = np.concatenate([self._target[rows][stored_row, stored_place], *(edges.other for edges in pending)])
        r = np.concatenate([self._r[rows][stored_row, stored_place], *(edges.r for edges in pending)])
        self._pending[block] = []
        kept, rank = strongest(row, target, r, self._count, self._selection.strength)
        places = (row[kept], rank - 1)
        self._target[rows][places], self._r[rows][places] = target[kept], r[kept]
        weakest = self._selection.strength(self._r[rows][:, -1])
        self.least[rows] = np.where(np.isnan(weakest), self._selection.least, weakest)

    def resume(self) -> tuple[int, NDArray[np.int8]]:
        """Load the edges of the checkpoint; return the number of steps done and the states of the rows."""
        saved = self._checkpoint.read(self.progress_file)
        if saved is None:
            return 0, np.empty(0, dtype=np.int8)
        self._target, self._r, self.least = saved["target"], saved["r"], saved["least"]
        return int(saved["done"]), saved["states"]

    def finish(self) -> None:
        """Merge all pending edges."""
        for block in range(self._plan.blocks):
            if self._pending[block]:
                self._sort_pending(block)

    def write(self, done: int, states: NDArray[np.int8]) -> None:
        """Write all edges found so far to the checkpoint, atomically."""
        self.finish()
        arrays = {"target": self._target, "r": self._r, "least": self.least, "states": states, "done": done}
        self._checkpoint.write(self.progress_file, arrays)

    def edges(self) -> Iterator[dict[str, NDArray[Any]]]:
        """Yield source, target, r and rank of all edges in order, in one part per block of sources."""
        for number in range(self._plan.blocks):
            rows = self._plan.block(number)
            row, place = np.nonzero(self._target[rows] >= 0)
            yield {
                "source": (row + rows.start).astype(np.int32),
                "target": self._target[rows][row, place],
                "r": self._r[rows][row, place],
                "rank": (place + 1).astype(np.int32),
            }


class AllEdges:
    """All edges that are strong enough; those of each pair of blocks are in one file.

    Parameters
    ----------
    selection : EdgeSelection
    plan : Plan
    checkpoint : Checkpoint
    read : callable, optional
        Returns the arrays of a file, if not all are in the checkpoint.
    """

    progress_file = "done"

    def __init__(self, selection: EdgeSelection, plan: Plan, checkpoint: Checkpoint, read: Read | None = None) -> None:
        self._selection, self._plan, self._checkpoint = selection, plan, checkpoint
        self._read = read or checkpoint.read
        self._steps = {step: number for number, step in enumerate(plan.steps(), start=1)}
        self.least = np.full(plan.rows, selection.least, dtype=np.float32)

    def add(self, block: int, other: int, found: Edges) -> None:
        """Write the edges between two blocks, or within one; edges within a block are given in both directions."""
        self._checkpoint.write(self._file(block, other), found._asdict())

    @staticmethod
    def step_of(name: str) -> int:
        """Return the number of the step, in the order of the plan and from 0, whose edges are in a file."""
        return int(name.removeprefix("edges-")) - 1

    def _file(self, block: int, other: int) -> str:
        return f"edges-{self._steps[block, other]}"

    def resume(self) -> tuple[int, NDArray[np.int8]]:
        """Return the number of steps done and the states of the rows."""
        saved = self._checkpoint.read(self.progress_file)
        return (0, np.empty(0, dtype=np.int8)) if saved is None else (int(saved["done"]), saved["states"])

    def finish(self) -> None:
        """Do nothing: `add` has written all edges."""

    def write(self, done: int, states: NDArray[np.int8]) -> None:
        """Write the number of steps done and the states of the rows to the checkpoint."""
        self._checkpoint.write(self.progress_file, {"done": done, "states": states})

    def edges(self) -> Iterator[dict[str, NDArray[Any]]]:
        """Yield source, target, r and rank of all edges in order, in one part per block of sources."""
        for number in range(self._plan.blocks):
            parts = [self._of_block(number, *step) for step in self._steps if number in step]
            source, target, r = (np.concatenate(fields) for fields in zip(*parts, strict=True))
            order, rank = strongest(source, target, r, None, self._selection.strength)
            yield {"source": source[order], "target": target[order], "r": r[order], "rank": rank}

    def _of_block(self, number: int, block: int, other: int) -> tuple[NDArray[np.int32], NDArray[np.int32], Block]:
        """Return source, target and r of the edges between two blocks, with block `number` as the source."""
        saved = self._read(self._file(block, other))
        if saved is None:
            raise OutputError(
                f"files in {self._checkpoint.path} are missing or damaged. Remove that folder and start again."
            )
        rows = saved["row"] + np.int32(self._plan.block(block).start)
        others = saved["other"] + np.int32(self._plan.block(other).start)
        return (rows, others, saved["r"]) if number == block else (others, rows, saved["r"])

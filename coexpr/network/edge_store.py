"""The edges that were found so far: the strongest of each row, held; or every one that is strong enough, noted."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coexpr.errors import OutputError
from coexpr.network.checkpoint import Checkpoint
from coexpr.network.plan import EdgeSelection, Plan
from coexpr.stats.edges import Block, Edges, strongest


class TopEdges:
    """The strongest edges of every row, in memory; written down whole."""

    def __init__(self, selection: EdgeSelection, plan: Plan, checkpoint: Checkpoint) -> None:
        self._selection, self._plan, self._checkpoint = selection, plan, checkpoint
        self._count = min(selection.top or 0, max(plan.rows - 1, 1))
        self._target = np.full((plan.rows, self._count), -1, dtype=np.int32)
        self._r = np.full((plan.rows, self._count), np.nan, dtype=np.float32)
        self._waiting: list[list[Edges]] = [[] for _ in range(plan.blocks)]
        self.least = np.full(plan.rows, selection.least, dtype=np.float32)

    def add(self, block: int, passing: int, found: Edges) -> None:
        """Take edges between two blocks; those within one come in both directions."""
        strengths = self._selection.strength(found.r)
        rows, others = self._plan.block(block), self._plan.block(passing)
        is_strong = strengths >= self.least[rows][found.row]
        self._wait(block, found.row[is_strong], found.other[is_strong] + np.int32(others.start), found.r[is_strong])
        if block != passing:
            is_strong = strengths >= self.least[others][found.other]
            self._wait(passing, found.other[is_strong], found.row[is_strong] + np.int32(rows.start), found.r[is_strong])

    def _wait(self, block: int, row: NDArray[np.int32], target: NDArray[np.int32], r: Block) -> None:
        """Keep edges until there are as many as a block may have: to put them in order often would take long."""
        self._waiting[block].append(Edges(row, target, r))
        rows = self._plan.block(block)
        if sum(len(edges.row) for edges in self._waiting[block]) >= (rows.stop - rows.start) * self._count // 2:
            self._sort_waiting(block)

    def _sort_waiting(self, block: int) -> None:
        """Put the edges of a block in order and keep the strongest of each row."""
        rows = self._plan.block(block)
        known_row, known_place = np.nonzero(self._target[rows] >= 0)
        waiting = self._waiting[block]
        row = np.concatenate([known_row.astype(np.int32), *(edges.row for edges in waiting)])
        target = np.concatenate([self._target[rows][known_row, known_place], *(edges.other for edges in waiting)])
        r = np.concatenate([self._r[rows][known_row, known_place], *(edges.r for edges in waiting)])
        self._waiting[block] = []
        kept, rank = strongest(row, target, r, self._count, self._selection.strength)
        places = (row[kept], rank - 1)
        self._target[rows][places], self._r[rows][places] = target[kept], r[kept]
        weakest = self._selection.strength(self._r[rows][:, -1])
        self.least[rows] = np.where(np.isnan(weakest), self._selection.least, weakest)

    def resume(self) -> tuple[int, NDArray[np.int8]]:
        """Take up what was written down; return how many steps were done, and the states of rows."""
        noted = self._checkpoint.read("strongest")
        if noted is None:
            return 0, np.empty(0, dtype=np.int8)
        self._target, self._r, self.least = noted["target"], noted["r"], noted["least"]
        return int(noted["done"]), noted["states"]

    def finish(self) -> None:
        """Put all edges that wait in order."""
        for block in range(self._plan.blocks):
            if self._waiting[block]:
                self._sort_waiting(block)

    def write(self, done: int, states: NDArray[np.int8]) -> None:
        """Write down what was found so far: whole, or not at all."""
        self.finish()
        arrays = {"target": self._target, "r": self._r, "least": self.least, "states": states, "done": done}
        self._checkpoint.write("strongest", arrays)

    def edges(self) -> Iterator[dict[str, NDArray[Any]]]:
        """Yield source, target, r and rank of edges, those of a block of sources at a time, in order."""
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
    """Every edge that is strong enough; those of each pair of blocks in a file of their own."""

    def __init__(self, selection: EdgeSelection, plan: Plan, checkpoint: Checkpoint) -> None:
        self._selection, self._plan, self._checkpoint = selection, plan, checkpoint
        self._steps = {step: number for number, step in enumerate(plan.steps(), start=1)}
        self.least = np.full(plan.rows, selection.least, dtype=np.float32)

    def add(self, block: int, passing: int, found: Edges) -> None:
        """Write edges between two blocks; those within one come in both directions."""
        self._checkpoint.write(f"edges-{self._steps[block, passing]}", found._asdict())

    def resume(self) -> tuple[int, NDArray[np.int8]]:
        """Return how many steps were done, and the states of rows."""
        noted = self._checkpoint.read("done")
        return (0, np.empty(0, dtype=np.int8)) if noted is None else (int(noted["done"]), noted["states"])

    def finish(self) -> None:
        """Nothing waits: edges are written as they come."""

    def write(self, done: int, states: NDArray[np.int8]) -> None:
        """Write down which steps are done."""
        self._checkpoint.write("done", {"done": done, "states": states})

    def edges(self) -> Iterator[dict[str, NDArray[Any]]]:
        """Yield source, target, r and rank of edges, those of a block of sources at a time, in order."""
        for number in range(self._plan.blocks):
            parts = [self._of_block(number, *step) for step in self._steps if number in step]
            source, target, r = (np.concatenate(fields) for fields in zip(*parts, strict=True))
            order, rank = strongest(source, target, r, None, self._selection.strength)
            yield {"source": source[order], "target": target[order], "r": r[order], "rank": rank}

    def _of_block(self, number: int, block: int, passing: int) -> tuple[NDArray[np.int32], NDArray[np.int32], Block]:
        """Return the edges whose source is in a block, of the file of two blocks."""
        noted = self._checkpoint.read(f"edges-{self._steps[block, passing]}")
        if noted is None:
            raise OutputError(
                f"notes in {self._checkpoint.path} are missing or damaged. Remove that folder and begin again."
            )
        row = noted["row"] + np.int32(self._plan.block(block).start)
        other = noted["other"] + np.int32(self._plan.block(passing).start)
        return (row, other, noted["r"]) if number == block else (other, row, noted["r"])

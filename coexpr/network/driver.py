"""Correlation of all rows with all rows, block by block, with the functions of `coexpr.stats.edges`.

Rows are divided into blocks. For every pair of blocks one product is computed, and its edges are selected before the
next product (`products`). Results are written to a checkpoint at intervals, from which an interrupted run continues.
"""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coexpr.network.checkpoint import Checkpoint
from coexpr.network.edge_store import AllEdges, TopEdges
from coexpr.network.plan import EdgeSelection, Part, Plan
from coexpr.network.products import CONSTANT, MISSING, Engine, InProcess, UnitRows
from coexpr.network.written_edges import written_edges
from coexpr.progress import SILENT, Progress
from coexpr.stats.correlate import Rows
from coexpr.stats.measures import Estimator

_CHECKPOINT_SECONDS = 20.0


class Network:
    """The edges of a network, computed step by step.

    Parameters
    ----------
    values : (P, S) array or RowReader
    estimator : Estimator
    selection : EdgeSelection
    plan : Plan
    checkpoint : Checkpoint
        Where intermediate results are stored.
    engine : Engine, optional
        What computes the steps. By default this process, from unit rows, in one thread.
    """

    def __init__(
        self,
        values: Rows,
        estimator: Estimator,
        selection: EdgeSelection,
        plan: Plan,
        checkpoint: Checkpoint,
        engine: Engine | None = None,
        part: Part | None = None,
    ) -> None:
        self._selection, self._plan = selection, plan
        self._engine = engine or InProcess(UnitRows(values, estimator, plan), plan, selection)
        self._steps = plan.steps()
        if part is not None:
            self._steps = [self._steps[number] for number in plan.share(part)]
        self._found: TopEdges | AllEdges = (
            AllEdges(selection, plan, checkpoint) if selection.top is None else TopEdges(selection, plan, checkpoint)
        )

    def find(self, progress: Progress = SILENT) -> None:
        """Compute the remaining steps, and update the checkpoint at intervals."""
        done, states = self._found.resume()
        if done:
            self._engine.states[:] = states
            progress.say(f"{done:,} of {len(self._steps):,} steps were done before")
        pairs = [self._plan.pairs_of(*step) for step in self._steps]
        saved = time.monotonic()
        with progress.task("Correlating", sum(pairs), "pairs", done=sum(pairs[:done])) as advance:
            left = self._steps[done:]
            computed = self._engine.find(left, lambda: self._found.least)
            for number, (step, edges) in enumerate(zip(left, computed, strict=True), start=done + 1):
                self._found.add(*step, edges)
                now = time.monotonic()
                if now - saved >= _CHECKPOINT_SECONDS:
                    self._found.write(number, self._engine.states)
                    saved = now
                advance(pairs[number - 1])
        self._found.finish()

    def save(self) -> None:
        """Write what was found to the checkpoint, after all steps."""
        self._found.write(len(self._steps), self._engine.states)

    @property
    def left_out(self) -> dict[str, int]:
        """Number of rows without edges, because a value is missing, or because the row is constant."""
        return count_left_out(self._engine.states)

    def edges(self) -> Iterator[dict[str, NDArray[Any]]]:
        """Yield source, target, r and rank of all edges in order, in one part per block of sources.

        If the selection includes mutual_rank, it is yielded too. It is NaN if the reverse edge is not in the network.
        If edges are undirected, each pair is yielded once, and its source is the row with the smaller number.
        """
        return written_edges(self._found, self._selection, self._plan)


def count_left_out(states: NDArray[np.int8]) -> dict[str, int]:
    """Return the number of rows without edges, because a value is missing, or because the row is constant."""
    return {
        "with_missing_values": int(np.count_nonzero(states == MISSING)),
        "constant": int(np.count_nonzero(states == CONSTANT)),
    }

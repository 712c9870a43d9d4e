"""Correlation of all rows with all rows, block by block, with the functions of `coexpr.stats.edges`.

Rows are divided into blocks. For every pair of blocks one product is computed, and its edges are selected before the
next product. Unit rows of as many blocks as memory allows are kept; those of other blocks are computed again when they
are needed. Results are written to a checkpoint at intervals, from which an interrupted run continues.
"""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coexpr.network.checkpoint import Checkpoint
from coexpr.network.edge_store import AllEdges, TopEdges
from coexpr.network.plan import ROWS_AT_A_TIME, EdgeSelection, Plan
from coexpr.progress import SILENT, Progress
from coexpr.stats.correlate import Rows
from coexpr.stats.edges import Block, edges_between, edges_within, merge_directions, mutual_ranks, strongest
from coexpr.stats.measures import Estimator, unit_rows

_CHECKPOINT_SECONDS = 20.0
_OK, _MISSING, _CONSTANT = 0, 1, 2


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
    """

    def __init__(
        self, values: Rows, estimator: Estimator, selection: EdgeSelection, plan: Plan, checkpoint: Checkpoint
    ) -> None:
        self._values, self._estimator, self._selection, self._plan = values, estimator, selection, plan
        self._steps = plan.steps()
        self._states = np.full(plan.rows, _OK, dtype=np.int8)
        self._units: dict[int, Block] = {}
        self._found: TopEdges | AllEdges = (
            AllEdges(selection, plan, checkpoint) if selection.top is None else TopEdges(selection, plan, checkpoint)
        )

    def find(self, progress: Progress = SILENT) -> None:
        """Compute the remaining steps, and update the checkpoint at intervals."""
        done, states = self._found.resume()
        if done:
            self._states[:] = states
            progress.say(f"{done:,} of {len(self._steps):,} steps were done before")
        pairs = [self._pairs_of(*step) for step in self._steps]
        saved = time.monotonic()
        with progress.task("Correlating", sum(pairs), "pairs", done=sum(pairs[:done])) as advance:
            for number, step in enumerate(self._steps[done:], start=done + 1):
                self._compute(*step)
                now = time.monotonic()
                if now - saved >= _CHECKPOINT_SECONDS:
                    self._found.write(number, self._states)
                    saved = now
                advance(pairs[number - 1])
        self._found.finish()
        self._units.clear()

    @property
    def left_out(self) -> dict[str, int]:
        """Number of rows without edges, because a value is missing, or because the row is constant."""
        return {
            "with_missing_values": int(np.count_nonzero(self._states == _MISSING)),
            "constant": int(np.count_nonzero(self._states == _CONSTANT)),
        }

    def edges(self) -> Iterator[dict[str, NDArray[Any]]]:
        """Yield source, target, r and rank of all edges in order, in one part per block of sources.

        If the selection includes mutual_rank, it is yielded too. It is NaN if the reverse edge is not in the network.
        If edges are undirected, each pair is yielded once, and its source is the row with the smaller number.
        """
        if self._selection.undirected:
            return self._undirected()
        return self._with_mutual_rank() if self._selection.mutual_rank else self._found.edges()

    def _with_mutual_rank(self) -> Iterator[dict[str, NDArray[Any]]]:
        parts = list(self._found.edges())
        source, target, rank = (np.concatenate([part[name] for part in parts]) for name in ("source", "target", "rank"))
        mutual = mutual_ranks(source, target, rank)
        start = 0
        for part in parts:
            yield part | {"mutual_rank": mutual[start : start + len(part["rank"])]}
            start += len(part["rank"])

    def _undirected(self) -> Iterator[dict[str, NDArray[Any]]]:
        """Yield pairs by source, then strongest first."""
        pairs = merge_directions(**_concatenate(self._found.edges()))
        for number in range(self._plan.blocks):
            rows = self._plan.block(number)
            start, stop = np.searchsorted(pairs.source, (rows.start, rows.stop))
            part = {name: values[start:stop] for name, values in pairs._asdict().items()}
            order, _ = strongest(part["source"], part["target"], part["r"], None, self._selection.strength)
            if not self._selection.mutual_rank:
                del part["mutual_rank"]
            yield {name: values[order] for name, values in part.items()}

    def _pairs_of(self, block: int, other: int) -> int:
        """Return the number of pairs of rows that a step compares."""
        rows, others = self._plan.block(block), self._plan.block(other)
        count: int = rows.stop - rows.start
        return count * (count - 1) // 2 if block == other else count * (others.stop - others.start)

    def _compute(self, block: int, other: int) -> None:
        """Compute and store the edges between two blocks, or within one if both are the same."""
        kept = self._plan.are_held_with(block)
        self._units = {number: unit for number, unit in self._units.items() if number in kept or number == other}
        rows, others = self._plan.block(block), self._plan.block(other)
        least, strength = self._found.least, self._selection.strength
        unit = self._unit(block)
        if block == other:
            count = self._selection.top or len(unit)
            self._found.add(block, other, edges_within(unit, least[rows], count, strength))
        else:
            found = edges_between(unit, self._unit(other), least[rows], least[others], strength)
            self._found.add(block, other, found)

    def _unit(self, number: int) -> Block:
        """Return the unit rows of a block, computed unless they are in memory."""
        if number not in self._units:
            rows = self._plan.block(number)
            unit = np.empty((rows.stop - rows.start, self._values.shape[1]), dtype=np.float32)
            for start in range(0, len(unit), ROWS_AT_A_TIME):
                stop = min(start + ROWS_AT_A_TIME, len(unit))
                values = self._values[rows.start + start : rows.start + stop]
                unit[start:stop] = unit_rows(values, self._estimator)
                states = self._states[rows.start + start : rows.start + stop]
                states[np.isnan(unit[start:stop, 0])] = _CONSTANT
                states[np.isnan(values).any(axis=1)] = _MISSING
            self._units[number] = unit
        return self._units[number]


def _concatenate(parts: Iterator[dict[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    """Return all parts as one; they are released on return."""
    together = list(parts)
    return {name: np.concatenate([part[name] for part in together]) for name in together[0]}

"""All against all, block by block: what drives the kernel of `coexpr.stats.edges`.

Rows are cut into blocks. Of every pair of blocks one product is formed, and edges are selected before the next.
As many blocks of unit rows are held as the memory allows; the others are made when their turn comes. What
was found is written down from time to time, so that a run that was interrupted continues.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coexpr.network.checkpoint import Checkpoint
from coexpr.network.edge_store import AllEdges, TopEdges
from coexpr.network.plan import ROWS_AT_A_TIME, EdgeSelection, Plan
from coexpr.stats.correlate import Rows
from coexpr.stats.edges import Block, edges_between, edges_within, mutual_ranks
from coexpr.stats.measures import Estimator, unit_rows

_CHECKPOINT_SECONDS = 20.0
_OK, _MISSING, _CONSTANT = 0, 1, 2


class Network:
    """The edges of a network, found step by step.

    Parameters
    ----------
    values : (P, S) array, or what reads one by rows
    estimator : Estimator
    selection : EdgeSelection
    plan : Plan
    checkpoint : Checkpoint
        Where what was found is written down.
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

    def find(self, progress: Callable[[str], None] = lambda message: None) -> None:
        """Go through the steps that are left, and write down where they stand."""
        done, states = self._found.resume()
        if done:
            self._states[:] = states
            progress(f"{done:,} of {len(self._steps):,} steps were done before")
        start = noted = time.monotonic()
        for number, step in enumerate(self._steps[done:], start=done + 1):
            self._take(*step)
            now = time.monotonic()
            if now - noted >= _CHECKPOINT_SECONDS:
                self._found.write(number, self._states)
                share = (number - done) / (len(self._steps) - done)
                left = (now - start) * (1 - share) / share
                if number < len(self._steps):
                    progress(f"{number:,} of {len(self._steps):,} steps, {_in_words(left)} left")
                noted = now
        self._found.finish()
        self._units.clear()

    @property
    def left_out(self) -> dict[str, int]:
        """How many rows have no edge, because a value is unknown, or because their r is not defined."""
        return {
            "with_missing_values": int(np.count_nonzero(self._states == _MISSING)),
            "constant": int(np.count_nonzero(self._states == _CONSTANT)),
        }

    def edges(self) -> Iterator[dict[str, NDArray[Any]]]:
        """Yield source, target, r and rank of all edges, those of a block of sources at a time, in order.

        With mutual_rank where it is selection, NaN where an edge is not among the strongest of its target.
        """
        return self._with_mutual_rank() if self._selection.mutual_rank else self._found.edges()

    def _with_mutual_rank(self) -> Iterator[dict[str, NDArray[Any]]]:
        parts = list(self._found.edges())
        source, target, rank = (np.concatenate([part[name] for part in parts]) for name in ("source", "target", "rank"))
        mutual = mutual_ranks(source, target, rank)
        start = 0
        for part in parts:
            yield part | {"mutual_rank": mutual[start : start + len(part["rank"])]}
            start += len(part["rank"])

    def _take(self, block: int, passing: int) -> None:
        held = self._plan.are_held_with(block)
        self._units = {number: unit for number, unit in self._units.items() if number in held or number == passing}
        rows, others = self._plan.block(block), self._plan.block(passing)
        least, strength = self._found.least, self._selection.strength
        unit = self._unit(block)
        if block == passing:
            count = self._selection.top or len(unit)
            self._found.add(block, passing, edges_within(unit, least[rows], count, strength))
        else:
            found = edges_between(unit, self._unit(passing), least[rows], least[others], strength)
            self._found.add(block, passing, found)

    def _unit(self, number: int) -> Block:
        """Return the unit rows of a block, made where they are not held."""
        if number not in self._units:
            rows = self._plan.block(number)
            unit = np.empty((rows.stop - rows.start, self._values.shape[1]), dtype=np.float32)
            for start in range(0, len(unit), ROWS_AT_A_TIME):
                stop = min(start + ROWS_AT_A_TIME, len(unit))
                some = self._values[rows.start + start : rows.start + stop]
                unit[start:stop] = unit_rows(some, self._estimator)
                states = self._states[rows.start + start : rows.start + stop]
                states[np.isnan(unit[start:stop, 0])] = _CONSTANT
                states[np.isnan(some).any(axis=1)] = _MISSING
            self._units[number] = unit
        return self._units[number]


def _in_words(seconds: float) -> str:
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    return f"about {round(seconds / 60)} minutes" if seconds < 5400 else f"about {seconds / 3600:.1f} hours"

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

from coexpr.network.checkpoint import RunFolder
from coexpr.network.edge_store import Every, Strongest
from coexpr.network.plan import ROWS_AT_A_TIME, Plan, Wanted
from coexpr.stats.correlate import Rows
from coexpr.stats.edges import Block, edges_between, edges_within, mutual_ranks
from coexpr.stats.measures import Measure, unit_rows

_SECONDS_BETWEEN_NOTES = 20.0
_OK, _UNKNOWN, _WITHOUT_R = 0, 1, 2


class Network:
    """The edges of a network, found step by step.

    Parameters
    ----------
    values : (P, S) array, or what reads one by rows
    measure : Measure
    wanted : Wanted
    plan : Plan
    folder : RunFolder
        Where what was found is written down.
    """

    def __init__(self, values: Rows, measure: Measure, wanted: Wanted, plan: Plan, folder: RunFolder) -> None:
        self._values, self._measure, self._wanted, self._plan = values, measure, wanted, plan
        self._steps = plan.steps()
        self._states = np.full(plan.rows, _OK, dtype=np.int8)
        self._units: dict[int, Block] = {}
        self._found: Strongest | Every = (
            Every(wanted, plan, folder) if wanted.top is None else Strongest(wanted, plan, folder)
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
            if now - noted >= _SECONDS_BETWEEN_NOTES:
                self._found.write(number, self._states)
                share = (number - done) / (len(self._steps) - done)
                left = (now - start) * (1 - share) / share
                if number < len(self._steps):
                    progress(f"{number:,} of {len(self._steps):,} steps, {_in_words(left)} left")
                noted = now
        self._found.settle()
        self._units.clear()

    @property
    def left_out(self) -> dict[str, int]:
        """How many rows have no edge, because a value is unknown, or because their r is not defined."""
        return {
            "unknown": int(np.count_nonzero(self._states == _UNKNOWN)),
            "without_r": int(np.count_nonzero(self._states == _WITHOUT_R)),
        }

    def edges(self) -> Iterator[dict[str, NDArray[Any]]]:
        """Yield source, target, r and rank of all edges, those of a block of sources at a time, in order.

        With mutual_rank where it is wanted, NaN where an edge is not among the strongest of its target.
        """
        return self._with_mutual_rank() if self._wanted.mutual_rank else self._found.edges()

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
        least, strength = self._found.least, self._wanted.strength
        unit = self._unit(block)
        if block == passing:
            count = self._wanted.top or len(unit)
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
                unit[start:stop] = unit_rows(some, self._measure)
                states = self._states[rows.start + start : rows.start + stop]
                states[np.isnan(unit[start:stop, 0])] = _WITHOUT_R
                states[np.isnan(some).any(axis=1)] = _UNKNOWN
            self._units[number] = unit
        return self._units[number]


def _in_words(seconds: float) -> str:
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    return f"about {round(seconds / 60)} minutes" if seconds < 5400 else f"about {seconds / 3600:.1f} hours"

"""All against all, block by block: what drives the kernel of `coexpr.edges`.

Rows are cut into blocks. Of every pair of blocks one product is formed, and edges are selected before the next.
As many blocks of unit rows are held as the memory allows; the others are made when their turn comes. What
was found is written down from time to time, so that a run that was interrupted continues.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coexpr.correlate import Rows
from coexpr.edges import Block, Edges, Strength, as_it_is, edges_between, edges_within, mutual_ranks, strongest
from coexpr.errors import LimitError, OutputError
from coexpr.measures import Measure, unit_rows
from coexpr.run_folder import RunFolder

# Rows of a block: a product of two blocks is 64 MB.
_BLOCK_ROWS = 4096
_FEWEST_BLOCK_ROWS = 64
# Of each value of a product: r, its strength, masks; and where all of it is wanted, places, ends and r again.
_BYTES_PER_PRODUCT = 50
# Rows whose unit rows are made at a time: their double precision and what ranking needs beside.
_ROWS_AT_A_TIME = 256
# Of an edge that is held: its end and r, and as much again while edges wait to be put in order; and of one that
# is put in order, ranked and written.
_BYTES_HELD, _BYTES_WRITTEN = 40, 90
_SECONDS_BETWEEN_NOTES = 20.0
_OK, _UNKNOWN, _WITHOUT_R = 0, 1, 2


@dataclass(frozen=True)
class Wanted:
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


def make_plan(rows: int, samples: int, wanted: Wanted, edges: int, memory: int) -> Plan:
    """Return the plan that fits into so many bytes, with about so many edges.

    Raises
    ------
    LimitError
        If even small blocks, or the edges themselves, do not fit.
    """
    held_edges = edges * _BYTES_HELD if wanted.top is not None else 0
    work = _ROWS_AT_A_TIME * samples * 32
    block_rows = min(_BLOCK_ROWS, max(rows, 1))
    needed = 0
    while block_rows >= min(rows, _FEWEST_BLOCK_ROWS):
        finding = held_edges + block_rows**2 * _BYTES_PER_PRODUCT + work
        written = edges if wanted.mutual_rank else edges * block_rows // rows
        needed = max(finding + 2 * block_rows * samples * 4, held_edges // 4 + written * _BYTES_WRITTEN)
        if needed <= memory:
            held = (memory - finding) // (block_rows * samples * 4) - 1
            return Plan(rows, block_rows, int(min(held, -(-rows // block_rows))))
        block_rows //= 2
    raise LimitError(
        f"{rows:,} rows and about {edges:,} edges need {needed / 1e6:,.0f} MB of memory; {memory / 1e6:,.0f} MB are "
        "allowed. Allow more with --memory, or ask for fewer edges."
    )


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
        self._found: _Strongest | _Every = (
            _Every(wanted, plan, folder) if wanted.top is None else _Strongest(wanted, plan, folder)
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
            if now - noted > _SECONDS_BETWEEN_NOTES or number == len(self._steps):
                self._found.write(number, self._states)
                share = (number - done) / (len(self._steps) - done)
                left = (now - start) * (1 - share) / share
                if left:
                    progress(f"{number:,} of {len(self._steps):,} steps, {_in_words(left)} left")
                noted = now
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
            for start in range(0, len(unit), _ROWS_AT_A_TIME):
                stop = min(start + _ROWS_AT_A_TIME, len(unit))
                some = self._values[rows.start + start : rows.start + stop]
                unit[start:stop] = unit_rows(some, self._measure)
                states = self._states[rows.start + start : rows.start + stop]
                states[np.isnan(unit[start:stop, 0])] = _WITHOUT_R
                states[np.isnan(some).any(axis=1)] = _UNKNOWN
            self._units[number] = unit
        return self._units[number]


class _Strongest:
    """The strongest edges of every row, in memory; written down whole."""

    def __init__(self, wanted: Wanted, plan: Plan, folder: RunFolder) -> None:
        self._wanted, self._plan, self._folder = wanted, plan, folder
        self._count = min(wanted.top or 0, max(plan.rows - 1, 1))
        self._target = np.full((plan.rows, self._count), -1, dtype=np.int32)
        self._r = np.full((plan.rows, self._count), np.nan, dtype=np.float32)
        self._waiting: list[list[Edges]] = [[] for _ in range(plan.blocks)]
        self.least = np.full(plan.rows, wanted.least, dtype=np.float32)

    def add(self, block: int, passing: int, found: Edges) -> None:
        """Take edges between two blocks; those within one come in both directions."""
        strengths = self._wanted.strength(found.r)
        rows, others = self._plan.block(block), self._plan.block(passing)
        wanted = strengths >= self.least[rows][found.row]
        self._wait(block, found.row[wanted], found.other[wanted] + np.int32(others.start), found.r[wanted])
        if block != passing:
            wanted = strengths >= self.least[others][found.other]
            self._wait(passing, found.other[wanted], found.row[wanted] + np.int32(rows.start), found.r[wanted])

    def _wait(self, block: int, row: NDArray[np.int32], target: NDArray[np.int32], r: Block) -> None:
        """Keep edges until there are as many as a block may have: to put them in order often would take long."""
        self._waiting[block].append(Edges(row, target, r))
        rows = self._plan.block(block)
        if sum(len(edges.row) for edges in self._waiting[block]) >= (rows.stop - rows.start) * self._count // 2:
            self._settle(block)

    def _settle(self, block: int) -> None:
        """Put the edges of a block in order and keep the strongest of each row."""
        rows = self._plan.block(block)
        known_row, known_place = np.nonzero(self._target[rows] >= 0)
        waiting = self._waiting[block]
        row = np.concatenate([known_row.astype(np.int32), *(edges.row for edges in waiting)])
        target = np.concatenate([self._target[rows][known_row, known_place], *(edges.other for edges in waiting)])
        r = np.concatenate([self._r[rows][known_row, known_place], *(edges.r for edges in waiting)])
        self._waiting[block] = []
        kept, rank = strongest(row, target, r, self._count, self._wanted.strength)
        places = (row[kept], rank - 1)
        self._target[rows][places], self._r[rows][places] = target[kept], r[kept]
        weakest = self._wanted.strength(self._r[rows][:, -1])
        self.least[rows] = np.where(np.isnan(weakest), self._wanted.least, weakest)

    def resume(self) -> tuple[int, NDArray[np.int8]]:
        """Take up what was written down; return how many steps were done, and the states of rows."""
        noted = self._folder.read("strongest")
        if noted is None:
            return 0, np.empty(0, dtype=np.int8)
        self._target, self._r, self.least = noted["target"], noted["r"], noted["least"]
        return int(noted["done"]), noted["states"]

    def write(self, done: int, states: NDArray[np.int8]) -> None:
        """Write down what was found so far: whole, or not at all."""
        for block in range(self._plan.blocks):
            if self._waiting[block]:
                self._settle(block)
        arrays = {"target": self._target, "r": self._r, "least": self.least, "states": states, "done": done}
        self._folder.write("strongest", arrays)

    def edges(self) -> Iterator[dict[str, NDArray[Any]]]:
        for number in range(self._plan.blocks):
            rows = self._plan.block(number)
            row, place = np.nonzero(self._target[rows] >= 0)
            yield {
                "source": (row + rows.start).astype(np.int32),
                "target": self._target[rows][row, place],
                "r": self._r[rows][row, place],
                "rank": (place + 1).astype(np.int32),
            }


class _Every:
    """Every edge that is strong enough; those of each pair of blocks in a file of their own."""

    def __init__(self, wanted: Wanted, plan: Plan, folder: RunFolder) -> None:
        self._wanted, self._plan, self._folder = wanted, plan, folder
        self._steps = {step: number for number, step in enumerate(plan.steps(), start=1)}
        self.least = np.full(plan.rows, wanted.least, dtype=np.float32)

    def add(self, block: int, passing: int, found: Edges) -> None:
        """Write edges between two blocks; those within one come in both directions."""
        self._folder.write(f"edges-{self._steps[block, passing]}", found._asdict())

    def resume(self) -> tuple[int, NDArray[np.int8]]:
        """Return how many steps were done, and the states of rows."""
        noted = self._folder.read("done")
        return (0, np.empty(0, dtype=np.int8)) if noted is None else (int(noted["done"]), noted["states"])

    def write(self, done: int, states: NDArray[np.int8]) -> None:
        """Write down which steps are done."""
        self._folder.write("done", {"done": done, "states": states})

    def edges(self) -> Iterator[dict[str, NDArray[Any]]]:
        for number in range(self._plan.blocks):
            parts = [self._of_block(number, *step) for step in self._steps if number in step]
            source, target, r = (np.concatenate(fields) for fields in zip(*parts, strict=True))
            order, rank = strongest(source, target, r, None, self._wanted.strength)
            yield {"source": source[order], "target": target[order], "r": r[order], "rank": rank}

    def _of_block(self, number: int, block: int, passing: int) -> tuple[NDArray[np.int32], NDArray[np.int32], Block]:
        """Return the edges whose source is in a block, of the file of two blocks."""
        noted = self._folder.read(f"edges-{self._steps[block, passing]}")
        if noted is None:
            raise OutputError(
                f"notes in {self._folder.path} are missing or damaged. Remove that folder and begin again."
            )
        row = noted["row"] + np.int32(self._plan.block(block).start)
        other = noted["other"] + np.int32(self._plan.block(passing).start)
        return (row, other, noted["r"]) if number == block else (other, row, noted["r"])


def _in_words(seconds: float) -> str:
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    return f"about {round(seconds / 60)} minutes" if seconds < 5400 else f"about {seconds / 3600:.1f} hours"

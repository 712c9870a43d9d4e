"""Products of blocks of rows, and the edges that are selected from them.

Products are computed tile by tile in threads of Python, and each tile in a single thread of the matrix library. How
that library divides a product among its own threads changes the last bits of r; this way, r does not depend on the
number of threads, and is the same in every process on processors of the same kind.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Lock
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from coexpr.network.plan import ROWS_AT_A_TIME, EdgeSelection, Plan
from coexpr.stats.correlate import Rows
from coexpr.stats.edges import Block, Edges, raise_least, select_between, select_within
from coexpr.stats.measures import Estimator, unit_rows

OK, MISSING, CONSTANT = 0, 1, 2
# Rows and columns of a tile. It does not depend on the number of threads, so that no r does.
_TILE = 1024
# Threads that compute unit rows, which are in double precision and need memory.
_MOST_THREADS = 4
T = TypeVar("T")


class Products(Protocol):
    """The matrix of r, block by block.

    Parameters
    ----------
    states : (P,) int8
        Why a row has no r: `OK`, `MISSING` or `CONSTANT`. Known for the blocks that were multiplied.
    """

    states: NDArray[np.int8]

    def product(self, block: int, other: int, threads: int) -> Block:
        """Return r of the rows of one block (B) with those of another (C), or of one block with itself."""
        ...


class UnitRows:
    """Products of unit rows, of which as many blocks are kept in memory as the plan allows.

    Parameters
    ----------
    values : (P, S) array or RowReader
    estimator : Estimator
    plan : Plan
    """

    def __init__(self, values: Rows, estimator: Estimator, plan: Plan) -> None:
        self._values, self._estimator, self._plan = values, estimator, plan
        self._units: dict[int, Block] = {}
        self._changing = Lock()  # a worker of a scheduler may compute several products at a time
        self.states = np.full(plan.rows, OK, dtype=np.int8)

    def product(self, block: int, other: int, threads: int) -> Block:
        """Return r of two blocks, or of one with itself."""
        with self._changing:
            kept = self._plan.are_held_with(block)
            self._units = {number: unit for number, unit in self._units.items() if number in kept or number == other}
            rows = self._unit(block, threads)
            others = rows if block == other else self._unit(other, threads)
        return multiply(rows, others, threads)

    def _unit(self, number: int, threads: int) -> Block:
        """Return the unit rows of a block, computed unless they are in memory."""
        if number not in self._units:
            rows = self._plan.block(number)
            unit = np.empty((rows.stop - rows.start, self._values.shape[1]), dtype=np.float32)

            def compute(some: slice) -> None:
                values = self._values[some]
                of_some = unit[some.start - rows.start : some.stop - rows.start]
                of_some[:] = unit_rows(values, self._estimator)
                states = self.states[some]
                states[np.isnan(of_some[:, 0])] = CONSTANT
                states[np.isnan(values).any(axis=1)] = MISSING

            over_rows(compute, rows, threads)
            self._units[number] = unit
        return self._units[number]


def multiply(rows: NDArray[Any], others: NDArray[Any], threads: int) -> NDArray[Any]:
    """Return the products of all rows (B, S) with all others (C, S); symmetric if both are the same array."""
    r = np.empty((len(rows), len(others)), dtype=rows.dtype)
    is_symmetric = rows is others

    def fill(tile: tuple[int, int]) -> None:
        down, across = (slice(start, start + _TILE) for start in tile)
        np.matmul(rows[down], others[across].T, out=r[down, across])
        if is_symmetric and tile[0] != tile[1]:
            r[across, down] = r[down, across].T

    tiles = [
        (row, other)
        for row in range(0, len(rows), _TILE)
        for other in range(row if is_symmetric else 0, len(others), _TILE)
    ]
    in_threads(fill, tiles, threads)
    return r


def find_edges(
    products: Products,
    selection: EdgeSelection,
    step: tuple[int, int],
    least: tuple[Block, Block],
    threads: int,
) -> Edges:
    """Return the edges between two blocks of a step, or within one if both are the same.

    Parameters
    ----------
    products : Products
    selection : EdgeSelection
    step : (int, int)
    least : two arrays (B,), (C,) float32
        Smallest strength of an edge of each row of the two blocks.
    threads : int
    """
    block, other = step
    r = products.product(block, other, threads)
    if block != other:
        least = _raised(r, least[0], selection, threads), _raised(r.T, least[1], selection, threads)

    def select(start: int) -> Edges:
        rows = slice(start, start + ROWS_AT_A_TIME)
        if block == other:
            edges = select_within(r[rows], rows.start, least[0][rows], selection.top or len(r), selection.strength)
        else:
            edges = select_between(r[rows], least[0][rows], least[1], selection.strength)
        return edges._replace(row=edges.row + np.int32(start))

    found = in_threads(select, range(0, len(r), ROWS_AT_A_TIME), threads)
    return Edges(*(np.concatenate(fields) for fields in zip(*found, strict=True)))


def _raised(r: Block, least: Block, selection: EdgeSelection, threads: int) -> Block:
    """Return the smallest strength of an edge of each row; raised by the product if nothing is known of the rows.

    Otherwise the first product of a part, which knows nothing of other parts, would have an edge for every pair.
    """
    if selection.top is None or (least > selection.least).any():
        return least
    count = selection.top

    def raise_some(start: int) -> Block:
        rows = slice(start, start + ROWS_AT_A_TIME)
        return raise_least(r[rows], least[rows], count, selection.strength)

    return np.concatenate(in_threads(raise_some, range(0, len(r), ROWS_AT_A_TIME), threads))


class Engine(Protocol):
    """What computes the edges of steps, in this process or elsewhere.

    Parameters
    ----------
    states : (P,) int8
        As for `Products`, of the steps that were yielded.
    """

    states: NDArray[np.int8]

    def find(self, steps: Sequence[tuple[int, int]], least: Callable[[], Block]) -> Iterator[Edges]:
        """Yield the edges of each step, in order.

        Parameters
        ----------
        steps : sequence of (int, int)
        least : callable
            Returns the smallest strength of an edge of each row (P,), which rises while edges are stored.
        """
        ...


class InProcess:
    """Computes steps one after another in this process.

    Parameters
    ----------
    products : Products
    plan : Plan
    selection : EdgeSelection
    threads : int
        Number of threads.
    """

    def __init__(self, products: Products, plan: Plan, selection: EdgeSelection, threads: int = 1) -> None:
        self._products, self._plan, self._selection, self._threads = products, plan, selection, threads
        self.states = products.states

    def find(self, steps: Sequence[tuple[int, int]], least: Callable[[], Block]) -> Iterator[Edges]:
        """Yield the edges of each step, in order; see `Engine`."""
        with single_threaded_products():
            for step in steps:
                block, other = (self._plan.block(number) for number in step)
                of_step = least()[block], least()[other]
                yield find_edges(self._products, self._selection, step, of_step, self._threads)


def in_threads(work: Callable[[Any], T], over: Sequence[Any], threads: int) -> list[T]:
    """Return the result of a function for each element, computed in several threads if there are several."""
    if threads == 1:
        return [work(element) for element in over]
    with ThreadPoolExecutor(max_workers=threads) as pool:
        return list(pool.map(work, over))


def over_rows(work: Callable[[slice], T], rows: slice, threads: int) -> list[T]:
    """Return the result of a function for a few rows at a time: at most `ROWS_AT_A_TIME` in all threads together."""
    step = ROWS_AT_A_TIME // _MOST_THREADS
    starts = range(rows.start, rows.stop, step)
    parts = [slice(start, min(start + step, rows.stop)) for start in starts]
    return in_threads(work, parts, min(threads, _MOST_THREADS))


_products_limit: list[Any] = []
_limiting = Lock()


@contextmanager
def single_threaded_products() -> Iterator[None]:
    """Limit the matrix library to one thread per product, in the whole process, while any such context is open."""
    from threadpoolctl import threadpool_limits  # needed only for a network

    with _limiting:
        limit = threadpool_limits(limits=1, user_api="blas") if not _products_limit else None
        _products_limit.append(limit)
    try:
        yield
    finally:
        with _limiting:
            if len(_products_limit) == 1:
                _products_limit[0].restore_original_limits()
                _products_limit.clear()
            else:
                _products_limit.pop()

"""What a worker of a scheduler does: compute the edges of one step from rows that it reads itself."""

from dataclasses import dataclass, field
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

import coexpr
from coexpr.errors import CoexprError, SchedulerError
from coexpr.network.plan import EdgeSelection, Plan
from coexpr.network.products import Products, find_edges, single_threaded_products
from coexpr.network.row_source import RowSource
from coexpr.network.sample_shards import products_of
from coexpr.stats.edges import Block, Edges
from coexpr.stats.measures import Estimator


@dataclass(eq=False)
class Job:
    """What all steps of a network have in common. A worker keeps it, with the rows that it has mapped.

    Parameters
    ----------
    source : RowSource
    estimator : Estimator
    plan : Plan
    selection : EdgeSelection
    version : str
        The version of coexpr.
    """

    source: RowSource
    estimator: Estimator
    plan: Plan
    selection: EdgeSelection
    version: str = coexpr.__version__
    _products: Products | None = field(default=None, repr=False)
    _opening: Any = field(default_factory=Lock, repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        return Job, (self.source, self.estimator, self.plan, self.selection, self.version)

    def products(self) -> Products:
        """Return the products of the rows, which are mapped when they are first used."""
        with self._opening:
            if self._products is None:
                if self.version != coexpr.__version__:
                    raise SchedulerError(
                        f"this is coexpr {coexpr.__version__}, and the network is computed by {self.version}. Install "
                        "the same version for all workers."
                    )
                self._products = products_of(self.source.open(), self.estimator, self.plan)
            return self._products


@dataclass(frozen=True)
class StepResult:
    """The edges of a step, and the states of the rows of its two blocks; see `Products`."""

    edges: Edges
    states: tuple[NDArray[np.int8], NDArray[np.int8]]


def run_step(job: Job, step: tuple[int, int], least: tuple[Block, Block]) -> StepResult:
    """Return the edges of a step; see `coexpr.network.products.find_edges`.

    Raises
    ------
    SchedulerError
        If this worker cannot read the rows, or has too little memory or disk; the message names the worker.
    """
    try:
        products = job.products()
        with single_threaded_products():
            edges = find_edges(products, job.selection, step, least, 1)
    except (CoexprError, OSError, MemoryError) as error:
        reason = str(error) or "there is not enough memory"
        raise SchedulerError(f"worker {_name_of_worker()}: {reason}") from None
    block, other = (products.states[job.plan.block(number)].copy() for number in step)
    return StepResult(edges, (block, other))


def _name_of_worker() -> str:
    from distributed import get_worker

    worker = get_worker()
    return f"{worker.name} at {worker.address}" if worker.name != worker.address else str(worker.address)

"""What computes a network: threads of this process, or the workers of a scheduler; and how much memory it may use."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from coexpr.analysis.design import Design
from coexpr.analysis.profiles import Profiles
from coexpr.database.expression import Expression
from coexpr.database.matrix import MatrixRows
from coexpr.database.matrix_cache import cache_path, load
from coexpr.errors import DatabaseError, LimitError
from coexpr.network.plan import EdgeSelection, Plan, make_plan
from coexpr.network.products import Engine, InProcess
from coexpr.network.row_source import FileSource, MatrixSource, RowSource
from coexpr.network.sample_shards import groups_of, products_of

# Rows that are in no cache; like other unfinished files of a checkpoint, it is removed with it.
_ROWS = "rows.tmp"


def plan_network(rows: int, design: Design, edges: EdgeSelection, count: int, memory: int) -> Plan:
    """Return a plan that fits into memory; see `coexpr.network.plan.make_plan`.

    Raises
    ------
    LimitError
        If there is none.
    """
    samples, groups = len(design.samples), groups_of(design.estimator)
    try:
        return make_plan(rows, samples, edges, count, memory, groups)
    except LimitError as error:
        if groups is not None or not _fits(rows, samples, edges, count, memory):
            raise
        raise LimitError(
            f"{error} Whole rows are needed: only `method` pearson, adjusted for one factor at most, is computed in "
            "shards of samples, which would fit."
        ) from None


@contextmanager
def open_engine(
    expression: Expression,
    profiles: Profiles,
    design: Design,
    edges: EdgeSelection,
    plan: Plan,
    scheduler: str | None,
    folder: Path,
) -> Iterator[Engine]:
    """Yield what computes the steps of a network.

    Parameters
    ----------
    expression : Expression
    profiles : Profiles
        The rows.
    design : Design
    edges : EdgeSelection
    plan : Plan
    scheduler : str, optional
        The address of a scheduler, or "local"; None for threads of this process.
    folder : path
        Where rows that are in no cache are written for the workers of a scheduler.
    """
    if plan.shard_samples:
        count = -(-len(design.samples) // plan.shard_samples)
        expression.progress.say(
            f"Whole rows do not fit into memory: samples are processed in {count:,} shards of {plan.shard_samples:,}."
        )
    if scheduler is None:
        products = products_of(profiles.expression, design.estimator, plan)
        yield InProcess(products, plan, edges, design.workers)
        return
    from coexpr.network.scheduler import Scheduler  # only a scheduler needs its package
    from coexpr.network.worker import Job

    try:
        source = _source_of(expression, profiles, design, folder / _ROWS)
        with Scheduler(scheduler, Job(source, design.estimator, plan, edges), design.workers) as engine:
            yield engine
    finally:
        (folder / _ROWS).unlink(missing_ok=True)


def _source_of(expression: Expression, profiles: Profiles, design: Design, file: Path) -> RowSource:
    """Return where workers read the rows: the cache of the matrix, or a file for rows that are in no cache."""
    rows = profiles.expression
    if not isinstance(rows, MatrixRows):
        return FileSource.write(file.absolute(), uuid.uuid4().hex, rows)
    cache = cache_path(expression.path.resolve())
    if load(cache, expression.key) is None:
        raise DatabaseError(
            f"there is no {cache}, which the workers of a scheduler read. coexpr writes it unless COEXPR_CACHE turns "
            "caches off or the folder cannot be written."
        )
    return MatrixSource(cache, expression.key, profiles.probe_ids, design.samples, expression.all_samples)


def _fits(rows: int, samples: int, edges: EdgeSelection, count: int, memory: int) -> bool:
    """Return whether there would be a plan with shards of samples."""
    try:
        return bool(make_plan(rows, samples, edges, count, memory, 1))
    except LimitError:
        return False

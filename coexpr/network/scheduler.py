"""The steps of a network as tasks of a Dask scheduler, with the same results as in one process.

A task is a pair of blocks. It carries the thresholds of their rows, and returns edges; workers read the rows
themselves. Results stay with the workers until they are taken in the order of steps, so this process holds one of them
at a time, and a checkpoint is the same as that of a run in one process.
"""

import logging
import os
import tempfile
import time
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Any, Self

import numpy as np

import coexpr
from coexpr.errors import SchedulerError
from coexpr.extras import require
from coexpr.network.products import OK
from coexpr.network.worker import Job, StepResult, run_step
from coexpr.stats.edges import Block, Edges

LOCAL = "local"
# Tasks that are submitted and not yet taken, per thread of all workers: one that runs, and one that waits.
_TASKS_PER_THREAD = 2
# Seconds to wait for a connection to the scheduler, and for a worker if there is none.
_CONNECTING, _PATIENCE = 10.0, 30.0
# Seconds between questions about the workers.
_POLL = 1.0
_CONTINUE = "Finished steps are kept: the same command continues."


class Scheduler:
    """Computes steps on the workers of a scheduler, while it is open; see `coexpr.network.products.Engine`.

    Parameters
    ----------
    address : str
        Of the scheduler, such as tcp://10.0.0.1:8786; or "local", which starts processes on this computer.
    job : Job
    workers : int
        Number of local processes.

    Raises
    ------
    MissingPackageError
        If the extra `dask` is not installed.
    SchedulerError
        When it is opened: if there is no scheduler, it has no workers, or a worker has another version of coexpr.
    """

    def __init__(self, address: str, job: Job, workers: int = 1) -> None:
        require("distributed")
        self._address, self._job, self._workers = address, job, workers
        self.states = np.full(job.plan.rows, OK, dtype=np.int8)
        self._closing = ExitStack()
        self._client: Any = None
        self._threads = 0
        self._asked = self._seen = 0.0
        self._paused: dict[str, float] = {}

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            opening.enter_context(_quiet())
            self._client = opening.enter_context(self._connected())
            self._seen = time.monotonic()
            while not self._count_threads():
                time.sleep(_POLL / 10)
            self._refuse_other_versions()
            self._closing = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    def find(self, steps: Sequence[tuple[int, int]], least: Callable[[], Block]) -> Iterator[Edges]:
        """Yield the edges of each step, in order; see `coexpr.network.products.Engine`."""
        plan = self._job.plan
        # The result of a task instead of data that is sent: the scheduler can compute it again if its worker dies.
        job = self._submit(_return, self._job)
        waiting: deque[tuple[tuple[int, int], Any]] = deque()
        to_do = deque(steps)
        while to_do or waiting:
            while (
                to_do and len(waiting) < _TASKS_PER_THREAD * self._count_threads() and _has_thresholds(to_do, waiting)
            ):
                block, other = (plan.block(number) for number in to_do[0])
                of_step = least()[block], least()[other]
                waiting.append((to_do[0], self._submit(run_step, job, to_do.popleft(), of_step)))
            if not waiting:  # there is no worker at the moment
                time.sleep(_POLL / 10)
                continue
            step, future = waiting.popleft()
            result = self._result(future, step)
            future.release()
            for number, states in zip(step, result.states, strict=True):
                self.states[plan.block(number)] = states
            yield result.edges

    def _submit(self, work: Callable[..., Any], *arguments: Any) -> Any:
        with self._connection_errors():
            return self._client.submit(work, *arguments, pure=False)

    def _result(self, future: Any, step: tuple[int, int]) -> StepResult:
        """Wait for the result of a task, while there are workers."""
        from distributed import KilledWorker

        while True:
            try:
                with self._connection_errors():
                    result: StepResult = future.result(timeout=_POLL)
                    return result
            except TimeoutError:
                self._count_threads()
            except KilledWorker as error:
                raise SchedulerError(
                    f"the task of blocks {step[0]} and {step[1]} ended {error.allowed_failures + 1} workers in a row, "
                    f"the last of them {error.last_worker.address}. They may have too little memory: give less to "
                    f"`memory`, or more to the workers. {_CONTINUE}"
                ) from None

    def _count_threads(self) -> int:
        """Return the number of threads of all workers, asked once in a while.

        Raises
        ------
        SchedulerError
            If there have been no workers for some time, or one of them has been paused for some time.
        """
        now = time.monotonic()
        if self._threads and now - self._asked < _POLL:
            return self._threads
        with self._connection_errors():
            workers = self._client.run_on_scheduler(_workers_of)
        self._asked = time.monotonic()
        self._threads = sum(threads for threads, _ in workers.values())
        self._paused = {
            name: self._paused.get(name, self._asked) for name, (_, is_paused) in workers.items() if is_paused
        }
        for name, since in self._paused.items():
            if self._asked - since > _PATIENCE:
                raise SchedulerError(
                    f"worker {name} has been paused for {_PATIENCE:.0f} s, because it is out of memory, and possibly "
                    f"of disk space for results. Give less to `memory`, or more to the workers. {_CONTINUE}"
                )
        if self._threads:
            self._seen = self._asked
        elif self._asked - self._seen > _PATIENCE:
            raise SchedulerError(
                f"the scheduler at {self._address} has had no worker for {_PATIENCE:.0f} s. {_CONTINUE}"
            )
        return self._threads

    def _refuse_other_versions(self) -> None:
        with self._connection_errors():
            found = self._client.get_versions(packages=["coexpr"])
        for name, versions in [("the scheduler", found["scheduler"]), *found["workers"].items()]:
            version = versions["packages"].get("coexpr")
            if version != coexpr.__version__:
                here = f"coexpr {version}" if version else "no coexpr"
                raise SchedulerError(
                    f"{name if name == 'the scheduler' else f'worker {name}'} has {here}, and this is coexpr "
                    f"{coexpr.__version__}. Install the same version, with the same packages, for all of them."
                )

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        """Yield a client of the scheduler, or of local processes that end with it."""
        from distributed import Client, LocalCluster
        from distributed.comm.addressing import parse_address, parse_host_port
        from distributed.comm.registry import get_backend

        with ExitStack() as stack:
            try:
                if self._address != LOCAL:  # checked here, because a client that is not made cannot be closed
                    scheme, location = parse_address(self._address)
                    get_backend(scheme)
                    parse_host_port(location)
                if self._address == LOCAL:
                    stack.enter_context(_environment())
                    address = stack.enter_context(
                        LocalCluster(  # type: ignore[no-untyped-call]
                            n_workers=self._workers,
                            threads_per_worker=1,
                            host="127.0.0.1",
                            dashboard_address=None,
                            memory_limit=0,
                            silence_logs=_SILENT,
                            preload=_IGNORE_INTERRUPTS,
                            local_directory=stack.enter_context(tempfile.TemporaryDirectory(prefix="coexpr-")),
                        )
                    )
                else:
                    address = self._address
                client: Any = Client(address, timeout=_CONNECTING, set_as_default=False)  # type: ignore[no-untyped-call]
                stack.enter_context(client)
            except (OSError, ValueError, RuntimeError) as error:  # ValueError: not an address
                raise SchedulerError(self._why_not(error)) from None
            yield client

    def _why_not(self, error: BaseException) -> str:
        if self._address == LOCAL:
            return (
                f"processes on this computer cannot be started: {error}. A script that starts them needs the line "
                'if __name__ == "__main__": before what it runs.'
            )
        return (
            f"there is no scheduler at {self._address}: {error}. Start one with: dask scheduler; or use `scheduler` "
            "local."
        )

    @contextmanager
    def _connection_errors(self) -> Iterator[None]:
        """Raise SchedulerError for a connection that is lost."""
        try:
            yield
        except (TimeoutError, SchedulerError):
            raise
        except ModuleNotFoundError as error:
            raise SchedulerError(
                f"the scheduler or a worker has no package {error.name}. Install coexpr {coexpr.__version__} with the "
                "same packages for all of them."
            ) from None
        except (OSError, CancelledError):
            where = "local processes" if self._address == LOCAL else f"the scheduler at {self._address}"
            raise SchedulerError(f"the connection to {where} is lost. {_CONTINUE}") from None


_SILENT = logging.CRITICAL + 1
# What a local process runs first. A terminal sends Ctrl-C to all processes, and this one ends the others.
_IGNORE_INTERRUPTS = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the log and the warnings of distributed: what matters is raised as an error."""
    import distributed  # noqa: F401  # it configures its loggers when it is imported

    names = [name for name in logging.root.manager.loggerDict if name.split(".")[0] in ("distributed", "tornado")]
    loggers = [logging.getLogger(name) for name in names]
    before = [logger.disabled for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.disabled = True
        try:
            yield
        finally:
            for logger, was_disabled in zip(loggers, before, strict=True):
                logger.disabled = was_disabled


@contextmanager
def _environment() -> Iterator[None]:
    """Give local processes one thread per product, and restore the environment, which distributed changes.

    Its own settings include MALLOC_TRIM_THRESHOLD_, with which the C library returns every intermediate array to the
    system: unit rows then take seven times as long.
    """
    import dask

    before = dict(os.environ)
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), 1)
    with dask.config.set({"distributed.nanny.pre-spawn-environ": threads, "distributed.worker.profile.enabled": False}):
        try:
            yield
        finally:
            for name in os.environ.keys() - before.keys():
                del os.environ[name]
            os.environ.update(before)


def _has_thresholds(to_do: Sequence[tuple[int, int]], waiting: Sequence[tuple[tuple[int, int], Any]]) -> bool:
    """Return whether the next step need not wait for the thresholds that steps within a block give to its rows."""
    block, other = to_do[0]
    return block == other or not any(first == second for (first, second), _ in waiting)


def _workers_of(dask_scheduler: Any) -> dict[str, tuple[int, bool]]:
    """Return the number of threads of each worker, and whether it is paused. This runs in the scheduler."""
    return {name: (worker.nthreads, worker.status.name == "paused") for name, worker in dask_scheduler.workers.items()}


def _return(job: Job) -> Job:
    return job

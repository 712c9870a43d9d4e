"""The open databases of a server: one `Atlas` per worker thread, opened when it is needed.

The event loop never computes. A question waits for a free worker; too many waiting questions are refused. All workers
have one database file open: DuckDB shares its contents between them, and the matrix is mapped once. They close it
after some seconds without a question, so that an ingest can write, and when the file has been replaced.
"""

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from coexpr.atlas import Atlas
from coexpr.database.stamp import stamp_of
from coexpr.database.threads import ProductLimit
from coexpr.errors import LimitError, ServerError

# Questions that may be computed or wait at a time; further ones are refused.
MAX_ASKED = 64
# Bytes that DuckDB may use. The matrix is mapped and not among them.
_MEMORY = 500_000_000
_BETWEEN_CHECKS = 0.1  # seconds
# The first to open the database sets and locks the settings of all.
_opening = threading.Lock()

T = TypeVar("T")
Gone = Callable[[], Awaitable[bool]]


@dataclass(frozen=True)
class Times:
    """How long things may take, in seconds.

    Parameters
    ----------
    idle : float
        Without a question for this time, the database is closed.
    statement : float
        A statement of a user is stopped after this time.
    patience : float
        What is still computed this long after it was interrupted is left to its thread, and another thread takes over.
    """

    idle: float = 10.0
    statement: float = 20.0
    patience: float = 10.0


TIMES = Times()


class Workers:
    """Threads that answer questions from one database.

    Parameters
    ----------
    path : path
        The database.
    times : Times, optional
    count : int, optional
        How many questions are computed at the same time, two or more. By default one per processor, at most four.
    """

    def __init__(self, path: Path, times: Times = TIMES, count: int | None = None) -> None:
        self.path = path
        self.times = times
        processors = os.cpu_count() or 1
        self._count = count or min(4, max(2, processors))
        # One worker is never occupied by statements of users, which may take long.
        self._statements = asyncio.Semaphore(self._count - 1)
        # They share the processors: with all threads each, twenty users wait a third longer.
        threads = max(1, processors // self._count)
        self._limit = ProductLimit(threads)  # before there are threads
        self._workers = [_Worker(threads) for _ in range(self._count)]
        self._free: asyncio.Queue[_Worker] = asyncio.Queue()
        for worker in self._workers:
            self._free.put_nowait(worker)
        self._closing = asyncio.Lock()
        self._asked = 0
        self._is_stopping = False
        self._used = time.monotonic()
        self._stamp: list[Any] | None = None

    async def ask(self, call: Callable[[Atlas], T], gone: Gone, *, is_statement: bool = False) -> T:
        """Return what a function returns for an open Atlas, computed in a worker.

        Parameters
        ----------
        call : callable
            What it returns must not need the Atlas any more.
        gone : callable
            Whether the client is gone; the statement that DuckDB runs is then interrupted.
        is_statement : bool
            Whether it runs a statement of a user, which is interrupted after the time that one may take.

        Raises
        ------
        ServerError
            If too many questions wait.
        LimitError
            If a statement took too long.
        GoneError
            If the client is gone, or the server stops.
        CoexprError
            If the database cannot be opened, or the function raises it.
        """
        if self._asked >= MAX_ASKED:
            raise ServerError(f"{self._asked} questions are waiting already. Try again in a few seconds.")

        async def is_gone() -> bool:
            return self._is_stopping or await gone()

        self._asked += 1
        try:
            async with self._statements if is_statement else nullcontext(), self._worker() as worker:
                if await is_gone():
                    raise GoneError
                limit = self.times.statement if is_statement else None
                return await worker.ask(self.path, call, is_gone, limit, self.times.patience)
        finally:
            self._asked -= 1
            self._used = time.monotonic()

    @asynccontextmanager
    async def _worker(self) -> AsyncIterator["_Worker"]:
        """Give a free worker, and take it back."""
        await self._close_replaced()
        worker = await self._free.get()
        try:
            yield worker
        finally:
            self._free.put_nowait(worker)

    @property
    def stamp(self) -> list[Any]:
        """A stamp of the database file, which changes whenever it does; empty if there is none."""
        with suppress(OSError):
            return stamp_of(self.path.resolve())
        return []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Close the database whenever it is idle, and at the end."""
        closing = asyncio.create_task(self._close_idle())
        try:
            yield
        finally:
            closing.cancel()
            await self._close()
            for worker in self._workers:
                worker.stop()
            self._limit.close()

    def stop(self) -> None:
        """Interrupt what is computed, and answer no more."""
        self._is_stopping = True

    async def _close_replaced(self) -> None:
        """Close the database if the file is another one than that which is open."""
        stamp = self.stamp
        if stamp != self._stamp:
            await self._close()
            self._stamp = stamp

    async def _close_idle(self) -> None:
        while True:
            await asyncio.sleep(self.times.idle / 4)
            is_idle = not self._asked and time.monotonic() - self._used > self.times.idle
            if is_idle and any(worker.is_open for worker in self._workers):
                await self._close()

    async def _close(self) -> None:
        """Close the database in every worker: DuckDB opens a file anew only when nothing has it open."""
        async with self._closing:
            workers: list[_Worker] = []
            try:
                while len(workers) < self._count:
                    workers.append(await self._free.get())
                for worker in workers:
                    await worker.close()
            finally:
                for worker in workers:
                    self._free.put_nowait(worker)


class _Worker:
    """A thread with an Atlas."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._thread = ThreadPoolExecutor(1)
        self._atlas: Atlas | None = None

    @property
    def is_open(self) -> bool:
        return self._atlas is not None

    async def ask(self, path: Path, call: Callable[[Atlas], T], gone: Gone, limit: float | None, patience: float) -> T:
        running = asyncio.get_running_loop().run_in_executor(self._thread, self._answer, path, call)
        # The event loop prints an exception that is not retrieved, as when this question is cancelled.
        running.add_done_callback(lambda done: done.cancelled() or done.exception())
        begun = time.monotonic()
        interrupted_at: float | None = None
        is_late = False
        while not running.done():
            await asyncio.wait([running], timeout=_BETWEEN_CHECKS)
            now = time.monotonic()
            is_late = limit is not None and now > begun + limit
            if running.done() or not (is_late or await gone()):
                continue
            interrupted_at = interrupted_at or now
            if now > interrupted_at + patience:
                self._leave()
                break
            # DuckDB ignores an interrupt that arrives before it has started, so the interrupt is repeated. The thread
            # opens and closes connections meanwhile.
            with suppress(duckdb.ConnectionException, RuntimeError):
                if (atlas := self._atlas) is not None:
                    atlas.interrupt()
        try:
            if running.done():
                return running.result()
            raise _InterruptedError
        except _InterruptedError:
            if is_late:
                raise LimitError(f"the statement was stopped after {limit:g} seconds.") from None
            raise GoneError from None

    def _answer(self, path: Path, call: Callable[[Atlas], T]) -> T:
        """Open the Atlas if it is not open, and return what a function returns for it; runs in the thread."""
        if (atlas := self._atlas) is None:
            with _opening:
                atlas = Atlas(path, threads=self._threads)
                atlas.confine_sql(_MEMORY)
            self._atlas = atlas
        try:
            return call(atlas)
        # What an interrupted statement raises; a KeyboardInterrupt would end the event loop.
        except (KeyboardInterrupt, duckdb.InterruptException):
            # DuckDB 1.5 may keep a table that was being registered, and refuses its name from then on.
            if self._atlas is atlas:
                self._atlas = None
            atlas.close()
            raise _InterruptedError from None

    def _leave(self) -> None:
        """Leave the thread to what it computes, and continue with another one."""
        self._thread.shutdown(wait=False)
        self._thread, self._atlas = ThreadPoolExecutor(1), None

    async def close(self) -> None:
        """Close the Atlas in its thread."""
        atlas, self._atlas = self._atlas, None
        if atlas is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, atlas.close)

    def stop(self) -> None:
        self._thread.shutdown(wait=False)


class GoneError(Exception):
    """The client is gone."""


class _InterruptedError(Exception):
    """DuckDB was interrupted."""

"""Calls of DuckDB that Ctrl-C or a time limit can end."""

import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import suppress
from threading import TIMEOUT_MAX, Thread
from typing import TypeVar
from weakref import WeakSet

import duckdb

from coexpr.errors import LimitError

_BETWEEN_INTERRUPTS = 0.05  # seconds
# A call that goes on for this long after an interrupt is left to itself, such as that of a function that makes one
# text of gigabytes.
_PATIENCE = 3.0

_T = TypeVar("_T")

# Connections of calls that were left. Closing one would wait for its call.
_left: WeakSet[duckdb.DuckDBPyConnection] = WeakSet()


class Interruptible:
    """Runs the calls of one statement, each in another thread.

    Parameters
    ----------
    connection : DuckDBPyConnection
    timeout : float, optional
        Seconds that all calls may take, from now on.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, timeout: float | None = None) -> None:
        self._connection = connection
        self._timeout = timeout
        self._start = time.monotonic()

    @property
    def is_left(self) -> bool:
        """Whether a call could not be interrupted, and still runs."""
        return self._connection in _left

    def stop(self) -> None:
        """Interrupt what a connection computes ahead, before its result is closed."""
        _interrupt(self._connection)

    def run(self, call: Callable[[], _T]) -> _T:
        """Return what a function returns.

        Raises
        ------
        LimitError
            If the time is over.
        """
        running = _in_thread(call)
        try:
            wait([running], self._seconds_left())
            if not running.done():
                self._stop(running)
                raise LimitError(f"the statement was stopped after {self._timeout:g} seconds, as `timeout` says.")
        except KeyboardInterrupt:
            self._stop(running)
            raise
        return running.result()

    def _seconds_left(self) -> float | None:
        if self._timeout is None:
            return None
        return min(max(0.0, self._start + self._timeout - time.monotonic()), TIMEOUT_MAX)

    def _stop(self, running: "Future[_T]") -> None:
        """Interrupt a call again and again: DuckDB ignores an interrupt that arrives before it has started."""
        end = time.monotonic() + _PATIENCE
        try:
            while not running.done() and time.monotonic() < end:
                _interrupt(self._connection)
                wait([running], timeout=_BETWEEN_INTERRUPTS)
        finally:
            if not running.done():
                _left.add(self._connection)


def close_unless_running(*connections: duckdb.DuckDBPyConnection) -> None:
    """Close a connection and its cursors, unless a call that could not be interrupted still uses one of them.

    Rows that were not fetched are given up: without an interrupt, DuckDB would compute all of them first.
    """
    if not any(connection in _left for connection in connections):
        for connection in connections:
            _close(connection)


def _close(connection: duckdb.DuckDBPyConnection) -> None:
    """Close a connection, or leave it to a call that does not end although it is interrupted.

    Ctrl-C can arrive between the start of a call and the moment from which `Interruptible` waits for it.
    """
    end = time.monotonic() + _PATIENCE
    while True:
        _interrupt(connection)
        try:
            connection.close()
        except duckdb.ResourceInUseException:
            if time.monotonic() > end:
                _left.add(connection)
                return
            time.sleep(_BETWEEN_INTERRUPTS)
        else:
            return


def _interrupt(connection: duckdb.DuckDBPyConnection) -> None:
    with suppress(duckdb.ConnectionException):  # it is closed already
        connection.interrupt()


def is_anything_running() -> bool:
    """Return whether a call that could not be interrupted still runs. Python cannot end in the usual way then."""
    return bool(_left)


def _in_thread(call: Callable[[], _T]) -> "Future[_T]":
    """Run a function in a thread that the end of the process does not wait for."""
    future: Future[_T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # the caller raises it
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    return future

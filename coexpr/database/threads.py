"""How many threads an open database uses: for matrix products, for DuckDB, and for blocks of rows."""

import os
from functools import cache
from typing import TYPE_CHECKING, Any

import duckdb

from coexpr.database.queries import query, single
from coexpr.errors import OptionError

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

THREADS_VARIABLE = "COEXPR_THREADS"


class Threads:
    """The threads of one open database, until it is closed.

    Parameters
    ----------
    connection : DuckDBPyConnection
    count : int, optional
        The number of threads; COEXPR_THREADS if None, or else one per processor.

    Raises
    ------
    OptionError
        If the number is below 1, or COEXPR_THREADS is not a number.

    Notes
    -----
    numpy's matrix library has one thread pool per process. A number of threads limits it for the whole process;
    `close` restores the previous limit.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, count: int | None = None) -> None:
        limit = _requested(count)
        self._limits: Any = None
        self.workers = limit or _available()
        if limit is not None:
            # Locked settings are those that another Atlas of this process has made, with the same limit.
            if not single(connection, "settings_are_locked"):
                # SET does not take parameters.
                connection.execute(query("set_threads").replace("$threads", str(limit)))
            self._limits = find_thread_pools().limit(limits=limit, user_api="blas")

    def close(self) -> None:
        """Restore the limits of the process."""
        if self._limits is not None:
            self._limits.restore_original_limits()
            self._limits = None


@cache
def find_thread_pools() -> "ThreadpoolController":
    """Return the thread pools of the matrix libraries of this process.

    Libraries are listed while the loader is locked, by a function in Python. If another thread imports a library at
    that moment, each waits for the other, so a program with threads calls this before it starts them.
    """
    from threadpoolctl import ThreadpoolController  # needed only for a limit

    return ThreadpoolController()


def _requested(count: int | None) -> int | None:
    given = count if count is not None else os.environ.get(THREADS_VARIABLE, "").strip() or None
    if given is None:
        return None
    if not str(given).isascii() or not str(given).isdecimal() or int(given) < 1:
        raise OptionError(f"`threads` (or {THREADS_VARIABLE}) {given!r}: expected a whole number of at least 1.")
    return int(given)


def _available() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

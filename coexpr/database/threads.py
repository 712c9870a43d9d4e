"""How many threads an open database uses: for matrix products, for DuckDB, and for blocks of rows."""

import os
from typing import Any

import duckdb

from coexpr.database.queries import query, single
from coexpr.errors import OptionError

THREADS_VARIABLE = "COEXPR_THREADS"
# Every thread takes memory, and those past the processors only wait: more than this is a typing mistake.
_MOST_PER_PROCESSOR = 16
# On any computer, this many are accepted.
_ALWAYS_ACCEPTED = 128


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
        If the number is below 1 or far above the number of processors, or COEXPR_THREADS is not a number.

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
            if limit not in _limited_to:
                self._limits = _limit_products(limit)

    def close(self) -> None:
        """Restore the limits of the process."""
        if self._limits is not None:
            self._limits.restore_original_limits()
            self._limits = None


class ProductLimit:
    """A limit of matrix products for the whole process, until it is closed.

    Libraries are listed while the loader is locked, by a function in Python. If another thread imports a library at
    that moment, each waits for the other. So a program that opens databases in threads sets the limit before it starts
    them, and an `Atlas` with the same number of threads then has nothing to limit.

    Parameters
    ----------
    count : int
        The number of threads.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._limits = _limit_products(count)
        _limited_to.append(count)

    def close(self) -> None:
        """Restore the limits of the process."""
        if self._count in _limited_to:
            _limited_to.remove(self._count)
            self._limits.restore_original_limits()


# The numbers of threads to which the process is limited, whatever database is open.
_limited_to: list[int] = []


def _limit_products(count: int) -> Any:
    from threadpoolctl import threadpool_limits  # needed only for a limit

    return threadpool_limits(limits=count, user_api="blas")


def _requested(count: int | None) -> int | None:
    given = count if count is not None else os.environ.get(THREADS_VARIABLE, "").strip() or None
    if given is None:
        return None
    limit = max(_ALWAYS_ACCEPTED, _MOST_PER_PROCESSOR * _available())
    # Python converts no number of thousands of digits to text, nor from it.
    if isinstance(given, str) and given.isascii() and given.isdecimal():
        given = int(given) if len(given.lstrip("0")) <= len(str(limit)) else limit + 1
    if not isinstance(given, int) or given < 1:
        raise OptionError(f"`threads` (or {THREADS_VARIABLE}) {given!r:.40}: expected a whole number of at least 1.")
    if given > limit:
        raise OptionError(
            f"`threads` (or {THREADS_VARIABLE}) is too large: expected at most {limit:,} on this computer, which has "
            f"{_available():,} processor{'s' * (_available() != 1)}."
        )
    return given


def _available() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

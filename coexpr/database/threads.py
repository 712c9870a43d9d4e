"""How many threads work: those of matrix products, of DuckDB, and ours."""

import os

import duckdb

from coexpr.database.queries import query
from coexpr.errors import OptionError

THREADS_VARIABLE = "COEXPR_THREADS"
# What was asked for in this process, by `use_threads`.
_asked: dict[str, int] = {}


def workers() -> int:
    """Return how many threads may work on blocks of profiles at a time."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return _asked.get("threads", available)


def wanted_threads(threads: int | None = None) -> int | None:
    """Return how many threads are asked for, here or by COEXPR_THREADS; None where nobody says.

    Raises
    ------
    OptionError
        For less than one, or what is no number.
    """
    said = threads if threads is not None else os.environ.get(THREADS_VARIABLE, "").strip() or None
    if said is None:
        return None
    if not str(said).isascii() or not str(said).isdecimal() or int(said) < 1:
        raise OptionError(f"threads (or {THREADS_VARIABLE}) {said!r}: expected a whole number from 1 on.")
    return int(said)


def use_threads(connection: duckdb.DuckDBPyConnection, threads: int) -> None:
    """Let so many threads work, in this process, on matrix products and blocks, and in this connection.

    numpy's library of matrix products takes as many as there are processors unless told otherwise; so do we.
    """
    from threadpoolctl import threadpool_limits  # only where somebody asks

    _asked["threads"] = threads
    connection.execute(query("set_threads").replace("$threads", str(int(threads))))  # SET takes no parameter
    threadpool_limits(limits=threads, user_api="blas")

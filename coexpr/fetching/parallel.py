"""Run transfers at the same time, so that an interrupt ends all of them."""

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from coexpr.errors import CoexprError
from coexpr.fetching.transfer import StoppedError

_AT_A_TIME = 2
# How long an interrupt waits for all transfers to close their files.
_SECONDS_TO_STOP = 2.0


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """Yield an event that is set when the block ends, however it ends."""
    stop = threading.Event()
    try:
        yield stop
    finally:
        stop.set()


def in_parallel(jobs: Sequence[Callable[[threading.Event], None]], stop: threading.Event) -> None:
    """Run jobs, two at a time; raise the first error when all others have ended. A job may set `stop` to end them.

    The threads are daemons: a server that keeps silent does not keep an interrupted program from ending.
    """
    waiting: queue.SimpleQueue[Callable[[threading.Event], None]] = queue.SimpleQueue()
    for job in jobs:
        waiting.put(job)
    problems: list[BaseException] = []

    def work() -> None:
        while not stop.is_set():
            try:
                waiting.get_nowait()(stop)
            except queue.Empty:
                return
            except StoppedError:
                return
            except BaseException as problem:  # raised again in the calling thread
                problems.append(problem)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(_AT_A_TIME, len(jobs)))]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            while thread.is_alive():
                thread.join(0.2)  # a join without a time cannot be interrupted everywhere
    except BaseException:
        stop.set()
        deadline = time.monotonic() + _SECONDS_TO_STOP
        for thread in threads:
            thread.join(max(0, deadline - time.monotonic()))
        raise
    if problems:
        is_complete = not stop.is_set()  # a job that stops the others has the only message that matters
        more = f" ({len(problems) - 1} more failed.)" if is_complete and len(problems) > 1 else ""
        first = problems[0]
        raise type(first)(f"{first}{more}") if isinstance(first, CoexprError) and more else first

"""Progress of long work: what the library reports, and to whom.

Work that may take seconds is given a `Progress`. It sends messages to it, and opens tasks that advance towards a total.
The command line draws bars or prints lines (`coexpr.cli.progress`); by default nothing is shown.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

# What tasks count, as it is shown.
BYTES = "bytes"
Advance = Callable[[float], None]


class Progress:
    """Receives the progress of work, and shows nothing of it. Subclasses show it."""

    def say(self, message: str) -> None:
        """Receive a message, such as the size of what follows."""

    @contextmanager
    def task(self, what: str, total: float, unit: str, *, done: float = 0) -> Iterator[Advance]:
        """Open a task, and yield the function that advances it. The function may be called from any thread.

        Parameters
        ----------
        what : str
            What is done, such as "Reading".
        total : float
        unit : str
            What is counted, such as "probes"; `BYTES` for bytes.
        done : float
            How much was done before.
        """
        yield ignore


def ignore(amount: float) -> None:
    """Ignore an advance."""


def ignore_message(message: str) -> None:
    """Ignore a message."""


class Messages(Progress):
    """Passes messages to a function, such as `print`, and shows no tasks."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    def say(self, message: str) -> None:
        """Pass a message on."""
        self._say(message)


SILENT = Progress()

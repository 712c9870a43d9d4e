"""A Progress that records what it receives."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from coexpr.progress import Advance, Progress


class Recorded(Progress):
    """Records messages, and of each task what is done, its total, and how much was reported.

    Parameters
    ----------
    when_advanced : callable, optional
        Called after each advance.
    """

    def __init__(self, when_advanced: Callable[[], None] = lambda: None) -> None:
        self.messages: list[str] = []
        self.tasks: dict[str, tuple[float, float]] = {}
        self.advances = 0
        self._when_advanced = when_advanced

    def say(self, message: str) -> None:
        self.messages.append(message)

    @contextmanager
    def task(self, what: str, total: float, unit: str, *, done: float = 0) -> Iterator[Advance]:
        self.tasks[what] = (total, done)

        def advance(amount: float) -> None:
            self.tasks[what] = (total, self.tasks[what][1] + amount)
            self.advances += 1
            self._when_advanced()

        yield advance

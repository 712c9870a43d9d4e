"""How the progress of long work is shown: bars on a terminal, otherwise a line a minute.

Nothing is shown of work that takes less than a second, and rich is imported only when a bar is drawn.
"""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from coexpr.cli.messages import is_quiet, peak_memory, say
from coexpr.progress import BYTES, SILENT, Advance, Progress
from coexpr.wording import amount_of, bytes_of, duration_of

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

# Work that takes longer than this is shown.
_SECONDS_WITHOUT_BAR = 0.8
_SECONDS_BETWEEN_LINES = 60
# A rate from a shorter time is not shown.
_SECONDS_FOR_A_RATE = 0.5


def progress_of_command() -> Progress:
    """Return what shows the progress of this command: nothing with --quiet, bars on a terminal, or else lines."""
    if is_quiet():
        return SILENT
    return _Shown(_Bars() if sys.stderr.isatty() else _Lines())


@dataclass(eq=False)
class _Task:
    """A task that is open."""

    what: str
    total: float
    unit: str
    before: float
    done: float = 0
    start: float = field(default_factory=time.monotonic)

    @property
    def fraction(self) -> float:
        return min(1.0, (self.before + self.done) / self.total) if self.total else 1.0

    @property
    def numbers(self) -> str:
        """How much is done, how fast, how long it will take, and the peak memory of the process."""
        now = self.before + self.done
        if self.unit == BYTES:
            parts = [f"{bytes_of(now)} of {bytes_of(self.total)}"]
        else:
            parts = [f"{amount_of(now)} of {amount_of(self.total)} {self.unit}"]
        seconds = time.monotonic() - self.start
        if self.done and seconds > _SECONDS_FOR_A_RATE:
            rate = self.done / seconds
            parts.append(f"{bytes_of(rate) if self.unit == BYTES else amount_of(rate)}/s")
            parts.append(f"{duration_of((self.total - now) / rate)} left")
        if memory := peak_memory():
            parts.append(f"{bytes_of(memory)} memory")
        return ", ".join(parts)


class _Shown(Progress):
    """Passes messages on at once, and tasks to a display when they take long.

    Parameters
    ----------
    display : _Bars or _Lines
    """

    def __init__(self, display: "_Bars | _Lines") -> None:
        self._display = display
        self._tasks: list[_Task] = []
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def say(self, message: str) -> None:
        """Print a message."""
        say(message)

    @contextmanager
    def task(self, what: str, total: float, unit: str, *, done: float = 0) -> Iterator[Advance]:
        """Open a task; see `Progress.task`."""
        task = _Task(what, total, unit, done)

        def advance(amount: float) -> None:
            with self._lock:
                task.done += amount

        with self._lock:
            self._tasks.append(task)
            if self._timer is None:
                self._wait(self._display.first)
        try:
            yield advance
        finally:
            with self._lock:
                self._tasks.remove(task)
                if not self._tasks and self._timer is not None:
                    self._timer.cancel()
                    self._timer = None
                    self._display.stop()

    def _wait(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._show)
        self._timer.daemon = True
        self._timer.start()

    def _show(self) -> None:
        with self._lock:
            if self._tasks:
                self._display.show(self._tasks)
                self._wait(self._display.interval)


class _Lines:
    """A line for each task, once a minute."""

    first = interval = _SECONDS_BETWEEN_LINES

    def show(self, tasks: list[_Task]) -> None:
        for task in tasks:
            say(f"{task.what}: {100 * task.fraction:.0f} %, {task.numbers}.")

    def stop(self) -> None:
        """Nothing remains to be removed."""


class _Bars:
    """A bar for each task, drawn by rich and removed at the end."""

    first, interval = _SECONDS_WITHOUT_BAR, 0.25

    def __init__(self) -> None:
        self._bars: Bars | None = None
        self._ids: dict[_Task, Any] = {}

    def show(self, tasks: list[_Task]) -> None:
        if self._bars is None:
            from rich.console import Console  # these take longer to import than most commands run
            from rich.progress import BarColumn, TextColumn
            from rich.progress import Progress as Bars

            columns = (TextColumn("{task.description}"), BarColumn(None), TextColumn("{task.fields[numbers]}"))
            self._bars = Bars(*columns, console=Console(stderr=True), transient=True, expand=True, auto_refresh=False)
            self._bars.start()
        for task in self._ids.keys() - tasks:
            self._bars.remove_task(self._ids.pop(task))
        for task in tasks:
            if task not in self._ids:
                self._ids[task] = self._bars.add_task(task.what, total=1, numbers="")
            self._bars.update(self._ids[task], completed=task.fraction, numbers=task.numbers)
        self._bars.refresh()

    def stop(self) -> None:
        if self._bars is not None:
            self._bars.stop()
        self._bars = None
        self._ids.clear()

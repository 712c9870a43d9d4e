"""How the progress of long work is shown: bars on a terminal, otherwise a line a minute.

Nothing is shown of work that takes less than a second, and rich is imported only when a bar is drawn.
"""

import math
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from coexpr.cli.messages import is_quiet, peak_memory, say
from coexpr.cli.terminal import EscapingStream
from coexpr.progress import BYTES, SILENT, Advance, Progress
from coexpr.wording import amount_of, bytes_of, duration_of, one_line

if TYPE_CHECKING:
    from rich.progress import Progress as Bars

# Work that takes longer than this is shown.
_SECONDS_WITHOUT_BAR = 0.8
_SECONDS_BETWEEN_LINES = 60
# A rate from a shorter time is not shown.
_SECONDS_FOR_A_RATE = 0.5
# Terminals on which nothing can be drawn over.
_WITHOUT_CURSOR = ("dumb", "unknown")
# The width that a bar itself needs.
_COLUMNS_OF_BAR = 10


def progress_of_command() -> Progress:
    """Return what shows the progress of this command: nothing with --quiet, bars on a terminal, or else lines."""
    if is_quiet():
        return SILENT
    can_draw = sys.stderr.isatty() and os.environ.get("TERM", "") not in _WITHOUT_CURSOR
    return _Shown(_Bars() if can_draw else _Lines())


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
    def fraction(self) -> float | None:
        """How much is done, from 0 to 1; None if the total is missing."""
        return min(1.0, (self.before + self.done) / self.total) if self.total > 0 else None

    def numbers(self, width: float = math.inf) -> str:
        """Return how much is done, how fast, how long it will take, and the peak memory: what fits the width."""
        shown = bytes_of if self.unit == BYTES else amount_of
        now = self.before + self.done
        of_total = f" of {shown(self.total)}" if self.total > 0 else ""
        text = f"{shown(now)}{of_total}{'' if self.unit == BYTES else f' {self.unit}'}"
        for part in self._details(shown, now):
            if len(text) + len(part) + 2 <= width:
                text += f", {part}"
        return text

    def _details(self, shown: Callable[[float], str], now: float) -> Iterator[str]:
        """Yield the time that is left, the rate and the peak memory, where they are available."""
        seconds = time.monotonic() - self.start
        if self.done and seconds > _SECONDS_FOR_A_RATE:
            rate = self.done / seconds
            if self.total > 0:
                yield f"{duration_of((self.total - now) / rate)} left"
            if rate >= 1:
                yield f"{shown(rate)}/s"
        if memory := peak_memory():
            yield f"{bytes_of(memory)} memory"


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
        """Print a message; above the bars, if there are any."""
        with self._lock:
            self._display.say(message)

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
            # A timer that was cancelled too late must not go on next to the one that replaced it.
            if self._tasks and self._timer is threading.current_thread():
                self._display.show(self._tasks)
                self._wait(self._display.interval)


class _Lines:
    """A line for each task, once a minute."""

    def __init__(self) -> None:
        self.first = self.interval = _SECONDS_BETWEEN_LINES

    def show(self, tasks: list[_Task]) -> None:
        for task in tasks:
            percent = "" if task.fraction is None else f"{100 * task.fraction:.0f} %, "
            self.say(f"{task.what}: {percent}{task.numbers()}.")

    def say(self, message: str) -> None:
        say(message)

    def stop(self) -> None:
        """Nothing remains to be removed."""


class _Bars:
    """A bar for each task, drawn by rich and removed at the end."""

    first, interval = _SECONDS_WITHOUT_BAR, 0.25

    def __init__(self) -> None:
        self._bars: Bars | None = None
        self._ids: dict[_Task, Any] = {}

    def show(self, tasks: list[_Task]) -> None:
        self._bars = self._bars or self._start()
        for task in self._ids.keys() - tasks:
            self._bars.remove_task(self._ids.pop(task))
        for task in tasks:
            fraction = task.fraction
            state: dict[str, Any] = {
                "total": None if fraction is None else 1,
                "completed": fraction or 0,
                "numbers": task.numbers(self._bars.console.width - len(task.what) - _COLUMNS_OF_BAR),
            }
            if task in self._ids:
                self._bars.update(self._ids[task], **state)
            else:
                self._ids[task] = self._bars.add_task(one_line(task.what), **state)
        self._bars.refresh()

    def stop(self) -> None:
        if self._bars is not None:
            self._bars.stop()
        self._bars = None
        self._ids.clear()

    def say(self, message: str) -> None:
        if self._bars is None:
            say(message)
        else:
            self._bars.console.print(one_line(message), markup=False, soft_wrap=True)

    def _start(self) -> "Bars":
        from rich.console import Console  # these take longer to import than most commands run
        from rich.progress import BarColumn, TextColumn
        from rich.progress import Progress as Bars

        # In the description, [ begins no markup: it may name a file.
        what = TextColumn("{task.description}", markup=False)
        columns = (what, BarColumn(None), TextColumn("{task.fields[numbers]}"))
        own = sys.stderr.original if isinstance(sys.stderr, EscapingStream) else sys.stderr
        bars = Bars(
            *columns,
            console=Console(file=own, highlight=False),
            transient=True,
            expand=True,
            auto_refresh=False,
            redirect_stdout=False,  # rich would write the text of others as it is
            redirect_stderr=False,
        )
        bars.start()
        return bars

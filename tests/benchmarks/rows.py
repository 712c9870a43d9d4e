"""Rows of the tables of docs/performance.md, and how they are measured: whole processes, or calls in one process."""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
COLUMNS = ("what", "time", "baseline", "its time", "ratio", "target", "peak memory")


@dataclass
class Row:
    """One measurement: seconds of a baseline and of coexpr, in alternating runs.

    Parameters
    ----------
    what, baseline : str
        What was measured, and its baseline.
    target : float, optional
        The largest ratio that is acceptable.
    baseline_seconds, seconds : list of float
        One per run.
    peak_mb : float, optional
        Peak memory of coexpr.
    unit : str
        Of what was measured: seconds, or "" for a size relative to another.
    """

    what: str
    baseline: str
    target: float | None = None
    baseline_seconds: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    peak_mb: float | None = None
    unit: str = "s"

    @property
    def ratios(self) -> list[float]:
        """The ratio of each two consecutive runs."""
        return [one / other for one, other in zip(self.seconds, self.baseline_seconds, strict=True)]

    def cells(self) -> list[str]:
        """Return the row as text, in the order of `COLUMNS`: medians, and the range of the ratio."""
        ratio = statistics.median(self.ratios)
        target = "" if self.target is None else f"{self.target:g}" + ("" if ratio <= self.target else " (missed)")
        spread = "" if len(self.ratios) == 1 else f" ({min(self.ratios):.2f} to {max(self.ratios):.2f})"
        return [
            self.what,
            self._time(self.seconds),
            self.baseline,
            self._time(self.baseline_seconds),
            f"{ratio:.2f}{spread}",
            target,
            "" if self.peak_mb is None else f"{self.peak_mb:,.0f} MB",
        ]

    def _time(self, seconds: list[float]) -> str:
        if not self.unit:
            return ""
        middle = statistics.median(seconds)
        return f"{middle * 1000:.0f} ms" if middle < 1 else f"{middle:.1f} s"


def show(row: Row) -> Row:
    """Print a row as soon as it is measured."""
    print(" | ".join(row.cells()), flush=True)
    return row


def table(rows: list[Row]) -> str:
    """Return rows as Markdown."""
    lines = [list(COLUMNS), ["---"] * len(COLUMNS), *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def run(command: list[str], **environment: str) -> tuple[float, float]:
    """Return seconds and peak memory in MB of a whole process; its output is discarded."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | environment
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment)
    assert process.stderr is not None
    messages = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed: {messages.decode()[-2000:]}")
    return seconds, used.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def processes(
    row: Row, baseline: list[str], command: list[str], times: int, before: Callable[[], object] = lambda: None
) -> Row:
    """Measure two commands as whole processes, alternating, after one run of each that does not count.

    `before` is called before each run of the second, and is not measured.
    """
    peaks = []
    for turn in range(times + 1):
        baseline_seconds, _ = run(baseline)
        before()
        seconds, peak = run(command)
        if turn or times == 1:
            row.baseline_seconds.append(baseline_seconds)
            row.seconds.append(seconds)
            peaks.append(peak)
        if times == 1:
            break
    row.peak_mb = max(peaks)
    return row


def live(database: Path, name: str, row: Row, times: int, *more: str) -> Row:
    """Measure two functions in one process, alternating, and the peak memory of a process that runs coexpr only."""
    script = [sys.executable, str(HERE / "live.py"), str(database), name, str(times), *more]
    found = json.loads(subprocess.run(script, check=True, capture_output=True, text=True).stdout)
    _, row.peak_mb = run([*script, "--without-baseline"])
    row.baseline_seconds, row.seconds = found["baseline"], found["coexpr"]
    return row

"""Records of long runs that try to break coexpr; .ci/reliability.py writes docs/reliability.md from them."""

import dataclasses
import importlib.metadata
import json
import platform
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from helpers.folders import DATA, TOP

RECORDS = DATA / "trials"
_PACKAGES = ("coexpr", "duckdb", "numpy", "pandas", "pyarrow", "scipy")
_KEPT_FAILURES = 20


@dataclasses.dataclass
class Trial:
    """What was tried, how often, and what happened.

    Parameters
    ----------
    name : str
        Name of its record.
    part : str
        The heading of the page under which it is listed; see .ci/reliability.py.
    tried : str
        What was tried, for the table of the page.
    outcomes : Counter
        How often each thing happened, in the words of the table.
    failures : list of str
        What must not happen and did; empty if all is well.
    """

    name: str
    part: str
    tried: str
    outcomes: Counter[str] = dataclasses.field(default_factory=Counter)
    failures: list[str] = dataclasses.field(default_factory=list)

    def count(self, outcome: str, times: int = 1) -> None:
        """Count one try, or several, with the same outcome."""
        self.outcomes[outcome] += times

    def fail(self, what: str) -> None:
        """Count a try in which something happened that must not."""
        self.outcomes["failed"] += 1
        self.failures.append(what)
        print(f"FAILED: {what}", file=sys.stderr, flush=True)  # noqa: T201  # a long run is watched


@contextmanager
def recorded(name: str, part: str, tried: str, command: str | None = None) -> Iterator[Trial]:
    """Run a trial; write its record, and the page, at the end. A trial that ends early has failed.

    `tried` may be completed within the block. `command` repeats this trial; by default, it is that of the process. The
    process exits with 1 if there was a failure.
    """
    trial = Trial(name, part, tried)
    start = time.monotonic()
    try:
        yield trial
    except BaseException as error:
        trial.fail(f"the trial has ended early: {error!r:.500}")
        raise
    finally:
        _write(trial, time.monotonic() - start, command or _command_of_process())
    if trial.failures:
        sys.exit(1)


def _command_of_process() -> str:
    return " ".join(["python -m", Path(sys.argv[0]).parent.name, *map(_without_folders, sys.argv[1:])])


def _without_folders(argument: str) -> str:
    """Return an argument without the folders of this machine."""
    return Path(argument).name if Path(argument).is_absolute() else argument


def _commit() -> str:
    """Return the commit that was tried; "" outside of a repository."""
    git = ["git", "rev-parse", "--short=10", "HEAD"]
    return subprocess.run(git, cwd=TOP, capture_output=True, text=True, check=False).stdout.strip()


def _write(trial: Trial, seconds: float, command: str) -> None:
    record = (
        dataclasses.asdict(trial)
        | {
            "outcomes": dict(trial.outcomes),  # asdict counts the items of a Counter
            "tries": sum(trial.outcomes.values()),
            "failures": trial.failures[:_KEPT_FAILURES],
            "seconds": round(seconds),
            "command": command,
            "commit": _commit(),
            "date": time.strftime("%Y-%m-%d"),
            "versions": {"python": platform.python_version()}
            | {package: importlib.metadata.version(package) for package in _PACKAGES},
            "system": f"{platform.system()} {platform.machine()}",
        }
    )
    RECORDS.mkdir(exist_ok=True)
    (RECORDS / f"{trial.name}.json").write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    subprocess.run([sys.executable, str(TOP / ".ci" / "reliability.py")], check=True)

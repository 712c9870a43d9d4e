"""Unusual systems: how a process is started in each, and what must hold afterwards."""

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

# The exit codes that are documented.
CODES = frozenset({0, 1, 2, 130})
_SECONDS = 120


@dataclass(frozen=True)
class System:
    """A way to start a process.

    Parameters
    ----------
    name : str
    environment : mapping of str to str or None
        Variables that are set, or removed if None.
    before : callable, optional
        Runs in the new process before the program.
    shell : str
        The command of a shell, in which "$@" is the program with its arguments.
    """

    name: str
    environment: Mapping[str, str | None] = field(default_factory=dict)
    before: Callable[[], None] | None = None
    shell: str = 'exec "$@"'


def _limit(what: int, most: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(what, (most, most))


MEGABYTE = 2**20
SYSTEMS = (
    System("no HOME", {"HOME": None, "XDG_DATA_HOME": None}),
    System("a HOME that cannot be written", {"HOME": "/proc"}),
    System("no folder for temporary files", {"TMPDIR": "/no/such/folder", "TEMP": None, "TMP": None}),
    System("LANG=C", {"LANG": "C", "LC_ALL": None}),
    System("LC_ALL=POSIX", {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}),
    System("a language that is not installed", {"LC_ALL": "xx_XX.ISO-8859-1"}),
    System("PYTHONUTF8=0", {"PYTHONUTF8": "0", "LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}),
    System("PYTHONIOENCODING=ascii", {"PYTHONIOENCODING": "ascii"}),
    System("PYTHONIOENCODING=latin-1", {"PYTHONIOENCODING": "latin-1:strict"}),
    System("TERM=dumb", {"TERM": "dumb"}),
    *(System(f"COLUMNS={n}", {"COLUMNS": n, "LINES": n}) for n in ("0", "-1", "abc", "1000000", "")),
    System("no PATH", {"PATH": None}),
    System("stdin closed", shell='exec "$@" <&-'),
    System("stdout closed", shell='exec "$@" >&-'),
    System("stderr closed", shell='exec "$@" 2>&-'),
    System("all three closed", shell='exec "$@" <&- >&- 2>&-'),
    System("stdout full", shell='exec "$@" >/dev/full'),
    System("stderr full", shell='exec "$@" 2>/dev/full'),
    System("both full", shell='exec "$@" >/dev/full 2>&1'),
    System("stdout that is not read", shell='set -o pipefail; "$@" | true'),
    *(System(f"{n} open files", before=_limit(resource.RLIMIT_NOFILE, n)) for n in (8, 12, 16, 20, 32)),
    *(
        System(f"{n} MB of address space", before=_limit(resource.RLIMIT_AS, n * MEGABYTE))
        for n in (200, 400, 700, 1000, 2000)
    ),
    System("files of at most 100 kB", before=_limit(resource.RLIMIT_FSIZE, 100_000)),
    System("a deleted current folder", shell='mkdir -p gone && cd gone && rmdir ../gone && exec "$@"'),
    System("umask 0777", before=lambda: os.umask(0o777) and None),
    System("SIGINT and SIGPIPE ignored", shell="trap '' INT PIPE; exec \"$@\""),
    System("PYTHONHASHSEED and PYTHONOPTIMIZE", {"PYTHONHASHSEED": "1", "PYTHONOPTIMIZE": "2"}),
    System("COEXPR_THREADS=100000", {"COEXPR_THREADS": "100000"}),
    System("COEXPR_CACHE=off", {"COEXPR_CACHE": "off"}),
)


_LOADER_FAILED, _NO_MEMORY_TO_LOAD = 127, "cannot allocate memory for thread-local data: ABORT\n"


def run_in(
    system: System, arguments: Sequence[str], database: Path | str, folder: Path
) -> subprocess.CompletedProcess[bytes]:
    """Run a command in a system."""
    # A relative PYTHONPATH, with which this may run, ends Python itself where the current folder is deleted.
    variables: dict[str, str | None] = {
        **os.environ, "PYTHONPATH": None, "COEXPR_DB": str(database), **system.environment,
    }  # fmt: skip
    bash = shutil.which("bash") or "/bin/bash"
    return subprocess.run(
        [bash, "-c", system.shell, "bash", sys.executable, "-m", "coexpr", *arguments],
        env={name: value for name, value in variables.items() if value is not None},
        cwd=folder,
        preexec_fn=system.before,
        capture_output=True,
        check=False,
        timeout=_SECONDS,
    )


def fault_of(done: subprocess.CompletedProcess[bytes]) -> str | None:
    """Return what is wrong with how a command ended; None if nothing is."""
    text = (done.stderr + done.stdout).decode("utf-8", "backslashreplace")
    if "Traceback" in text or "Exception ignored" in text or "terminate called" in text:
        return f"a traceback: {text[-700:]}"
    if done.returncode == _LOADER_FAILED and text == _NO_MEMORY_TO_LOAD:
        return None  # the C library ends the process, whatever it runs
    if done.returncode not in CODES:
        return f"exit code {done.returncode}: {text[-300:]}"
    return None

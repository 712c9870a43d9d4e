"""Run the command line on hostile files, and record what happened.

    PYTHONPATH=tests python -m hostile [WORD...]

runs the files whose names contain one of the words, or all of them, each in a process of its own. A file must be
refused by one line that begins with "Error:", or be read, within 10 seconds of processor time and 1 GB, and nothing may
be written outside of the folder of the database. Linux only.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from helpers.allen import donor_folder
from helpers.trials import Trial, recorded
from hostile import downloads, lists
from hostile.catalogue import Hostile

CATALOGUES = {"downloads": downloads.FILES, "lists": lists.FILES}
_SECONDS = 10
_MEMORY = 1_000_000_000
# When a process is killed: other programs may keep the processors busy.
_TIMEOUT = 100
_TICKS = os.sysconf("SC_CLK_TCK")


class Ran(NamedTuple):
    """What a process did: `seconds` are those of the processor."""

    code: int
    stderr: str
    seconds: float
    memory: int


def run(arguments: Sequence[str | Path], folder: Path) -> Ran:
    """Run coexpr in a process; `folder` is its current folder, and its home."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "PYTHONPYCACHEPREFIX")}
    environment = kept | {"HOME": str(folder), "COEXPR_DB": str(folder / "atlas.duckdb")}
    command = [sys.executable, "-m", "coexpr", *map(str, arguments)]
    start = time.monotonic()
    with (
        tempfile.TemporaryFile() as stderr,
        subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=stderr,
        ) as process,
    ):  # fmt: skip
        seconds, memory = 0.0, 0
        while process.poll() is None:
            used = _used(process.pid)
            seconds, memory = max(seconds, used[0]), max(memory, used[1])
            if time.monotonic() - start > _TIMEOUT:
                process.kill()
            time.sleep(0.005)
        stderr.seek(0)
        return Ran(process.returncode, stderr.read(20_000).decode(errors="replace"), seconds, memory)


def _used(pid: int) -> tuple[float, int]:
    """Return the processor time and the most memory of a process so far.

    The counts that the kernel gives at the end of a process include the memory of its parent.
    """
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    except OSError:
        return 0, 0
    memory = re.search(r"VmHWM:\s*(\d+) kB", status)  # a process that has ended has none
    return sum(map(int, times)) / _TICKS, int(memory[1]) * 1024 if memory else 0


def make_database(folder: Path) -> Path:
    """Return a database with a donor that no hostile file is of, which is copied for each file."""
    ran = run(["ingest", donor_folder(folder, 15496), "--quiet"], folder)
    if ran.code:
        raise RuntimeError(ran.stderr)
    return folder / "atlas.duckdb"


def verdict(file: Hostile, ran: Ran, written: set[str]) -> str:
    """Return what is wrong; an empty text if nothing is."""
    lines = ran.stderr.splitlines()
    if "Traceback" in ran.stderr:
        return f"a traceback: {lines[-1]:.200}"
    if ran.code not in (0, 1, 2):
        return f"exit code {ran.code}: {ran.stderr:.200}"
    if ran.seconds > _SECONDS:
        return f"took {ran.seconds:.0f} s"
    if ran.memory > _MEMORY:
        return f"used {ran.memory / 1e9:.1f} GB"
    if ran.code == 0 and not file.may_be_read:
        return "was read without an error"
    # A result that differs when it is asked for again is no error: the differences are its answer.
    errors = [line for line in lines if line.startswith(("Error:", "Usage:", "Changed:"))]
    if ran.code and len(errors) != 1:
        return f"not one error is printed: {ran.stderr:.200}"
    if others := sorted(name for name in written if "atlas.duckdb" not in name):
        return f"wrote {', '.join(others)}"
    return ""


def try_file(file: Hostile, database: Path, trial: Trial) -> None:
    """Write a file, run its command, and count what happened."""
    with tempfile.TemporaryDirectory(prefix="coexpr-hostile-") as name:
        folder = Path(name)
        shutil.copy(database, folder)
        arguments = file.write(folder)
        before = _names(folder)
        ran = run(arguments, folder)
        wrong = verdict(file, ran, _names(folder) - before)
    if wrong:
        trial.fail(f"{file.name}: {wrong}")
    else:
        has_error = any(line.startswith(("Error:", "Usage:")) for line in ran.stderr.splitlines())
        trial.count("refused with one clear line" if has_error else "read")
    first = next((line for line in ran.stderr.splitlines() if line.startswith("Error:")), "")
    print(f"{file.name}: {ran.code}, {ran.seconds:.1f} s, {ran.memory / 1e6:.0f} MB. {first:.220}", flush=True)  # noqa: T201


def _names(folder: Path) -> set[str]:
    return {str(Path(root, name).relative_to(folder)) for root, _, files in os.walk(folder) for name in files}


@contextmanager
def unrecorded(name: str) -> Iterator[Trial]:
    """Try a part of a catalogue, without a record; the process exits with 1 if there was a failure."""
    trial = Trial(name, "files", "")
    yield trial
    if trial.failures:
        sys.exit(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", metavar="WORD", help="parts of the names of files")
    parser.add_argument("--catalogue", choices=CATALOGUES, action="append", help="only this one; may be repeated")
    parser.add_argument("--sample", type=int, metavar="N", help="only N files of each catalogue, evenly spread")
    given = parser.parse_args()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also in the background, where it is ignored otherwise
    failed = False
    for name in given.catalogue or CATALOGUES:
        chosen = [file for file in CATALOGUES[name] if any(word in file.name for word in given.words or [""])]
        if given.sample:
            chosen = chosen[:: max(1, len(chosen) // given.sample)]
        try:
            with (
                unrecorded(name)
                if given.words
                else recorded(
                    f"hostile-{name}", "files", f"hostile {name}: damaged, too large, or made to do harm"
                ) as trial,
                tempfile.TemporaryDirectory(prefix="coexpr-hostile-") as folder,
            ):
                database = make_database(Path(folder))
                for file in chosen:
                    try_file(file, database, trial)
        except SystemExit:
            failed = True
    sys.exit(failed)


if __name__ == "__main__":
    main()

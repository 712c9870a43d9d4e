"""Run commands of coexpr in processes in which one call that changes a file is fatal, fails, or is recorded."""

import contextlib
import enum
import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from helpers.folders import TOP
from helpers.preloaded import build

SOURCE = Path(__file__).with_name("faults.c")
_HEAD_BYTES = 64


class Op(enum.IntEnum):
    """What a recorded call did; the numbers are those of faults.c."""

    WRITE = 1
    CREATE = 2
    TRUNCATE = 3
    SYNC = 4
    RENAME = 5
    LINK = 6
    UNLINK = 7
    MKDIR = 8
    RMDIR = 9
    ATTRIBUTES = 10


class Kind(enum.IntEnum):
    """What happens at the call with a number; the numbers are those of faults.c."""

    NOTHING = 0
    BEFORE = 1
    HALF = 2
    AFTER = 3
    FAIL_ONCE = 4
    FAIL_ON = 5


@dataclass(frozen=True)
class Fault:
    """What happens to a process.

    Parameters
    ----------
    kind : Kind
    number : int
        The number of the call, from 1.
    failure : int
        The errno of calls that fail. A full disk fails only calls that need space.
    seconds : float, optional
        When to kill the process, whatever it does.
    """

    kind: Kind = Kind.NOTHING
    number: int = 0
    failure: int = 0
    seconds: float | None = None

    def __str__(self) -> str:
        if self.seconds is not None:
            return f"killed after {self.seconds:.3f} s"
        name = f" {errno.errorcode[self.failure]}" if self.failure else ""
        return f"{self.kind.name.lower()}{name} call {self.number}"


@dataclass(frozen=True)
class Call:
    """A recorded call."""

    number: int
    op: Op
    inode: int
    offset: int
    size: int
    path: str
    other: str
    data: bytes


@dataclass(frozen=True)
class Ended:
    """How a process ended: a negative code is the number of a signal."""

    code: int
    stdout: str
    stderr: str

    @property
    def is_killed(self) -> bool:
        return self.code == -signal.SIGKILL


class Runner:
    """Runs commands in children of one process that has loaded coexpr, or as programs of their own.

    Parameters
    ----------
    library : path
    folder : path
        The folder whose files matter; commands run in it.
    scratch : path
        For output and records; not within `folder`.
    """

    def __init__(self, library: Path, folder: Path, scratch: Path) -> None:
        self.folder, self._scratch = folder, scratch
        self.log = scratch / "calls"
        environment = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment |= {
            "LD_PRELOAD": str(library),
            "PYTHONPATH": f"{TOP}{os.pathsep}{TOP / 'tests'}",
            "COEXPR_HISTORY": "off",
        }
        environment |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "COLUMNS": "200"}
        self._environment = environment | {"FAULTS_FOLDER": ""}
        self._parent = subprocess.Popen(
            [sys.executable, "-m", "crash.parent"],
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=TOP,
        )

    def close(self) -> None:
        """End the process."""
        self._parent.communicate()

    def run(
        self, arguments: Sequence[object], fault: Fault = Fault(), *, record: bool = False, alone: bool = False
    ) -> Ended:
        """Run a command.

        Parameters
        ----------
        arguments : sequence
        fault : Fault
        record : bool
            Whether to record all calls, for `calls`.
        alone : bool
            Whether to run it as a program of its own.
        """
        outputs = self._scratch / "stdout", self._scratch / "stderr"
        variables = {
            "FAULTS_FOLDER": str(self.folder),
            "FAULTS_KIND": str(int(fault.kind)),
            "FAULTS_NUMBER": str(fault.number),
            "FAULTS_ERRNO": str(fault.failure),
            "FAULTS_DATA": str(int(record)),
        } | ({"FAULTS_LOG": str(self.log)} if record else {})
        words = [str(argument) for argument in arguments]
        code = (
            self._alone(words, variables, outputs, fault.seconds)
            if alone
            else self._child(words, variables, outputs, fault.seconds)
        )
        return Ended(code, *(path.read_text() for path in outputs))

    def _child(
        self, words: list[str], variables: dict[str, str], outputs: tuple[Path, Path], seconds: float | None
    ) -> int:
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        order = {
            "arguments": words,
            "variables": variables,
            "outputs": [str(path) for path in outputs],
            "folder": str(self.folder),
            "seconds": seconds,
        }
        self._parent.stdin.write(json.dumps(order) + "\n")
        self._parent.stdin.flush()
        return int(self._parent.stdout.readline())

    def _alone(
        self, words: list[str], variables: dict[str, str], outputs: tuple[Path, Path], seconds: float | None
    ) -> int:
        with outputs[0].open("wb") as stdout, outputs[1].open("wb") as stderr:
            command = [sys.executable, "-m", "crash.program", *words]
            environment = self._environment | variables
            process = subprocess.Popen(command, env=environment, stdout=stdout, stderr=stderr, cwd=self.folder)
            if seconds is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    return process.wait(seconds)
                process.kill()
            return process.wait()

    def calls(self) -> Iterator[Call]:
        """Yield the calls of the last recorded run, in order."""
        with self.log.open("rb") as stream:
            while head := stream.read(_HEAD_BYTES):
                words = [int.from_bytes(head[at : at + 8], sys.byteorder, signed=True) for at in range(0, 64, 8)]
                number, op, inode, offset, size, path, other, data = words
                names = [os.fsdecode(stream.read(length)) for length in (path, other)]
                yield Call(number, Op(op), inode, offset, size, *names, stream.read(data))


@contextmanager
def running(folder: Path, scratch: Path) -> Iterator[Runner]:
    """Yield a runner for the files of a folder."""
    runner = Runner(build(SOURCE, scratch), folder, scratch)
    try:
        yield runner
    finally:
        runner.close()

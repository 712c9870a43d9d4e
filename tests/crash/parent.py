"""A process that has loaded coexpr: its children run commands without the time of loading.

It reads an order per line from stdin, and writes the exit code of the child; a negative one is a signal.
"""

import contextlib
import ctypes
import importlib
import json
import os
import select
import signal
import sys
from typing import Any

from crash.program import prepare

_MODULES = (
    *("coexpr.__main__", "coexpr.cli", "coexpr.atlas", "coexpr.loading.downloads", "coexpr.loading.categories"),
    *("coexpr.loading.gene_names", "coexpr.network.writers", "coexpr.analysis.verify", "coexpr.analysis.network"),
    *("coexpr.fetching.fetch", "coexpr.cli.progress", "coexpr.output.text", "zlib_ng.zlib_ng"),
)


def _start(order: dict[str, Any]) -> int:
    """Start a child; in the child, leave by SystemExit, so that Python ends as it always does."""
    child = os.fork()
    if child:
        return child
    os.chdir(order["folder"])
    for number, path in enumerate(order["outputs"], start=1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
    sys.stdout = os.fdopen(1, "w")
    sys.stderr = os.fdopen(2, "w", buffering=1)
    os.environ.update(order["variables"])
    ctypes.CDLL(None).faults_configure()
    sys.argv = ["coexpr", *order["arguments"]]
    from coexpr.__main__ import main

    main()
    sys.exit(0)


def _wait(child: int, seconds: float | None) -> int:
    """Wait for a child, which is killed after some seconds."""
    if seconds is not None:
        watched = os.pidfd_open(child)
        if not select.select([watched], [], [], seconds)[0]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        os.close(watched)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main() -> None:
    for name in _MODULES:
        importlib.import_module(name)
    prepare()
    while line := sys.stdin.readline():
        order = json.loads(line)
        print(_wait(_start(order), order["seconds"]), flush=True)  # noqa: T201  # the answer


if __name__ == "__main__":
    main()

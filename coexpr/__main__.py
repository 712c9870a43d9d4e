"""The program: `coexpr`, or `python -m coexpr`."""

import gc
import os
import sys
from contextlib import suppress

from coexpr.resources import INTERRUPTED

# Modules, classes and functions are not garbage, but the collector examines them again and again while they are
# created, and at the end, which takes a quarter of the time of a short command.
_OBJECTS_BEFORE_COLLECTION = 100_000
_FAILED = 1


def main() -> None:
    """Run the command line; Ctrl-C while it is still loading ends it without a traceback."""
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTION)
    _open_closed_files()
    code: object = None
    try:
        _run()
    except KeyboardInterrupt:
        code = INTERRUPTED
    except SystemExit as ended:
        code = ended.code
    finally:
        gc.freeze()
    if not all([_is_written("stdout"), _is_written("stderr")]):
        code = code or _FAILED
    interruption = sys.modules.get("coexpr.database.interruption")
    if interruption is not None and interruption.is_anything_running():
        os._exit(code if isinstance(code, int) else _FAILED)
    sys.exit(code)  # type: ignore[arg-type]  # what another exit has given


def _run() -> None:
    from coexpr.cli import app
    from coexpr.cli.completion import LINE_VARIABLE, prepare
    from coexpr.cli.terminal import escape_streams

    escape_streams()
    if LINE_VARIABLE in os.environ:
        prepare()
    app(prog_name="coexpr")


def _open_closed_files() -> None:
    """Open stdin, stdout and stderr if the caller has closed them, or the database would become one of them.

    stdin is empty, nothing can be written to stdout, and messages are discarded.
    """
    for number, (name, mode) in enumerate({"stdin": "r", "stdout": "w", "stderr": "w"}.items()):
        if getattr(sys, name) is None:
            with suppress(OSError):
                os.close(number)
            os.open(os.devnull, os.O_RDWR if name == "stderr" else os.O_RDONLY)  # takes the lowest free number
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115  (until the end)


def _is_written(name: str) -> bool:
    """Return whether all of a stream could be written; what is left is discarded, or Python would report it."""
    stream = getattr(sys, name)
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1 if name == "stdout" else 2)
        return False
    return True


if __name__ == "__main__":
    main()

"""The program: `coexpr`, or `python -m coexpr`."""

import gc
import os
import sys

from coexpr.resources import INTERRUPTED

# Modules, classes and functions are not garbage, but the collector examines them again and again while they are
# created, and at the end, which takes a quarter of the time of a short command.
_OBJECTS_BEFORE_COLLECTION = 100_000


def main() -> None:
    """Run the command line; Ctrl-C while it is still loading ends it without a traceback."""
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTION)
    try:
        from coexpr.cli import app
        from coexpr.cli.completion import LINE_VARIABLE, prepare

        if LINE_VARIABLE in os.environ:
            prepare()

        app(prog_name="coexpr")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    finally:
        gc.freeze()


if __name__ == "__main__":
    main()

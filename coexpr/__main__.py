"""The program: `coexpr`, or `python -m coexpr`."""

import os
import sys

from coexpr.resources import INTERRUPTED


def main() -> None:
    """Run the command line; Ctrl-C while it is still loading ends it without a traceback."""
    try:
        from coexpr.cli import app
        from coexpr.cli.completion import LINE_VARIABLE, prepare

        if LINE_VARIABLE in os.environ:
            prepare()

        app(prog_name="coexpr")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()

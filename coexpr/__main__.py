"""The program: `coexpr`, or `python -m coexpr`."""

import sys

from coexpr.resources import INTERRUPTED


def main() -> None:
    """Run the command line; Ctrl-C while it is still loading ends it without a traceback."""
    try:
        from coexpr.cli import app

        app(prog_name="coexpr")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()

"""coexpr serve: a page in the browser on the database."""

from typing import Annotated

from coexpr.cli.groups import option
from coexpr.cli.options import Database

_PORT = 8000


def serve(
    port: Annotated[
        int, option(None, "--port", "The port; 0 for any free one.", "N", min=0, max=65_535, show_default=True)
    ] = _PORT,
    open_page: Annotated[
        bool | None,
        option(None, "--open/--no-open", "Open the page in your browser, or not. Default: if there is a screen."),
    ] = None,
    host: Annotated[
        str,
        option(
            None,
            "--host",
            "The address of this computer to answer at. Others than 127.0.0.1 need --token.",
            "ADDRESS",
            show_default=True,
        ),
    ] = "127.0.0.1",
    token: Annotated[
        str | None,
        option(None, "--token", "A secret that every visitor needs: at least eight letters or digits.", "TEXT"),
    ] = None,
    db: Database = None,
) -> None:
    """Open a page in the browser on the database.

    The page answers from the database on this computer, and nothing leaves it. Stop it with Ctrl-C.

    \b
    Examples:
      coexpr serve
      coexpr serve --port 0 --no-open
    """
    import webbrowser

    from coexpr.cli.messages import say
    from coexpr.extras import require
    from coexpr.resources import database_path

    for package in ("starlette", "uvicorn", "jinja2"):
        require(package)
    from coexpr.web.server import Server  # loads the server's packages, which --help does not need

    server = Server(database_path(db), host=host, port=port, token=token)
    say(f"Open {server.url} in your browser. Stop with Ctrl-C.")
    if not server.database.exists():
        say(f"There is no database at {server.database} yet: the page says how to make one.")
    if open_page or (open_page is None and _has_screen()):
        webbrowser.open(server.url)
    server.run()


def _has_screen() -> bool:
    """Return whether a browser can be expected to open: not in a remote shell, a container, or a job."""
    import os
    import sys

    if not sys.stderr.isatty():
        return False
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))

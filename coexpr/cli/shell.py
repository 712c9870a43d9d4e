"""coexpr shell: open the database in the duckdb shell."""

import os
import subprocess
import sys
from typing import Annotated

import typer

from coexpr.cli.options import Database


def shell(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="[-- ARGUMENT]...", help="More arguments for duckdb.", show_default=False),
    ] = None,
    db: Database = None,
) -> None:
    """Open the database in the duckdb shell, for reading only.

    \b
    Examples:
      coexpr shell
      coexpr shell -- -markdown -c "FROM correlates('NTRK2', top := 5)"
    """
    from coexpr.cli.messages import say
    from coexpr.cli.opened import open_atlas  # loads DuckDB, which --help does not need
    from coexpr.database.shell_program import find_shell

    program = find_shell().path
    with open_atlas(db) as atlas:  # reports problems of the database better than the shell
        path = atlas.path
    if not arguments and sys.stdin.isatty():
        say(f"{path}, for reading only. Try: FROM correlates('NTRK2', top := 5);  Leave with: .quit")
    command = [program, "-readonly", *(arguments or []), str(path)]
    if os.name == "nt":  # exec on Windows does not wait for the program
        raise typer.Exit(subprocess.run(command, check=False).returncode)  # noqa: S603  (the user's own arguments)
    sys.stdout.flush()
    os.execv(program, command)  # noqa: S606  (a shell would need the arguments quoted)

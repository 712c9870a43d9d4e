"""coexpr shell: open the database in the duckdb shell."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from coexpr.cli.options import Database
from coexpr.errors import ShellError

# Older versions of DuckDB cannot open databases of coexpr.
_OLDEST = (1, 4, 2)


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

    program = _find_program()
    with open_atlas(db) as atlas:  # reports problems of the database better than the shell
        path = atlas.path
    if not arguments and sys.stdin.isatty():
        say(f"{path}, for reading only. Try: FROM correlates('NTRK2', top := 5);  Leave with: .quit")
    command = [program, "-readonly", *(arguments or []), str(path)]
    if os.name == "nt":  # exec on Windows does not wait for the program
        raise typer.Exit(subprocess.run(command, check=False).returncode)  # noqa: S603  (the user's own arguments)
    sys.stdout.flush()
    os.execv(program, command)  # noqa: S606  (a shell would need the arguments quoted)


def _find_program() -> str:
    """Return the path of the duckdb program: that of this environment, or else the first in PATH.

    Raises
    ------
    ShellError
        If duckdb is not installed, or is too old.
    """
    program = shutil.which("duckdb", path=str(Path(sys.executable).parent)) or shutil.which("duckdb")
    how = "`pip install duckdb-cli` brings it into this environment; duckdb.org has it for every system."
    if program is None:
        raise ShellError(f"the program duckdb is not installed here. {how}")
    printed = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    version = re.match(r"v?(\d+)\.(\d+)\.(\d+)", printed)
    if version is None or tuple(map(int, version.groups())) < _OLDEST:
        found = printed.strip() or "of an unrecognised version"
        raise ShellError(f"{program} is {found}; 1.4.2 or newer is needed. {how}")
    return program

"""The duckdb program: where it is, and whether it can open a database of coexpr."""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from coexpr.errors import ShellError

# Older versions of DuckDB cannot open databases of coexpr.
_OLDEST = (1, 4, 2)


class ShellProgram(NamedTuple):
    """The duckdb program."""

    path: str
    version: str


def find_shell() -> ShellProgram:
    """Return the duckdb program of this environment, or else the first in PATH.

    Raises
    ------
    ShellError
        If duckdb is not installed, or is too old.
    """
    program = shutil.which("duckdb", path=str(Path(sys.executable).parent)) or shutil.which("duckdb")
    how = "`pip install duckdb-cli` brings it into this environment; duckdb.org has it for every system."
    if program is None:
        raise ShellError(f"the program duckdb is not installed here. {how}")
    printed = subprocess.run([program, "-version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    version = re.match(r"v?(\d+)\.(\d+)\.(\d+)", printed)
    if version is None or tuple(map(int, version.groups())) < _OLDEST:
        found = printed.strip() or "of an unrecognised version"
        raise ShellError(f"{program} is {found}; 1.4.2 or newer is needed. {how}")
    return ShellProgram(program, version[0])

"""Where things are: the rooms that are not Python, and the database.

In a wheel `sql/` and `migrations/` lie inside the package; in a checkout, editable or not
installed at all, they lie beside it. Everything is read through `Traversable`, so a zipped
package works too.
"""

import os
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

DATABASE_VARIABLE = "COEXPR_DB"
# Bytes that a network may take beyond the mapped matrix, unless somebody says.
MEMORY = 2 * 10**9
# The exit code of a program that Ctrl-C ended.
INTERRUPTED = 130


def room(name: str) -> Traversable:
    """Return the folder `name` of the package, wherever it is installed.

    Parameters
    ----------
    name : str
        A room that ships with coexpr: "sql", "migrations" or "data".
    """
    inside = files("coexpr") / name
    return inside if inside.is_dir() else Path(__file__).parents[1] / name


def database_path(chosen: Path | str | None = None) -> Path:
    """Return the path of the database: the chosen one, else COEXPR_DB, else the user's own.

    Parameters
    ----------
    chosen : path, optional
        What the user named with --db, or passed to `Atlas`.
    """
    if named := chosen or os.environ.get(DATABASE_VARIABLE):
        return Path(named)
    from platformdirs import user_data_path  # only where no database is named

    return user_data_path("coexpr", appauthor=False) / "atlas.duckdb"


def is_duckdb_file(path: Path) -> bool:
    """Say whether a file begins as DuckDB's do: a checksum of eight bytes, then DUCK."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(12)[8:] == b"DUCK"

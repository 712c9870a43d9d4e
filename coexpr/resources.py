"""Where files are: the folders of SQL, migrations and data, and the user's database.

In a wheel, `sql/` and `migrations/` are inside the package; in a checkout they are next to it. Files are read through
`Traversable`, so a zipped package works too.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

DATABASE_VARIABLE = "COEXPR_DB"
# Bytes that a network may use beyond the mapped matrix, by default.
MEMORY = 2 * 10**9
# The exit code of a program that was interrupted.
INTERRUPTED = 130


def package_folder(name: str) -> "Traversable":
    """Return a folder of coexpr, wherever it is installed.

    Parameters
    ----------
    name : str
        "sql", "migrations" or "data".
    """
    from importlib.resources import files  # takes longer to import than --help needs otherwise

    inside = files("coexpr") / name
    return inside if inside.is_dir() else Path(__file__).parents[1] / name


def database_path(chosen: Path | str | None = None) -> Path:
    """Return the path of the database: the chosen one, else COEXPR_DB, else a file in the user's data folder.

    Parameters
    ----------
    chosen : path, optional
        The value of --db, or the argument of `Atlas`.
    """
    if named := chosen or os.environ.get(DATABASE_VARIABLE):
        return Path(named)
    from platformdirs import user_data_path  # needed only without a chosen database

    return user_data_path("coexpr", appauthor=False) / "atlas.duckdb"


def is_duckdb_file(path: Path) -> bool:
    """Return whether a file begins like a DuckDB database: a checksum of eight bytes, then DUCK."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(12)[8:] == b"DUCK"

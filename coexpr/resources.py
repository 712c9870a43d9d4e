"""Where the rooms that are not Python live: sql/, migrations/ and data/.

In a wheel `sql/` and `migrations/` lie inside the package; in a checkout, editable or not
installed at all, they lie beside it. Everything is read through `Traversable`, so a zipped
package works too.
"""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path


def room(name: str) -> Traversable:
    """Return the folder `name` of the package, wherever it is installed.

    Parameters
    ----------
    name : str
        A room that ships with coexpr: "sql", "migrations" or "data".
    """
    inside = files("coexpr") / name
    return inside if inside.is_dir() else Path(__file__).parents[1] / name

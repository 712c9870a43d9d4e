"""Caches of what is computed from the matrix and takes seconds: files next to the database, safe to delete."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from numpy.typing import NDArray

from coexpr.database.array_file import load_arrays, save_arrays
from coexpr.database.expression import Expression
from coexpr.database.stamp import cache_is_on
from coexpr.errors import OutputError

# Files of each kind that are kept; the oldest are removed.
_KEPT = 3


A = TypeVar("A")


def derived(expression: Expression, name: str, kind: type[A], contents: list[bytes], compute: Callable[[], A]) -> A:
    """Return what was computed before from the same data, mapped from its file, or compute it and write the file.

    Parameters
    ----------
    expression : Expression
    name : str
        Part of the name of the file.
    kind : type
        A dataclass whose fields are arrays.
    contents : list of bytes
        Everything besides the expression data that determines the result.
    compute : callable
    """
    digest = hashlib.sha256(expression.key.encode())
    for part in contents:
        digest.update(len(part).to_bytes(8, "little") + part)
    key = digest.hexdigest()
    database = expression.path.resolve()
    path = database.with_name(f"{database.name}.{name}-{key[:8]}")
    if cache_is_on() and (found := load_arrays(path, key, kind)) is not None:
        return found
    computed = compute()
    if cache_is_on():
        try:
            save_arrays(path, key, _arrays_of(computed))
            _remove_oldest(database, name)
        except (OSError, OutputError) as error:
            expression.cache_problem = str(error).rstrip(".")
            return computed
        return load_arrays(path, key, kind) or computed
    return computed


def derived_files(database: Path, name: str = "*") -> list[Path]:
    """Return the files of a database, or those of one name, newest first."""
    prefix = database.resolve()
    found = prefix.parent.glob(f"{_escaped(prefix.name)}.{name}-????????")
    return sorted(found, key=lambda path: path.stat().st_ctime_ns, reverse=True)


def _arrays_of(computed: Any) -> dict[str, NDArray[Any]]:
    return {field.name: getattr(computed, field.name) for field in fields(computed)}


def _remove_oldest(database: Path, name: str) -> None:
    for path in derived_files(database, name)[_KEPT:]:
        with suppress(OSError):
            path.unlink()


def _escaped(name: str) -> str:
    """Return a name in which a pattern of files finds itself only."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)

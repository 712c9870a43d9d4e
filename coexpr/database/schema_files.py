"""The files that define the schema: numbered migrations for tables; views, macros and comments."""

import hashlib
from functools import cache
from importlib.resources.abc import Traversable

from coexpr.resources import package_folder


def schema_version() -> int:
    """Return the number of the newest migration of this version of coexpr."""
    return number_of(migrations()[-1])


def migrations() -> list[Traversable]:
    """Return the migrations in their order."""
    return _sql_files(package_folder("migrations"))


def number_of(migration: Traversable) -> int:
    """Return the number of a migration."""
    return int(migration.name.split("_")[0])


@cache
def definitions() -> str:
    """Return the statements of sql/schema/: views, macros and comments, in the order of the file names."""
    return "\n".join(file.read_text(encoding="utf-8") for file in _sql_files(package_folder("sql") / "schema"))


def checksum_of_definitions() -> str:
    """Return the checksum of `definitions`, which a database stores when they are applied."""
    return hashlib.sha256(definitions().encode()).hexdigest()


def _sql_files(folder: Traversable) -> list[Traversable]:
    files = [file for file in folder.iterdir() if file.name.endswith(".sql")]
    return sorted(files, key=lambda file: file.name)

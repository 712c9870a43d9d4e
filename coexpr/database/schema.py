"""The schema of a database: numbered migrations for tables; views and macros, re-applied when they change."""

import hashlib
from importlib.resources.abc import Traversable
from pathlib import Path

import duckdb

import coexpr
from coexpr.database.queries import query, single, transaction
from coexpr.database.stored_tables import store_genes_of_atlas, store_names_of_ncbi
from coexpr.errors import DatabaseError
from coexpr.resources import DATABASE_VARIABLE, package_folder


def schema_version() -> int:
    """Return the number of the newest migration of this version of coexpr."""
    return _number(_migrations()[-1])


def pending_migrations(connection: duckdb.DuckDBPyConnection, path: Path) -> list[Traversable]:
    """Return the migrations that a database lacks.

    Raises
    ------
    DatabaseError
        If it is not a database of coexpr, or its schema is newer than this version of coexpr.
    """
    try:
        applied = connection.execute(query("applied_migrations")).fetchall()
    except duckdb.CatalogException:
        raise DatabaseError(
            f"{path} is a DuckDB file, but not a database of coexpr. Choose another `database`, or set "
            f"{DATABASE_VARIABLE}."
        ) from None
    version, _, writer = applied[-1] if applied else (0, "", "")
    if version > schema_version():
        raise DatabaseError(
            f"{path} has schema {version}, written by coexpr {writer}; this is coexpr {coexpr.__version__}, which "
            f"knows schema {schema_version()}. If a newer coexpr wrote it, upgrade coexpr. If a development version "
            "before 0.1.0 wrote it, load the downloads into a new database."
        )
    return [migration for migration in _migrations() if _number(migration) > version]


def has_current_definitions(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether the views and macros of a database are those of this version of coexpr."""
    stored = connection.execute(query("stored_definitions")).fetchall()
    return stored == [(_checksum(_definitions()),)]


def migrate(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Apply each pending migration and its record in one transaction, then the views, macros and comments.

    Stored tables are filled again, because a migration may have added or changed them.
    """
    if single(connection, "count_tables") == 0:
        connection.execute(query("create_schema_migrations"))
    pending = pending_migrations(connection, path)
    for migration in pending:
        with transaction(connection):
            connection.execute(migration.read_text(encoding="utf-8"))
            record = {
                "version": _number(migration),
                "name": migration.name,
                "coexpr_version": coexpr.__version__,
            }
            connection.execute(query("insert_schema_migration"), record)
    _define(connection)
    if pending:
        with transaction(connection):
            store_names_of_ncbi(connection)
            store_genes_of_atlas(connection)


def _define(connection: duckdb.DuckDBPyConnection) -> None:
    """Apply the views, macros and comments in one transaction, unless the database has them."""
    if has_current_definitions(connection):
        return
    definitions = _definitions()
    with transaction(connection):
        connection.execute(definitions)
        connection.execute(query("forget_definitions"))
        record = {"sha256": _checksum(definitions), "coexpr_version": coexpr.__version__}
        connection.execute(query("record_definitions"), record)


def _migrations() -> list[Traversable]:
    return _sql_files(package_folder("migrations"))


def _definitions() -> str:
    """Return the statements of sql/schema/: views, macros and comments, in the order of the file names."""
    return "\n".join(file.read_text(encoding="utf-8") for file in _sql_files(package_folder("sql") / "schema"))


def _sql_files(folder: Traversable) -> list[Traversable]:
    files = [file for file in folder.iterdir() if file.name.endswith(".sql")]
    return sorted(files, key=lambda file: file.name)


def _number(migration: Traversable) -> int:
    return int(migration.name.split("_")[0])


def _checksum(definitions: str) -> str:
    return hashlib.sha256(definitions.encode()).hexdigest()

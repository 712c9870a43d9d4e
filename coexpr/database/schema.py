"""The schema of a database: numbered migrations for tables; views and macros, re-applied when they change."""

from importlib.resources.abc import Traversable
from pathlib import Path

import duckdb

import coexpr
from coexpr.database.catalog import differences, digests, refuse_altered, tables_and_views
from coexpr.database.queries import query, single, transaction
from coexpr.database.schema_files import (
    checksum_of_definitions,
    definitions,
    migrations,
    number_of,
    schema_version,
)
from coexpr.database.stored_tables import store_genes_of_atlas, store_names_of_ncbi
from coexpr.errors import DatabaseError


def pending_migrations(connection: duckdb.DuckDBPyConnection, path: Path) -> list[Traversable]:
    """Return the migrations that a database of coexpr lacks.

    Raises
    ------
    DatabaseError
        If its schema is newer than this version of coexpr.
    """
    applied = connection.execute(query("applied_migrations")).fetchall()
    version, _, writer = applied[-1] if applied else (0, "", "")
    if version > schema_version():
        raise DatabaseError(
            f"{path} has schema {version}, written by coexpr {writer}; this is coexpr {coexpr.__version__}, which "
            f"knows schema {schema_version()}. If a newer coexpr wrote it, upgrade coexpr. If a development version "
            "before 0.1.0 wrote it, load the downloads into a new database."
        )
    return [migration for migration in migrations() if number_of(migration) > version]


def has_current_definitions(connection: duckdb.DuckDBPyConnection) -> bool:
    """Return whether the views and macros of a database are those of this version of coexpr."""
    stored = connection.execute(query("stored_definitions")).fetchall()
    return stored == [(checksum_of_definitions(),)]


def migrate(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Apply the pending migrations with their records, and the views, macros and comments, in one transaction.

    Stored tables are filled again, because a migration may have added or changed them. If that were a transaction of
    its own, a process that is killed before it would leave them empty, with no migration pending.
    """
    with transaction(connection):
        if single(connection, "count_tables") == 0:
            connection.execute(query("create_schema_migrations"))
        pending = pending_migrations(connection, path)
        for migration in pending:
            connection.execute(migration.read_text(encoding="utf-8"))
            record = {
                "version": number_of(migration),
                "name": migration.name,
                "coexpr_version": coexpr.__version__,
            }
            connection.execute(query("insert_schema_migration"), record)
        refuse_altered(tables_and_views(connection), path, "table")
        _define(connection)
        if pending:
            store_names_of_ncbi(connection)
            store_genes_of_atlas(connection)


def _define(connection: duckdb.DuckDBPyConnection) -> None:
    """Apply the views, macros and comments, unless the database has them."""
    if has_current_definitions(connection):
        found = digests(connection, "definitions_of_tables_and_views", "definitions_of_macros")
        if not differences(found, ("view", "macro")):
            return
    connection.execute(definitions())
    connection.execute(query("forget_definitions"))
    record = {"sha256": checksum_of_definitions(), "coexpr_version": coexpr.__version__}
    connection.execute(query("record_definitions"), record)

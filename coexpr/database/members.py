"""The members of categories: those that a source lists, and those of all categories below."""

import duckdb

from coexpr.database.queries import query, single


def insert_members(connection: duckdb.DuckDBPyConnection, *, shipped: bool) -> None:
    """Insert the members of the shipped or the added categories, in the caller's transaction.

    The table direct_members contains those that the sources list; it is deleted.
    """
    connection.execute(query("create_categories_below"), {"is_shipped": shipped})
    depth = 0
    while single(connection, "count_categories_below", {"depth": depth}):
        connection.execute(query("insert_categories_below"), {"depth": depth})
        depth += 1
    connection.execute(query("insert_members"))
    connection.execute(query("drop_categories_below"))
    connection.execute(query("drop_direct_members"))

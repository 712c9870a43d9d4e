"""Matching of names to the genes in the database: replacements of retired ids, and members of added categories.

Both are repeated whenever genes or categories are added, so that the order of loading does not matter.
"""

import duckdb

from coexpr.database.members import insert_members
from coexpr.database.queries import query, single
from coexpr.database.stored_tables import store_genes_of_atlas


def match_names_again(connection: duckdb.DuckDBPyConnection) -> None:
    """Replace retired Entrez ids and match the names in added categories to genes, in the caller's transaction."""
    connection.execute(query("follow_retired_ids"))
    store_genes_of_atlas(connection)
    connection.execute(query("delete_name_matches"))
    if not single(connection, "count_added_categories"):
        return  # there is no name to match, and each of the statements takes milliseconds
    connection.execute(query("insert_name_matches"))
    connection.execute(query("delete_members_of_added_categories"))
    connection.execute(query("create_direct_members_of_added_categories"))
    insert_members(connection, shipped=False)

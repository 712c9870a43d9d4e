"""Tables that are derived from others, and stored because deriving them takes longer than most queries.

They are filled again, in the caller's transaction, whenever what they are derived from changes: see sql/stored.sql.
"""

import duckdb

from coexpr.database.queries import query, single


def store_names_of_ncbi(connection: duckdb.DuckDBPyConnection) -> None:
    """Store the names that NCBI Gene has, after gene_aliases has changed."""
    connection.execute(query("delete_names_of_ncbi"))
    connection.execute(query("insert_names_of_ncbi"))


def store_genes_of_atlas(connection: duckdb.DuckDBPyConnection) -> None:
    """Store the names that the atlas has, and the genes of the chip, after probes, genes or expression have changed."""
    connection.execute(query("delete_names_of_atlas"))
    connection.execute(query("insert_names_of_atlas"))
    connection.execute(query("delete_chip_genes"))
    connection.execute(query("insert_chip_genes"))


def count_altered_rows(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Return how many rows of each stored table are not those that the other tables now give.

    A temporary table of the same name takes the place of the stored table, on a connection of its own.
    """
    with connection.cursor() as cursor:
        for name in ("keep_stored_names", "start_names_again", "insert_names_of_ncbi", "insert_names_of_atlas"):
            cursor.execute(query(name))
        for name in ("keep_chip_genes", "start_chip_genes_again", "insert_chip_genes"):
            cursor.execute(query(name))
        return {
            # Counting takes ten times as long.
            "stored name": 0 if single(cursor, "names_are_the_same") else single(cursor, "count_altered_names"),
            "stored gene of the chip": single(cursor, "count_altered_chip_genes"),
        }

"""Tables that are derived from others, and stored because deriving them takes longer than most queries.

They are filled again, in the caller's transaction, whenever what they are derived from changes: see sql/stored.sql.
"""

import duckdb

from coexpr.database.queries import query


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

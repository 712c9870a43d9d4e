"""Missing values, duplicate profiles and constant profiles for a database that has none."""

import duckdb


def remove_values(connection: duckdb.DuckDBPyConnection) -> None:
    """Remove donors and single values of some probes, duplicate some profiles, and make some constant."""
    connection.execute("delete from expression where donor_id in (9861, 15697) and probe_id % 7 = 0")
    connection.execute(
        "update expression set log2 = list_transform(log2, lambda x, i: if(i = 4, null, x)) where probe_id % 11 = 0"
    )
    connection.execute(
        "update expression set log2 = other.log2 from expression as other "
        "where other.donor_id = expression.donor_id and other.probe_id = expression.probe_id - 1 "
        "and expression.probe_id % 13 = 0"
    )
    connection.execute("update expression set log2 = list_transform(log2, lambda x: 5) where probe_id % 31 = 0")
    # The moments that ingest stores with every row.
    connection.execute(
        "update expression set n = list_count(log2), mean_log2 = list_avg(log2::double[]), "
        "squared_deviations = list_var_pop(log2::double[]) * list_count(log2)"
    )

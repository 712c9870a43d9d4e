"""Missing values, and duplicate, constant and nearly constant profiles, for a database that has none."""

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
    _store_moments(connection)


# Probes by the remainder of their probe_id divided by 17: how much of their variation is left.
_VARIATION = {3: 1e-6, 5: 1e-5, 8: 1e-4, 11: 1e-3}
# Two of these probes.
NEARLY_CONSTANT = ("1000198", "1000200")


def make_nearly_constant(connection: duckdb.DuckDBPyConnection) -> None:
    """Let some probes vary by little about 8, where the spacing of float32 is 1e-6."""
    for remainder, variation in _VARIATION.items():
        connection.execute(
            "update expression set log2 = list_transform(log2, lambda x: (8 + $variation * (x - 8))::float) "
            "where probe_id % 17 = $remainder",
            {"variation": variation, "remainder": remainder},
        )
    _store_moments(connection)


def _store_moments(connection: duckdb.DuckDBPyConnection) -> None:
    """Store the moments that ingest stores with every row."""
    connection.execute("update expression set n = list_count(log2), mean_log2 = list_avg(log2::double[])")
    connection.execute(
        "update expression set squared_deviations = "
        "coalesce(list_sum(list_transform(log2::double[], lambda x: (x - mean_log2) ** 2)), 0)"
    )

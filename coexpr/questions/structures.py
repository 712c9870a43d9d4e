"""Which structures have samples, and how many of each donor."""

from pathlib import Path
from typing import Any

import duckdb

from coexpr.answer import Answer
from coexpr.queries import run
from coexpr.route import donor_names


def structure_tree(connection: duckdb.DuckDBPyConnection, database: Path, search: str | None) -> Answer:
    """Answer `Atlas.structures`."""
    donors = donor_names(connection)
    rows: dict[int, dict[str, Any]] = {}
    for found in run(connection, "structure_tree", {"search": None if search is None else search.strip()}):
        row = rows.setdefault(found["structure_id"], found | {"of_donor": {}})
        row["of_donor"][found["donor_id"]] = found["samples"]
    columns = ["structure_id", "acronym", "name", "hemisphere", "depth", "samples", *donors.values()]
    told = [
        (
            *(row[name] for name in columns[:5]),
            sum(row["of_donor"].values()),
            *(row["of_donor"].get(donor_id, 0) for donor_id in donors),
        )
        for row in rows.values()
    ]
    return Answer(columns, told, {"database": str(database)})

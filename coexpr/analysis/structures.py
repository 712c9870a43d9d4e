"""Which structures have samples, and how many of each donor."""

from typing import Any

from coexpr.database.expression import Expression
from coexpr.database.queries import run
from coexpr.result import Answer


def structure_tree(expression: Expression, search: str | None) -> Answer:
    """Answer `Atlas.structures`."""
    donors = expression.donor_names
    rows: dict[int, dict[str, Any]] = {}
    for found in run(expression.connection, "structure_tree", {"search": None if search is None else search.strip()}):
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
    return Answer(columns, told, {"database": str(expression.path)})

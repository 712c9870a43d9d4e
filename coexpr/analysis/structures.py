"""The tree of structures, with the number of samples of each donor."""

from typing import Any

from coexpr.database.expression import Expression
from coexpr.database.queries import run
from coexpr.result import Provenance, Result


def structure_tree(expression: Expression, search: str | None) -> Result[Provenance]:
    """Return structures with samples; see `Atlas.structures`."""
    donors = expression.donor_names
    structures: dict[int, dict[str, Any]] = {}
    by_donor: dict[int, dict[int, int]] = {}
    for row in run(expression.connection, "structure_tree", {"search": None if search is None else search.strip()}):
        structures.setdefault(row["structure_id"], row)
        by_donor.setdefault(row["structure_id"], {})[row["donor_id"]] = row["samples"]
    described = ("structure_id", "acronym", "name", "hemisphere", "depth")
    rows = [
        (
            *(structure[name] for name in described),
            sum(by_donor[structure_id].values()),
            *(by_donor[structure_id].get(donor_id, 0) for donor_id in donors),
        )
        for structure_id, structure in structures.items()
    ]
    return Result([*described, "samples", *donors.values()], rows, Provenance(database=str(expression.path)))

"""Structures that the heatmaps of the atlas's web site show, and the one under which each sample is averaged."""

import csv
from typing import Literal

import duckdb
import numpy as np
from numpy.typing import NDArray

from coexpr.database.queries import query
from coexpr.database.samples import Samples
from coexpr.resources import package_folder

View = Literal["structures", "coarse structures"]
_COLUMNS: dict[View, str] = {"structures": "structure_view_id", "coarse structures": "coarse_view_id"}
NOT_SHOWN = -1


def shown_under(connection: duckdb.DuckDBPyConnection, samples: Samples, view: View) -> NDArray[np.int32]:
    """Return the structure under which a view of the site shows each sample, or `NOT_SHOWN`.

    Structures without samples in the real atlas, which a synthetic atlas may have, are assigned to the nearest ancestor
    that the view shows, according to the tree in the database.
    """
    with (package_folder("data") / "site_views.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    under = {int(row["structure_id"]): int(row[_COLUMNS[view]] or NOT_SHOWN) for row in rows}
    shown = set(under.values()) - {NOT_SHOWN}
    paths = dict(connection.execute(query("structure_paths")).fetchall())
    for structure_id in set(np.unique(samples.structure_ids).tolist()) - set(under):
        path = [int(step) for step in (paths.get(structure_id) or "").split("/") if step]
        under[structure_id] = next((step for step in reversed(path) if step in shown), NOT_SHOWN)
    return np.array([under[structure_id] for structure_id in samples.structure_ids.tolist()], dtype=np.int32)

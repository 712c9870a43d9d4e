"""The names of profiles: of their probes and genes."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import duckdb
import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.profiles import Profiles
from coexpr.database.queries import registered, run


class Label(NamedTuple):
    """The names of one profile. A profile of several probes has no probe_id; its probe_name says what it is."""

    probe_id: int | None
    probe_name: str | None
    gene_symbol: str | None
    gene_name: str | None
    entrez_id: int | None


def find_labels(
    connection: duckdb.DuckDBPyConnection, profiles: Profiles, rows: NDArray[np.intp] | None = None
) -> list[Label]:
    """Return the labels of some profiles in the order of `rows`, or of all."""
    rows = np.arange(len(profiles)) if rows is None else rows
    reported = {
        "place": np.arange(len(rows), dtype=np.int32),
        "probe_id": profiles.probe_ids[rows],
        "gene_id": profiles.gene_ids[rows],
    }
    with registered(connection, reported_profiles=reported):
        found = run(connection, "labels_of_reported_profiles")
    labels = []
    for row, names in zip(rows.tolist(), found, strict=True):
        composition = profiles.compositions[row]
        labels.append(
            Label(
                None if composition else int(profiles.probe_ids[row]),
                composition or names["probe_name"],
                names["gene_symbol"],
                names["gene_name"],
                names["entrez_id"],
            )
        )
    return labels


def unique_names(labels: Sequence[Label], profiles: Profiles, probes: int) -> list[str]:
    """Return a name for each row, the first `probes` of which are probes; an Entrez id follows equal symbols."""
    names = [str(label.probe_name if row < probes else label.gene_symbol) for row, label in enumerate(labels)]
    counts = Counter(names)
    return [
        name if counts[name] == 1 else f"{name} ({label.entrez_id or f'gene {gene_id}'})"
        for name, label, gene_id in zip(names, labels, profiles.gene_ids.tolist(), strict=True)
    ]

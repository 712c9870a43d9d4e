"""The reference of probe selection: six synthetic donors, and the probes that abagen 0.1.3 selects."""

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np
from helpers.folders import REFERENCE

FOLDER = REFERENCE / "probe_selection"
DONORS = (9861, 10021, 12876, 14380, 15496, 15697)
OURS = {
    "max_intensity": "max-mean",
    "max_variance": "max-variance",
    "pc_loading": "pc-loading",
    "corr_variance": "corr-variance",
    "corr_intensity": "corr-intensity",
    "diff_stability": "diff-stability",
}


class Selection(NamedTuple):
    """Probes with an Entrez id in the order of Probes.csv."""

    probe_ids: np.ndarray
    symbols: list[str]
    values: dict[int, np.ndarray]
    calls: dict[int, np.ndarray]
    structures: dict[int, np.ndarray]


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def read_selection() -> Selection:
    probes = [row for row in rows_of(FOLDER / "normalized_microarray_donor9861" / "Probes.csv") if row["entrez_id"]]
    ids = np.array([int(row["probe_id"]) for row in probes])
    values, calls, structures = {}, {}, {}
    for donor in DONORS:
        folder = FOLDER / f"normalized_microarray_donor{donor}"
        for name, into in (("MicroarrayExpression.csv", values), ("PACall.csv", calls)):
            matrix = np.loadtxt(folder / name, delimiter=",")
            order = np.argsort(matrix[:, 0])
            into[donor] = matrix[order[np.searchsorted(matrix[order, 0], ids)], 1:]
        structures[donor] = np.array([int(row["structure_id"]) for row in rows_of(folder / "SampleAnnot.csv")])
    return Selection(ids, [row["gene_symbol"] for row in probes], values, calls, structures)


def open_signs() -> set[tuple[str, str]]:
    """Return thresholds and genes for which the sign of a component is arbitrary, so that no selection is right."""
    return {
        (row["ibf_threshold"], row["gene_symbol"])
        for row in rows_of(FOLDER / "equal_scores.csv")
        if row["why"].startswith("sign")
    }

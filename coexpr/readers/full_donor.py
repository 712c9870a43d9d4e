"""The full-donor download: every probe of one donor, in five CSV files.

Properties of real downloads: MicroarrayExpression.csv and PACall.csv have no header; their first column is the probe
id, and column k + 1 has the sample in row k of SampleAnnot.csv. No file names the donor. The acronym and name of a
sample are those of its structure in Ontology.csv.
"""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from coexpr.errors import DownloadError
from coexpr.readers import download, matrices, tables
from coexpr.readers.donors import DONORS
from coexpr.readers.place import Place
from coexpr.readers.probe_table import FULL_DONOR_HEADER, read_probes

KIND = "full-donor download"
EXPRESSION, CALLS, PROBES, SAMPLES, ONTOLOGY = (
    "MicroarrayExpression.csv",
    "PACall.csv",
    "Probes.csv",
    "SampleAnnot.csv",
    "Ontology.csv",
)
FILES = (EXPRESSION, CALLS, PROBES, SAMPLES, ONTOLOGY)
# Names of the readme in different releases.
READMES = ("Readme.txt", "Contents.txt")
# Levels of the tree of structures. The atlas has 11.
_MOST_LEVELS = 30
# Rows checked at a time.
_ROWS_AT_A_TIME = 4096

_SAMPLE_COLUMNS: dict[str, tables.ParseCell] = {
    "structure_id": tables.whole_number,
    "slab_num": tables.whole_number,
    "well_id": tables.whole_number,
    "slab_type": tables.text,
    "structure_acronym": tables.text,
    "structure_name": tables.text,
    "polygon_id": tables.whole_number,
    "mri_voxel_x": tables.whole_number,
    "mri_voxel_y": tables.whole_number,
    "mri_voxel_z": tables.whole_number,
    "mni_x": tables.decimal_number,
    "mni_y": tables.decimal_number,
    "mni_z": tables.decimal_number,
}
_STRUCTURE_COLUMNS: dict[str, tables.ParseCell] = {
    "id": tables.whole_number,
    "acronym": tables.text,
    "name": tables.text,
    "parent_structure_id": tables.optional_whole_number,
    "hemisphere": tables.optional_text,
    "graph_order": tables.whole_number,
    "structure_id_path": tables.text,
    "color_hex_triplet": tables.optional_text,
}

# The tables of the Probes.csv that was read last, by the digest of its bytes.
_last_probes: dict[bytes, tuple[pa.Table, pa.Table]] = {}


def read(place: Place, donor_id: int) -> download.Download:
    """Read and check a full-donor download.

    Parameters
    ----------
    place : Place
        The folder of its five files.
    donor_id : int
        The donor of the download.

    Raises
    ------
    DownloadError
        If anything in the five files is not as expected.
    """
    structures = _read_structures(place)
    samples = _read_samples(place, structures, donor_id)
    probes, genes = _read_probes(place)
    probe_ids = probes["probe_id"].to_numpy().astype(np.int64)
    notes: list[str] = []
    # Both files are read at once, because decompressing one takes longer than parsing it in two threads.
    with ThreadPoolExecutor(max_workers=1) as reader:
        calls = reader.submit(matrices.read_calls, place, CALLS, probe_ids, len(samples))
        try:
            log2 = matrices.read_log2(place, EXPRESSION, probe_ids, len(samples), notes)
            _refuse_blanks(log2, probe_ids, place)
        except BaseException:
            place.give_up()
            raise
        present = calls.result()
    title = _title(place)
    return download.Download(
        title=title,
        donors=_donor(donor_id),
        structures=structures,
        genes=genes,
        probes=probes,
        samples=samples,
        log2=log2,
        notes=(*([] if title else ["no readme names the atlas of this download."]), *notes),
        present=present,
    )


def _read_probes(place: Place) -> tuple[pa.Table, pa.Table]:
    """Return the probes and genes of Probes.csv, which is the same file in the download of every donor."""
    digest = hashlib.sha256(tables.read_bytes(place, PROBES)).digest()
    if digest not in _last_probes:
        probes, genes, _ = read_probes(place, FULL_DONOR_HEADER)
        _last_probes.clear()
        _last_probes[digest] = probes, genes
        return probes, genes
    return _last_probes[digest]


def _refuse_blanks(log2: NDArray[np.float32], probe_ids: NDArray[np.int64], place: Place) -> None:
    for start in range(0, len(log2), _ROWS_AT_A_TIME):
        blank = np.argwhere(np.isnan(log2[start : start + _ROWS_AT_A_TIME]))
        if len(blank):
            row, column = blank[0]
            raise DownloadError(
                f"{place.locate(EXPRESSION)}: probe {probe_ids[start + row]}, column {column + 2}: expected a number, "
                "found a blank cell. Full-donor downloads have no blank cells.",
                remedy="Download it again.",
            )


def _read_structures(place: Place) -> pa.Table:
    columns = tables.read_table(place, ONTOLOGY, {name: (name, parse) for name, parse in _STRUCTURE_COLUMNS.items()})
    tables.refuse_duplicates(place, ONTOLOGY, "id", columns["id"])
    known = set(columns["id"])
    rows = zip(
        *(columns[name] for name in ("id", "parent_structure_id", "hemisphere", "structure_id_path")),
        strict=True,
    )
    for row, (structure_id, parent, hemisphere, path) in enumerate(rows, start=2):
        where = f"{place.locate(ONTOLOGY)}, row {row}"
        if parent is not None and parent not in known:
            raise DownloadError(
                f"{where}, column parent_structure_id: expected the id of a structure in the file, found {parent}."
            )
        if hemisphere not in ("L", "R", None):
            raise DownloadError(f"{where}, column hemisphere: expected L, R or nothing, found {hemisphere!r:.60}.")
        ends = [str(node) for node in (parent, structure_id) if node is not None]
        if [node for node in path.split("/") if node][-2:] != ends:
            raise DownloadError(
                f"{where}, column structure_id_path: expected a path that ends in {'/'.join(ends)}, found {path!r:.60}."
            )
    _refuse_cycle(place, dict(zip(columns["id"], columns["parent_structure_id"], strict=True)))
    return download.table(download.STRUCTURES, columns | {"structure_id": columns["id"]})


def _refuse_cycle(place: Place, parents: dict[int, int | None]) -> None:
    """Raise DownloadError unless the structures are a tree, or trees, of few levels."""
    levels: dict[int | None, int] = {None: 0}
    for structure_id in parents:
        path: list[int] = []
        node: int | None = structure_id
        while node is not None and node not in levels and len(path) <= _MOST_LEVELS:
            path.append(node)
            node = parents[node]
        if levels.get(node, _MOST_LEVELS) + len(path) > _MOST_LEVELS:
            what = "themselves, in a circle" if node in path else f"more than {_MOST_LEVELS} levels"
            raise DownloadError(
                f"{place.locate(ONTOLOGY)}, column parent_structure_id: expected a tree of structures; the parents of "
                f"structure {structure_id} lead to {what}: {', '.join(map(str, path[1:6]))} ...",
                remedy="Download it again.",
            )
        levels |= {passed: levels[node] + number for number, passed in enumerate(reversed(path), start=1)}


def _read_samples(place: Place, structures: pa.Table, donor_id: int) -> pa.Table:
    columns = tables.read_table(place, SAMPLES, {name: (name, parse) for name, parse in _SAMPLE_COLUMNS.items()})
    tables.refuse_duplicates(place, SAMPLES, "well_id", columns["well_id"])
    labels: dict[Any, tuple[Any, Any]] = {
        structure["structure_id"]: (structure["acronym"], structure["name"]) for structure in structures.to_pylist()
    }
    stated = zip(columns["structure_id"], columns["structure_acronym"], columns["structure_name"], strict=True)
    where = place.locate(SAMPLES)
    for row, (structure_id, *label) in enumerate(stated, start=2):
        if structure_id not in labels:
            raise DownloadError(f"{where}, row {row}: structure {structure_id} ({label[1]}) is not in {ONTOLOGY}.")
        if labels[structure_id] != tuple(label):
            raise DownloadError(
                f"{where}, row {row}: structure {structure_id} is {' '.join(label)!r} here "
                f"and {' '.join(labels[structure_id])!r} in {ONTOLOGY}."
            )
    rows = len(columns["well_id"])
    return download.table(download.SAMPLES, columns | {"sample_id": columns["well_id"], "donor_id": [donor_id] * rows})


def _donor(donor_id: int) -> pa.Table:
    known = next((donor._asdict() for donor in DONORS if donor.donor_id == donor_id), {"donor_id": donor_id})
    return download.table(download.DONORS, {name: [value] for name, value in known.items()})


def _title(place: Place) -> str | None:
    readme = next((name for name in READMES if place.has(name)), None)
    if not readme:
        return None
    with place.open(readme) as stream:
        return download.title_line(stream.read(10_000).decode("utf-8", errors="replace"))

"""Write a synthetic atlas of any size, in the files of full-donor downloads.

The readme of each download states that no number in it was measured, and a database cannot contain both synthetic and
real downloads.
"""

import csv
import io
import zipfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from coexpr.demo.synthetic import PLACES, SAMPLED, STRUCTURES, Plan, blocks, design
from coexpr.errors import OutputError
from coexpr.progress import SILENT, Advance, Progress
from coexpr.readers import full_donor
from coexpr.readers.donors import DONORS
from coexpr.readers.download import SYNTHETIC_MARK, SYNTHETIC_TITLE

README = f"""=========================
{SYNTHETIC_TITLE}
=========================

Made by `coexpr demo` in the format of a full-donor download of the Allen Human Brain Atlas.
"""


DATABASE = "demo.duckdb"
DOWNLOADS = "downloads"


def claim_folder(folder: Path) -> None:
    """Create the folder of a demo, and remove the files of an earlier demo from it.

    Raises
    ------
    OutputError
        If the folder was not written by a demo and is not empty, or is a file.
    """
    mark = folder / SYNTHETIC_MARK
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder} is a file. Name a folder for the demo.")
    if mark.is_file() and SYNTHETIC_TITLE in mark.read_text(encoding="utf-8", errors="replace"):
        for path in [
            folder / DATABASE,
            folder / f"{DATABASE}.matrix",
            folder / f"{DATABASE}.names",
            *(folder / DOWNLOADS).glob("normalized_microarray_donor*.zip"),
        ]:
            path.unlink(missing_ok=True)
    elif folder.exists() and any(folder.iterdir()):
        raise OutputError(f"{folder} holds files that no demo made. Name a new folder for the demo.")
    folder.mkdir(parents=True, exist_ok=True)
    mark.write_text(README, encoding="utf-8")


def write_downloads(
    folder: Path, *, probes: int = 2000, samples: int = 360, seed: int = 4915, progress: Progress = SILENT
) -> list[Path]:
    """Write the six full-donor zips of a synthetic atlas.

    Parameters
    ----------
    folder : path
        Created if it does not exist.
    probes : int
        Number of probes of each donor, at least 9: those of NTRK2 and BDNF. The real atlas has 58,692.
    samples : int
        Number of samples of all donors, at least 60, distributed as in the real atlas, which has 3,702.
    seed : int
        Seed of the random numbers. The same seed and sizes give the same files.
    progress : Progress, optional

    Returns
    -------
    list of path
        The zips.
    """
    plan = design(probes, samples, seed)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"normalized_microarray_donor{donor.donor_id}.zip" for donor in DONORS]
    archives = [zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) for path in paths]
    try:
        for number, archive in enumerate(archives):
            _write_text(archive, "Readme.txt", README)
            _write_text(archive, full_donor.PROBES, _csv(plan.probes))
            _write_text(archive, full_donor.ONTOLOGY, _csv(_ontology(plan.parts)))
            _write_text(archive, full_donor.SAMPLES, _csv(_sample_annotation(plan, number)))
        with progress.task("Writing a synthetic atlas", 2 * probes, "rows") as advance:
            _write_matrix(archives, full_donor.EXPRESSION, plan, _log2, advance)
            _write_matrix(archives, full_donor.CALLS, plan, _calls, advance)
    except BaseException:
        for path in paths:
            path.unlink(missing_ok=True)
        raise
    finally:
        for archive in archives:
            archive.close()
    return paths


def _ontology(parts: int) -> list[dict[str, str]]:
    """Return the rows of Ontology.csv: the tree, the two halves of each sampled structure, and the parts of halves."""
    paths: dict[int | None, str] = {None: "/"}
    rows = []
    nodes: list[tuple[int, str, str, int | None, str, str]] = []
    for node, acronym, name, parent, color in STRUCTURES:
        nodes.append((node, acronym, name, parent, color, ""))
        if node in SAMPLED:
            for side in "LR":
                half, _, name_of_half = _half(node, acronym, name, side)
                nodes.append((half, acronym, name_of_half, node, color, side))
                nodes += [(*_half(node, acronym, name, side, part), half, color, side) for part in range(1, parts + 1)]
    for order, (node, acronym, name, parent, color, side) in enumerate(nodes):
        paths[node] = f"{paths[parent]}{node}/"
        cells = (
            node,
            acronym,
            name,
            parent or "",
            side,
            order,
            paths[node],
            color,
        )
        header = ("id", "acronym", "name", "parent_structure_id", "hemisphere", "graph_order")
        rows.append(dict(zip((*header, "structure_id_path", "color_hex_triplet"), map(str, cells), strict=True)))
    return rows


def _half(structure_id: int, acronym: str, name: str, side: str, part: int = 0) -> tuple[int, str, str]:
    """Return id, acronym and name of the left or right half of a structure, or of a part of that half.

    The ids are larger than all ids of the real atlas.
    """
    half = structure_id * 10 + (2 if side == "R" else 1)
    name_of_side = "right" if side == "R" else "left"
    if not part:
        return half, acronym, f"{name}, {name_of_side}"
    return half * 100 + part, f"{acronym}-{part}", f"{name}, part {part}, {name_of_side}"


def _sample_annotation(plan: Plan, donor: int) -> list[dict[str, str]]:
    """Return the rows of one donor's SampleAnnot.csv."""
    labels = {node: (acronym, name) for node, acronym, name, *_ in STRUCTURES}
    rng = np.random.default_rng([plan.seed, donor])
    rows = []
    for sample in np.flatnonzero(plan.donor_of_sample == donor).tolist():
        parent = SAMPLED[plan.structure_of_sample[sample]]
        side, sign = ("R", 1) if plan.right[sample] else ("L", -1)
        acronym, name = labels[parent]
        half, acronym_of_half, name_of_half = _half(parent, acronym, name, side, int(plan.part_of_sample[sample]))
        *middle, radius = PLACES[parent]
        x, y, z = (np.array(middle) + radius * rng.uniform(-1, 1, 3)).round(1).tolist()
        rows.append(
            {
                "structure_id": str(half),
                "slab_num": str(rng.integers(1, 30)),
                # Samples are not sorted, as in the real files.
                "well_id": str(1_000_000 + (sample * 7919) % 100_003),
                "slab_type": "CB" if acronym == "CbCx" else "BS" if acronym in ("Pons", "MY") else "CX",
                "structure_acronym": acronym_of_half,
                "structure_name": name_of_half,
                "polygon_id": str(2_000_000 + sample),
                "mri_voxel_x": str(round(90 + sign * x)),
                "mri_voxel_y": str(round(90 - y)),
                "mri_voxel_z": str(round(90 - z)),
                "mni_x": str(sign * x),
                "mni_y": str(y),
                "mni_z": str(z),
            }
        )
    return rows


def _write_text(archive: zipfile.ZipFile, member: str, text: str) -> None:
    # Unlike writestr, this does not store the current time, with which the same seed would give other files, and which
    # may be before 1980 where no clock is set: a zip cannot store that.
    with archive.open(member, "w") as stream:
        stream.write(text.encode())


def _csv(rows: list[dict[str, str]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _log2(values: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return intensities with twelve significant digits, like those of the real files."""
    return np.where(values < 10, np.round(values, 11), np.round(values, 10))


def _calls(values: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return 1 where an intensity is above a noisy background."""
    return (values > rng.normal(4, 0.5, values.shape)).astype(np.uint8)


def _write_matrix(
    archives: list[zipfile.ZipFile],
    member: str,
    plan: Plan,
    what: Callable[[NDArray[np.float64], np.random.Generator], NDArray[Any]],
    advance: Advance,
) -> None:
    """Write one of the two large files into all zips, some rows at a time."""
    ids = np.array([int(row["probe_id"]) for row in plan.probes])
    with ExitStack() as stack:
        streams = [stack.enter_context(archive.open(member, "w", force_zip64=True)) for archive in archives]
        for start, values, rng in blocks(plan):
            block = what(values, rng)
            for donor, stream in enumerate(streams):
                of_donor = np.ascontiguousarray(block[:, plan.donor_of_sample == donor])
                stream.write(_lines(ids[start : start + len(block)], of_donor))
            advance(len(block))


def _lines(ids: NDArray[np.int64], values: NDArray[Any]) -> bytes:
    """Return rows of numbers as CSV lines, each after its id."""
    width = values.shape[1]
    cells = pc.cast(pa.array(values.reshape(-1)), pa.string())
    rows = pa.ListArray.from_arrays(pa.array(np.arange(len(ids) + 1, dtype=np.int32) * width), cells)
    lines = pc.binary_join_element_wise(pc.cast(pa.array(ids), pa.string()), pc.binary_join(rows, ","), ",")
    return ("\n".join(lines.to_pylist()) + "\n").encode()

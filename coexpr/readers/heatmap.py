"""The heatmap download: "Download this data" on a heatmap of the atlas's site, one zip per page.

Properties of real downloads: only Contents.txt states what the values are. At sample resolution, a column is one
sample, its sample_well is Allen's well_id, and its values are those of the full-donor download, rounded to four
decimals. The order of columns differs from that of SampleAnnot.csv. A column whose sample_well is -1 has no sample, and
its cells are blank.
"""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from coexpr.errors import DownloadError, UnsupportedDownloadError, WrongViewError
from coexpr.readers import download, matrices, tables
from coexpr.readers.donors import DONORS
from coexpr.readers.place import Place
from coexpr.readers.probe_table import HEATMAP_HEADER, read_probes

KIND = "heatmap download"
CONTENTS, COLUMNS, PROBES, EXPRESSION = "Contents.txt", "Columns.csv", "Probes.csv", "Expression.csv"
FILES = (CONTENTS, COLUMNS, PROBES, EXPRESSION)
TITLE = "Allen Human Brain Atlas"
# The site ends a download after this number of rows; other rows are on further pages.
PAGE_ROWS = 2000

STEPS = (
    "On the heatmap page of human.brain-map.org: (1) switch Filter Heatmap on; (2) set Resolution to Samples; "
    "(3) set Color Map to log2 intensity; (4) then click Download this data."
)

_COLUMNS: dict[str, tuple[str, tables.ParseCell]] = {
    "donor_id": ("donor_id", tables.whole_number),
    "donor_name": ("donor_name", tables.text),
    "age": ("donor_age", tables.optional_text),
    "color": ("donor_color", tables.optional_text),
    "sample_id": ("sample_well", tables.whole_number),
    "polygon_id": ("sample_polygon", tables.whole_number),
    "mri_voxel_x": ("sample_mri_0", tables.whole_number),
    "mri_voxel_y": ("sample_mri_1", tables.whole_number),
    "mri_voxel_z": ("sample_mri_2", tables.whole_number),
    "structure_id": ("structure_id", tables.whole_number),
    "name": ("structure_name", tables.text),
    "acronym": ("structure_abbreviation", tables.text),
    "color_hex_triplet": ("structure_color", tables.optional_text),
    "top_level_structure_id": ("top_level_structure_id", tables.whole_number),
    "top_level_name": ("top_level_structure_name", tables.text),
    "top_level_acronym": ("top_level_structure_abbreviation", tables.text),
    "top_level_color": ("top_level_structure_color", tables.optional_text),
}
_NO_SAMPLE = -1


@dataclass(frozen=True)
class Contents:
    """The rows, resolution and scale of a download, from Contents.txt."""

    title: str | None
    first_row: int
    last_row: int
    resolution: str
    scale: str


def read_contents(place: Place) -> Contents:
    """Read Contents.txt, the only file that states resolution and scale.

    Raises
    ------
    UnsupportedDownloadError
        If the download is of another atlas.
    DownloadError
        If the text does not state what the values are.
    """
    text = tables.read_text(place, CONTENTS)
    title = download.title_line(text)
    if title and "atlas" in title.lower() and title != TITLE:
        raise UnsupportedDownloadError(
            f"{place.location} is a download of another atlas: expected {TITLE}, found {title}."
        )
    rows = re.search(r"expression data for rows ([0-9]{1,9}) through ([0-9]{1,9}) of", text)
    resolution = re.search(r"at an? '([^']*)' resolution", text)
    scale = re.search(r"calculated using (\w+) normalization", text)
    if not (rows and resolution and scale):
        raise DownloadError(
            f"{place.locate(CONTENTS)} does not state the rows, resolution and scale of the download.",
            remedy="Use the original download.",
        )
    return Contents(title, int(rows[1]), int(rows[2]), resolution[1], scale[1])


def refuse_wrong_view(place: Place) -> None:
    """Raise WrongViewError, with the steps to the right view, unless the view shows log2 intensity of samples."""
    contents = read_contents(place)
    if (contents.resolution.lower(), contents.scale.lower()) != ("samples", "log2"):
        raise WrongViewError(
            f"{place.location} contains {contents.scale} values at {contents.resolution.lower()} resolution; "
            f"expected log2 intensity at samples resolution. {STEPS}"
        )


def read(place: Place) -> download.Download:
    """Read and check a heatmap download.

    Parameters
    ----------
    place : Place
        The folder of its four files.

    Raises
    ------
    WrongViewError
        If it does not contain log2 intensity of single samples.
    DownloadError
        If anything in the four files is not as expected.
    """
    refuse_wrong_view(place)
    contents = read_contents(place)
    probes, genes, file_order = read_probes(place, HEATMAP_HEADER)
    expected = contents.last_row - contents.first_row + 1
    if len(file_order) != expected:
        raise DownloadError(
            f"{place.locate(PROBES)} has {len(file_order):,} probes; expected {expected:,}, because {CONTENTS} states "
            f"rows {contents.first_row} through {contents.last_row}.",
            remedy="Download it again.",
        )
    columns = tables.read_table(place, COLUMNS, _COLUMNS)
    has_sample = np.array(columns["sample_id"]) != _NO_SAMPLE
    if not has_sample.any():
        raise DownloadError(f"{place.locate(COLUMNS)}: no column has a sample; every sample_well is {_NO_SAMPLE}.")
    probe_ids = probes["probe_id"].to_numpy().astype(np.int64)
    notes: list[str] = []
    log2 = matrices.read_log2(place, EXPRESSION, probe_ids, len(has_sample), notes)
    if np.isfinite(log2[:, ~has_sample]).any():
        raise DownloadError(
            f"{place.locate(EXPRESSION)} has values in a column that has no sample in {COLUMNS}. "
            "The files belong to different downloads."
        )
    sampled = {
        name: [cell for cell, keep in zip(cells, has_sample, strict=True) if keep] for name, cells in columns.items()
    }
    return download.Download(
        title=contents.title,
        donors=_donors(place, sampled),
        structures=_structures(place, sampled),
        genes=genes,
        probes=probes,
        samples=_samples(place, sampled),
        log2=log2 if has_sample.all() else log2[:, has_sample],
        notes=(*_notes(contents, int(np.count_nonzero(np.isnan(log2[:, has_sample])))), *notes),
    )


def _donors(place: Place, columns: dict[str, list[Any]]) -> pa.Table:
    sex = {donor.donor_id: donor.sex for donor in DONORS}
    names = {donor.donor_id: donor.donor_name for donor in DONORS}
    for donor_id, donor_name in zip(columns["donor_id"], columns["donor_name"], strict=True):
        if names.get(donor_id, donor_name) != donor_name:
            raise DownloadError(
                f"{place.locate(COLUMNS)}: donor {donor_id} is named {donor_name}; expected {names[donor_id]}."
            )
    columns = columns | {"sex": [sex.get(donor_id) for donor_id in columns["donor_id"]]}
    return download.distinct(download.DONORS, columns, place.locate(COLUMNS))


def _structures(place: Place, columns: dict[str, list[Any]]) -> pa.Table:
    """Return the structures of the samples and their top-level structures, without the tree between them."""
    top_level = columns["top_level_structure_id"]
    both = {
        "structure_id": columns["structure_id"] + top_level,
        "acronym": columns["acronym"] + columns["top_level_acronym"],
        "name": columns["name"] + columns["top_level_name"],
        "color_hex_triplet": columns["color_hex_triplet"] + columns["top_level_color"],
        "top_level_structure_id": top_level + top_level,
    }
    return download.distinct(download.STRUCTURES, both, place.locate(COLUMNS))


def _samples(place: Place, columns: dict[str, list[Any]]) -> pa.Table:
    seen: set[int] = set()
    for sample_id in columns["sample_id"]:
        if sample_id in seen:
            raise DownloadError(f"{place.locate(COLUMNS)}, column sample_well: {sample_id} occurs twice.")
        seen.add(sample_id)
    return download.table(download.SAMPLES, columns)


def _notes(contents: Contents, blanks: int) -> tuple[str, ...]:
    notes = []
    if contents.last_row % PAGE_ROWS == 0:
        notes.append(
            f"it ends at row {contents.last_row:,}, where the site ends a page: the list may continue. "
            "Download the next page too."
        )
    if blanks:
        notes.append(f"{blanks:,} cells are blank: r is computed over the samples in which both profiles have a value.")
    return tuple(notes)

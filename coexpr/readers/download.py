"""The checked contents of a download, as readers return them.

The tables have the columns of the database tables that they are merged into. A column that a kind of download does not
have is null; the database keeps the value that it already has.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from coexpr.errors import DownloadError
from coexpr.readers.printable import has_control
from coexpr.readers.text import split_lines

# Title of the synthetic atlas, in the readme of its downloads and of its folder.
SYNTHETIC_TITLE = "Synthetic demo atlas of coexpr: no number in it was measured"
# File that marks a folder as written by the demo.
SYNTHETIC_MARK = "README.txt"

DONORS = pa.schema(
    [
        ("donor_id", pa.int32()),
        ("donor_name", pa.string()),
        ("age", pa.string()),
        ("sex", pa.string()),
        ("color", pa.string()),
    ]
)
STRUCTURES = pa.schema(
    [
        ("structure_id", pa.int32()),
        ("acronym", pa.string()),
        ("name", pa.string()),
        ("parent_structure_id", pa.int32()),
        ("hemisphere", pa.string()),
        ("graph_order", pa.int32()),
        ("structure_id_path", pa.string()),
        ("color_hex_triplet", pa.string()),
        ("top_level_structure_id", pa.int32()),
    ]
)
GENES = pa.schema(
    [
        ("gene_id", pa.int32()),
        ("gene_symbol", pa.string()),
        ("gene_name", pa.string()),
        ("entrez_id", pa.int32()),
        ("chromosome", pa.string()),
    ]
)
PROBES = pa.schema([("probe_id", pa.int32()), ("probe_name", pa.string()), ("gene_id", pa.int32())])
SAMPLES = pa.schema(
    [
        ("sample_id", pa.int32()),
        ("donor_id", pa.int32()),
        ("structure_id", pa.int32()),
        ("slab_num", pa.int32()),
        ("slab_type", pa.string()),
        ("polygon_id", pa.int32()),
        ("mri_voxel_x", pa.int32()),
        ("mri_voxel_y", pa.int32()),
        ("mri_voxel_z", pa.int32()),
        ("mni_x", pa.float64()),
        ("mni_y", pa.float64()),
        ("mni_z", pa.float64()),
    ]
)


@dataclass(frozen=True)
class Download:
    """One checked download.

    Parameters
    ----------
    title : str or None
        Name of the atlas, from the readme or Contents.txt.
    donors, structures, genes, probes, samples : pyarrow.Table
        With the schemas of this module; probes ascending by probe_id.
    log2 : (P, S) float32
        Log2 intensity; rows as in `probes`, columns as in `samples`; NaN where missing.
    present : (P, S) bool, optional
        Allen's present calls, for kinds of download that have them.
    notes : tuple of str
        What the user should know about the download, although it is valid.
    """

    title: str | None
    donors: pa.Table
    structures: pa.Table
    genes: pa.Table
    probes: pa.Table
    samples: pa.Table
    log2: NDArray[np.float32]
    present: NDArray[np.bool_] | None = None
    notes: tuple[str, ...] = ()


def table(schema: pa.Schema, columns: dict[str, list[Any]]) -> pa.Table:
    """Return a table of `schema` from lists; columns that are not given are null."""
    rows = len(next(iter(columns.values())))
    return pa.table(
        [pa.array(columns.get(field.name, [None] * rows), type=field.type) for field in schema], schema=schema
    )


def distinct(schema: pa.Schema, columns: dict[str, list[Any]], where: str) -> pa.Table:
    """Return one row for each value of the first column of `schema`; rows with the same value must agree.

    Raises
    ------
    DownloadError
        If two rows with the same id differ. The message begins with `where`.
    """
    names = [name for name in schema.names if name in columns]
    first: dict[Any, tuple[Any, ...]] = {}
    for cells in zip(*(columns[name] for name in names), strict=True):
        if (known := first.setdefault(cells[0], cells)) != cells:
            name, old, new = next(
                (name, old, new) for name, old, new in zip(names, known, cells, strict=True) if old != new
            )
            raise DownloadError(f"{where}: {names[0]} {cells[0]} has {name} {old!r} in one row and {new!r} in another.")
    return table(schema, {name: [cells[at] for cells in first.values()] for at, name in enumerate(names)})


def title_line(readme: str) -> str | None:
    """Return the title of a readme, the line between two lines of equal signs: the name of the atlas."""
    lines = [line.strip() for line in split_lines(readme)]
    for above, title, below in zip(lines, lines[1:], lines[2:], strict=False):
        if _is_rule(above) and _is_rule(below) and title and not has_control(title):
            return title
    return None


def _is_rule(line: str) -> bool:
    return len(line) > 2 and not line.strip("=")

"""A Find Correlates download: probes or genes ordered by their r with a seed, and their values.

It has the files of a heatmap download, with an additional column r in Rows.csv or Probes.csv: the site's own r, rounded
to three decimals. Downloads of the Allen Institute's other atlases, such as BrainSpan, have the same files.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from coexpr.errors import DownloadError, NoDownloadError
from coexpr.readers import heatmap, matrices, tables
from coexpr.readers.download import title_line
from coexpr.readers.place import Folder, Place
from coexpr.readers.regular_file import exists
from coexpr.readers.zips import folders_in_zip

_ROWS = ("Rows.csv", heatmap.PROBES)
_PARSERS: dict[str, tuple[str, tables.ParseCell]] = {
    "id": ("id", tables.whole_number),
    "name": ("name", tables.text),
    "r": ("r", tables.decimal_number),
}


@dataclass(frozen=True)
class Correlates:
    """The contents of a Find Correlates download.

    Parameters
    ----------
    location : str
    title : str or None
        Name of the atlas.
    seed : int
        Position of the seed in `names`.
    names : list of str
    r : (P,) float64
        The site's own r, rounded to three decimals.
    values : (P, S) float32
        Expression values as displayed by the site.
    """

    location: str
    title: str | None
    seed: int
    names: list[str]
    r: NDArray[np.float64]
    values: NDArray[np.float32]


def read(path: Path) -> Correlates:
    """Read the one Find Correlates download in a folder or zip.

    Raises
    ------
    NoDownloadError
        If there is no such download.
    DownloadError
        If it is damaged, or its seed cannot be determined.
    """
    if not exists(path):
        raise NoDownloadError(f"{path} does not exist.")
    places: Sequence[Place] = [Folder(path)] if path.is_dir() else folders_in_zip(path)
    for place in places:
        rows = next((name for name in _ROWS if place.has(name)), None)
        if rows and not place.missing((heatmap.COLUMNS, heatmap.EXPRESSION)):
            return _read(place, rows)
    raise NoDownloadError(
        f"{path} holds no Find Correlates download: expected {' or '.join(_ROWS)} with a column r, {heatmap.COLUMNS} "
        f"and {heatmap.EXPRESSION}."
    )


def _read(place: Place, rows: str) -> Correlates:
    columns = tables.read_table(place, rows, _PARSERS)
    tables.refuse_duplicates(place, rows, "id", columns["id"])
    samples = tables.read_table(place, heatmap.COLUMNS, {"donor_id": ("donor_id", tables.whole_number)})
    ids = np.array(columns["id"], dtype=np.int64)
    order = np.argsort(ids)
    values = np.empty((len(ids), len(samples["donor_id"])), dtype=np.float32)
    values[order] = matrices.read_log2(place, heatmap.EXPRESSION, ids[order], values.shape[1])
    text = tables.read_text(place, heatmap.CONTENTS) if place.has(heatmap.CONTENTS) else ""
    named = re.search(r"[?&]seed=([0-9]{1,10})(?![0-9])", text)
    seeds = np.flatnonzero(ids == int(named[1])) if named else np.flatnonzero(np.array(columns["r"]) == 1)
    if len(seeds) != 1:
        raise DownloadError(
            f"{place.location} does not say which row is the seed: {heatmap.CONTENTS} names no row of {rows}, and "
            f"{len(seeds)} rows have r = 1 (expected one).",
            remedy="Use the original download.",
        )
    title, r = title_line(text), np.array(columns["r"])
    return Correlates(str(place.location), title, int(seeds[0]), columns["name"], r, values)

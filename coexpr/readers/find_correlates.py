"""A Find Correlates download: probes or genes in the order of their r with a seed, and their values.

Like a heatmap download, but for a column r in Rows.csv or Probes.csv: the r of the site itself, at three
decimals. Other atlases of the Allen Institute, such as BrainSpan, give the same files.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from coexpr.errors import DownloadError, NoDownloadError
from coexpr.readers import heatmap, matrices, tables
from coexpr.readers.place import Folder, Place, folders_in_zip
from coexpr.readers.text import split_lines

_ROWS = ("Rows.csv", heatmap.PROBES)
_PARSERS: dict[str, tuple[str, tables.ParseCell]] = {
    "id": ("id", tables.whole_number),
    "name": ("name", tables.text),
    "r": ("r", tables.decimal_number),
}


@dataclass(frozen=True)
class Correlates:
    """What a Find Correlates download says.

    Parameters
    ----------
    location : str
    title : str or None
        Which atlas it is of.
    seed : int
        The row that the others were correlated with, as a place in `names`.
    names : list of str
    r : (P,) float64
        The site's own, at three decimals.
    values : (P, S) float32
        As the site displays them.
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
        If there is none.
    DownloadError
        If it is damaged, or nothing says which row is the seed.
    """
    if not path.exists():
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
    named = re.search(r"[?&]seed=(\d+)", text)
    seeds = np.flatnonzero(ids == int(named[1])) if named else np.flatnonzero(np.array(columns["r"]) == 1)
    if len(seeds) != 1:
        raise DownloadError(
            f"{place.location} does not say which row is the seed: {heatmap.CONTENTS} names none that is here, and "
            f"{len(seeds)} rows have r = 1.",
            remedy="Use the download as it came.",
        )
    lines = split_lines(text)
    title = lines[1].strip() if len(lines) > 1 else None
    return Correlates(str(place.location), title, int(seeds[0]), columns["name"], np.array(columns["r"]), values)

"""What every other route would give for the same two profiles: scales, resolutions, donors pooled or not."""

from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from coexpr.correlate import correlate_seed
from coexpr.display import average_by, z_scores
from coexpr.errors import OptionError
from coexpr.samples import Samples
from coexpr.site_views import NOT_SHOWN, View, shown_under

SCALES = {
    "log2": "log2 intensity",
    "z within donor": "z-scores within each donor, as the site's heatmaps show them",
    "z pooled": "z-scores over all donors at once",
}
RESOLUTIONS = {
    "samples": "sample by sample",
    "structures": "averaged by structure as the site's heatmaps do",
    "coarse structures": "averaged by coarse structure as the site's heatmaps do",
}
OVER = {"pooled": "all donors pooled", "mean over donors": "the mean of the r of each donor"}
# How far two numbers may lie apart that are one number: the site's downloads are rounded to four decimals.
_ROUNDING = 2e-4


def route_grid(
    connection: duckdb.DuckDBPyConnection, x: NDArray[np.floating], y: NDArray[np.floating], samples: Samples
) -> list[dict[str, Any]]:
    """Return r and n of two profiles (S,) on every route, in the order of the tables above.

    z-scores of averages are those of the averages, as in the site's heatmaps.
    """
    grid = []
    for resolution in RESOLUTIONS:
        values, donors = _at(connection, np.stack([x, y]), samples, resolution)
        scaled = {
            "log2": values,
            "z within donor": z_scores(values, donors),
            "z pooled": z_scores(values, np.zeros(len(donors), dtype=np.intp)),
        }
        for scale, (a, b) in scaled.items():
            pooled, n = correlate_seed(a, b[None])
            each = [correlate_seed(a[donors == donor], b[None, donors == donor])[0][0] for donor in np.unique(donors)]
            defined = [r for r in each if not np.isnan(r)]
            mean = float(np.mean(defined)) if defined else np.nan
            for over, r in (("pooled", float(pooled[0])), ("mean over donors", mean)):
                cell = {"scale": scale, "resolution": resolution, "over": over}
                grid.append(cell | {"r": None if np.isnan(r) else r, "n": int(n[0])})
    return sorted(grid, key=lambda cell: list(SCALES).index(cell["scale"]))


def explain(grid: list[dict[str, Any]], got: str) -> dict[str, Any]:
    """Return the cell that a number comes from, or is nearest to, with a sentence about it.

    Raises
    ------
    OptionError
        If what was got is no r.
    """
    try:
        number = float(got)
    except ValueError:
        number = np.nan
    if not -1 <= number <= 1:
        raise OptionError(f"--got {got}: expected an r, a number from -1 to 1.")
    decimals = len(got.strip().partition(".")[2])
    defined = [cell for cell in grid if cell["r"] is not None]
    if not defined:
        return {"got": number, "matches": False, "sentence": "No route gives an r for these profiles."}
    # The plainest of the routes that come equally near: some give one number by their nature.
    nearest = min(defined, key=lambda cell: (round(abs(cell["r"] - number), 9), grid.index(cell)))
    matches = abs(nearest["r"] - number) <= max(_ROUNDING, 0.5 * 10**-decimals)
    words = ", ".join((SCALES[nearest["scale"]], RESOLUTIONS[nearest["resolution"]], OVER[nearest["over"]]))
    ours = grid[0]  # log2, sample by sample, pooled
    if matches and nearest is ours:
        sentence = f"{got} is r of {words}: the route of the atlas's Find Correlates and of coexpr."
    elif matches:
        sentence = (
            f"{got} is r of {words}. Find Correlates and coexpr take log2 intensity sample by sample, which gives "
            f"{ours['r']:.6f}."
        )
    else:
        sentence = (
            f"No route gives {got}. The nearest is {nearest['r']:.6f}: r of {words}. Were other samples, donors or "
            "probes taken?"
        )
    return {"got": number, "matches": matches, "nearest": nearest, "sentence": sentence}


def _at(
    connection: duckdb.DuckDBPyConnection, profiles: NDArray[np.floating], samples: Samples, resolution: str
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Return profiles at a resolution (2, C), and the donor of each column."""
    if resolution == "samples":
        return profiles.astype(np.float64), samples.donor_ids
    view: View = "structures" if resolution == "structures" else "coarse structures"
    shown = shown_under(connection, samples, view)
    pairs, codes = np.unique(np.stack([samples.donor_ids, shown]), axis=1, return_inverse=True)
    values, columns = average_by(profiles, np.where(shown == NOT_SHOWN, -1, codes.ravel()))
    return values, pairs[0, columns]

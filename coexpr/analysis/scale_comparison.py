"""What every other route would give for the same two profiles: scales, resolutions, donors pooled or not."""

from decimal import Decimal
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from coexpr.database.samples import Samples
from coexpr.database.site_views import NOT_SHOWN, View, shown_under
from coexpr.errors import OptionError
from coexpr.restriction import FEWEST_FOR_R
from coexpr.stats.measures import Measure, MethodName, measure_seed
from coexpr.stats.site_scale import average_by, z_scores

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
_NAMES = {"pearson": "r", "spearman": "Spearman's rank r", "bicor": "bicor"}
# How far two numbers may lie apart that are one number: the site's downloads are rounded to four decimals.
_ROUNDING = 2e-4
# Routes that differ by less give one number.
_SAME = 1e-9


def route_grid(
    connection: duckdb.DuckDBPyConnection,
    x: NDArray[np.floating],
    y: NDArray[np.floating],
    samples: Samples,
    measure: Measure,
) -> list[dict[str, Any]]:
    """Return r and n of two profiles (S,) on every route, in the order of the tables above.

    z-scores of averages are those of the averages, as in the site's heatmaps. The measure has no
    factors. Fewer than four columns give no r.
    """
    grid = []
    for resolution in RESOLUTIONS:
        values, donors = _at(connection, np.stack([x, y]), samples, resolution, measure.error)
        scaled = {
            "log2": values,
            "z within donor": z_scores(values, donors, measure.error),
            "z pooled": z_scores(values, np.zeros(len(donors), dtype=np.intp), measure.error),
        }
        for scale, pair in scaled.items():
            pooled, n = _r(pair, measure)
            each = [_r(pair[:, donors == donor], measure)[0] for donor in np.unique(donors)]
            defined = [r for r in each if r is not None]
            mean = float(np.mean(defined)) if defined else None
            for over, r in (("pooled", pooled), ("mean over donors", mean)):
                grid.append({"scale": scale, "resolution": resolution, "over": over, "r": r, "n": n})
    return sorted(grid, key=lambda cell: list(SCALES).index(cell["scale"]))


def explain(grid: list[dict[str, Any]], got: str, asked: float | None, method: MethodName) -> dict[str, Any]:
    """Return the routes that a number may have come by, with a sentence about them.

    Parameters
    ----------
    grid : list of dict
    got : str
        The number, with its decimals: they say how exactly it is known.
    asked : float, optional
        The r that coexpr was asked for, by whatever factors.
    method : str
        By which the grid is measured.

    Raises
    ------
    OptionError
        If what was got is no r, or has fewer than two decimals.
    """
    try:
        number = float(got)
    except ValueError:
        number = np.nan
    decimals = 0 if np.isnan(number) else -int(Decimal(got.strip()).as_tuple().exponent)
    if not -1 <= number <= 1 or decimals < 2:
        raise OptionError(f"--got {got}: expected an r, from -1 to 1, with all decimals that you have: two or more.")
    rounding = max(_ROUNDING, 0.5 * 10**-decimals)
    fits: list[dict[str, Any]] = []
    for cell in grid:  # of routes that give one number by their nature the plainest is told
        is_new = not any(abs(cell["r"] - other["r"]) < _SAME for other in fits) if cell["r"] is not None else False
        if is_new and abs(cell["r"] - number) <= rounding:
            fits.append(cell)
    told = {"got": number, "matches": bool(fits), "fits": fits}
    if len(fits) > 1:
        fits.sort(key=lambda cell: abs(cell["r"] - number))
        routes = "; ".join(f"{cell['r']:.6f}, {_in_words(cell)}" for cell in fits)
        why = "Give more decimals to tell them apart" if rounding > _ROUNDING else "The nearest is named first"
        return told | {"sentence": f"{got} fits {len(fits)} combinations: {routes}. {why}."}
    if fits:
        return told | {"sentence": _of_one(grid[0], got, fits[0], method)}
    if asked is not None and abs(asked - number) <= rounding:
        return told | {"sentence": f"{got} is the r computed here, {asked:.6f}; no other combination gives it."}
    defined = [cell for cell in grid if cell["r"] is not None]
    if not defined:
        return told | {"sentence": "No combination of scale and resolution gives an r for these profiles."}
    nearest = min(defined, key=lambda cell: abs(cell["r"] - number))
    sentence = (
        f"No combination of scale and resolution gives {got}. The nearest is {nearest['r']:.6f}: {_NAMES[method]} of "
        f"{_in_words(nearest)}. Other samples, donors or probes, or another method, may be the reason."
    )
    return told | {"sentence": sentence}


def _of_one(default: dict[str, Any], got: str, cell: dict[str, Any], method: MethodName) -> str:
    """Say which route a number came by; `default` is log2, sample by sample, pooled."""
    name = _NAMES[method]
    if method == "pearson" and cell is default:
        return f"{got} is r of {_in_words(cell)}: what the atlas's Find Correlates and coexpr compute."
    if method == "pearson" and default["r"] is not None:
        usual = f" Find Correlates and coexpr compute r of {_in_words(default)}: {default['r']:.6f}."
    else:
        usual = ""
    return f"{got} is {name} of {_in_words(cell)}.{usual}"


def _in_words(cell: dict[str, Any]) -> str:
    return ", ".join((SCALES[cell["scale"]], RESOLUTIONS[cell["resolution"]], OVER[cell["over"]]))


def _r(pair: NDArray[np.float64], measure: Measure) -> tuple[float | None, int]:
    r, n = measure_seed(pair[0], pair[1:], measure)
    return (None if np.isnan(r[0]) or n[0] < FEWEST_FOR_R else float(r[0])), int(n[0])


def _at(
    connection: duckdb.DuckDBPyConnection,
    profiles: NDArray[np.floating],
    samples: Samples,
    resolution: str,
    error: float,
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """Return profiles at a resolution (2, C), and the donor of each column."""
    if resolution == "samples":
        return profiles.astype(np.float64), samples.donor_ids
    view: View = "structures" if resolution == "structures" else "coarse structures"
    shown = shown_under(connection, samples, view)
    pairs, codes = np.unique(np.stack([samples.donor_ids, shown]), axis=1, return_inverse=True)
    values, columns = average_by(profiles, np.where(shown == NOT_SHOWN, -1, codes.ravel()), error)
    return values, pairs[0, columns]

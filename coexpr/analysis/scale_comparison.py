"""r of two profiles on every scale and at every resolution of the site, with donors pooled or averaged."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

import duckdb
import numpy as np
from numpy.typing import NDArray

from coexpr.database.samples import Samples
from coexpr.database.site_views import NOT_SHOWN, View, shown_under
from coexpr.errors import OptionError
from coexpr.options import MIN_SAMPLES_FOR_R, MethodName
from coexpr.stats.measures import Estimator, measure_seed
from coexpr.stats.site_scale import average_by, z_scores

SCALES = {
    "log2": "log2 intensity",
    "z within donor": "z-scores within each donor, as in the site's heatmaps",
    "z pooled": "z-scores over all donors at once",
}
RESOLUTIONS = {
    "samples": "of single samples",
    "structures": "averaged by structure as in the site's heatmaps",
    "coarse structures": "averaged by coarse structure as in the site's heatmaps",
}
DONORS = {"pooled": "all donors pooled", "mean over donors": "the mean of r over donors"}
_NAMES = {"pearson": "r", "spearman": "Spearman's rank r", "bicor": "bicor"}
# Two numbers that differ by less can be the same: the site's downloads are rounded to four decimals.
_ROUNDING = 2e-4
# Combinations that differ by less are the same number.
_SAME = 1e-9


class ScaleRow(NamedTuple):
    """r of two profiles on one scale, at one resolution."""

    scale: str
    resolution: str
    donors: str
    r: float | None
    n: int

    def __str__(self) -> str:
        return ", ".join((SCALES[self.scale], RESOLUTIONS[self.resolution], DONORS[self.donors]))


@dataclass(frozen=True)
class Explanation:
    """Which scale and resolution give an r from elsewhere.

    Parameters
    ----------
    r : float
    fits : list of ScaleRow
        The combinations that give it; the nearest first.
    sentence : str
        The answer in words, for people.
    """

    r: float
    fits: list[ScaleRow]
    sentence: str


def compare_scales(
    connection: duckdb.DuckDBPyConnection,
    x: NDArray[np.floating],
    y: NDArray[np.floating],
    samples: Samples,
    estimator: Estimator,
) -> list[ScaleRow]:
    """Return r and n of two profiles (S,) for every combination, in the order of the tables above.

    z-scores of averages are computed from the averages, as in the site's heatmaps. The estimator has no factors. r
    over fewer than four columns is None.
    """
    rows = []
    for resolution in RESOLUTIONS:
        averaged, donors = _at_resolution(connection, np.stack([x, y]), samples, resolution, estimator.error)
        scaled = {
            "log2": averaged,
            "z within donor": z_scores(averaged, donors, estimator.error),
            "z pooled": z_scores(averaged, np.zeros(len(donors), dtype=np.intp), estimator.error),
        }
        for scale, profiles in scaled.items():
            pooled, n = _r(profiles, estimator)
            by_donor = [_r(profiles[:, donors == donor], estimator)[0] for donor in np.unique(donors)]
            defined = [r for r in by_donor if r is not None]
            mean = float(np.mean(defined)) if defined else None
            rows += [
                ScaleRow(scale, resolution, "pooled", pooled, n),
                ScaleRow(scale, resolution, "mean over donors", mean, n),
            ]
    return sorted(rows, key=lambda row: list(SCALES).index(row.scale))


def explain(rows: Sequence[ScaleRow], observed: str, computed: float | None, method: MethodName) -> Explanation:
    """Return the combinations that give an r from elsewhere.

    Parameters
    ----------
    rows : sequence of ScaleRow
    observed : str
        The number with its decimals, which say how exactly it is known.
    computed : float, optional
        The r that the query computes, adjusted for factors or not.
    method : str
        The method of the comparison.

    Raises
    ------
    OptionError
        If the number is not an r, or has fewer than two decimals.
    """
    number, rounding = _parse_observed(observed)
    fits: list[ScaleRow] = []
    for row in rows:  # of combinations that are always equal, the simplest comes first
        is_new = row.r is not None and not any(abs(row.r - other.r) < _SAME for other in fits if other.r is not None)
        if is_new and row.r is not None and abs(row.r - number) <= rounding:
            fits.append(row)
    fits.sort(key=lambda row: abs((row.r or 0) - number))
    if len(fits) > 1:
        several = "; ".join(f"{row.r:.6f}, {row}" for row in fits)
        why = "Give more decimals to distinguish them" if rounding > _ROUNDING else "The nearest comes first"
        sentence = f"{observed} fits {len(fits)} combinations: {several}. {why}."
    elif fits:
        sentence = _explain_one(rows[0], observed, fits[0], method)
    elif computed is not None and abs(computed - number) <= rounding:
        sentence = f"{observed} is the r computed here, {computed:.6f}; no other combination gives it."
    else:
        sentence = _explain_none(rows, observed, number, method)
    return Explanation(number, fits, sentence)


def _parse_observed(observed: str) -> tuple[float, float]:
    """Return an r from elsewhere, and how far another number may be off and still be the same."""
    try:
        number = float(observed)
    except ValueError:
        number = np.nan
    decimals = 0 if np.isnan(number) else -int(Decimal(observed.strip()).as_tuple().exponent)
    if not -1 <= number <= 1 or decimals < 2:
        raise OptionError(
            f"`observed_r` {observed}: expected an r, from -1 to 1, with all decimals that you have: two or more."
        )
    return number, max(_ROUNDING, 0.5 * 10**-decimals)


def _explain_one(default: ScaleRow, observed: str, row: ScaleRow, method: MethodName) -> str:
    """Return which combination gives a number; `default` is log2 of single samples, pooled."""
    if method == "pearson" and row is default:
        return f"{observed} is r of {row}: what the atlas's Find Correlates and coexpr compute."
    usual = ""
    if method == "pearson" and default.r is not None:
        usual = f" Find Correlates and coexpr compute r of {default}: {default.r:.6f}."
    return f"{observed} is {_NAMES[method]} of {row}.{usual}"


def _explain_none(rows: Sequence[ScaleRow], observed: str, number: float, method: MethodName) -> str:
    defined = [(abs(row.r - number), row) for row in rows if row.r is not None]
    if not defined:
        return "No combination of scale and resolution gives an r for these profiles."
    _, nearest = min(defined, key=lambda pair: pair[0])
    return (
        f"No combination of scale and resolution gives {observed}. The nearest is {nearest.r:.6f}: {_NAMES[method]} of "
        f"{nearest}. Other samples, donors or probes, or another method, may be the reason."
    )


def _r(profiles: NDArray[np.float64], estimator: Estimator) -> tuple[float | None, int]:
    r, n = measure_seed(profiles[0], profiles[1:], estimator)
    return (None if np.isnan(r[0]) or n[0] < MIN_SAMPLES_FOR_R else float(r[0])), int(n[0])


def _at_resolution(
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
    averaged, columns = average_by(profiles, np.where(shown == NOT_SHOWN, -1, codes.ravel()), error)
    return averaged, pairs[0, columns]

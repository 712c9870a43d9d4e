"""Checks: whether a database is consistent, and whether the site's own r can be reproduced."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.design import find_design
from coexpr.analysis.profiles import profile_of, profiles_of_probes
from coexpr.database.expression import Expression
from coexpr.database.names import find_probe
from coexpr.database.queries import query, run
from coexpr.database.stored_stability import compute_stability
from coexpr.errors import CoexprError
from coexpr.options import CorrelationMethod, ProbeSelection, SampleFilter
from coexpr.readers import find_correlates
from coexpr.readers.find_correlates import Correlates
from coexpr.result import Provenance, Result
from coexpr.stats.correlate import correlate_seed

CHECKS = ("check", "holds", "found", "expected")
COMPARISON = ("r_from", "rows_compared", "largest_difference", "rows_off")

# The whole atlas, and a pair of probes of NTRK2 with the r that the site gives for them.
_COMPLETE = {"donors": 6, "samples": 3702, "probes": 58692}
_TITLE = "Allen Human Brain Atlas"
_GOLDEN = ("A_23_P216779", "CUST_1359_PI416573500", 0.947)
# The site gives three decimals of r, and of the values that it displays four.
_ROUNDING = 0.001


@dataclass(frozen=True, kw_only=True)
class DatabaseChecks(Provenance):
    """Whether all checks of a database hold."""

    holds: bool


@dataclass(frozen=True, kw_only=True)
class DownloadChecks(Provenance):
    """How the r of a download compares.

    Parameters
    ----------
    download, seed : str
    title : str, optional
        The title of the atlas that the download names.
    holds : bool
        Whether every r agrees within the tolerance.
    tolerance : float
    deviating : list of str
        Sources whose r does not agree.
    """

    download: str
    title: str | None
    seed: str
    holds: bool
    tolerance: float
    deviating: list[str]


def verify_database(expression: Expression) -> Result[DatabaseChecks]:
    """Check a database; see `Atlas.verify`."""
    connection = expression.connection
    rows: list[tuple[Any, ...]] = [
        (f"no {row['what']}", row["broken"] == 0, f"{row['broken']:,}", "0") for row in run(connection, "broken_rows")
    ]
    if all(row[1] for row in rows):  # else the values cannot even be read as profiles
        wrong = _wrong_stability(expression)
        rows.append(("no differential stability that is not that of the values", wrong == 0, f"{wrong:,}", "0"))
        differing = expression.count_stale_rows()
        if differing is not None:
            rows.append(
                ("no row of the cached matrix that is not the database's", differing == 0, f"{differing:,}", "0")
            )
    (contents,) = run(connection, "contents")
    for what, count in _COMPLETE.items():
        # A part of the atlas is no fault, more than the atlas is.
        expected = f"{count:,}" if contents[what] >= count else f"{count:,} when complete"
        rows.append((what, contents[what] <= count, f"{contents[what]:,}", expected))
    if expression.titles == [_TITLE] and contents["samples"] == _COMPLETE["samples"]:
        rows += _golden_pair(expression)
    holds = all(row[1] for row in rows)
    return Result(CHECKS, rows, DatabaseChecks(database=str(expression.path), holds=holds))


def verify_download(expression: Expression | None, path: Path) -> Result[DownloadChecks]:
    """Compare the site's r with r of the values in a download and, for probes in the database, with its r."""
    download = find_correlates.read(path)
    inside, _ = correlate_seed(download.values[download.seed], download.values)
    rows = [_compare("the values in the download", download.r, np.where(np.isnan(inside), np.inf, inside))]
    if expression is not None:
        rows.append(_compare("the database", download.r, _from_database(expression, download)))
    provenance = DownloadChecks(
        database="" if expression is None else str(expression.path),
        download=str(download.location),
        title=download.title,
        seed=download.names[download.seed],
        holds=rows[0][1] > 0 and all(row[3] == 0 for row in rows),
        tolerance=_ROUNDING,
        deviating=[row[0] for row in rows if row[3]],
    )
    return Result(COMPARISON, rows, provenance)


def _wrong_stability(expression: Expression) -> int:
    """Return how many probes have a stored differential stability that is not that of their values, or none."""
    stored = dict(expression.connection.execute(query("stored_stability")).fetchall())
    wrong = len(stored)  # what is stored of probes for which there is nothing to compute
    with expression.progress.task("Differential stability", len(stored), "probes") as advance:
        for probe_ids, stability in compute_stability(expression.connection, expression.all_samples):
            kept = np.array([stored.get(probe_id, np.inf) for probe_id in probe_ids.tolist()], dtype=np.float64)
            wrong -= sum(probe_id in stored for probe_id in probe_ids.tolist())
            wrong += int(np.count_nonzero(~np.isclose(kept, stability, rtol=0, atol=1e-9, equal_nan=True)))
            advance(len(probe_ids))
    return wrong


def _golden_pair(expression: Expression) -> list[tuple[Any, ...]]:
    *names, expected = _GOLDEN
    a, b = (find_probe(expression.connection, str(name)) for name in names)
    if a is None or b is None:
        return []
    samples = expression.all_samples
    try:
        x, y = (profile_of(expression, probe, ProbeSelection(), samples).expression for probe in (a, b))
    except CoexprError:
        return []  # they are known, but have no expression here
    r, _ = find_design(expression, SampleFilter(), CorrelationMethod()).correlate(x[0], y)
    return [(f"r of {names[0]} and {names[1]}", round(r[0], 3) == expected, f"{r[0]:.6f}", f"{expected}")]


def _from_database(expression: Expression, download: Correlates) -> NDArray[np.float64]:
    """Return r of the seed with every row by the database, NaN for what is not loaded."""
    found = [find_probe(expression.connection, name) for name in download.names]
    r = np.full(len(found), np.nan)
    rows = [row for row, probe in enumerate(found) if probe is not None]
    if found[download.seed] is None:
        return r
    ids = np.array([probe.probe_id for probe in found if probe is not None], dtype=np.int32)
    order = np.argsort(ids)
    profiles = profiles_of_probes(expression, "allen", expression.all_samples, ids[order])
    seed = int(np.flatnonzero(np.array(rows)[order] == download.seed)[0])
    r[np.array(rows)[order]], _ = correlate_seed(profiles.expression[seed], profiles.expression)
    return r


def _compare(source: str, site: NDArray[np.float64], ours: NDArray[np.float64]) -> tuple[str, int, float | None, int]:
    """Return how many rows could be compared, the largest difference, and how many are off by more than rounding."""
    differences = np.abs(site - ours)[~np.isnan(ours)]
    finite = differences[np.isfinite(differences)]
    largest = float(finite.max()) if len(finite) else None
    return source, len(differences), largest, int(np.count_nonzero(differences > _ROUNDING))

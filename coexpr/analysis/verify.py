"""Checks: whether a database is consistent, and whether the site's own r can be reproduced."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.design import find_design
from coexpr.analysis.profiles import profile_of, profiles_of_probes
from coexpr.database.catalog import differences, digests
from coexpr.database.engine import reason_of
from coexpr.database.expression import Expression
from coexpr.database.names import find_probe
from coexpr.database.queries import query, run
from coexpr.database.stored_stability import compute_stability
from coexpr.database.stored_tables import count_altered_rows
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
    """Whether all checks of a database hold.

    Parameters
    ----------
    holds : bool
    is_complete : bool
        Whether the last ingest came to its end. If it was interrupted, the next one computes what is missing.
    not_compared : list of str
        Downloads that were loaded and could not be compared, with the reason.
    """

    holds: bool
    is_complete: bool = True
    not_compared: list[str] = field(default_factory=list)


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
    rows: list[tuple[Any, ...]] = []
    is_complete = True
    try:
        rows += _check_tables(expression.connection)
        if all(row[1] for row in rows):  # else the values cannot even be read as profiles
            stability, is_complete = _check_stability(expression)
            rows += [stability, *_check_cache(expression)]
        rows += _check_contents(expression)
    except duckdb.Error as error:
        rows.append(("every block can be read", False, reason_of(error), ""))
    holds = all(row[1] for row in rows)
    return Result(CHECKS, rows, DatabaseChecks(database=str(expression.path), holds=holds, is_complete=is_complete))


def _check_tables(connection: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    """Check the definitions, the rows, and the tables that are derived from others."""
    found = digests(connection, "definitions_of_tables_and_views", "definitions_of_macros")
    broken = {"table, view or macro that is not that of coexpr": len(differences(found, ("table", "view", "macro")))}
    connection.execute(query("hashes_of_small_tables")).fetchall()
    broken |= {row["what"]: row["broken"] for row in run(connection, "broken_rows")}
    if not any(broken.values()):
        altered = count_altered_rows(connection)
        broken |= {f"{what} that is not as the tables give it": number for what, number in altered.items()}
    return [_none_of(what, number) for what, number in broken.items()]


def _check_stability(expression: Expression) -> tuple[tuple[Any, ...], bool]:
    """Check the stored differential stability; return the check, and whether it is stored if there is any."""
    stored = dict(expression.connection.execute(query("stored_stability")).fetchall())
    wrong, computed = _compare_stability(expression, stored)
    if computed and not stored:
        return ("differential stability", True, "not computed yet", "after the next ingest"), False
    return _none_of("differential stability that is not that of the values", wrong), True


def _check_cache(expression: Expression) -> list[tuple[Any, ...]]:
    differing = expression.count_stale_rows()
    what = "row of the cached matrix that is not the database's"
    return [] if differing is None else [_none_of(what, differing)]


def _check_contents(expression: Expression) -> list[tuple[Any, ...]]:
    """Check that there is not more than the atlas, and r of a pair of probes in the whole atlas."""
    (contents,) = run(expression.connection, "contents")
    rows: list[tuple[Any, ...]] = []
    for what, count in _COMPLETE.items():
        # A part of the atlas is no fault, more than the atlas is.
        expected = f"{count:,}" if contents[what] >= count else f"{count:,} when complete"
        rows.append((what, contents[what] <= count, f"{contents[what]:,}", expected))
    if expression.titles == [_TITLE] and contents["samples"] == _COMPLETE["samples"]:
        rows += _golden_pair(expression)
    return rows


def _none_of(what: str, number: int) -> tuple[Any, ...]:
    """Return a check that there is nothing of a kind."""
    return f"no {what}", number == 0, f"{number:,}", "0"


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


def _compare_stability(expression: Expression, stored: dict[int, float]) -> tuple[int, int]:
    """Return how many probes have a stored differential stability that is not that of their values, of how many."""
    computed = 0
    wrong = len(stored)  # what is stored of probes for which there is nothing to compute
    with expression.progress.task("Differential stability", len(stored), "probes") as advance:
        for probe_ids, stability in compute_stability(expression.connection, expression.all_samples):
            kept = np.array([stored.get(probe_id, np.inf) for probe_id in probe_ids.tolist()], dtype=np.float64)
            wrong -= sum(probe_id in stored for probe_id in probe_ids.tolist())
            wrong += int(np.count_nonzero(~np.isclose(kept, stability, rtol=0, atol=1e-9, equal_nan=True)))
            computed += len(probe_ids)
            advance(len(probe_ids))
    return wrong, computed


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
    return [(f"r of {names[0]} and {names[1]}", bool(round(r[0], 3) == expected), f"{r[0]:.6f}", f"{expected}")]


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

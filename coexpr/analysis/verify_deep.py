"""A deep check: whether a database contains what its downloads contain, as far as they are still there.

Each download is read again, and compared by ids with the stored lists: no position, statistic or cache is trusted.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from coexpr.analysis.verify import CHECKS, DatabaseChecks, verify_database
from coexpr.database.arrow import read_matrices
from coexpr.database.expression import Expression
from coexpr.database.matrix import read_moments
from coexpr.database.queries import query, registered, run
from coexpr.errors import CoexprError, OptionError
from coexpr.readers import full_donor
from coexpr.readers.digests import fingerprint
from coexpr.readers.download import Download
from coexpr.readers.recognise import Recognised, find_downloads
from coexpr.result import Result
from coexpr.stats.correlate import correlate_seed
from coexpr.stats.merge import conflicts_of_calls, conflicts_of_log2, merge_calls, merge_log2

# Pairs of probes of each download whose r is computed from its values, and how far r may be off.
_PAIRS = 200
_R_TOLERANCE, _R_TOLERANCE_OF_ROUNDED = 1e-6, 1e-3
_STATISTICS_TOLERANCE = 1e-9

Check = tuple[str, bool, str, str]


def verify_deep(expression: Expression) -> Result[DatabaseChecks]:
    """Check a database, and compare it with its downloads; see `Atlas.verify_deep`."""
    checks = verify_database(expression)
    rows, not_compared = list(checks.rows), list[str]()
    if checks.provenance.holds:  # else the stored lists cannot be compared by position
        records = run(expression.connection, "downloads_to_verify")
        with expression.progress.task("Comparing downloads", len(records), "downloads") as advance:
            for record in records:
                location = record["location"]
                try:
                    recognised = _find_again(record)
                    rows += _compare(expression, record, recognised)
                except FileNotFoundError:
                    not_compared.append(f"{location} is no longer there")
                except CoexprError as error:
                    rows.append((f"{location} can be read", False, str(error), ""))
                advance(1)
    provenance = replace(checks.provenance, holds=all(row[1] for row in rows), not_compared=not_compared)
    return Result(CHECKS, rows, provenance)


def _find_again(record: Mapping[str, Any]) -> Recognised:
    """Return the download of a record, or what is now in its place.

    Raises
    ------
    FileNotFoundError
        If there is none of its kind.
    """
    path = Path(record["location"])
    if not path.exists():
        raise FileNotFoundError(path)
    donor = str(record["donor_ids"][0]) if record["kind"] == full_donor.KIND else None
    try:
        found, _ = find_downloads([path], donor)
    except OptionError:  # there are several
        found, _ = find_downloads([path])
    same_kind = [one for one in found if one.kind == record["kind"]]
    for one in same_kind:
        if fingerprint(one.digests(), one.place.inside) == record["sha256"]:
            return one
    if len(same_kind) != 1:
        raise FileNotFoundError(path)
    return same_kind[0]


def _compare(expression: Expression, record: Mapping[str, Any], recognised: Recognised) -> Iterator[Check]:
    """Yield the checks of one download."""
    name = recognised.place.location.name
    digests = {digest.name: digest.sha256 for digest in recognised.digests()}
    for file in record["files"]:
        found = digests.get(file["name"], "no such file")
        yield f"SHA-256 of {file['name']}", found == file["sha256"], found[:16], file["sha256"][:16]
    contents = recognised.read()
    if isinstance(contents, Download):
        positions = _positions(expression.connection, contents)
        absent = len(contents.samples) - len(positions)
        yield f"no sample of {name} that is not in the database", absent == 0, f"{absent:,}", "0"
        if not absent:
            yield from _compare_values(expression, contents, positions, name)
            yield _compare_r(expression, contents, positions, name, int(record["sha256"][:8], 16))


def _positions(connection: duckdb.DuckDBPyConnection, download: Download) -> dict[int, int]:
    with registered(connection, incoming_samples=download.samples):
        return dict(connection.execute(query("positions_of_samples")).fetchall())


def _compare_values(
    expression: Expression, download: Download, positions: Mapping[int, int], name: str
) -> Iterator[Check]:
    """Yield whether loading the download again would change nothing, and whether the stored statistics are right."""
    wrong: Counter[str] = Counter()
    moments = read_moments(expression.connection, expression.all_samples)
    donors = download.samples["donor_id"].to_numpy()
    for donor_id in download.donors["donor_id"].to_pylist():
        columns = np.flatnonzero(donors == donor_id)
        ids = download.samples["sample_id"].to_numpy()[columns]
        elements = np.array([positions[sample_id] for sample_id in ids.tolist()], dtype=np.intp) - 1
        of_donor = expression.all_samples.columns[donor_id]
        seen = np.zeros(len(download.probes), dtype=np.bool_)
        for rows, stored in _stored(expression.connection, "stored_expression", download, donor_id):
            seen[rows] = True
            there, incoming = stored[:, elements], download.log2[rows][:, columns]
            wrong["values"] += _count_changes(there, incoming, conflicts_of_log2, merge_log2)
            if len(columns) == of_donor.stop - of_donor.start:
                probe_ids = download.probes["probe_id"].to_numpy()[rows]
                merged = merge_log2(there, incoming)
                wrong["statistics"] += _count_wrong_moments(moments, donor_id, probe_ids, merged)
        wrong["values"] += int(np.count_nonzero(~np.isnan(download.log2[~seen][:, columns])))
        if download.present is not None:
            for rows, stored in _stored(expression.connection, "stored_present_calls", download, donor_id):
                calls = download.present[rows][:, columns].astype(np.int8)
                wrong["calls"] += _count_changes(stored[:, elements], calls, conflicts_of_calls, merge_calls)
    yield f"no value of {name} that differs", wrong["values"] == 0, f"{wrong['values']:,}", "0"
    yield f"no row of {name} with other statistics", wrong["statistics"] == 0, f"{wrong['statistics']:,}", "0"
    if download.present is not None:
        yield f"no present call of {name} that differs", wrong["calls"] == 0, f"{wrong['calls']:,}", "0"


def _stored(
    connection: duckdb.DuckDBPyConnection, name: str, download: Download, donor_id: int
) -> Iterator[tuple[NDArray[np.intp], NDArray[Any]]]:
    """Yield rows of a download, and the stored lists of one donor for them."""
    known = download.probes["probe_id"].to_numpy()
    with registered(connection, incoming_probes=download.probes):
        for probe_ids, stored in read_matrices(connection, query(name), {"donor_id": donor_id}):
            yield np.searchsorted(known, probe_ids), stored


def _count_changes(
    stored: NDArray[Any],
    incoming: NDArray[Any],
    conflicts: Callable[[Any, Any], NDArray[np.bool_]],
    merge: Callable[[Any, Any], NDArray[Any]],
) -> int:
    """Return how many stored values are not those that merging the incoming ones again would leave."""
    merged = merge(stored, incoming)
    return int(np.count_nonzero(conflicts(stored, incoming) | (merged != stored) & (merged == merged)))  # noqa: PLR0124


def _count_wrong_moments(
    moments: Mapping[str, NDArray[Any]], donor_id: int, probe_ids: NDArray[np.int32], log2: NDArray[np.float32]
) -> int:
    """Return how many rows have other stored moments than these values of all samples of the donor."""
    donor = np.searchsorted(moments["donor_ids"], donor_id)
    rows = np.searchsorted(moments["probe_ids"], probe_ids)
    values = log2.astype(np.float64)
    n = np.count_nonzero(~np.isnan(values), axis=1)
    means = np.nansum(values, axis=1) / np.maximum(n, 1)
    squares = np.nansum((values - means[:, None]) ** 2, axis=1)
    tolerance = _STATISTICS_TOLERANCE * np.maximum(1, squares)
    right = moments["n"][donor, rows] == n
    right &= np.abs(moments["mean_log2"][donor, rows] - means) <= _STATISTICS_TOLERANCE
    right &= np.abs(moments["squared_deviations"][donor, rows] - squares) <= tolerance
    return int(np.count_nonzero(~right))


def _compare_r(
    expression: Expression, download: Download, positions: Mapping[int, int], name: str, random_state: int
) -> Check:
    """Compare r of some pairs of probes by the values of the download with r by those that queries use."""
    random = np.random.default_rng(random_state)
    first, second = random.integers(len(download.probes), size=(2, _PAIRS))
    rows = np.unique([first, second])
    samples = expression.all_samples
    starts = np.array([samples.columns[donor].start for donor in download.samples["donor_id"].to_pylist()])
    elements = np.array([positions[sample_id] for sample_id in download.samples["sample_id"].to_pylist()]) - 1
    mapped = expression.log2(download.probes["probe_id"].to_numpy()[rows], samples)[:, starts + elements]
    # The database may have more decimals, from another download.
    is_same = np.array_equal(mapped, download.log2[rows], equal_nan=True)
    tolerance = _R_TOLERANCE if is_same else _R_TOLERANCE_OF_ROUNDED
    largest = 0.0
    for one, other in zip(np.searchsorted(rows, first), np.searchsorted(rows, second), strict=True):
        r, _ = correlate_seed(download.log2[rows[one]], download.log2[rows[other]][None])
        of_database, _ = correlate_seed(mapped[one], mapped[other][None])
        if np.isnan(r[0]) != np.isnan(of_database[0]):
            largest = np.inf
        elif not np.isnan(r[0]):
            largest = max(largest, abs(float(r[0] - of_database[0])))
    what = f"r of {_PAIRS} pairs of probes of {name}"
    return what, largest <= tolerance, f"differs by {largest:.1g}", f"by at most {tolerance:g}"

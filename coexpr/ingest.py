"""A checked download into the database: one transaction each, and a report of all of them.

A value is stored under its probe, donor and sample, whatever the order of the file. Downloads
overlap: the same value may come from a heatmap at four decimals and from a full-donor download at
twelve. The more precise one is kept; two that cannot be the same measurement are refused.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

import coexpr
from coexpr.database import database_path, open_for_writing, transaction
from coexpr.errors import ConflictError
from coexpr.lists import stream, to_lists
from coexpr.merge import LARGEST_DIFFERENCE, conflicts_of_calls, conflicts_of_log2, merge_calls, merge_log2
from coexpr.queries import query
from coexpr.readers import full_donor
from coexpr.readers.download import Download
from coexpr.readers.place import FileDigest
from coexpr.readers.recognise import Recognised, Skipped, find_downloads

# Rows written at a time: about 15 MB of the widest donor's.
_BLOCK_ROWS = 4096

# The tables of a download, in the order in which they are merged.
_TABLES = ("donors", "structures", "genes", "probes", "samples")


@dataclass(frozen=True)
class Loaded:
    """What became of one download."""

    location: str
    kind: str
    status: str
    donors: list[str]
    samples: int
    probes: int
    genes: int
    values_written: int
    seconds: float
    notes: list[str]


@dataclass
class Report:
    """What an ingest did, and what the database holds now."""

    database: str
    downloads: list[Loaded] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    contents: dict[str, int] = field(default_factory=dict)


def ingest(
    paths: Sequence[Path | str],
    database: Path | str | None = None,
    *,
    donor: str | None = None,
    progress: Callable[[str], None] = lambda message: None,
) -> Report:
    """Load the downloads under each path into the database, creating it if there is none.

    Parameters
    ----------
    paths : sequence of path
        Each a zip, a folder that holds a download, or a folder of many.
    database : path, optional
        The database; see `coexpr.database.database_path`.
    donor : str, optional
        Id or name of the donor of a full-donor download whose name does not say.
    progress : callable, optional
        Is called with a line of text before and after each download.

    Returns
    -------
    Report

    Raises
    ------
    CoexprError
        If a download is damaged, of the wrong kind, or contradicts the database. That download
        leaves no trace; those before it stay loaded.
    """
    recognised, skipped = find_downloads([Path(path) for path in paths], donor)
    target = database_path(database)
    report = Report(str(target), skipped=skipped)
    with open_for_writing(target) as connection:
        for number, download in enumerate(recognised, start=1):
            progress(f"[{number}/{len(recognised)}] {download.kind} {download.place.location}")
            report.downloads.append(_load(connection, download))
        (report.contents,) = _rows(connection, "contents")
    return report


def _load(connection: duckdb.DuckDBPyConnection, recognised: Recognised) -> Loaded:
    """Read one download and put it into the database, or leave both as they were."""
    start = time.perf_counter()
    digests = recognised.digests()
    sha256 = _fingerprint(digests)
    location = str(recognised.place.location)
    if known := _rows(connection, "download_with_sha256", {"sha256": sha256}):
        return _already_loaded(recognised, known[0], time.perf_counter() - start)
    download = recognised.read()
    summary: dict[str, Any] = {
        "kind": recognised.kind,
        "location": location,
        "samples": len(download.samples),
        "probes": len(download.probes),
        "genes": len(download.genes),
    }
    with _registered(connection, download), transaction(connection):
        _refuse_contradictions(connection, recognised, download)
        for table in _TABLES:
            connection.execute(query(f"merge_{table}"))
        written = _write_values(connection, download, location)
        record = {
            "sha256": sha256,
            "title": download.title,
            "donor_ids": download.donors["donor_id"].to_pylist(),
            "files": [vars(digest) for digest in digests],
            "coexpr_version": coexpr.__version__,
        }
        connection.execute(query("insert_download"), summary | record)
    return Loaded(
        **summary,
        status="loaded",
        donors=[
            donor["donor_name"] or str(donor["donor_id"]) for donor in download.donors.to_pylist()
        ],
        values_written=written,
        seconds=time.perf_counter() - start,
        notes=list(download.notes),
    )


def _already_loaded(recognised: Recognised, known: Mapping[str, Any], seconds: float) -> Loaded:
    if recognised.donor_id is not None and known["donor_ids"] != [recognised.donor_id]:
        raise ConflictError(
            f"{recognised.place.location} is already loaded, as donor {known['donor_ids'][0]} and not as donor "
            f"{recognised.donor_id}. If that was a mistake, make a new database with the right --donor."
        )
    return Loaded(
        location=str(recognised.place.location),
        kind=recognised.kind,
        status="already loaded",
        donors=[str(donor_id) for donor_id in known["donor_ids"]],
        samples=known["samples"],
        probes=known["probes"],
        genes=known["genes"],
        values_written=0,
        seconds=seconds,
        notes=[],
    )


def _refuse_contradictions(
    connection: duckdb.DuckDBPyConnection, recognised: Recognised, download: Download
) -> None:
    """Raise ConflictError where the download and the database cannot both be right."""
    where = recognised.place.location
    titles = [title for (title,) in connection.execute(query("titles")).fetchall()]
    if download.title and titles and download.title not in titles:
        raise ConflictError(
            f"{where} is of {download.title!r}, the database of {titles[0]!r}. Name another database with --db: "
            "each holds one atlas."
        )
    for table in _TABLES:
        if differing := _rows(connection, f"{table}_that_differ"):
            first = differing[0]
            key = next(iter(first))
            raise ConflictError(
                f"{where} and the database disagree about {len(differing):,} {table}; first, {key} {first[key]}: "
                f"{first['incoming']!r} in the download, {first['stored']!r} in the database."
            )
    if recognised.kind == full_donor.KIND and (differing := _rows(connection, "probes_not_in_every_donor")):
        raise ConflictError(
            f"{where} has another list of probes than the donors before it: {len(differing):,} differ, the first is "
            f"probe {differing[0]['probe_id']}, {differing[0]['side']}. Download it again."
        )


class _Values(NamedTuple):
    """One kind of value: the words of its table, and the rules by which copies are merged."""

    table: str
    column: str
    empty: float
    conflicts: Callable[[Any, Any], NDArray[np.bool_]]
    merge: Callable[[Any, Any], NDArray[Any]]


_LOG2 = _Values("expression", "log2", np.nan, conflicts_of_log2, merge_log2)
_CALLS = _Values("present_calls", "present", -1, conflicts_of_calls, merge_calls)


def _write_values(connection: duckdb.DuckDBPyConnection, download: Download, location: str) -> int:
    """Merge and write the values of every donor; return how many log2 values are new or more precise."""
    positions = dict(connection.execute(query("positions_of_samples")).fetchall())
    samples_of = dict(connection.execute(query("sample_counts")).fetchall())
    sample_ids = download.samples["sample_id"].to_numpy()
    written = 0
    for donor_id in download.donors["donor_id"].to_pylist():
        columns = np.flatnonzero(download.samples["donor_id"].to_numpy() == donor_id)
        layout = _Layout(
            donor_id,
            download.probes["probe_id"].to_numpy(),
            columns,
            np.array([positions[sample_id] for sample_id in sample_ids[columns].tolist()], dtype=np.intp) - 1,
            samples_of[donor_id],
        )
        connection.execute(query("pad_expression"), {"donor_id": donor_id, "samples": layout.samples})
        connection.execute(query("pad_present_calls"), {"donor_id": donor_id, "samples": layout.samples})
        written += _write_donor(connection, _LOG2, download.log2, layout, location)
        if download.present is not None:
            _write_donor(connection, _CALLS, download.present.view(np.int8), layout, location)
    return written


@dataclass(frozen=True)
class _Layout:
    """Where the values of one donor lie in a download, and where they go.

    Parameters
    ----------
    probe_ids : (P,) int32, ascending
    columns : (k,) intp
        The donor's columns in the download.
    positions : (k,) intp
        The element of a stored list that each of those columns goes to, from 0.
    samples : int
        Elements of a stored list: samples of the donor in the database.
    """

    donor_id: int
    probe_ids: NDArray[np.int32]
    columns: NDArray[np.intp]
    positions: NDArray[np.intp]
    samples: int

    def arrange(self, values: NDArray[Any], rows: NDArray[np.intp], empty: float) -> NDArray[Any]:
        """Return some rows of a download as they are stored, `empty` where it has no value."""
        block = np.full((len(rows), self.samples), empty, dtype=values.dtype)
        block[:, self.positions] = values[np.ix_(rows, self.columns)]
        return block


def _write_donor(
    connection: duckdb.DuckDBPyConnection, kind: _Values, values: NDArray[Any], layout: _Layout, location: str
) -> int:
    """Write the rows of one donor that are new or change; return how many values they add."""
    donor = {"donor_id": layout.donor_id}
    new = np.ones(len(layout.probe_ids), dtype=np.bool_)
    changed: list[tuple[NDArray[np.int32], NDArray[Any]]] = []
    added = 0
    for probe_ids, stored in stream(connection, query(f"stored_{kind.table}"), donor):
        rows = np.searchsorted(layout.probe_ids, probe_ids)
        new[rows] = False
        incoming = layout.arrange(values, rows, kind.empty)
        _refuse_conflicts(connection, kind, stored, incoming, probe_ids, layout, location)
        merged = kind.merge(stored, incoming)
        # NaN differs from itself, so a value that stays unknown must not count as changed.
        differs = (merged != stored) & ~((merged != merged) & (stored != stored))
        some = differs.any(axis=1)
        changed.append((probe_ids[some], merged[some]))
        added += int(np.count_nonzero(differs))
    for probe_ids, block in changed:
        with _registering(connection, "rewritten_probes", pa.table({"probe_id": probe_ids})):
            connection.execute(query(f"delete_{kind.table}"), donor)
        _insert(connection, kind, donor, probe_ids, block)
    new_rows = np.flatnonzero(new)
    for start in range(0, len(new_rows), _BLOCK_ROWS):
        rows = new_rows[start : start + _BLOCK_ROWS]
        block = layout.arrange(values, rows, kind.empty)
        _insert(connection, kind, donor, layout.probe_ids[rows], block)
        added += block.size - int(np.count_nonzero(_is_missing(block)))
    return added


def _refuse_conflicts(
    connection: duckdb.DuckDBPyConnection,
    kind: _Values,
    stored: NDArray[Any],
    incoming: NDArray[Any],
    probe_ids: NDArray[Any],
    layout: _Layout,
    location: str,
) -> None:
    """Raise ConflictError for the first pair of values that cannot be copies of one measurement."""
    conflicts = np.argwhere(kind.conflicts(stored, incoming))
    if not len(conflicts):
        return
    row, element = conflicts[0]
    names = {"probe_id": int(probe_ids[row]), "donor_id": layout.donor_id, "position": int(element) + 1}
    probe_name, sample_id = connection.execute(query("name_of_value"), names).fetchall()[0]
    raise ConflictError(
        f"{location}: {kind.column} of probe {probe_name} ({probe_ids[row]}) in sample {sample_id} of donor "
        f"{layout.donor_id} is {incoming[row, element]:g}, but {stored[row, element]:g} in the database "
        f"({len(conflicts):,} such values; copies differ by at most {LARGEST_DIFFERENCE}). One of the two downloads "
        "is damaged or of another release: compare both with the site, and load only the right one."
    )


def _insert(
    connection: duckdb.DuckDBPyConnection,
    kind: _Values,
    donor: dict[str, int],
    probe_ids: NDArray[np.int32],
    block: NDArray[Any],
) -> None:
    known = ~_is_missing(block)
    some = known.any(axis=1)
    if not some.all():  # a probe without any value in this donor has no row
        probe_ids, block, known = probe_ids[some], block[some], known[some]
    columns = {"probe_id": probe_ids, kind.column: to_lists(block)}
    if kind is _LOG2:
        columns |= _statistics(block, known)
    with _registering(connection, f"incoming_{kind.table}", pa.table(columns)):
        connection.execute(query(f"insert_{kind.table}"), donor)


def _is_missing(block: NDArray[Any]) -> NDArray[np.bool_]:
    return block == -1 if block.dtype == np.int8 else np.isnan(block)


def _statistics(block: NDArray[np.float32], known: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
    """Return count, mean and sum of squared deviations of every row, in double precision."""
    n = known.sum(axis=1, dtype=np.int32)
    mean = np.sum(block, axis=1, dtype=np.float64, where=known) / n
    deviations = np.subtract(block, mean[:, None], where=known, out=np.zeros(block.shape))
    return {"n": n, "mean_log2": mean, "squared_deviations": np.einsum("ij,ij->i", deviations, deviations)}


@contextmanager
def _registered(connection: duckdb.DuckDBPyConnection, download: Download) -> Iterator[None]:
    """Let the named queries see the tables of a download as incoming_donors, incoming_probes, …"""
    for name in _TABLES:
        connection.register(f"incoming_{name}", getattr(download, name))
    try:
        yield
    finally:
        for name in _TABLES:
            connection.unregister(f"incoming_{name}")


@contextmanager
def _registering(connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> Iterator[None]:
    connection.register(name, table)
    try:
        yield
    finally:
        connection.unregister(name)


def _fingerprint(digests: Sequence[FileDigest]) -> str:
    """Return what tells a download from every other: a zip's SHA-256, or that of its files' SHA-256s."""
    if len(digests) == 1:
        return digests[0].sha256
    return hashlib.sha256("".join(sorted(digest.sha256 for digest in digests)).encode()).hexdigest()


def _rows(
    connection: duckdb.DuckDBPyConnection, name: str, parameters: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Run a named query and return its rows by column."""
    connection.execute(query(name), parameters)
    columns = [column[0] for column in connection.description or []]
    return [dict(zip(columns, row, strict=True)) for row in connection.fetchall()]

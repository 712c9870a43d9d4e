"""A checked download into the database: one transaction each, and a report of all of them.

Downloads overlap: pages of one heatmap, heatmaps of a gene and the full-donor downloads. What they
say of a donor, structure, gene, probe or sample is merged, and refused where it contradicts.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

import coexpr
from coexpr.database.bundled import fill_with_shipped
from coexpr.database.connection import open_for_writing, transaction
from coexpr.database.name_matching import match_names_again
from coexpr.database.queries import query, run, single
from coexpr.database.stored_stability import forget_stability, store_stability
from coexpr.database.threads import use_threads, wanted_threads
from coexpr.errors import CoexprError, ConflictError
from coexpr.loading.prefetch import Read, read_ahead
from coexpr.loading.values import write_values
from coexpr.readers import full_donor
from coexpr.readers.download import Download
from coexpr.readers.probe_facts import ProbeFacts
from coexpr.readers.recognise import Recognised, Skipped, find_downloads
from coexpr.resources import database_path

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
    paths: Sequence[Path | str] | Path | str,
    database: Path | str | None = None,
    *,
    donor: str | None = None,
    threads: int | None = None,
    progress: Callable[[str], None] = lambda message: None,
) -> Report:
    """Load the downloads under each path into the database, creating it if there is none.

    Parameters
    ----------
    paths : path, or sequence of path
        Each a zip, a folder that holds a download, or a folder of many.
    database : path, optional
        The database; see `coexpr.resources.database_path`.
    donor : str, optional
        Id or name of the donor of a full-donor download whose name does not say.
    threads : int, optional
        See `Atlas`.
    progress : callable, optional
        Is called with a line of text before each download.

    Returns
    -------
    Report

    Raises
    ------
    CoexprError
        If a download is damaged, of the wrong kind, or contradicts the database. That download
        leaves no trace; those before it stay loaded.
    """
    if isinstance(paths, str | Path):
        paths = [paths]
    recognised, skipped = find_downloads([Path(path) for path in paths], donor)
    target = database_path(database)
    report = Report(str(target), skipped=skipped)
    threads = wanted_threads(threads)
    with open_for_writing(target) as connection:
        if threads is not None:
            use_threads(connection, threads)
        known = {sha256 for (sha256,) in connection.execute(query("known_downloads")).fetchall()}
        try:
            with closing(read_ahead(recognised, known)) as reading:
                for number, download in enumerate(recognised, start=1):
                    progress(f"[{number}/{len(recognised)}] {download.kind} {download.place.location}")
                    report.downloads.append(_load(connection, download, reading))
                    fill_with_shipped(connection)
        except CoexprError as error:
            loaded = len(report.downloads)
            if not loaded:
                raise
            store_stability(connection)
            raise type(error)(f"{error} (Loaded before it: {loaded} of {len(recognised)} downloads.)") from None
        store_stability(connection, progress)
        (report.contents,) = run(connection, "contents")
    return report


def _load(connection: duckdb.DuckDBPyConnection, recognised: Recognised, reading: Iterator[Read]) -> Loaded:
    """Take the next download that was read and put it into the database, or leave that as it was."""
    start = time.perf_counter()
    read = next(reading)
    known = run(connection, "download_with_sha256", {"sha256": read.sha256})
    if known or read.contents is None:
        return _already_loaded(recognised, known[0], time.perf_counter() - start)
    download = read.contents
    with transaction(connection):
        if isinstance(download, ProbeFacts):
            summary, told = _put_facts(connection, recognised, download)
        else:
            summary, told = _put_download(connection, recognised, download)
        record = {
            "kind": recognised.kind,
            "location": str(recognised.place.location),
            "sha256": read.sha256,
            "files": [vars(digest) for digest in read.digests],
            "coexpr_version": coexpr.__version__,
        }
        connection.execute(query("insert_download"), summary | record)
        match_names_again(connection)
    return Loaded(
        location=str(recognised.place.location),
        kind=recognised.kind,
        status="loaded",
        samples=summary["samples"],
        probes=summary["probes"],
        genes=summary["genes"],
        seconds=time.perf_counter() - start,
        **told,
    )


def _put_download(
    connection: duckdb.DuckDBPyConnection, recognised: Recognised, download: Download
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Put a download into the tables of the atlas; return what is recorded of it, and what else is reported."""
    with _registered(connection, download):
        _refuse_contradictions(connection, recognised, download)
        for table in _TABLES:
            connection.execute(query(f"merge_{table}"))
        written = write_values(connection, download, str(recognised.place.location))
    forget_stability(connection)
    summary = {
        "title": download.title,
        "donor_ids": download.donors["donor_id"].to_pylist(),
        "samples": len(download.samples),
        "probes": len(download.probes),
        "genes": len(download.genes),
    }
    donors = [donor["donor_name"] or str(donor["donor_id"]) for donor in download.donors.to_pylist()]
    return summary, {"donors": donors, "values_written": written, "notes": list(download.notes)}


def _put_facts(
    connection: duckdb.DuckDBPyConnection, recognised: Recognised, facts: ProbeFacts
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Put a published table about probes beside the atlas; see `_put_download`."""
    if single(connection, f"count_{facts.table}"):
        raise ConflictError(
            f"{recognised.place.location} is another version of the {recognised.kind} than the one that is loaded. "
            "A database holds one: load it into a new database."
        )
    connection.register("incoming_facts", facts.rows)
    connection.execute(query(f"insert_{facts.table}"))
    unknown = single(connection, "count_facts_without_probe")
    connection.unregister("incoming_facts")
    has_probes = single(connection, "count_probes") > 0
    if has_probes and unknown == len(facts.rows):
        raise ConflictError(
            f"none of the {unknown:,} probes of {recognised.place.location} is in this database, such as "
            f"{facts.rows['probe_name'][0]}. It is of another chip, or its names were damaged."
        )
    notes = []
    if unknown and has_probes:
        notes.append(f"{unknown:,} of its {len(facts.rows):,} probes are not in this database.")
    summary: dict[str, Any] = {"title": None, "donor_ids": [], "samples": 0, "probes": len(facts.rows), "genes": 0}
    return summary, {"donors": [], "values_written": 0, "notes": notes}


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
        donors=known["donors"],
        samples=known["samples"],
        probes=known["probes"],
        genes=known["genes"],
        values_written=0,
        seconds=seconds,
        notes=[],
    )


def _refuse_contradictions(connection: duckdb.DuckDBPyConnection, recognised: Recognised, download: Download) -> None:
    """Raise ConflictError where the download and the database cannot both be right."""
    where = recognised.place.location
    titles = [title for (title,) in connection.execute(query("titles")).fetchall()]
    if download.title and titles and download.title not in titles:
        raise ConflictError(
            f"{where} is of {download.title!r}, the database of {titles[0]!r}. Name another database with --db: "
            "each holds one atlas."
        )
    for table in _TABLES:
        if differing := run(connection, f"{table}_that_differ"):
            first = differing[0]
            key = next(iter(first))
            raise ConflictError(
                f"{where} contradicts the database about its {table} ({len(differing):,}); first, {key} {first[key]}: "
                f"{first['incoming']!r} in the download, {first['stored']!r} in the database."
            )
    if recognised.kind == full_donor.KIND and (differing := run(connection, "probes_not_in_every_donor")):
        raise ConflictError(
            f"{where} has another list of probes than the donors before it: {len(differing):,} differ, the first is "
            f"probe {differing[0]['probe_id']}, {differing[0]['side']}. Download it again."
        )


@contextmanager
def _registered(connection: duckdb.DuckDBPyConnection, download: Download) -> Iterator[None]:
    """Let the named queries see the tables of a download as incoming_donors, incoming_probes and so on."""
    for name in _TABLES:
        connection.register(f"incoming_{name}", getattr(download, name))
    try:
        yield
    finally:
        for name in _TABLES:
            connection.unregister(f"incoming_{name}")

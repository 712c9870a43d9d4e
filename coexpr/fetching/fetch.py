"""Fetch several files into a folder, two at a time, and record their fingerprints.

A file that is there is fetched again only if it is deleted first.
"""

import hashlib
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pooch
import requests
import urllib3

from coexpr.errors import FetchError
from coexpr.fetching.catalogue import Group, RemoteFile, files_of
from coexpr.fetching.contents import damage_of
from coexpr.fetching.http import BrokenOffError, UnreachableError, explain, new_session, refuse_status
from coexpr.fetching.lock import locked
from coexpr.fetching.parallel import in_parallel, stopping
from coexpr.fetching.partial_file import partial_of
from coexpr.fetching.sums import SUMS, Sums
from coexpr.fetching.transfer import CONNECT_SECONDS, Patience, Transfer
from coexpr.output.files import remedy_of
from coexpr.output.unfinished import remove_abandoned, rename_on_disk, unfinished_folder
from coexpr.progress import BYTES, SILENT, Advance, Progress
from coexpr.resources import database_path
from coexpr.result import Provenance, Result
from coexpr.wording import bytes_of, count_of

# Space on the disk that is left free.
_SPARE_BYTES = 50_000_000
_COLUMNS = ("file", "status", "bytes", "sha256", "seconds", "url")


@dataclass(frozen=True, kw_only=True)
class FetchProvenance(Provenance):
    """Where files were fetched from, and where they are.

    Parameters
    ----------
    folder : str
    what : list of str
        The groups of files.
    """

    folder: str
    what: list[str]
    database: str = ""


@dataclass
class _Job:
    """A file to fetch: what is known of it, and what became of it."""

    file: RemoteFile
    folder: Path
    size: int | None = None
    status: str = "to fetch"
    sha256: str = ""
    seconds: float = 0

    @property
    def path(self) -> Path:
        return self.folder / self.file.name

    @property
    def row(self) -> tuple[Any, ...]:
        return (self.file.name, self.status, self.size, self.sha256 or None, round(self.seconds, 1), self.file.url)


def default_folder(database: Path | str | None = None) -> Path:
    """Return the folder for downloads: `downloads`, next to the database."""
    return database_path(database).parent / "downloads"


def fetch(
    what: Sequence[Group] = ("donors",),
    folder: Path | str | None = None,
    *,
    donors: Sequence[str] = (),
    base_url: str | None = None,
    patience: Patience | None = None,
    dry_run: bool = False,
    progress: Progress = SILENT,
) -> Result[FetchProvenance]:
    """Fetch files of the Allen Institute, the Gene Ontology and NCBI.

    A transfer that breaks continues where it stopped, now or when the same command runs again. Every file is tested
    before it gets its name: zips and gzip files by the checksums inside them.

    Parameters
    ----------
    what : sequence of str
        "donors": the microarray archives of the six donors. "rnaseq": the RNA-seq archives of two donors, which
        coexpr does not load. "additional-file-8": the table of Miller et al. 2014 for the rule rnaseq. "genes": the
        Gene Ontology and NCBI's names of genes, for `update_genes`.
    folder : path, optional
        Where files go. By default `downloads`, next to the database.
    donors : sequence of str, optional
        Ids or names: only archives of these donors.
    base_url : str, optional
        A mirror: the address of a folder that has the files by their names.
    patience : Patience, optional
        How long to wait and how often to try again.
    dry_run : bool
        Only ask for the sizes.
    progress : Progress, optional

    Returns
    -------
    Result
        One row per file: file, status ("fetched", "already there", or "to fetch"), bytes, sha256, seconds, url.

    Raises
    ------
    FetchError
        If a file cannot be fetched, or the disk has too little space. Files that arrived whole are kept, and parts of
        others continue with the next call.
    OptionError
        For a group, donor or mirror that does not exist.

    Examples
    --------
    >>> fetch(["donors"], "downloads", donors=["9861"])  # doctest: +SKIP
    """
    folder = default_folder() if folder is None else Path(folder)
    patience = patience or Patience()
    jobs = [_Job(file, folder) for file in files_of(what, donors, base_url)]
    sums = Sums(folder / SUMS)
    recorded = sums.read()
    with progress.task("Checking", len(jobs), "files") as advance:
        for job in jobs:
            _look(job, recorded)
            advance(1)
    missing = [job for job in jobs if job.status == "to fetch"]
    with stopping() as stop:
        with progress.task("Asking for sizes", len(missing), "files") as advance:
            in_parallel([partial(_ask_for_size, job, patience, advance) for job in missing], stop)
        _announce(missing, folder, progress, "To fetch:" if dry_run else "Fetching")
        if missing and not dry_run:
            with _disk_errors(folder):
                folder.mkdir(parents=True, exist_ok=True)
            with locked(folder):
                _refuse_full_disk(missing, folder)
                _fetch_all(missing, sums, patience, progress, stop)
    for job in jobs:
        if job.status == "already there" and job.file.name not in recorded and not dry_run:
            with _disk_errors(sums.path):
                sums.add(job.file.name, job.sha256)
    provenance = FetchProvenance(folder=str(folder), what=list(what))
    return Result(_COLUMNS, [job.row for job in jobs], provenance)


def _look(job: _Job, recorded: dict[str, str]) -> None:
    """Find out whether a file is there, whole and as it was fetched."""
    remove_abandoned(job.path)
    if not job.path.exists():
        return
    with job.path.open("rb") as stream:
        job.sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    expected = recorded.get(job.file.name)
    if expected is None:
        if damage := damage_of(job.path, job.file.kind):
            raise FetchError(f"{job.path} {damage}. Delete it to fetch it again.")
    elif expected != job.sha256:
        raise FetchError(
            f"{job.path} has changed since it was fetched: its SHA-256 is not the one in {SUMS}. Delete it to fetch it "
            "again."
        )
    job.status, job.size = "already there", job.path.stat().st_size


def _ask_for_size(job: _Job, patience: Patience, advance: Advance, stop: threading.Event) -> None:
    """Ask a server for the size of a file, which it need not say; this is also the first contact."""
    try:
        with new_session() as session:
            timeout = min(CONNECT_SECONDS, patience.timeout)
            response = session.head(job.file.url, allow_redirects=True, timeout=timeout)
        if response.status_code in (requests.codes.ok, requests.codes.proxy_authentication_required):
            refuse_status(job.file.name, response)
            length = response.headers.get("Content-Length", "")
            job.size = int(length) if length.isdecimal() else None
    except FetchError:
        stop.set()
        raise
    except (OSError, UnicodeError, urllib3.exceptions.HTTPError) as error:
        _refuse_unreachable(job.file, error, stop)
    advance(1)


def _refuse_unreachable(file: RemoteFile, error: Exception, stop: threading.Event) -> None:
    """Raise FetchError at once if nothing can be reached; the transfer itself is more patient with other problems."""
    try:
        explain(file.url, error)
    except UnreachableError as reason:
        stop.set()
        raise FetchError(f"{file.name} cannot be fetched: {reason}. Nothing was fetched.") from None
    except BrokenOffError:
        return
    except FetchError:
        stop.set()
        raise


def _announce(jobs: Sequence[_Job], folder: Path, progress: Progress, verb: str) -> None:
    if not jobs:
        progress.say(f"Everything is in {folder} already.")
        return
    text = count_of(len(jobs), "file")
    size = sum(job.size or 0 for job in jobs)
    unknown = sum(job.size is None for job in jobs)
    if unknown == len(jobs):
        text += " of unknown size"
    else:
        text += f" ({unknown} of unknown size), at least {bytes_of(size)}" if unknown else f", {bytes_of(size)}"
    before = sum(partial_of(folder, job.file).size for job in jobs)
    arrived = f"; {bytes_of(before)} arrived before" if before else ""
    progress.say(f"{verb} {text}{arrived}, into {folder}.")


def _refuse_full_disk(jobs: Sequence[_Job], folder: Path) -> None:
    needed = sum((job.size or 0) - partial_of(folder, job.file).size for job in jobs)
    free = shutil.disk_usage(folder).free
    if needed + _SPARE_BYTES > free:
        raise FetchError(
            f"{bytes_of(needed)} are to be fetched, and {folder} has {bytes_of(free)} left. Free some space, choose "
            "another `folder`, or fetch one `donor` at a time."
        )


def _fetch_all(jobs: Sequence[_Job], sums: Sums, patience: Patience, progress: Progress, stop: threading.Event) -> None:
    sizes = sum(job.size or 0 for job in jobs)
    before = sum(partial_of(job.folder, job.file).size for job in jobs)
    with progress.task("Fetching", sizes, BYTES, done=before) as advance:
        in_parallel([partial(_fetch_one, job, sums, patience, advance, progress.say) for job in jobs], stop)


def _fetch_one(
    job: _Job, sums: Sums, patience: Patience, advance: Advance, say: Callable[[str], None], stop: threading.Event
) -> None:
    pooch.get_logger().setLevel("WARNING")  # what it would say is said here
    start = time.perf_counter()
    with _disk_errors(job.path), new_session() as session:
        transfer = Transfer(job.file, job.folder, session, patience, advance, say, stop)
        transfer.receive()
        with unfinished_folder(job.path) as folder:  # pooch leaves temporary files when it is killed
            received = pooch.retrieve(job.file.url, None, job.file.name, folder, downloader=transfer)
            rename_on_disk(received, job.path)
        job.sha256 = pooch.file_hash(str(job.path))
        sums.add(job.file.name, job.sha256)
    job.status, job.size, job.seconds = "fetched", job.path.stat().st_size, time.perf_counter() - start


@contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    """Explain errors of the disk on which a file is written in the block."""
    try:
        yield
    except (FetchError, requests.RequestException):
        raise
    except OSError as error:
        cause = f"{error.strerror} ({error.filename})" if error.filename else error.strerror or error
        raise FetchError(
            f"{path} cannot be written: {cause}. {remedy_of(error)}, or choose another `folder`. The "
            "same command continues."
        ) from None

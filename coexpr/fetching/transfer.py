"""Receive one file over HTTP, and continue where the connection was lost.

Nothing that a server says about ranges is trusted: the first byte, the size and the ETag of every answer must agree
with what is there, and the checksums inside the whole file decide.
"""

import errno
import math
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import requests
import urllib3

from coexpr.errors import FetchError
from coexpr.fetching.catalogue import RemoteFile
from coexpr.fetching.contents import HEAD_BYTES, damage_of, describe_other, looks_like
from coexpr.fetching.http import BrokenOffError, explain, host_of, refuse_status
from coexpr.fetching.partial_file import PartialFile, partial_of
from coexpr.progress import Advance
from coexpr.wording import bytes_of

# Small, because a chunk that is cut by a reset of the connection is lost.
_CHUNK = 1 << 14
CONNECT_SECONDS = 20.0
_LONGEST_WAIT = 60.0
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
# Attempts if a server sends something else with status 200: an error message may be temporary, a page seldom is.
_ATTEMPTS_AT_A_PAGE = 3


@dataclass(frozen=True)
class Patience:
    """How long a transfer waits, and how often it tries again.

    Parameters
    ----------
    timeout : float
        Seconds without a byte after which the connection is given up.
    retries : int
        Attempts in a row that bring nothing, after the first.
    wait : float
        Seconds before the second attempt; each further wait is twice as long, up to a minute.
    """

    timeout: float = 60.0
    retries: int = 5
    wait: float = 1.0


class StoppedError(Exception):
    """The transfer was cancelled."""


@dataclass
class Transfer:
    """Receives one file: a downloader for pooch.

    Parameters
    ----------
    file : RemoteFile
    folder : path
        Where the partial file is kept.
    session : requests.Session
    patience : Patience
    advance : callable
        Called with the bytes that arrive, and with a negative number for those that are discarded.
    say : callable
        Called with a message when the connection was lost.
    stop : Event
        Set to cancel the transfer; what has arrived is kept.
    """

    file: RemoteFile
    folder: Path
    session: requests.Session
    patience: Patience
    advance: Advance
    say: Callable[[str], None]
    stop: threading.Event
    # Whether to request ranges; not any more after ranges of this server made a damaged file.
    _uses_ranges: bool = field(default=True, init=False)

    def receive(self) -> None:
        """Receive the partial file, whole and tested."""
        partial = partial_of(self.folder, self.file)
        try:
            self._receive_whole(partial)
            with partial.path.open("r+b") as stream:
                os.fsync(stream.fileno())  # after a power cut, a file with its own name is whole
        except FetchError:
            raise
        except OSError as error:
            if error.errno not in _DISK_FULL:
                raise
            partial.clear()  # it would only keep the disk full
            raise FetchError(
                f"{self.folder} is full: {self.file.name} was not fetched. Free some space, or choose another `folder`."
            ) from None

    def __call__(self, url: str, output_file: Any, pooch: Any) -> None:
        """Move the file that was received to `output_file`."""
        partial = partial_of(self.folder, self.file)
        os.replace(partial.path, output_file)
        partial.clear()

    def _receive_whole(self, partial: PartialFile) -> None:
        """Receive all bytes and test the file; once more in one part if a file of several parts is damaged."""
        while True:
            parts = self._receive_parts(partial)
            damage = damage_of(partial.path, self.file.kind)
            if damage is None:
                return
            # One part of unknown size may have been cut without a sign of it.
            is_final = not self._uses_ranges or (parts == 1 and partial.total is not None)
            self._discard(partial)
            if is_final:
                raise FetchError(
                    f"{self.file.name} {damage}. It came from {host_of(self.file.url)} and was deleted. Try again "
                    "later, or use `base_url`."
                )
            self._uses_ranges = False
            self.say(f"{self.file.name} {damage}; fetching it again in one part.")

    def _receive_parts(self, partial: PartialFile) -> int:
        """Receive what is missing, however often the connection is lost; return the number of parts."""
        failures = 0
        furthest = partial.size
        parts = 1 if partial.size else 0
        while True:
            try:
                self._receive(partial)
                return parts + 1
            except BrokenOffError as problem:
                parts += 1
                failures = 0 if partial.size > furthest else failures + 1
                furthest = max(furthest, partial.size)
                if failures > self.patience.retries or failures >= (problem.attempts or math.inf):
                    self._give_up(problem, partial)
                self._wait(problem, failures, partial)

    def _give_up(self, problem: BrokenOffError, partial: PartialFile) -> NoReturn:
        remedy = "Try again later, or use `base_url`."
        if partial.size:
            whole = f" of {bytes_of(partial.total)}" if partial.total else ""
            remedy = f"{bytes_of(partial.size)}{whole} are kept; the same command continues."
        raise FetchError(f"{self.file.name} was not fetched from {host_of(self.file.url)}: {problem}. {remedy}")

    def _wait(self, problem: BrokenOffError, failures: int, partial: PartialFile) -> None:
        wait = max(problem.wait, self.patience.wait * 2 ** max(0, failures - 1))
        wait = min(wait, _LONGEST_WAIT)
        is_continued = partial.size and self._can_continue(partial)
        next_step = f"continuing at {bytes_of(partial.size)}" if is_continued else "trying again"
        self.say(f"{self.file.name}: {problem}; {next_step} in {wait:.0f} s.")
        if self.stop.wait(wait):
            raise StoppedError

    def _receive(self, partial: PartialFile) -> None:
        """Make one request, and append what it brings."""
        if partial.total is not None and partial.size == partial.total:
            return
        start = partial.size if self._can_continue(partial) else 0
        headers = {"Range": f"bytes={start}-"} if start else {}
        if start and partial.validator:
            headers["If-Range"] = partial.validator
        try:
            timeout = (min(CONNECT_SECONDS, self.patience.timeout), self.patience.timeout)
            with self.session.get(self.file.url, headers=headers, stream=True, timeout=timeout) as response:
                if not (start and partial.is_whole(response)):
                    self._accept(response, partial, start)
                    self._append(response, partial)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            explain(self.file.url, error)

    def _can_continue(self, partial: PartialFile) -> bool:
        """Return whether parts can be trusted to be of one version: by what servers say of it, or by a checksum."""
        return self._uses_ranges and (partial.validator is not None or self.file.kind != "obo")

    def _accept(self, response: requests.Response, partial: PartialFile, start: int) -> None:
        """Check what a server answers, before its bytes are appended; begin anew where they are no continuation."""
        if start and response.status_code == requests.codes.requested_range_not_satisfiable:
            self._discard(partial)
            raise BrokenOffError("the server has another version of the file")
        refuse_status(self.file.name, response)
        if response.status_code == requests.codes.ok:
            self.advance(-partial.size)
            partial.begin(response)
        elif not (start and partial.continues_with(response)):
            self._uses_ranges = False
            self._discard(partial)
            raise BrokenOffError("the server sent another part or version of the file than the one that is missing")

    def _discard(self, partial: PartialFile) -> None:
        self.advance(-partial.size)
        partial.clear()

    def _append(self, response: requests.Response, partial: PartialFile) -> None:
        with partial.path.open("ab") as stream:
            head = b"" if stream.tell() == 0 else None
            for chunk in response.raw.stream(_CHUNK, decode_content=False):
                if self.stop.is_set():
                    raise StoppedError
                if head is not None and len(head) < HEAD_BYTES:
                    head += chunk
                stream.write(chunk)
                self.advance(len(chunk))
        if head is not None and not looks_like(self.file.kind, head):
            self._discard(partial)
            reason = f"the server sent {describe_other(self.file.kind, head[:HEAD_BYTES])}"
            raise BrokenOffError(reason, attempts=_ATTEMPTS_AT_A_PAGE)
        if partial.total is not None and partial.size < partial.total:
            raise BrokenOffError("the connection was lost")
        if partial.total is not None and partial.size > partial.total:
            self._uses_ranges = False
            self._discard(partial)
            raise BrokenOffError("the server sent more bytes than the file has")

"""Run a scenario with a fault, and check everything that must hold afterwards."""

import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from crash.disk import Disk
from crash.faults import Ended, Fault, Runner, running
from crash.scenarios import Place, Scenario
from crash.states import caches, contents, contents_of, downloads_in, open_in_shell, opens, verify
from helpers.disks import ENOUGH_KILOBYTES, mounted_disk
from helpers.http_server import serving

from coexpr.database.checkpoint import has_interrupted_checkpoint

# Of so many attempts, one runs the command as a program of its own, and uses the shell of DuckDB.
_ONE_IN = 10
_DESPITE_ERROR = "completed despite the error"


class Attempts:
    """A scenario: what was there before, what is there after an undisturbed run, and runs with faults.

    Parameters
    ----------
    scenario : Scenario
    place : Place
    runner : Runner
    kept : path
        A folder for copies.
    """

    def __init__(self, scenario: Scenario, place: Place, runner: Runner, kept: Path) -> None:
        self._is_older = scenario.is_older
        self._place, self._runner, self._before = place, runner, kept / "before"
        scenario.prepare(place)
        shutil.copytree(place.folder, self._before)
        self._bytes_before = {path: path.read_bytes() for path in place.folder.rglob("*") if path.is_file()}
        self._command = scenario.command(place)
        before = contents(place.folder)
        self._downloads = downloads_in(place.database)
        self._attempts = 0
        self._messages: list[str] = []
        self.disk = Disk(place.folder)
        start = time.monotonic()
        done = runner.run(self._command, record=True)
        self.seconds = time.monotonic() - start
        assert done.code == 0, done.stderr
        self.recorded = list(runner.calls())
        self.calls = self.recorded[-1].number
        self._after, self._caches = contents(place.folder), caches(place.folder)
        # The database and the list of fingerprints have other states between.
        self._outputs = [
            path
            for path in place.folder.rglob("*")
            if path.is_file() and path.name not in (place.database.name, "SHA256SUMS", *self._caches)
        ]
        # What the command has changed in the database, and its results, which must be there when it has ended.
        finished = {name for path in self._outputs for name in contents_of(path, place.folder)}
        finished |= {name for name in self._after if name.startswith("atlas.duckdb: ")}
        self._finished = {name: self._after[name] for name in finished if self._after[name] != before.get(name)}

    @property
    def folder(self) -> Path:
        """The folder of the command, as the last run has left it."""
        return self._place.folder

    # Whether an interrupted checkpoint was undone after the last attempt, and whether a result was complete before it.
    _is_repaired = _was_complete = False

    def _restore(self) -> None:
        """Make the folder what it was before; its name stays the same, which results contain."""
        _empty(self._place.folder)
        shutil.copytree(self._before, self._place.folder, dirs_exist_ok=True)

    def kill(self, fault: Fault) -> str:
        """Kill the command; return what happened."""
        self._restore()
        ended = self._runner.run(self._command, fault, alone=self._is_alone())
        assert ended.is_killed or ended.code == 0, f"{ended.code}: {ended.stderr}"
        self.check()
        if self._is_repaired:
            return "killed in a checkpoint, which coexpr undid when it opened the database; the bare shell could not"
        if self._was_complete:
            return "killed when the result was complete: the next run names the intermediate results to remove"
        return "killed, then completed by the same command" if ended.is_killed else "ended before it was killed"

    def fail(self, fault: Fault) -> str:
        """Make a call fail; return what happened."""
        self._restore()
        return self._check_failed(self._runner.run(self._command, fault, alone=self._is_alone()))

    def fill(self, kilobytes: int) -> str:
        """Run the command on a disk of this size, then again on one that is large enough; return what happened."""
        _empty(self._place.folder)
        with mounted_disk(self._place.folder, kilobytes) as enlarge:
            self._restore()
            ended = self._runner.run(self._command, alone=self._is_alone())
            enlarge()
            outcome = self._check_failed(ended)
        if ended.code and " left. " in ended.stderr:
            return "refused beforehand, with what is needed and left, then completed by the same command"
        return "completed: the disk was large enough" if outcome == _DESPITE_ERROR else outcome

    def needed_kilobytes(self) -> tuple[int, int]:
        """Return the space that the files take before the command, and the most while it runs."""
        _empty(self._place.folder)
        has_ended = threading.Event()

        def watch() -> None:
            while not has_ended.wait(0.001):
                used.append(shutil.disk_usage(self._place.folder).used)

        with mounted_disk(self._place.folder, ENOUGH_KILOBYTES), ThreadPoolExecutor() as watching:
            self._restore()
            used = [shutil.disk_usage(self._place.folder).used]
            watched = watching.submit(watch)
            try:
                done = self._runner.run(self._command)
            finally:
                has_ended.set()
            watched.result()
        assert done.code == 0, done.stderr
        return used[0] // 1024, max(used) // 1024

    def _check_failed(self, ended: Ended) -> str:
        """Check a command that may have failed, and what it left; return what happened."""
        if ended.code == 0:
            assert "Error" not in ended.stderr, ended.stderr
            has_warning = "cache" in ended.stderr  # which is part of the result
            if not has_warning:
                found = contents(self._place.folder)
                missing = {name for name, text in self._after.items() if found.get(name) != text}
                assert not missing, f"exit code 0, but not complete: {sorted(missing)}"
            self.check(has_warning=has_warning)
            return "completed without what could not be written" if has_warning else _DESPITE_ERROR
        self._check_message(ended)
        self.check()
        return "an error of one line, then completed by the same command"

    def _check_message(self, ended: Ended) -> None:
        lines = [line for line in ended.stderr.splitlines() if line.startswith("Error: ")]
        assert ended.code == 1, f"exit code {ended.code}: {ended.stderr[-2000:]}"
        assert len(lines) == 1, ended.stderr[-2000:]
        assert ended.stderr.splitlines()[-1] == lines[0], ended.stderr[-2000:]
        names = [str(self._place.folder), *(path.name for path in self._place.folder.iterdir())]
        names += [name.partition(":")[0] for name in self._after]
        assert any(name in lines[0] for name in names), f"no file is named: {lines[0]}"
        assert ". " in lines[0], f"no remedy: {lines[0]}"
        self._messages.append(lines[0].replace(str(self._place.folder), "FOLDER"))

    def messages(self) -> list[str]:
        """Return the messages of failures since the last time."""
        found, self._messages = self._messages, []
        return found

    def cut(self, seed: int) -> str:
        """Check what the disk contains if power is lost now."""
        self._attempts += 1
        _empty(self._place.folder)
        self.disk.write(self._place.folder, seed)
        self.check()
        return "the same command completed it"

    def cut_at_the_end(self, seed: int) -> str:
        """Check that nothing is lost if power is lost after the command has ended."""
        _empty(self._place.folder)
        self.disk.write(self._place.folder, seed)
        found = contents(self._place.folder)
        lost = {name for name, text in self._finished.items() if found.get(name) != text}
        assert self._finished
        assert not lost, f"the command had ended, and there is lost: {sorted(lost)}"
        self.check()
        return "cut after the command had ended: everything that it loaded or wrote is there"

    def _is_alone(self) -> bool:
        self._attempts += 1
        return self._attempts % _ONE_IN == 0

    def check(self, *, has_warning: bool = False) -> None:
        """Check that the database is whole, and that the same command completes and leaves nothing else.

        With a warning that the cache could not be written, results are not those of an undisturbed run, and removed.
        """
        database = self._place.database
        if has_warning:
            for path in self._outputs:
                path.unlink(missing_ok=True)
        self._check_outputs()
        if database.exists():
            self._is_repaired = has_interrupted_checkpoint(database) and not opens(database)
            if self._is_repaired:
                verify(self._runner, database, may_be_older=self._is_older)
            if self._attempts % _ONE_IN == 0:
                open_in_shell(database)
            assert downloads_in(database) >= self._downloads, "downloads are lost"
            verify(self._runner, database, may_be_older=self._is_older)
        else:
            assert not self._downloads, "the database is lost"
        again = self._runner.run(self._command)
        after = contents(self._place.folder)
        differing = {name for name in after.keys() | self._after.keys() if after.get(name) != self._after.get(name)}
        # A database is not replaced, so that the next run cannot tidy up after one that was killed at its end.
        remains = {name for name in differing if name.partition("/")[0].endswith(".partial")}
        self._was_complete = bool(remains) and f"remove {min(remains).partition('/')[0]}" in again.stderr
        if self._was_complete:
            differing -= remains
        assert not differing, f"after the same command, these differ: {sorted(differing)}. {again.stderr[-1000:]}"
        assert caches(self._place.folder) <= self._caches
        # What is complete already cannot be removed again, or is not replaced.
        is_refused = "remove" in self._command or "is there already" in again.stderr
        assert again.code == 0 or is_refused, f"{again.code}: {again.stderr}"

    def _check_outputs(self) -> None:
        """Check that files which have their own name are whole: as they are after the command, or were before."""
        for path in self._outputs:
            if path.exists():
                found = contents_of(path, self._place.folder)
                expected = {name: self._after[name] for name in found if name in self._after}
                assert found == expected or path.read_bytes() == self._bytes_before.get(path), f"{path.name} is damaged"


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


@contextmanager
def attempting(scenario: Scenario) -> Iterator[Attempts]:
    """Yield the attempts at a scenario, in a temporary folder."""
    with tempfile.TemporaryDirectory() as name, serving() as server:
        root = Path(name).resolve()
        folders = [root / part for part in ("work", "inputs", "scratch", "kept")]
        for folder in folders:
            folder.mkdir()
        work, inputs, scratch, kept = folders
        with running(work, scratch) as runner:
            yield Attempts(scenario, Place(work, inputs, server, runner), runner, kept)

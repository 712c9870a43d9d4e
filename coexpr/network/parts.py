"""The parts of a network: folders that were computed one by one, and the edges that they have together.

A part is the checkpoint of a run of some steps of the plan. It contains the strongest edges that it found itself, so
the strongest of all parts are those of the network.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coexpr.errors import OptionError, ResultFileError
from coexpr.network.checkpoint import Checkpoint, read_fingerprint
from coexpr.network.driver import count_left_out
from coexpr.network.edge_store import AllEdges, TopEdges
from coexpr.network.plan import EdgeSelection, Part, Plan
from coexpr.network.written_edges import written_edges
from coexpr.wording import count_of

# Settings of a part: which part it is, and the arguments of the network as JSON.
PART, ARGUMENTS = "part", "arguments"
# Other settings that parts can differ in, as a user knows them.
_WORDS = {"database": "the database", "plan": "`memory`"}


@dataclass(frozen=True)
class PartFolder:
    """The folder of a part.

    Parameters
    ----------
    path : path
    settings : dict
        What identifies the network, and the part.
    """

    path: Path
    settings: Mapping[str, Any]

    @property
    def part(self) -> Part:
        """Which part it is."""
        return Part.of(self.settings[PART])

    @property
    def network(self) -> dict[str, Any]:
        """The settings of the whole network."""
        return {name: value for name, value in self.settings.items() if name != PART}

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments of the whole network, as in its question."""
        arguments: dict[str, Any] = json.loads(self.settings[ARGUMENTS])
        return arguments

    def read(self, name: str, *only: str) -> dict[str, NDArray[Any]]:
        """Return the arrays of a file, or only some of them.

        Raises
        ------
        ResultFileError
            If it is missing or damaged.
        """
        arrays = Checkpoint(self.path, {}).read(name, *only)
        if arrays is None:
            raise self.damaged(name)
        return arrays

    def damaged(self, name: str) -> ResultFileError:
        """Return the error of a file that cannot be used."""
        return ResultFileError(
            f"{self.path} is damaged: {name} cannot be read. Remove the folder, and compute part {self.part} again."
        )


def find_parts(paths: Sequence[Path], version: str) -> list[PartFolder]:
    """Return the parts of one network, of which none is missing, in order.

    Whether they are finished depends on the plan; see `MergedNetwork`.

    Raises
    ------
    OptionError
        If there is no path.
    ResultFileError
        If a folder is not a part, or of another version of coexpr; if they are not the parts of one network; or if one
        is missing or there twice.
    """
    if not paths:
        raise OptionError("give the folders of all parts.")
    folders = [_open(path, version) for path in paths]
    first = folders[0]
    for folder in folders[1:]:
        if differing := _differences(first, folder):
            raise ResultFileError(
                f"{first.path} and {folder.path} are parts of different networks. They differ in: "
                f"{', '.join(differing)}."
            )
    by_number: dict[int, PartFolder] = {}
    for folder in folders:
        other = by_number.setdefault(folder.part.number, folder)
        if other is not folder:
            raise ResultFileError(f"part {folder.part} is there twice: {other.path} and {folder.path}. Name it once.")
    missing = [number for number in range(1, first.part.count + 1) if number not in by_number]
    if missing:
        numbers = ", ".join(map(str, missing[:20])) + ", …" * (len(missing) > 20)
        raise ResultFileError(
            f"{count_of(len(missing), 'part')} of {first.part.count} missing: {numbers}. Name the folders of all parts."
        )
    return [by_number[number] for number in sorted(by_number)]


class MergedNetwork:
    """The network of all of its parts.

    Parameters
    ----------
    folders : list of PartFolder
        As `find_parts` returns them.
    selection : EdgeSelection
    plan : Plan

    Raises
    ------
    ResultFileError
        If a part is not finished, or damaged.
    """

    def __init__(self, folders: Sequence[PartFolder], selection: EdgeSelection, plan: Plan) -> None:
        self._folders, self._selection, self._plan = folders, selection, plan
        self._shares = [plan.share(folder.part) for folder in folders]
        self._states = np.zeros(plan.rows, dtype=np.int8)
        for folder, share in zip(folders, self._shares, strict=True):
            np.maximum(self._states, self._states_of(folder, len(share)), out=self._states)

    @property
    def left_out(self) -> dict[str, int]:
        """Number of rows without edges, as for `Network`."""
        return count_left_out(self._states)

    def edges(self) -> Iterator[dict[str, NDArray[Any]]]:
        """Yield the edges in the order in which they are written, as `Network` does."""
        any_checkpoint = Checkpoint(self._folders[0].path, {})  # nothing is written to it
        if self._selection.top is None:
            found = AllEdges(self._selection, self._plan, any_checkpoint, self._read)
            return written_edges(found, self._selection, self._plan)
        strongest = TopEdges(self._selection, self._plan, any_checkpoint)
        for folder in self._folders:
            table = folder.read(self._progress_file, "target", "r")
            if not table["target"].shape == table["r"].shape == strongest.shape:
                raise folder.damaged(self._progress_file)
            strongest.add_table(table["target"], table["r"])
        strongest.finish()
        return written_edges(strongest, self._selection, self._plan)

    def _read(self, name: str) -> dict[str, NDArray[Any]]:
        """Return the edges of a step, from the part that computed it."""
        number = AllEdges.step_of(name)
        return next(
            folder.read(name) for folder, share in zip(self._folders, self._shares, strict=True) if number in share
        )

    @property
    def _progress_file(self) -> str:
        return AllEdges.progress_file if self._selection.top is None else TopEdges.progress_file

    def _states_of(self, folder: PartFolder, steps: int) -> NDArray[np.int8]:
        """Return the states of the rows that a part has seen."""
        done = 0
        if Checkpoint(folder.path, {}).has(self._progress_file):
            saved = folder.read(self._progress_file, "done", "states")
            done = int(saved["done"])
            if saved["states"].shape != self._states.shape:
                raise folder.damaged(self._progress_file)
            if done >= steps:
                return saved["states"].astype(np.int8)
        raise ResultFileError(
            f"{folder.path} is not finished: {done:,} of {count_of(steps, 'step')} are stored. Run the command of part "
            f"{folder.part} again; it continues."
        )


def _open(path: Path, version: str) -> PartFolder:
    settings = read_fingerprint(path)
    if settings is None or (settings and PART not in settings):
        raise ResultFileError(f"{path} is not a part of a network: expected a folder that `part` has written.")
    try:
        Part.of(settings[PART])
        json.loads(settings[ARGUMENTS])
    except (KeyError, TypeError, ValueError):
        raise ResultFileError(
            f"{path} is damaged: its settings cannot be read. Remove it, and compute the part again."
        ) from None
    if settings.get("coexpr_version") != version:
        raise ResultFileError(
            f"{path} was computed by coexpr {settings.get('coexpr_version')}, and this is {version}. Merge it with "
            "that version, or compute all parts again."
        )
    return PartFolder(path, settings)


def _differences(first: PartFolder, other: PartFolder) -> list[str]:
    """Return what two parts differ in, so that they are not parts of one network."""
    of_first, of_other = (folder.arguments for folder in (first, other))
    found = [f"`{name}`" for name in of_first | of_other if of_first.get(name, "") != of_other.get(name, "")]
    if not found:
        found = [
            _WORDS.get(name, name.replace("_", " "))
            for name, value in first.network.items()
            if other.network.get(name) != value
        ]
    if first.part.count != other.part.count:
        found.append(f"the number of parts ({first.part.count} and {other.part.count})")
    return found

"""What a disk contains after a power cut, from the record of all calls that changed it.

The model is a journaling file system that writes data before their metadata, as ext4 does by default. What was written
to a file before its last fsync is there. Of later writes within the file, each is there or not, whole or in any of its
sectors. Of what was appended since, there is a part from the beginning, which ends at any sector. Files are created,
renamed, linked and removed in the order of the calls: up to any of the calls since the last fsync of a folder. An fsync
of a file is not assumed to keep its name, though most file systems do.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from crash.faults import Call, Op

_SECTOR = 512
_NAMING = frozenset({Op.CREATE, Op.RENAME, Op.LINK, Op.UNLINK, Op.MKDIR, Op.RMDIR})


@dataclass
class _File:
    """A file: its contents after the last fsync, and the calls since."""

    safe: bytearray
    unsafe: list[Call] = field(default_factory=list)

    def sync(self) -> None:
        for call in self.unsafe:
            _apply(self.safe, call, call.data)
        self.unsafe.clear()

    def present(self) -> bytes:
        contents = bytearray(self.safe)
        for call in self.unsafe:
            _apply(contents, call, call.data)
        return bytes(contents)

    def after_power_cut(self, chosen: random.Random) -> bytes:
        if any(call.op is Op.TRUNCATE for call in self.unsafe):
            return _File(bytearray(self.safe), self.unsafe[: chosen.randint(0, len(self.unsafe))]).present()
        contents, present = bytearray(self.safe), self.present()
        kept = chosen.choice([0.0, 0.3, 0.7, 1.0])
        for call in self.unsafe:
            if chosen.random() < kept:
                is_torn = chosen.random() < 0.3
                for start in range(0, len(call.data), _SECTOR):
                    if not is_torn or chosen.random() < 0.5:
                        _write(contents, call.offset + start, call.data[start : start + _SECTOR])
        sectors = -(-(len(present) - len(self.safe)) // _SECTOR)
        appended = chosen.choice([0, sectors, chosen.randint(0, sectors)]) * _SECTOR
        return bytes(contents[: len(self.safe)]) + present[len(self.safe) : len(self.safe) + appended]


def _apply(contents: bytearray, call: Call, data: bytes) -> None:
    if call.op is Op.WRITE:
        _write(contents, call.offset, data)
    elif call.offset < len(contents):
        del contents[call.offset :]
    else:
        contents.extend(bytes(call.offset - len(contents)))


def _write(contents: bytearray, offset: int, data: bytes) -> None:
    if offset > len(contents):
        contents.extend(bytes(offset - len(contents)))
    contents[offset : offset + len(data)] = data


class Disk:
    """The files of a folder, as calls change them.

    Parameters
    ----------
    folder : path
        Its present files are safe.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[int, _File] = {}
        self._safe_names: dict[str, int | None] = {str(folder): None}
        for path in folder.rglob("*"):
            inode = path.stat().st_ino
            self._safe_names[str(path)] = None if path.is_dir() else inode
            if path.is_file() and inode not in self._files:
                self._files[inode] = _File(bytearray(path.read_bytes()))
        self._folders = {name for name, inode in self._safe_names.items() if inode is None}
        self._unsafe_names: list[tuple[Call, int]] = []
        self._current = {inode: inode for inode in self._files}  # an inode is used again: its file is another then
        self._created = 0

    def run(self, calls: Iterable[Call]) -> Iterator[Call]:
        """Apply calls, and yield each after it was applied."""
        for call in calls:
            self._run(call)
            yield call

    def _run(self, call: Call) -> None:
        if call.op in (Op.WRITE, Op.TRUNCATE):
            self._files[self._current[call.inode]].unsafe.append(call)
        elif call.op is Op.SYNC and call.path in self._folders:
            self._sync_names()
        elif call.op is Op.SYNC:
            self._files[self._current[call.inode]].sync()
        elif call.op in _NAMING:
            if call.op is Op.MKDIR:
                self._folders.add(call.path)
            elif call.op is Op.CREATE:
                self._created += 1
                self._current[call.inode] = -self._created
                self._files[-self._created] = _File(bytearray())
            self._unsafe_names.append((call, self._current.get(call.inode, 0)))

    def _sync_names(self) -> None:
        for call, file in self._unsafe_names:
            _rename(self._safe_names, call, file)
        self._unsafe_names.clear()

    def write(self, folder: Path, seed: int) -> None:
        """Write what is there after a power cut to an empty folder."""
        chosen = random.Random(seed)
        kept = chosen.choice([0, len(self._unsafe_names), chosen.randint(0, len(self._unsafe_names))])
        self._write(folder, kept, lambda file: file.after_power_cut(chosen))

    def write_all(self, folder: Path) -> None:
        """Write what is there without a power cut to an empty folder."""
        self._write(folder, len(self._unsafe_names), _File.present)

    def _write(self, folder: Path, names_kept: int, contents_of: Callable[[_File], bytes]) -> None:
        names = dict(self._safe_names)
        for call, file in self._unsafe_names[:names_kept]:
            _rename(names, call, file)
        contents = {file: contents_of(self._files[file]) for file in sorted(set(names.values()) - {None})}
        for name, file in sorted(names.items()):
            path = folder / Path(name).relative_to(self._folder)
            if file is None:
                path.mkdir(exist_ok=True, parents=True)
            else:
                path.write_bytes(contents[file])


def _rename(names: dict[str, int | None], call: Call, file: int) -> None:
    """Change the names as a call does."""
    if call.op is Op.CREATE:
        names[call.path] = file
    elif call.op is Op.MKDIR:
        names[call.path] = None
    elif call.op in (Op.UNLINK, Op.RMDIR):
        del names[call.path]
    else:
        names[call.other] = names[call.path] if call.op is Op.LINK else names.pop(call.path)

"""The fingerprints of the files in a folder: SHA256SUMS, in the format of the program sha256sum."""

import re
import threading
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from coexpr.errors import FetchError
from coexpr.output.unfinished import UnfinishedFile, remove_abandoned

SUMS = "SHA256SUMS"
_LINE = re.compile(r"([0-9a-fA-F]{64}) [ *](.+)")


@dataclass
class Sums:
    """The file of fingerprints in a folder."""

    path: Path
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self) -> dict[str, str]:
        """Return the fingerprint of each file.

        Raises
        ------
        FetchError
            If the file is not in the format of sha256sum.
        """
        remove_abandoned(self.path)
        if not self.path.exists():
            return {}
        lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines()
        found = {number: _LINE.fullmatch(line) for number, line in enumerate(lines, 1) if line.strip()}
        if wrong := [number for number, match in found.items() if match is None]:
            raise FetchError(
                f"{self.path}, line {wrong[0]}: expected a SHA-256, two spaces and the name of a file. Correct the "
                "line, or delete the file; it is then made anew."
            )
        return {match[2]: match[1].lower() for match in found.values() if match}

    def add(self, name: str, digest: str) -> None:
        """Record the fingerprint of a file; the record is replaced as a whole."""
        with self._lock:
            sums = self.read() | {name: digest}
            text = "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items()))
            with closing(UnfinishedFile(self.path)) as file:
                file.stream.write(text.encode())
                file.publish()

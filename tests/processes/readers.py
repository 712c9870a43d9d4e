"""Readers, each in a process of its own, while another process writes: each must see a whole state of the database.

Run as a program, it reads again and again until a file appears, and prints what it has seen, as JSON lines.
"""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from coexpr.atlas import Atlas
from coexpr.errors import CoexprError, DatabaseInUseError

GENE = "NTRK2"


def state_of(atlas: Atlas) -> list[Any]:
    """Return what a reader compares: the numbers of the contents, and the correlates of a gene with all digits."""
    contents = atlas.contents().provenance
    correlates = atlas.correlates(GENE, top=20)
    r = correlates.columns.index("r")
    return [contents.donors, contents.samples, contents.probes, [[row[1], float(row[r]).hex()] for row in correlates]]


def read_until(database: Path, end: Path) -> dict[str, Any]:
    """Open the database again and again; return the states that were seen, and how often, and other errors."""
    seen: Counter[str] = Counter()
    refused = 0
    wrong: list[str] = []
    while not end.exists():
        try:
            with Atlas(database) as atlas:
                # Twice, because a writer must not change what an open Atlas reads.
                first, second = state_of(atlas), state_of(atlas)
                if first != second:
                    wrong.append("one Atlas has seen two states")
                seen[json.dumps(first)] += 1
        except DatabaseInUseError as error:
            refused += 1
            if "PID" not in str(error):
                wrong.append(f"who holds the lock is not said: {error}")
        except CoexprError as error:
            wrong.append(f"{type(error).__name__}: {error}")
    return {"seen": seen, "refused": refused, "wrong": wrong}


if __name__ == "__main__":
    print(json.dumps(read_until(Path(sys.argv[1]), Path(sys.argv[2]))))  # noqa: T201  # to the process that has started it

"""Runs statements that it reads as lines of JSON, and answers each with a line; see `environments.statements`."""

import itertools
import json
import os
import sys
from typing import Any

import duckdb

from coexpr.atlas import Atlas

_MEMORY = 500_000_000
_ROWS = 50


def main(database: str, mode: str) -> None:
    """Run statements until stdin ends."""
    # What statements print to stdout must not be taken for an answer.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(content: Any) -> None:
        print(json.dumps(content), file=answers, flush=True)

    with Atlas(database) as atlas:
        if mode == "server":
            atlas.confine_sql(_MEMORY)
        answer(duckdb.__version__)
        for line in sys.stdin:
            answer(run(atlas, json.loads(line)))


def run(atlas: Atlas, statement: str) -> list[str]:
    """Return the kind of the outcome, and details."""
    try:
        stream = atlas.stream_sql(statement)
        rows = list(itertools.islice(stream.rows, _ROWS))
        stream.close()
    except BaseException as error:  # anything but an error of coexpr is a failure
        return [type(error).__name__, str(error)[:500]]
    return ["rows", f"{len(rows)}"]


if __name__ == "__main__":
    main(*sys.argv[1:])

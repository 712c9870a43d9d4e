"""Fuzzing guided by coverage, with atheris, in a process of its own: libFuzzer ends the process.

    python -m fuzz.guided READER EXECUTIONS SEED FOLDER

Failures and counts are written to FOLDER, one JSON object per line, so that a crash of the process loses none.
"""

import base64
import json
import sys
from collections import Counter
from pathlib import Path
from random import Random
from typing import IO

import atheris

with atheris.instrument_imports(include=["coexpr.readers"], enable_loader_override=False):
    from fuzz.registry import TARGETS
from fuzz.targets import MOST_MEMORY, Target, verdict

_REPORT_EVERY = 100
# Seconds after which libFuzzer ends the process; other programs may keep the processors busy.
_HANGS = 60
_LONGEST = 100_000


class Fuzzer:
    """Reads each input that libFuzzer gives, and writes what happened."""

    def __init__(self, target: Target, executions: int, folder: Path, record: IO[str]) -> None:
        self.target, self.executions, self.folder, self.record = target, executions, folder, record
        self.counts: Counter[str] = Counter()
        self.known: set[str] = set()

    def read(self, content: bytes) -> None:
        """Read an input."""
        outcome, what = verdict(self.target, content, self.folder)
        self.counts[outcome] += 1
        if what and what not in self.known:
            self.known.add(what)
            self.write({"failure": what, "input": base64.b64encode(content).decode()})
        if sum(self.counts.values()) % _REPORT_EVERY == 0:
            self.flush()

    def flush(self) -> None:
        """Write the counts since the last time."""
        self.write({"counts": dict(self.counts)})
        self.total = sum(self.counts.values())

    def write(self, what: dict[str, object]) -> None:
        """Write a line."""
        self.record.write(json.dumps(what) + "\n")
        self.record.flush()


def main() -> None:
    name, executions, seed, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3], Path(sys.argv[4])
    target = TARGETS[name]
    scratch, corpus = folder / "scratch", folder / "corpus"
    for made in (scratch, corpus):
        made.mkdir(exist_ok=True)
    valid = target.corpus()
    for number, content in enumerate(valid):
        (corpus / f"valid-{number}").write_bytes(content)

    def mutate(content: bytes, longest: int, seed: int) -> bytes:
        random = Random(seed)
        if random.randrange(3) == 0:
            content = random.choice(valid)  # others are mostly refused at once
        elif random.randrange(3) == 0:
            return atheris.Mutate(content, longest)
        return target.mutate(content, random)[:longest]

    with (folder / "record.jsonl").open("a") as record:
        fuzzer = Fuzzer(target, executions, scratch, record)
        options = [f"-runs={executions}", f"-seed={seed}", f"-max_len={_LONGEST}", f"-timeout={_HANGS}"]
        options += [f"-rss_limit_mb={MOST_MEMORY // 10**6}", f"-artifact_prefix={folder}/", "-print_final_stats=1"]
        atheris.Setup([sys.argv[0], *options, str(corpus)], fuzzer.read, custom_mutator=mutate)
        atheris.Fuzz()


if __name__ == "__main__":
    main()

"""Fuzzing without coverage: a seeded loop that changes valid inputs, and its own changed inputs."""

from collections import Counter
from pathlib import Path
from random import Random

from fuzz.targets import Target, verdict

# The changed inputs that may be changed again.
_KEPT = 200
_LONGEST = 200_000


def run(target: Target, executions: int, folder: Path, seed: int = 1) -> tuple[Counter[str], dict[str, bytes]]:
    """Return how often inputs were read and refused, and the first input of each failure."""
    random = Random(f"{target.name} {seed}")
    corpus = list(target.corpus())
    outcomes: Counter[str] = Counter()
    failures: dict[str, bytes] = {}
    kept: list[bytes] = []
    for number in range(executions):
        if number < len(corpus):
            content = corpus[number]
        else:
            content = target.mutate(random.choice(kept if kept and random.randrange(2) else corpus), random)
        outcome, what = verdict(target, content, folder)
        outcomes[outcome] += 1
        if outcome == "failed":
            failures.setdefault(what, content)
        elif number >= len(corpus) and len(content) <= _LONGEST:
            if len(kept) < _KEPT:
                kept.append(content)
            else:
                kept[random.randrange(_KEPT)] = content
    return outcomes, failures

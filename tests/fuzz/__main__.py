"""Fuzz readers, guided by coverage, and record what was found.

    PYTHONPATH=tests python -m fuzz READER... --executions N

Without names, every reader is fuzzed. It needs atheris; `--plain` runs the seeded loop of the tests instead. Failing
inputs are kept in the folder of `--kept`.
"""

import argparse
import base64
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from fuzz import plain
from fuzz.registry import TARGETS
from fuzz.targets import Target
from helpers.trials import recorded

# A crash of libFuzzer (out of memory, or out of time) ends its process, which is then started again.
_MOST_CRASHES = 5
# libFuzzer takes 2 kB more with every execution, whatever is fuzzed.
_PER_PROCESS = 100_000


def guided(target: Target, executions: int, folder: Path, seed: int) -> tuple[Counter[str], dict[str, bytes]]:
    """Return how often inputs were read and refused, and the first input of each failure."""
    outcomes: Counter[str] = Counter()
    failures: dict[str, bytes] = {}
    crashed = start = 0
    while (done := sum(outcomes.values())) < executions and crashed < _MOST_CRASHES:
        record = folder / "record.jsonl"
        record.unlink(missing_ok=True)
        words = [target.name, str(min(executions - done, _PER_PROCESS)), str(seed + start), str(folder)]
        start += 1
        with (folder / "log.txt").open("ab") as log:
            subprocess.run([sys.executable, "-m", "fuzz.guided", *words], stdout=log, stderr=log, check=False)
        lines = [json.loads(line) for line in record.read_text().splitlines()]
        outcomes.update(next((line["counts"] for line in reversed(lines) if "counts" in line), {}))
        failures |= {line["failure"]: base64.b64decode(line["input"]) for line in lines if "failure" in line}
        crashes = [path for kind in ("oom", "timeout", "crash") for path in folder.glob(f"{kind}-*")]
        for path in crashes:
            failures[f"{path.name.partition('-')[0]} in {path.name[-8:]}"] = path.read_bytes()
            path.unlink()
            outcomes["failed"] += 1
        crashed += bool(crashes)
        if sum(outcomes.values()) == done:
            break  # it did not start
    return outcomes, failures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("readers", nargs="*", metavar="READER", help=f"any of {', '.join(TARGETS)}")
    parser.add_argument("--executions", type=int, default=10_000, help="inputs of each reader")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="a seeded loop instead of coverage")
    parser.add_argument("--kept", type=Path, help="the folder for inputs that failed; a new one by default")
    given = parser.parse_args()
    if absent := set(given.readers) - set(TARGETS):
        parser.error(f"no reader is named {', '.join(sorted(absent))}; there are {', '.join(TARGETS)}")
    kept = given.kept or Path(tempfile.mkdtemp(prefix="coexpr-fuzz-"))
    kept.mkdir(parents=True, exist_ok=True)
    failed = False
    for name in given.readers or TARGETS:
        try:
            fuzz(TARGETS[name], given, kept)
        except SystemExit:
            failed = True
    sys.exit(failed)


def fuzz(target: Target, given: argparse.Namespace, kept: Path) -> None:
    """Fuzz a reader, and record it."""
    how = "changed at random" if given.plain else "guided by coverage"
    with (
        recorded(
            f"fuzzing-{target.name}",
            "fuzzing",
            f"changed files, {how}: {target.name}",
            f"python -m fuzz {target.name} --executions {given.executions}{' --plain' * given.plain}",
        ) as trial,
        tempfile.TemporaryDirectory(prefix="coexpr-fuzz-") as folder,
    ):
        start = time.monotonic()
        run = plain.run if given.plain else guided
        outcomes, failures = run(target, given.executions, Path(folder), given.seed)
        for outcome in ("read", "refused"):
            trial.count(outcome, outcomes[outcome])
        if again := max(0, outcomes["failed"] - len(failures)):
            trial.count("failed", again)
        for what, content in failures.items():
            path = kept / f"{target.name}-{what.replace(' ', '-').replace(':', '-')}"
            path.write_bytes(content)
            trial.fail(f"{target.name}: {what}")
            print(f"    {path}", file=sys.stderr)  # noqa: T201  # a long run is watched
        if (done := sum(outcomes.values())) < given.executions:
            trial.fail(f"only {done:,} of {given.executions:,} inputs were read")
        speed = sum(outcomes.values()) / (time.monotonic() - start)
        print(f"{target.name}: {dict(outcomes)}, {speed:,.0f} per second", file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()

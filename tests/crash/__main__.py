"""Kill commands, let their disk fail, cut their power; record what happened.

    PYTHONPATH=tests python -m crash COMMAND... --points N [--by kills|errors|power|full]

The commands are those of scenarios.py. After every attempt the database must be whole, and the same command must
complete, with the result of an undisturbed run, and leave no other file.
"""

import argparse
import sys
from collections import Counter

import duckdb
from crash.attempts import attempting
from crash.scenarios import SCENARIOS
from crash.tries import BY, tries
from helpers.trials import recorded

_PARTS = {"kills": "crashes", "power": "crashes", "errors": "systems", "full": "systems"}
_WORDS = {
    "kills": "SIGKILL at any call that changes a file, or at any time, during",
    "errors": "a full or damaged disk (ENOSPC, EDQUOT, EIO), once or from a call on, during",
    "full": "a disk of any size, from too small to large enough, during",
    "power": "power lost at any call that changes a file (a model of the disk), during",
}


def run(command: str, by: str, points: int, seed: int) -> None:
    """Make the attempts at one command, and record them."""
    scenario = SCENARIOS[command]
    name, tried = f"{by}-{command}", f"{_WORDS[by]} {scenario.tried}"
    messages: Counter[str] = Counter()
    again = f"python -m crash {command} --by {by} --points {points}{f' --seed {seed}' if seed else ''}"
    with recorded(name, _PARTS[by], tried, again) as trial, attempting(scenario) as attempts:
        for what, attempt in tries(attempts, by, points, seed):
            try:
                trial.count(attempt())
            except (AssertionError, duckdb.Error) as failure:
                trial.fail(f"{command}, {what}: {failure}")
            messages.update(attempts.messages())
        trial.tried += f" ({attempts.calls:,} calls)"
    for message, times in messages.most_common():
        print(f"{times:4} {message}", file=sys.stderr)  # noqa: T201  # a long run is watched


def main() -> None:
    parser = argparse.ArgumentParser(prog="crash", description="Kill commands, and check what is left.")
    parser.add_argument("command", nargs="+", choices=SCENARIOS)
    parser.add_argument("--points", type=int, default=100)
    parser.add_argument("--by", choices=BY, default=BY[0])
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    for command in given.command:
        run(command, given.by, given.points, given.seed)


if __name__ == "__main__":
    main()

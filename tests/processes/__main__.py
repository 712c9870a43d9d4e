"""Use one database from many processes at once, and record what happened.

PYTHONPATH=tests python -m processes readers --readers 20 --rounds 20
PYTHONPATH=tests python -m processes ingests --rounds 40
PYTHONPATH=tests python -m processes caches --processes 10 --rounds 20
"""

import argparse
import tempfile
from pathlib import Path

from helpers.trials import recorded

from processes.scenarios import readers_and_a_writer, two_ingests, writers_of_the_cache


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("scenario", choices=("readers", "ingests", "caches"))
    parser.add_argument("--readers", type=int, default=20)
    parser.add_argument("--processes", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    rounds = options.rounds
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.scenario == "readers":
            tried = f"{options.readers} processes read again and again, while another loads and restores {rounds} times"
            with recorded("processes-readers", "processes", tried) as trial:
                readers_and_a_writer(trial, folder, readers=options.readers, rounds=rounds)
        elif options.scenario == "ingests":
            tried = "two processes load at once into a new database"
            with recorded("processes-ingests", "processes", tried) as trial:
                two_ingests(trial, folder, rounds=rounds)
        else:
            tried = f"{options.processes} processes query at once without a cache, which each writes"
            with recorded("processes-caches", "processes", tried) as trial:
                writers_of_the_cache(trial, folder, processes=options.processes, rounds=rounds)


if __name__ == "__main__":
    main()

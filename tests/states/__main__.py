"""Run the state machine for long, and record what happened.

PYTHONPATH=tests python -m states --examples 200 --steps 30
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from helpers.trials import Trial, recorded
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from coexpr.database.bundled import fill_with_shipped
from coexpr.database.queries import query
from coexpr.database.writing import open_for_writing
from states.machine import Database


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--examples", type=int, default=200)
    parser.add_argument("--steps", type=int, default=30)
    options = parser.parse_args()
    tried = "sequences of loads, crashes, categories, backups, older versions and queries, against a model in numpy"
    with recorded("states", "fuzzing", tried) as trial, prepared() as Database.prepared:
        run(trial, options.examples, options.steps)


def run(trial: Trial, examples: int, steps: int) -> None:
    """Run the state machine; a failing example is a failure."""

    class Counted(Database):
        def teardown(self) -> None:
            if sys.exception() is None:
                trial.count("the database was as the model after every step")
            super().teardown()

    try:
        run_state_machine_as_test(
            Counted,
            settings=settings(
                max_examples=examples,
                stateful_step_count=steps,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                print_blob=True,
            ),
        )
    except AssertionError as failure:
        trial.fail(str(failure))


@contextmanager
def prepared() -> Iterator[Path]:
    """Yield a database without downloads."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "prepared.duckdb"
        copy = Path(folder) / "copy.duckdb"
        with open_for_writing(path) as connection:
            fill_with_shipped(connection)
            connection.execute(query("checkpoint_atlas"))
            copy.write_bytes(path.read_bytes())  # a database without downloads is removed when it is closed
        yield copy


if __name__ == "__main__":
    main()

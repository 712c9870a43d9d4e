"""Ask at random addresses of `coexpr serve`, and record what happened.

PYTHONPATH=tests python -m web --count N
"""

import argparse
import tempfile
from pathlib import Path

from helpers.trials import recorded
from web.trial import ask

from coexpr.demo.downloads import write_downloads
from coexpr.loading.downloads import ingest


def main() -> None:
    """Run the trial."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        recorded("addresses", "serve", "random addresses of coexpr serve") as trial,
    ):
        path = Path(folder) / "atlas.duckdb"
        ingest(write_downloads(Path(folder), probes=300, samples=90), path)
        ask(trial, path, count=given.count, seed=given.seed)


if __name__ == "__main__":
    main()

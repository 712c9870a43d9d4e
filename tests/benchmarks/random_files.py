"""Count how often random files of genes and gene sets are read correctly, refused, or read wrong.

    python tests/benchmarks/random_files.py --files 10000

creates this many files of each format; see tests/helpers/random_files.py. It prints counts, what most refused files
have in common, and the seed of every file that was read wrong, which is saved. `--format gmt --seed 17 --files 1`
creates that file again.
"""

import argparse
import re
import sys
import tempfile
from collections import Counter
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from helpers.random_files import FORMATS, Gene, gene_pool, make, read, remembering

from coexpr.database.categories import look_up
from coexpr.database.connection import open_readonly
from coexpr.demo.downloads import write_downloads
from coexpr.loading.downloads import ingest
from coexpr.readers.category_file import Lookup

_ENOUGH_FILES = 30
_MANY_REFUSED = 0.25
_OWN_REASON = {"gmt": "not a GMT", "long": "not a long table"}


def kind_of(reason: str, made: str) -> str:
    """Return why the reader of a format refused a file, without the parts that differ between files."""
    reasons = re.split("; (?=not a )", reason)
    own = next((one for one in reasons if _OWN_REASON.get(made, "none") in one), reasons[-1])
    own = own.partition("Cells that name genes")[0]
    return re.sub(r"\d[\d,.]*", "0", re.sub(r"'[^']*'|\"[^\"]*\"|column \d+|/\S+", "*", own))[:300]


def report(made: str, seeds: range, pool: list[Gene], lookup: Lookup, folder: Path, kept: Path) -> int:
    """Read a file of one format for every seed, print the outcomes, and return the number that were read wrong."""
    verdicts: Counter[str] = Counter()
    drawn: Counter[str] = Counter()
    became: Counter[tuple[str, str]] = Counter()
    refusals: Counter[str] = Counter()
    examples: dict[str, int] = {}
    for seed in seeds:
        file = make(made, seed, pool)
        outcome = read(file, folder, lookup)
        verdicts[outcome.verdict] += 1
        drawn.update(set(file.dress))
        became.update((what, outcome.verdict) for what in set(file.dress))
        if outcome.verdict == "refused":
            refusals[kind_of(outcome.reason, made)] += 1
            examples.setdefault(kind_of(outcome.reason, made), seed)
        elif outcome.verdict == "WRONG":
            saved = kept / f"{made}-{seed}-{file.name}"
            saved.write_bytes(file.content)
            print(f"WRONG {made} --seed {seed}: {outcome.reason}\n    {'; '.join(file.dress)}\n    {saved}", flush=True)
    print(f"\n{made}: " + ", ".join(f"{count:,} {verdict}" for verdict, count in verdicts.most_common()))
    many = {"refused": _MANY_REFUSED, "WRONG": 2 * verdicts["WRONG"] / len(seeds)}
    for what, count in drawn.most_common():
        for verdict, share in many.items():
            if count >= _ENOUGH_FILES and became[what, verdict] > share * count:
                print(f"  {became[what, verdict] / count:.0%} of {count:,} files {verdict}: {what!r}")
    for reason, count in refusals.most_common(12):
        print(f"  {count:,} refused, as --seed {examples[reason]}: {reason}")
    print(flush=True)
    return verdicts["WRONG"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=1000, help="number of files of each format")
    parser.add_argument("--format", choices=FORMATS, action="append", help="only this format; may be repeated")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--kept", type=Path, help="the folder for files that were read wrong; a new one by default")
    given = parser.parse_args()
    kept = given.kept or Path(tempfile.mkdtemp(prefix="coexpr-wrong-"))
    kept.mkdir(parents=True, exist_ok=True)
    seeds = range(given.seed, given.seed + given.files)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ingest(write_downloads(folder / "zips", probes=300, samples=90), folder / "atlas.duckdb")
        with open_readonly(folder / "atlas.duckdb") as connection:
            lookup = remembering(partial(look_up, connection))
            pool = gene_pool(lookup)
            lookup([str(number) for number in range(200_000)])
            wrong = [report(made, seeds, pool, lookup, folder, kept) for made in given.format or FORMATS]
    sys.exit(f"{sum(wrong):,} files were read wrong; they are in {kept}" if sum(wrong) else 0)


if __name__ == "__main__":
    main()

"""Measure coexpr relative to baselines, alternating in one run, and write the tables of docs/performance.md.

    python tests/benchmarks --probes 58692 --donors 6

creates a synthetic atlas of that size, measures every row, prints the ratios, and writes the tables. Runs of the
baseline and of coexpr alternate, so that both have the same noise; the reported ratio is the median of the ratios of
consecutive runs. These are not tests: timings are noisy, and no ratio is a failure. With --shells, the table of the
DuckDB shell is written too.
"""

import argparse
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rows import HERE, Row, live, processes, run, show, table

PAGE = HERE.parents[1] / "docs" / "performance.md"
SAMPLES = 3702
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
SEED_PROBE, CATEGORY = "A_23_P216779", "nervous system development"
COEXPR = [sys.executable, "-m", "coexpr"]


def write_downloads(folder: Path, probes: int) -> list[Path]:
    """Create the zips of a synthetic atlas in another process, whose memory does not count for those measured."""
    code = "import sys; from pathlib import Path; from coexpr.demo.downloads import write_downloads\n"
    code += f"write_downloads(Path(sys.argv[1]), probes={probes}, samples={SAMPLES})"
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True)
    return sorted(folder.glob("*.zip"))


def loading(zips: list[Path], database: Path) -> list[Row]:
    """Measure ingest relative to reading the same numbers with pandas, and the first query after it."""
    baseline = [sys.executable, str(HERE / "baseline_ingest.py"), *map(str, zips)]
    command = [*COEXPR, "ingest", *map(str, zips), "--db", str(database)]
    what = f"ingest of {len(zips)} full-donor zips, present calls included"
    words = "unzip and pandas.read_csv of the same files"

    def start_again() -> None:
        for file in database.parent.glob(f"{database.name}*"):
            file.unlink()

    with one_busy_processor():
        row = Row(f"{what}, while another program keeps one processor busy", words, 1.5)
        rows = [show(processes(row, baseline, command, 1, start_again))]
    rows.insert(0, show(processes(Row(what, words, 1.15), baseline, command, 3, start_again)))
    first = Row("the first query after it, whole process", "3 seconds", 1)
    first.baseline_seconds = [3.0]
    seconds, first.peak_mb = run([*COEXPR, "query", SEED_PROBE, "--db", str(database)])
    first.seconds = [seconds]
    return [*rows, show(first), show(one_more(zips, database))]


def one_more(zips: list[Path], database: Path) -> Row:
    """Measure the ingest of the last donor into a database of the others, relative to reading its files."""
    others = database.with_name("others.duckdb")
    run([*COEXPR, "ingest", *map(str, zips[:-1]), "--db", str(others)])
    baseline = [sys.executable, str(HERE / "baseline_ingest.py"), str(zips[-1])]
    row = Row(f"ingest of one donor more into a database of {len(zips) - 1}", "unzip and pandas.read_csv of its files")
    return processes(row, baseline, [*COEXPR, "ingest", str(zips[-1]), "--db", str(others)], 1)


@contextmanager
def one_busy_processor() -> Iterator[None]:
    """Keep one processor busy with another program."""
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        busy.kill()
        busy.wait()


def commands(database: Path, matrix: Path, times: int) -> list[Row]:
    """Measure commands as whole processes, relative to a program of one command."""
    program = [sys.executable, str(HERE / "baseline_query.py")]
    baseline = [*program, "--database", str(database), "--matrix", str(matrix)]
    words = "a typer program of one command: import duckdb and numpy, open, map, one product, 20 names"
    rows = []
    for what, target, command in (
        ("coexpr query PROBE", 1.05, ["query", SEED_PROBE]),
        ("coexpr query GENE --category C", 1.15, ["query", "NTRK2", "--category", CATEGORY]),
        ("coexpr pair A B", 1.15, ["pair", "NTRK2", "BDNF"]),
    ):
        row = Row(f"`{what}`, whole process", words, target)
        rows.append(show(processes(row, baseline, [*COEXPR, *command, "--db", str(database)], times)))
    row = Row("`coexpr --help`", "`--help` of the same program", 1.1)
    return [*rows, show(processes(row, [*program, "--help"], [*COEXPR, "--help"], times))]


def questions(database: Path, times: int) -> list[Row]:
    """Measure questions in a running process."""
    product = "one float32 matrix-vector product in memory"
    rows = []
    for name, what, words, target, turns in (
        ("probe", "`Atlas.correlates(probe)`, in a live process", product, 1.5, 3 * times),
        ("structure", "the same in one structure, Cx", product, 3, 3 * times),
        ("small-structure", "the same in one structure, HiF", product, 3, 3 * times),
        ("hemisphere", "the same in the left hemisphere", product, 3, 3 * times),
        ("donors", "the same in all donors but one", product, 3, 3 * times),
        ("spearman", "Spearman, one against all probes", "ranking pass once, then the product", 2, 2),
        ("bicor", "bicor, one against all probes", "weighting pass once, then the product", 2, 2),
        ("matrix", "gene x gene matrix of the category", "numpy.corrcoef on the same float32 rows", 1.5, times),
        ("enrich", "`Atlas.enrich(gene)`, another gene", "its product of centroids and surrogates alone", None, 1),
    ):
        rows.append(show(live(database, name, Row(what, words, target), turns)))
    return rows


def networks(database: Path, probes: int) -> list[Row]:
    """Measure networks: on this machine, in parts, and through a scheduler."""
    rows = []
    for count in sorted({min(20000, probes), probes}):
        row = Row(f"`network --top 50`, {count:,} probes", "blocked half product alone", 1.2)
        rows.append(show(live(database, "network", row, 2 if count < probes else 1, str(count))))
    some = str(min(20000, probes))
    row = Row(
        f"the same of {int(some):,} probes, `--scheduler local`, two processes", "the same with two threads", 1.15
    )
    rows.append(show(live(database, "scheduler", row, 2, some)))
    row = Row(f"the same of {int(some):,} probes, in 16 parts one after another, and merged", "the same at once")
    return [*rows, show(live(database, "parts", row, 1, some))]


def measure(zips: list[Path], folder: Path, probes: int, times: int) -> list[Row]:
    """Measure every row of the first table."""
    database, matrix = folder / "atlas.duckdb", folder / "baseline.f32"
    rows = loading(zips, database)
    subprocess.run([sys.executable, str(HERE / "live.py"), str(database), "dump", "1", str(matrix)], check=True)
    rows += commands(database, matrix, times)
    rows += questions(database, times)
    rows += networks(database, probes)
    size = database.stat().st_size / (4 * probes * samples_of(database))
    row = Row("size of the database with present calls", "4 bytes per value", 1.1, [1.0], [size], unit="")
    return [*rows, show(row)]


def samples_of(database: Path) -> int:
    """Return the number of samples of a database."""
    command = [*COEXPR, "sql", "select count(*) from samples", "--format", "jsonl", "--db", str(database)]
    return int(next(iter(json.loads(subprocess.run(command, check=True, capture_output=True).stdout).values())))


def growth(zips: list[Path], folder: Path, probes: int, donors: int) -> list[Row]:
    """Measure how time grows with the number of probes and of donors."""
    half_probes = write_downloads(folder / "half", probes // 2)[:donors]
    rows = []
    for what, fewer in (("double the probes", half_probes), ("double the donors", zips[: max(1, donors // 2)])):
        small, large = folder / "small.duckdb", folder / "large.duckdb"
        for path in (small, large):
            path.unlink(missing_ok=True)
        smaller, _ = run([*COEXPR, "ingest", *map(str, fewer), "--db", str(small)])
        larger, peak = run([*COEXPR, "ingest", *map(str, zips), "--db", str(large)])
        times = 2 if fewer is half_probes else samples_of(large) / samples_of(small)
        title = f"ingest: {what} ({times:.2f} x the values)"
        rows.append(show(Row(title, "the smaller", None, [smaller], [larger], peak)))
        ask = [*COEXPR, "query", SEED_PROBE, "--all", "--format", "csv", "--db"]
        for path in (small, large):
            run([*ask, str(path)])  # writes the cache
        pairs = [(run([*ask, str(small)]), run([*ask, str(large)])) for _ in range(3)]
        smaller_runs, larger_runs = ([seconds for seconds, _ in side] for side in zip(*pairs, strict=True))
        peak = max(peak for _, (_, peak) in pairs)
        rows.append(show(Row(f"`query --all`: {what}", "the smaller", None, smaller_runs, larger_runs, peak)))
    return [*rows, network_growth(folder / "atlas.duckdb", probes)]


def network_growth(database: Path, probes: int) -> Row:
    """Measure how the time of a network grows with its rows, relative to that of the product alone."""
    count = min(20000, probes)
    small, large = (live(database, "network", Row("", ""), 1, str(rows)) for rows in (count // 2, count))
    what = f"`network --top 50`: {count // 2:,} to {count:,} probes"
    product = large.baseline_seconds[0] / small.baseline_seconds[0]
    growth_of_coexpr = large.seconds[0] / small.seconds[0]
    words = f"the growth of the blocked half product, {product:.2f} x"
    return show(Row(what, words, None, [product], [growth_of_coexpr], large.peak_mb, unit=""))


def peers(database: Path, times: int) -> list[Row]:
    """Measure other programs that compute the same, if they are installed."""
    rows = []
    for name, what in (
        ("pandas", "pandas corrwith, one against all probes"),
        ("duckdb", "DuckDB corr(), one against 2,000 probes x 30"),
        ("faiss", "FAISS IndexFlatIP, top 50 of 20,000 probes"),
        ("corals", "CorALS top-k, 3,000 probes"),
    ):
        try:
            rows.append(show(live(database, f"peer-{name}", Row(what, "the other program"), times)))
        except subprocess.CalledProcessError as error:
            print(f"{what}: not measured ({error.stderr.strip().splitlines()[-1]})", flush=True)
    return rows


def machine() -> str:
    """Describe the machine and the versions."""
    model = (
        next(
            (
                line.split(":")[1].strip()
                for line in Path("/proc/cpuinfo").read_text().splitlines()
                if "model name" in line
            ),
            platform.processor(),
        )
        if Path("/proc/cpuinfo").exists()
        else platform.processor()
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    versions = ", ".join(
        f"{name} {importlib.metadata.version(name)}" for name in ("duckdb", "numpy", "typer", "pandas")
    )
    return (
        f"{model}, {os.cpu_count()} processors, {memory:.0f} GB, {platform.system()}; Python "
        f"{platform.python_version()}, {versions}"
    )


def main() -> None:
    """Measure, print, and write docs/performance.md."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--probes", type=int, default=58692)
    parser.add_argument("--donors", type=int, default=6)
    parser.add_argument("--times", type=int, default=9, help="runs of short rows")
    parser.add_argument("--keep", type=Path, help="folder for the atlas, which is kept and used again")
    parser.add_argument("--shells", nargs="*", default=[], help="programs of the DuckDB shell")
    parser.add_argument("--no-page", action="store_true", help="print only; do not write docs/performance.md")
    given = parser.parse_args()
    folder = given.keep or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    steps: list[tuple[str, Callable[[], list[Row]]]] = []
    try:
        downloads = folder / f"{given.probes}"
        if not downloads.exists():
            write_downloads(downloads, given.probes)
        zips = sorted(downloads.glob("*.zip"))[: given.donors]
        steps = [
            ("", lambda: measure(zips, folder, given.probes, given.times)),
            ("Growth", lambda: growth(zips, folder, given.probes, given.donors)),
            (
                "Other programs (their time is the baseline: below 1, coexpr is faster)",
                lambda: peers(folder / "atlas.duckdb", 2),
            ),
        ]
        parts = [
            f"{given.probes:,} probes, {given.donors} donors. {machine()}. {time.strftime('%Y-%m-%d')}.",
        ]
        for heading, step in steps:
            parts += [f"## {heading}"] * bool(heading) + [table(step())]
        if given.shells and not given.no_page:
            script = [sys.executable, str(HERE / "shell.py"), str(folder / "atlas.duckdb"), *given.shells]
            subprocess.run(script, check=True)
    finally:
        if not given.keep:
            shutil.rmtree(folder)
    if not given.no_page:
        before, rest = PAGE.read_text().split(BEGIN)
        PAGE.write_text(before + BEGIN + "\n" + "\n\n".join(parts) + "\n" + END + rest.split(END)[1])


if __name__ == "__main__":
    main()

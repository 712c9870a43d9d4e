"""Measure coexpr relative to baselines, alternating in one run, and write the tables of docs/performance.md.

    python tests/benchmarks --probes 58692 --donors 6

creates a synthetic atlas of that size, measures every row, prints the ratios, and writes the tables. Runs of the
baseline and of coexpr alternate, so that both have the same noise; the reported ratio is the median of the ratios of
consecutive runs. These are not tests: timings are noisy, and no ratio is a failure.
"""

import argparse
import importlib.metadata
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "performance.md"
SAMPLES = 3702
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
SEED_PROBE, CATEGORY = "A_23_P216779", "nervous system development"
COEXPR = [sys.executable, "-m", "coexpr"]


@dataclass
class Row:
    """One measurement: seconds of a baseline and of coexpr, in alternating runs.

    Parameters
    ----------
    what, baseline : str
        What was measured, and its baseline.
    target : float, optional
        The largest ratio that is acceptable.
    baseline_seconds, seconds : list of float
        One per run.
    peak_mb : float, optional
        Peak memory of coexpr.
    """

    what: str
    baseline: str
    target: float | None = None
    baseline_seconds: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    peak_mb: float | None = None

    @property
    def ratios(self) -> list[float]:
        return [one / other for one, other in zip(self.seconds, self.baseline_seconds, strict=True)]

    def cells(self) -> list[str]:
        ratio = statistics.median(self.ratios)
        target = "" if self.target is None else f"{self.target:g}" + ("" if ratio <= self.target else " (missed)")
        return [
            self.what,
            self.baseline,
            f"{ratio:.2f} ({min(self.ratios):.2f} to {max(self.ratios):.2f})",
            target,
            "" if self.peak_mb is None else f"{self.peak_mb:,.0f} MB",
        ]


def write_downloads(folder: Path, probes: int) -> list[Path]:
    """Create the zips of a synthetic atlas in another process, whose memory does not count for those measured."""
    code = "import sys; from pathlib import Path; from coexpr.demo.downloads import write_downloads\n"
    code += f"write_downloads(Path(sys.argv[1]), probes={probes}, samples={SAMPLES})"
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True)
    return sorted(folder.glob("*.zip"))


def run(command: list[str], **environment: str) -> tuple[float, float]:
    """Return seconds and peak memory in MB of a whole process; its output is discarded."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=os.environ | environment)
    assert process.stderr is not None
    messages = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed: {messages.decode()[-2000:]}")
    return seconds, used.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def processes(
    row: Row, baseline: list[str], command: list[str], times: int, before: Callable[[], None] = lambda: None
) -> Row:
    """Measure two commands as whole processes, alternating, after one run of each that does not count."""
    peaks = []
    for turn in range(times + 1):
        baseline_seconds, _ = run(baseline)
        before()
        seconds, peak = run(command)
        if turn or times == 1:
            row.baseline_seconds.append(baseline_seconds)
            row.seconds.append(seconds)
            peaks.append(peak)
    row.peak_mb = max(peaks)
    return row


def live(database: Path, name: str, row: Row, times: int, *more: str) -> Row:
    """Measure two functions in one process, alternating, and the peak memory of a process that runs coexpr only."""
    script = [sys.executable, str(HERE / "live.py"), str(database), name, str(times), *more]
    found = json.loads(subprocess.run(script, check=True, capture_output=True, text=True).stdout)
    _, row.peak_mb = run([*script, "--without-baseline"])
    row.baseline_seconds, row.seconds = found["baseline"], found["coexpr"]
    return row


def show(row: Row) -> Row:
    """Print a row as soon as it is measured."""
    print(" | ".join(row.cells()), flush=True)
    return row


def ingest_row(zips: list[Path], database: Path, times: int) -> Row:
    """Measure ingest relative to reading the same numbers with pandas."""
    baseline = [sys.executable, str(HERE / "baseline_ingest.py"), *map(str, zips)]
    command = [*COEXPR, "ingest", *map(str, zips), "--db", str(database)]
    what = f"ingest of {len(zips)} full-donor zips, present calls included"
    row = Row(what, "unzip and pandas.read_csv of the same files", 1.25)
    return processes(row, baseline, command, times, before=lambda: database.unlink(missing_ok=True))


def measure(zips: list[Path], folder: Path, probes: int, times: int) -> list[Row]:
    """Measure every row of the first table."""
    database = folder / "atlas.duckdb"
    rows = [show(ingest_row(zips, database, 2))]
    run([*COEXPR, "query", SEED_PROBE, "--db", str(database)])  # writes the cache
    matrix = folder / "baseline.f32"
    subprocess.run([sys.executable, str(HERE / "live.py"), str(database), "dump", "1", str(matrix)], check=True)
    baseline = [sys.executable, str(HERE / "baseline_query.py"), str(database), str(matrix)]
    words = "import typer, duckdb, numpy; open, map, one product, 20 names"
    at = ["--db", str(database)]
    for what, target, command in (
        ("coexpr query PROBE", 1.3, ["query", SEED_PROBE]),
        ("coexpr query GENE --category C", 1.6, ["query", "NTRK2", "--category", CATEGORY]),
        ("coexpr pair A B", 1.6, ["pair", "NTRK2", "BDNF"]),
    ):
        row = Row(f"`{what}`, whole process", words, target)
        rows.append(show(processes(row, baseline, [*COEXPR, *command, *at], times)))
    bare = [sys.executable, "-c", "import typer"]
    row = Row("`coexpr --help`", "python that imports typer", 2)
    rows.append(show(processes(row, bare, [*COEXPR, "--help"], times)))
    product = "one float32 matrix-vector product in memory"
    for name, what, words, target, turns in (
        ("probe", "`Atlas.correlates(probe)`, in a live process", product, 1.5, 3 * times),
        ("structure", "the same in one structure, Cx", product, 6, 3 * times),
        ("donors", "the same in all donors but one", product, 6, 3 * times),
        ("spearman", "Spearman, one against all probes", "ranking pass once, then the product", 2, 2),
        ("bicor", "bicor, one against all probes", "weighting pass once, then the product", 2, 2),
        ("matrix", "gene x gene matrix of the category", "numpy.corrcoef on the same float32 rows", 1.5, times),
    ):
        rows.append(show(live(database, name, Row(what, words, target), turns)))
    for count in sorted({min(20000, probes), probes}):
        row = Row(f"`network --top 50`, {count:,} probes", "blocked half product alone", 1.3)
        rows.append(show(live(database, "network", row, 1, str(count))))
    size = database.stat().st_size / (4 * probes * samples_of(database))
    rows.append(show(Row("size of the database with present calls", "4 bytes per value", 1.1, [1.0], [size])))
    return rows


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
    return show(Row(what, words, None, [product], [growth_of_coexpr], large.peak_mb))


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


def table(rows: list[Row]) -> str:
    """Return rows as Markdown."""
    head = ["what", "baseline", "coexpr / baseline", "target", "peak memory"]
    lines = [head, ["---"] * len(head), *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Measure, print, and write docs/performance.md."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--probes", type=int, default=58692)
    parser.add_argument("--donors", type=int, default=6)
    parser.add_argument("--times", type=int, default=5, help="runs of short rows")
    parser.add_argument("--keep", type=Path, help="folder for the atlas, which is kept and used again")
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
    finally:
        if not given.keep:
            shutil.rmtree(folder)
    if not given.no_page:
        before, rest = PAGE.read_text().split(BEGIN)
        PAGE.write_text(before + BEGIN + "\n" + "\n\n".join(parts) + "\n" + END + rest.split(END)[1])


if __name__ == "__main__":
    main()

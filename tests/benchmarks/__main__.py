"""How long everything takes beside the least that it could take, measured in turn in one run.

    python tests/benchmarks --probes 58692 --donors 6

makes a synthetic atlas of that size, measures every row, prints ratios, and writes the table of
docs/performance.md. Floors and ours alternate, so that both meet the same noise; a ratio is the median of the
ratios pair by pair. Nothing here is a test: machines are noisy, and no ratio fails anything.
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
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "performance.md"
SAMPLES = 3702
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
SEED_PROBE, CATEGORY = "A_23_P216779", "nervous system development"
COEXPR = [sys.executable, "-m", "coexpr"]


@dataclass
class Row:
    """What was measured: a floor and ours, in turn."""

    what: str
    floor: str
    reach: float | None
    floors: list[float]
    ours: list[float]
    peak_mb: float | None

    @property
    def ratios(self) -> list[float]:
        return [ours / floor for ours, floor in zip(self.ours, self.floors, strict=True)]

    def cells(self) -> list[str]:
        ratio = statistics.median(self.ratios)
        held = "" if self.reach is None else f"{self.reach:g}" + ("" if ratio <= self.reach else " (missed)")
        return [
            self.what,
            self.floor,
            f"{ratio:.2f} ({min(self.ratios):.2f} to {max(self.ratios):.2f})",
            held,
            "" if self.peak_mb is None else f"{self.peak_mb:,.0f} MB",
        ]


def write_downloads(folder: Path, probes: int) -> list[Path]:
    """Make the zips of a synthetic atlas in another process: the peak of this one would count for its children."""
    code = "import sys; from pathlib import Path; from coexpr.demo.downloads import write_downloads\n"
    code += f"write_downloads(Path(sys.argv[1]), probes={probes}, samples={SAMPLES})"
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True)
    return sorted(folder.glob("*.zip"))


def run(command: list[str], **environment: str) -> tuple[float, float]:
    """Return seconds and peak memory in MB of a whole process, its output thrown away."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=os.environ | environment)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed: {said.decode()[-2000:]}")
    return seconds, used.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def processes(
    what: str, floor_words: str, reach: float | None, floor: list[str], ours: list[str], times: int, before=lambda: None
) -> Row:
    """Estimator two commands as whole processes, in turn, after one run of each that is not counted."""
    row, peaks = Row(what, floor_words, reach, [], [], 0), []
    for turn in range(times + 1):
        floor_seconds, _ = run(floor)
        before()
        our_seconds, peak = run(ours)
        if turn or times == 1:
            row.floors.append(floor_seconds)
            row.ours.append(our_seconds)
            peaks.append(peak)
    row.peak_mb = max(peaks)
    return row


def live(database: Path, name: str, what: str, floor: str, reach: float | None, times: int, *more: str) -> Row:
    """Estimator two functions in one process, in turn; and the peak memory of a process that runs ours alone."""
    script = [sys.executable, str(HERE / "live.py"), str(database), name, str(times), *more]
    found = json.loads(subprocess.run(script, check=True, capture_output=True, text=True).stdout)
    _, peak = run([*script, "--only-ours"])
    return Row(what, floor, reach, found["floor"], found["ours"], peak)


def say(row: Row) -> Row:
    """Print a row as soon as it is known."""
    print(" | ".join(row.cells()), flush=True)
    return row


def ingest_row(zips: list[Path], database: Path, times: int) -> Row:
    """Estimator ingest beside pandas reading the same numbers and throwing them away."""
    floor = [sys.executable, str(HERE / "floor_ingest.py"), *map(str, zips)]
    ours = [*COEXPR, "ingest", *map(str, zips), "--db", str(database)]
    return processes(
        f"ingest of {len(zips)} full-donor zips, present calls included",
        "unzip and pandas.read_csv of the same members, thrown away",
        1.25,
        floor,
        ours,
        times,
        before=lambda: database.unlink(missing_ok=True),
    )


def measure(zips: list[Path], folder: Path, probes: int, times: int) -> list[Row]:
    """Estimator every row of the table."""
    database = folder / "atlas.duckdb"
    rows = [say(ingest_row(zips, database, 2))]
    run([*COEXPR, "query", SEED_PROBE, "--db", str(database)])  # writes the cache
    matrix = folder / "floor.f32"
    subprocess.run([sys.executable, str(HERE / "live.py"), str(database), "dump", "1", str(matrix)], check=True)
    floor = [sys.executable, str(HERE / "floor_query.py"), str(database), str(matrix)]
    words = "import typer, duckdb, numpy; open, map, one product, 20 names"
    at = ["--db", str(database)]
    for what, reach, ours in (
        ("coexpr query PROBE", 1.3, ["query", SEED_PROBE]),
        ("coexpr query GENE --category C", 1.6, ["query", "NTRK2", "--category", CATEGORY]),
        ("coexpr pair A B", 1.6, ["pair", "NTRK2", "BDNF"]),
    ):
        rows.append(say(processes(f"`{what}`, whole process", words, reach, floor, [*COEXPR, *ours, *at], times)))
    bare = [sys.executable, "-c", "import typer"]
    rows.append(say(processes("`coexpr --help`", "python that imports typer", 2, bare, [*COEXPR, "--help"], times)))
    product = "one float32 matrix-vector product in memory"
    for name, what, floor_words, reach, turns in (
        ("probe", "`Atlas.correlates(probe)`, in a live process", product, 1.5, 3 * times),
        ("structure", "the same in one structure, Cx", product, 6, 3 * times),
        ("donors", "the same in all donors but one", product, 6, 3 * times),
        ("spearman", "Spearman, one against all probes", "ranking pass once, then the product", 2, 2),
        ("bicor", "bicor, one against all probes", "weighting pass once, then the product", 2, 2),
        ("matrix", "gene x gene matrix of the category", "numpy.corrcoef on the same float32 rows", 1.5, times),
    ):
        rows.append(say(live(database, name, what, floor_words, reach, turns)))
    for count in sorted({min(20000, probes), probes}):
        what = f"`network --top 50`, {count:,} probes"
        rows.append(say(live(database, "network", what, "blocked half product alone", 1.3, 1, str(count))))
    size = database.stat().st_size / (4 * probes * samples_of(database))
    rows.append(say(Row("size of the database, present calls and all", "4 bytes a value", 1.1, [1.0], [size], None)))
    return rows


def samples_of(database: Path) -> int:
    """Return how many samples a database holds."""
    command = [*COEXPR, "sql", "select count(*) from samples", "--format", "jsonl", "--db", str(database)]
    return int(next(iter(json.loads(subprocess.run(command, check=True, capture_output=True).stdout).values())))


def growth(zips: list[Path], folder: Path, probes: int, donors: int) -> list[Row]:
    """Estimator what half the probes, and half the donors, take beside all."""
    half_probes = write_downloads(folder / "half", probes // 2)[:donors]
    rows = []
    for what, fewer in (("double the probes", half_probes), ("double the donors", zips[: max(1, donors // 2)])):
        small, large = folder / "small.duckdb", folder / "large.duckdb"
        for path in (small, large):
            path.unlink(missing_ok=True)
        smaller, _ = run([*COEXPR, "ingest", *map(str, fewer), "--db", str(small)])
        larger, peak = run([*COEXPR, "ingest", *map(str, zips), "--db", str(large)])
        times = 2 if fewer is half_probes else samples_of(large) / samples_of(small)
        rows.append(
            say(Row(f"ingest: {what} ({times:.2f} x the values)", "the smaller", None, [smaller], [larger], peak))
        )
        ask = [*COEXPR, "query", SEED_PROBE, "--all", "--format", "csv", "--db"]
        for path in (small, large):
            run([*ask, str(path)])  # writes the cache
        pairs = [(run([*ask, str(small)]), run([*ask, str(large)])) for _ in range(3)]
        floors, ours = ([seconds for seconds, _ in side] for side in zip(*pairs, strict=True))
        row = Row(f"`query --all`: {what}", "the smaller", None, floors, ours, max(of[1] for _, of in pairs))
        rows.append(say(row))
    return [*rows, network_growth(folder / "atlas.duckdb", probes)]


def network_growth(database: Path, probes: int) -> Row:
    """Estimator what twice the rows take in a network, beside what they take in the product alone."""
    count = min(20000, probes)
    small, large = (live(database, "network", "", "", None, 1, str(rows)) for rows in (count // 2, count))
    what = f"`network --top 50`: {count // 2:,} to {count:,} probes"
    product, ours = large.floors[0] / small.floors[0], large.ours[0] / small.ours[0]
    words = f"the growth of the blocked half product, {product:.2f} x"
    return say(Row(what, words, None, [product], [ours], large.peak_mb))


def peers(database: Path, times: int) -> list[Row]:
    """Estimator programs that answer the same question, where they are installed."""
    rows = []
    for name, what in (
        ("pandas", "pandas corrwith, one against all probes"),
        ("duckdb", "DuckDB corr(), one against 2,000 probes x 30"),
        ("faiss", "FAISS IndexFlatIP, top 50 of 20,000 probes"),
        ("corals", "CorALS top-k, 3,000 probes"),
    ):
        try:
            rows.append(say(live(database, f"peer-{name}", what, "the peer", None, times)))
        except subprocess.CalledProcessError as error:
            print(f"{what}: not measured ({error.stderr.strip().splitlines()[-1]})", flush=True)
    return rows


def machine() -> str:
    """Name what was measured on."""
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
    head = ["what", "floor", "ours / floor", "reach", "peak memory"]
    lines = [head, ["---"] * len(head), *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Estimator, print, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--probes", type=int, default=58692)
    parser.add_argument("--donors", type=int, default=6)
    parser.add_argument("--times", type=int, default=5, help="pairs of short rows")
    parser.add_argument("--keep", type=Path, help="a folder for the atlas, to be used again")
    parser.add_argument("--no-page", action="store_true", help="print, and leave docs/performance.md as it is")
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
                "Peers (the time of the peer is the floor: below 1 ours is faster)",
                lambda: peers(folder / "atlas.duckdb", 2),
            ),
        ]
        parts = [
            f"{given.probes:,} probes, {given.donors} donors. {machine()}. {time.strftime('%Y-%m-%d')}.",
        ]
        for heading, step in steps:
            parts += [f"### {heading}"] * bool(heading) + [table(step())]
    finally:
        if not given.keep:
            shutil.rmtree(folder)
    if not given.no_page:
        before, rest = PAGE.read_text().split(BEGIN)
        PAGE.write_text(before + BEGIN + "\n" + "\n\n".join(parts) + "\n" + END + rest.split(END)[1])


if __name__ == "__main__":
    main()

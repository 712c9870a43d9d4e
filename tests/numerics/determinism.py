"""The same commands with several matrix libraries, numbers of threads and versions: order and digits are the same."""

import csv
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
from helpers.folders import TOP
from helpers.missing_values import remove_values
from helpers.trials import recorded

# What files may differ by, of the same r computed by another matrix library.
TOLERANCE = 1e-12
# As in networks, whose r are in single precision.
OF_SINGLE = 2e-6
# As in enrichment, whose surrogates are made in single precision from eigenvectors, some of which are hardly distinct.
OF_SURROGATES = 1e-3
COMMANDS = {
    "query": ["query", "NTRK2", "--top", "200", "--format", "json"],
    "query of all probes": ["query", "A_23_P216779", "--all", "--format", "json"],
    "query, printed": ["query", "NTRK2", "--top", "200"],
    "query, Spearman": ["query", "NTRK2", "--method", "spearman", "--top", "200", "--format", "json"],
    "query, bicor": ["query", "NTRK2", "--method", "bicor", "--top", "200", "--format", "json"],
    "query, adjusted": ["query", "NTRK2", "--adjust", "donor", "--top", "200", "--format", "json"],
    "query, adjusted twice": ["query", "NTRK2", "--adjust", "donor+structure", "--top", "200", "--format", "json"],
    "query in a structure": ["query", "NTRK2", "--structure", "Cx", "--top", "200", "--format", "json"],
    "query by donor": ["query", "NTRK2", "--by-donor", "--stats", "--top", "50", "--format", "json"],
    "query, mean of probes": ["query", "NTRK2", "--rule", "average", "--top", "200", "--format", "json"],
    "pair": ["pair", "NTRK2", "BDNF", "--format", "json"],
    "pair, printed": ["pair", "NTRK2", "BDNF"],
    "matrix": ["matrix", "--category", "synapse organization", "--format", "json"],
    "seeds": ["query", "--seeds", "NTRK2,BDNF", "--top", "200", "--format", "json"],
    "enrich": ["enrich", "NTRK2", "--surrogates", "500", "--top", "50", "--format", "json"],
    "network": ["network", "--level", "probe", "--top", "10", "--quiet", "--output", "network.csv"],
}
KERNELS = ("Haswell", "Sandybridge", "Nehalem", "Prescott")  # those that processors with AVX2 can run, and differ


def variations(pythons: list[str], blas: list[str]) -> Iterator[tuple[str, str, dict[str, str], list[str]]]:
    """Yield the name of each variation, its interpreter, environment and options.

    `blas` is an interpreter whose numpy is linked to libblas.so.3, and folders with libraries of that name.
    """
    for kernel in KERNELS:
        yield f"kernel {kernel}", sys.executable, {"OPENBLAS_CORETYPE": kernel}, []
    for threads in ("1", "2"):
        yield f"OPENBLAS_NUM_THREADS {threads}", sys.executable, {"OPENBLAS_NUM_THREADS": threads}, []
        yield f"--threads {threads}", sys.executable, {}, ["--threads", threads]
    yield "PYTHONHASHSEED 7", sys.executable, {"PYTHONHASHSEED": "7"}, []
    for number, python in enumerate(pythons, start=1):
        yield f"other versions {number}", python, {}, []
    for folder in blas[1:]:
        yield f"BLAS {Path(folder).name}", blas[0], {"LD_LIBRARY_PATH": folder}, []


def compare_kernels(pythons: list[str], blas: list[str]) -> None:
    """Run every command in every variation, and compare its rows with those of a plain run."""
    varied = list(variations(pythons, blas))
    tried = f"Rows of {len(COMMANDS)} commands compared over {len(varied)} matrix libraries, versions "
    tried += "and numbers of threads"
    if len(blas) > 1:
        tried += f", among them the BLAS of {', '.join(Path(folder).name for folder in blas[1:])}"
    for folder in blas[1:]:
        _require_library(blas[0], folder)
    with tempfile.TemporaryDirectory() as name, recorded("determinism", "numbers", tried) as trial:
        folder = Path(name)
        database = _database(folder)
        plain = {command: _run(sys.executable, database, COMMANDS[command], {}) for command in COMMANDS}
        if failed := [text for text in plain.values() if text.startswith("exit code")]:
            raise RuntimeError(failed[0])
        for variation, python, environment, options in varied:
            for command, arguments in COMMANDS.items():
                _forget_derived(folder)
                found = _run(python, database, [*arguments, *options], environment)
                outcome = compare(plain[command], found, OF_SURROGATES if command == "enrich" else TOLERANCE)
                if outcome.startswith("differs"):
                    trial.fail(f"{command} with {variation}: {outcome}")
                else:
                    trial.count(outcome)


def _require_library(python: str, folder: str) -> None:
    """Raise RuntimeError unless numpy of an interpreter takes libblas.so.3 from a folder."""
    ask = "import numpy; print(open('/proc/self/maps').read())"
    environment = os.environ | {"LD_LIBRARY_PATH": folder}
    done = subprocess.run([python, "-c", ask], env=environment, capture_output=True, text=True, check=True)
    if str((Path(folder) / "libblas.so.3").resolve()) not in done.stdout:
        raise RuntimeError(f"numpy of {python} does not load libblas.so.3 of {folder}")


def compare(plain: str, found: str, tolerance: float = TOLERANCE) -> str:
    """Return how two outputs compare."""
    if plain == found:
        return "the same bytes"
    if plain.startswith("source,"):
        return _compare_edges(plain, found)
    if not plain.startswith("{") or not found.startswith("{"):
        return f"differs in what is printed: {found:.200}"
    try:
        largest = _largest_difference(json.loads(plain), json.loads(found))
    except ValueError as error:
        return f"differs: {error}"
    what = "p from surrogates" if tolerance == OF_SURROGATES else "numbers"
    return f"the same rows, {what} within {tolerance:g}" if largest <= tolerance else f"differs by {largest:.1e}"


def _compare_edges(plain: str, found: str) -> str:
    """Return how two networks compare, whose r are in single precision."""
    one, other = ({tuple(row[:2]): float(row[2]) for row in _rows(text)} for text in (plain, found))
    if one.keys() != other.keys():
        return f"differs: {len(one.keys() ^ other.keys())} of {len(one)} edges are in one network only"
    largest = max(abs(one[edge] - other[edge]) for edge in one)
    same_order = [row[:2] for row in _rows(plain)] == [row[:2] for row in _rows(found)]
    if largest > OF_SINGLE:
        return f"differs by {largest:.1e}"
    order = "in the same order" if same_order else "some in another order"
    return f"the same edges, {order}, numbers within {OF_SINGLE:g}"


def _rows(text: str) -> list[list[str]]:
    header, *rows = csv.reader(text.splitlines())
    columns = [header.index(name) for name in ("source", "target", "r")]
    return [[row[column] for column in columns] for row in rows]


def _largest_difference(one: Any, other: Any, where: str = "") -> float:
    """Return the largest difference of two numbers in equal places of two values.

    Raises
    ------
    ValueError
        If something else differs.
    """
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        compared = one.keys() - _VARIES
        return max((_largest_difference(one[key], other[key], f"{where}.{key}") for key in compared), default=0)
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return max((_largest_difference(a, b, f"{where}[{place}]") for place, (a, b) in pairs), default=0)
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other)
    if one != other:
        raise ValueError(f"{where} is {one!r:.60} and {other!r:.60}")
    return 0.0


# Of the provenance: what says with what it was computed.
_VARIES = {"versions", "question", "coexpr_version", "time", "software", "threads"}


def _database(folder: Path) -> Path:
    """Make a synthetic atlas with equal, constant and incomplete profiles."""
    _coexpr(sys.executable, ["demo", str(folder), "--probes", "600", "--samples", "240", "--quiet"], {})
    database = folder / "demo.duckdb"
    with duckdb.connect(database) as connection:
        remove_values(connection)
    return database


def _forget_derived(folder: Path) -> None:
    """Remove what an earlier command computed, so that every variation computes it."""
    for path in folder.glob("demo.duckdb.*"):
        if path.is_file():
            path.unlink()


def _run(python: str, database: Path, arguments: list[str], environment: dict[str, str]) -> str:
    printed = _coexpr(python, [*arguments, "--db", str(database)], environment, database.parent)
    network = database.with_name("network.csv")
    if network.exists():
        printed = network.read_text()
        network.unlink()
    return printed


def _coexpr(python: str, arguments: list[str], environment: dict[str, str], folder: Path = TOP) -> str:
    done = subprocess.run(
        [python, "-m", "coexpr", *arguments],
        env=os.environ | {"COLUMNS": "200", "PYTHONPATH": str(TOP)} | environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout if not done.returncode else f"exit code {done.returncode}: {done.stderr}"

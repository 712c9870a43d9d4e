"""Run the commands and the R code of docs/r.md, and compare the r that R prints with that of coexpr.

The code that needs a package of R is run where it is installed; R_LIBS can name a folder of packages.
"""

import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import duckdb
import pytest
from helpers.command import run
from helpers.folders import TOP
from pyarrow import parquet

from coexpr.atlas import Atlas

pytestmark = pytest.mark.long

PAGE = (TOP / "docs" / "r.md").read_text(encoding="utf-8")
COMMANDS = re.compile(r"^```sh\n(.*?)^```$", re.M | re.S)
BLOCKS = re.findall(r"^```r\n(.*?)^```$", PAGE, re.M | re.S)
STATEMENT = re.compile(r'dbGetQuery\(\w+, "([^"]+)"(?:, params = list\(([^)]*)\))?\)')
NUMBER = re.compile(r"(?<![\w.])-?\d+\.\d+(?:e-?\d+)?(?![\w.])")
RSCRIPT = shutil.which("Rscript")
CATEGORY = "synapse organization"
DATABASE = Path("coexpr-demo") / "demo.duckdb"


def packages_of(code: str) -> list[str]:
    """Return the packages that a block of R needs."""
    return sorted(set(re.findall(r"library\((\w+)\)", code)) | set(re.findall(r"(\w+)::", code)))


def r_of_pair(atlas: Atlas) -> list[float]:
    pair = atlas.pair("NTRK2", "BDNF")
    return [pair.provenance.r, *(r for _, r, _ in sorted(pair.donors))]  # R orders donors by name


def r_of_category(atlas: Atlas) -> list[float]:
    return atlas.correlates("NTRK2", gene_filter="nervous system development", top=6).column("r")


def r_of_two_genes(atlas: Atlas) -> list[float]:
    return [atlas.pair("BDNF", "CYFIP1").provenance.r]


def r_of_macros(atlas: Atlas) -> list[float]:
    return atlas.correlates("NTRK2", top=6).column("r") + atlas.pair("NTRK2", "BDNF").donors.column("r")


def highest_r(atlas: Atlas) -> list[float]:
    r = atlas.correlation_matrix(gene_filter=CATEGORY).r
    return sorted((float(r[row, column]) for row in range(len(r)) for column in range(row)), reverse=True)[:6]


# The numbers that each block prints, in the order of the page, and how far they may be off.
EXPECTED: list[tuple[Callable[[Atlas], list[float]], float]] = [
    (r_of_pair, 1e-6),
    (r_of_category, 1e-6),
    (r_of_two_genes, 1e-6),
    (r_of_two_genes, 1e-6),
    (r_of_macros, 1e-6),
    (highest_r, 3e-6),  # networks are computed in single precision
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the commands of the page were run."""
    folder = tmp_path_factory.mktemp("r")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for line in "".join(COMMANDS.findall(PAGE)).splitlines():
            first, *arguments = shlex.split(line)
            if first == "export":
                patch.setenv(*arguments[0].split("=", maxsplit=1))
            else:
                assert first == "coexpr"
                run(*arguments)
    return folder


@pytest.fixture(scope="module")
def demo(folder: Path) -> Iterator[Atlas]:
    with Atlas(folder / DATABASE) as atlas:
        yield atlas


def run_r(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    assert RSCRIPT is not None
    script = folder / "script.R"
    script.write_text(code, encoding="utf-8")
    command = [RSCRIPT, "--no-save", "--no-restore", script.name]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


@cache
def is_installed(package: str) -> bool:
    assert RSCRIPT is not None
    check = f'quit(status = !requireNamespace("{package}", quietly = TRUE))'
    return subprocess.run([RSCRIPT, "-e", check], capture_output=True, check=False).returncode == 0


def test_the_page_has_code_without_packages_and_code_for_each_package() -> None:
    needed = [packages_of(block) for block in BLOCKS]
    assert needed == [[], [], ["arrow"], ["nanoparquet"], ["DBI", "duckdb"], ["igraph"]]
    assert len(EXPECTED) == len(BLOCKS)


@pytest.mark.parametrize(
    "number", range(len(BLOCKS)), ids=["-".join(packages_of(block)) or "base" for block in BLOCKS]
)  # fmt: skip
def test_r_prints_the_r_of_coexpr(number: int, request: pytest.FixtureRequest) -> None:
    code, (expected_of, tolerance) = BLOCKS[number], EXPECTED[number]
    if RSCRIPT is None:
        pytest.skip("R is not installed: no Rscript is found")
    if missing := [package for package in packages_of(code) if not is_installed(package)]:
        pytest.skip(f"not run: the R package {' and '.join(missing)} is not installed")
    folder, demo = request.getfixturevalue("folder"), request.getfixturevalue("demo")
    if not packages_of(code):  # old packages may warn when they are loaded
        code = f"options(warn = 2)\n{code}"
    done = run_r(code, folder)
    assert done.returncode == 0, done.stderr
    printed = [float(number) for number in NUMBER.findall(done.stdout)]
    r = expected_of(demo)
    assert printed[-len(r) :] == pytest.approx(r, abs=tolerance, rel=0), done.stdout


def test_the_statements_of_the_page_return_the_r_of_coexpr(folder: Path, demo: Atlas) -> None:
    """Without the packages of R too: any client of DuckDB returns the same."""
    statements = [found for block in BLOCKS for found in STATEMENT.findall(block)]
    assert len(statements) == "".join(BLOCKS).count("dbGetQuery(") == 2
    r = []
    with duckdb.connect(folder / DATABASE, read_only=True) as connection:
        for statement, parameters in statements:
            values = [value.strip().strip('"') for value in parameters.split(",") if value.strip()]
            found = connection.execute(statement, values)
            place = [name for name, *_ in found.description].index("r")
            r += [row[place] for row in found.fetchmany(6)]
    assert r == pytest.approx(r_of_macros(demo), abs=1e-9, rel=0)


def test_parquet_files_are_plain_enough_for_the_packages(folder: Path, demo: Atlas) -> None:
    """Their compression and their types are among those that nanoparquet reads, the smaller of the two packages."""
    (r,) = r_of_two_genes(demo)
    for name in ("values.parquet", "matrix.parquet"):
        table = parquet.read_table(folder / name)
        assert b"provenance" in table.schema.metadata
        groups = parquet.ParquetFile(folder / name).metadata
        columns = [groups.row_group(0).column(place) for place in range(groups.num_columns)]
        assert {column.compression for column in columns} <= {"UNCOMPRESSED", "SNAPPY", "GZIP", "ZSTD"}
        assert {column.physical_type for column in columns} <= {"INT32", "INT64", "FLOAT", "DOUBLE", "BYTE_ARRAY"}
    matrix = table.to_pandas().set_index("name")
    assert matrix.loc["BDNF", "CYFIP1"] == pytest.approx(r, abs=1e-12)

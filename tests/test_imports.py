"""Which module may import which: data flows one way."""

import ast
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

PACKAGE = Path(__file__).parents[1] / "coexpr"
# Each line may import from the lines below it, and from its own.
LAYERS = [
    {"coexpr.__main__", "coexpr.cli"},
    {"coexpr.atlas", "coexpr.ingest", "coexpr.categories_ingest", "coexpr.demo"},
    {"coexpr.questions"},
    {"coexpr.route", "coexpr.between_donors", "coexpr.network"},
    {"coexpr.gene_profiles", "coexpr.basis"},
    {"coexpr.representatives", "coexpr.stored_stability", "coexpr.site_views"},
    {"coexpr.expression", "coexpr.network_files"},
    {"coexpr.profiles", "coexpr.matrix_cache"},
    {"coexpr.samples"},
    {
        "coexpr.seeds",
        "coexpr.adhoc_sql",
        "coexpr.values",
        "coexpr.read_ahead",
        "coexpr.categories",
        "coexpr.synthetic",
        "coexpr.answer",
        "coexpr.export",
        "coexpr.shipped",
    },
    {"coexpr.readers", "coexpr.database", "coexpr.lists", "coexpr.threads"},
    {"coexpr.queries", "coexpr.choice", "coexpr.method", "coexpr.restriction"},
    {
        "coexpr.collapse",
        "coexpr.rules",
        "coexpr.stability",
        "coexpr.measures",
        "coexpr.statistics",
        "coexpr.correlate",
        "coexpr.display",
        "coexpr.ranks",
        "coexpr.merge",
        "coexpr.scan",
        "coexpr.edges",
    },
    {"coexpr.resources", "coexpr.errors"},
]
ARRAYS_ONLY = sorted(name.removeprefix("coexpr.") for name in LAYERS[-2])
READERS = sorted(path.stem for path in (PACKAGE / "readers").glob("*.py"))


def name_of(path: Path) -> str:
    return ".".join(["coexpr", *path.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(".__init__")


def imports_of(path: Path) -> set[str]:
    imported = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported.add(node.module)
            imported |= {f"{node.module}.{alias.name}" for alias in node.names}
    return imported


def layer_of(module: str) -> int | None:
    for depth, layer in enumerate(LAYERS):
        if any(module == name or module.startswith(f"{name}.") for name in layer):
            return depth
    return None


MODULES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", [path for path in MODULES if path != PACKAGE / "__init__.py"], ids=name_of)
def test_imports_point_one_way(path: Path) -> None:
    here = layer_of(name_of(path))
    assert here is not None, "every module belongs to a layer"
    upwards = {name for name in imports_of(path) if (there := layer_of(name)) is not None and there < here}
    assert upwards == set()


@pytest.mark.parametrize("module", ARRAYS_ONLY)
def test_numeric_modules_import_nothing_of_ours_but_one_another(module: str) -> None:
    imported = imports_of(PACKAGE / f"{module}.py")
    ours = {name for name in imported if name.startswith("coexpr")}
    assert {name.split(".")[1] for name in ours} <= set(ARRAYS_ONLY)
    assert {name.split(".")[0] for name in imported - ours} <= {
        "numpy",
        "scipy",
        "collections",
        "concurrent",
        "dataclasses",
        "functools",
        "itertools",
        "typing",
    }


@pytest.mark.parametrize("module", READERS)
def test_readers_do_not_know_the_database(module: str) -> None:
    imported = imports_of(PACKAGE / "readers" / f"{module}.py")
    assert not [name for name in imported if name.split(".")[0] == "duckdb"]
    assert not [
        name
        for name in imported
        if name.startswith("coexpr.") and not name.startswith(("coexpr.readers", "coexpr.errors"))
    ]


def test_only_the_command_line_prints_exits_or_imports_typer() -> None:
    for path in MODULES:
        if "cli" in path.parts:
            continue
        assert not imports_of(path) & {"typer", "rich"}, path
        calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        called = {call.id for call in calls if isinstance(call, ast.Name)}
        assert not called & {"print", "exit", "quit", "input"}, path


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom coexpr.cli import app\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0\n"
        "print(*sorted({'duckdb', 'numpy', 'pandas', 'pyarrow', 'scipy', 'platformdirs'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.skipif(
    int(duckdb.__version__.split(".")[0]) < 2, reason="DuckDB before version 2 imports pandas itself to bind parameters"
)
def test_a_query_loads_neither_pandas_nor_scipy(synthetic_database: Path) -> None:
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom coexpr.cli import app\n"
        f"done = CliRunner().invoke(app, ['query', 'NTRK2', '--db', {str(synthetic_database)!r}, '--format', 'csv'])\n"
        "assert done.exit_code == 0, done.output\n"
        "print(*sorted({'pandas', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []

"""Which module may import which: data flows one way."""

import ast
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from helpers.folders import PACKAGE

from coexpr.atlas import Atlas

# Each line may import from the lines below it, and from its own.
LAYERS = [
    {"coexpr.__main__", "coexpr.cli"},
    {"coexpr.atlas", "coexpr.loading.downloads", "coexpr.loading.categories", "coexpr.demo.downloads"},
    {"coexpr.analysis"},
    {
        "coexpr.analysis.provenance",
        "coexpr.analysis.between_donors",
        "coexpr.network.driver",
        "coexpr.network.edge_store",
        "coexpr.network.plan",
    },
    {"coexpr.analysis.profiles", "coexpr.analysis.design"},
    {"coexpr.analysis.probe_selection", "coexpr.database.stored_stability", "coexpr.database.site_views"},
    {"coexpr.database.expression", "coexpr.network.writers"},
    {"coexpr.database.matrix", "coexpr.database.matrix_cache"},
    {"coexpr.database.samples"},
    {
        "coexpr.database.seeds",
        "coexpr.database.name_matching",
        "coexpr.database.adhoc_sql",
        "coexpr.loading.values",
        "coexpr.loading.prefetch",
        "coexpr.database.categories",
        "coexpr.demo.synthetic",
        "coexpr.result",
        "coexpr.output.formats",
        "coexpr.database.bundled",
    },
    {"coexpr.database.names"},
    {
        "coexpr.readers",
        "coexpr.database.connection",
        "coexpr.database.arrow",
        "coexpr.database.batches",
        "coexpr.database.threads",
        "coexpr.network.checkpoint",
    },
    {"coexpr.database.queries", "coexpr.options", "coexpr.sample_filter"},
    {
        "coexpr.stats.collapse",
        "coexpr.stats.rules",
        "coexpr.stats.stability",
        "coexpr.stats.measures",
        "coexpr.stats.meta_analysis",
        "coexpr.stats.correlate",
        "coexpr.stats.site_scale",
        "coexpr.stats.ranks",
        "coexpr.stats.merge",
        "coexpr.stats.scan",
        "coexpr.stats.edges",
        "coexpr.stats.precision",
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


# What takes long to import: a third of a second to a whole one each.
HEAVY = {"pandas", "scipy", "scipy.stats", "matplotlib", "pyarrow", "openpyxl", "fastobo", "rich.markdown"}
# And what is needed as soon as there is a question, but not for --help.
NUMERIC = {"duckdb", "numpy", "platformdirs", "rich", "concurrent.futures", "threadpoolctl"}


def imported_by(*arguments: str) -> set[str]:
    """What of these a command imports, in a new process."""
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom coexpr.cli import app\n"
        f"done = CliRunner().invoke(app, {list(arguments)!r})\n"
        "assert done.exit_code == 0, done.output\n"
        f"print(*sorted(set({sorted(HEAVY | NUMERIC)!r}) & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_help_loads_nothing_heavy() -> None:
    assert imported_by("--help") == set()
    assert imported_by("query", "--help") == set()


@pytest.mark.skipif(
    int(duckdb.__version__.split(".")[0]) < 2, reason="DuckDB before version 2 imports pandas itself to bind parameters"
)
@pytest.mark.parametrize(
    "question",
    [
        ("query", "NTRK2"),
        ("query", "A_23_P216779", "--top", "3", "--format", "csv"),
        ("query", "NTRK2", "--category", "nervous system development"),
        ("query", "NTRK2", "--structure", "Cx", "--method", "spearman"),
        ("probes", "NTRK2"),
    ],
    ids=" ".join,
)
def test_a_question_loads_nothing_that_its_answer_does_not_need(
    synthetic_database: Path, question: tuple[str, ...]
) -> None:
    with Atlas(synthetic_database) as atlas:
        atlas.correlates("NTRK2")  # writes the cache: to read the database takes Arrow
    assert not imported_by(*question, "--db", str(synthetic_database)) & HEAVY


def test_statistics_load_scipy_special_and_no_more(synthetic_database: Path) -> None:
    loaded = imported_by("query", "NTRK2", "--stats", "--db", str(synthetic_database))
    assert "scipy" in loaded
    assert "scipy.stats" not in loaded

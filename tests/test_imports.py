"""Which package may import which: data flows in one direction."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from helpers.folders import PACKAGE

from coexpr.atlas import Atlas

# What each package, or module at the top, may import of ours besides itself.
FOUNDATION = {"errors", "extras", "progress", "resources", "wording"}
ALLOWED: dict[str, set[str]] = {
    "__main__": {"cli", *FOUNDATION},
    "cli": {
        "atlas", "web", "bundling", "sentences", "analysis", "loading", "fetching", "demo", "database", "output",
        "readers", "question", "result", "options", *FOUNDATION,
    },
    "atlas": {"analysis", "network", "database", "readers", "question", "result", "options", *FOUNDATION},
    "analysis": {"network", "database", "output", "readers", "stats", "question", "result", "options", *FOUNDATION},
    "web": {
        "atlas", "sentences", "analysis", "loading", "demo", "database", "output", "question", "result", "options",
        *FOUNDATION,
    },
    "loading": {"database", "output", "readers", "stats", "question", "result", "options", *FOUNDATION},
    "fetching": {"bundling", "output", "readers", "question", "result", *FOUNDATION},
    "bundling": {"database", "output", "readers", "question", "result", "options", *FOUNDATION},
    "demo": {"database", "readers", *FOUNDATION},
    "network": {"database", "output", "stats", "question", "result", *FOUNDATION},
    "database": {"output", "readers", "stats", "question", "result", "options", *FOUNDATION},
    "output": {"question", "result", *FOUNDATION},
    "readers": FOUNDATION - {"progress"},
    "stats": set(),
    "sentences": {"options", "result", "wording"},
    "question": {"options"},
    "result": {"extras", "question"},
    "progress": set(),
    "wording": set(),
    "options": {"errors"},
    "extras": {"errors"},
    "resources": set(),
    "errors": set(),
}  # fmt: skip
NUMERICAL = {"numpy", "scipy"}


def name_of(path: Path) -> str:
    return ".".join(["coexpr", *path.relative_to(PACKAGE).with_suffix("").parts]).removesuffix(".__init__")


def imports_of(path: Path, *, at_run_time: bool = False) -> set[str]:
    """The modules that a file imports; at run time, without those under TYPE_CHECKING."""
    imported = set()
    tree = ast.parse(path.read_text())
    for_types = [
        node
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for statement in block.body
        for node in ast.walk(statement)
    ]
    for node in ast.walk(tree):
        if at_run_time and node in for_types:
            continue
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            imported |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return imported


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"}
PACKAGES = sorted({name.split(".")[1] for name in MODULES})


def package_of(module: str) -> str:
    return module.split(".")[1]


def imported_modules(path: Path) -> set[str]:
    """The modules of ours that a file needs at run time."""
    return {name for name in imports_of(path, at_run_time=True) if name in MODULES}


def test_the_rule_names_every_package() -> None:
    assert set(ALLOWED) == set(PACKAGES)


@pytest.mark.parametrize("name", MODULES)
def test_a_package_imports_only_what_its_rule_allows(name: str) -> None:
    package = package_of(name)
    others = {package_of(module) for module in imported_modules(MODULES[name])} - {package}
    assert others <= ALLOWED[package]


def test_packages_import_one_another_in_one_direction() -> None:
    graph = {package: allowed - {package} for package, allowed in ALLOWED.items()}
    assert list(TopologicalSorter(graph).static_order())


@pytest.mark.long
def test_modules_do_not_import_each_other_in_a_circle() -> None:
    graph = {name: imported_modules(path) - {name} for name, path in MODULES.items()}
    # A package's own __init__ runs before its modules, and imports none of them but in cli.
    assert list(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize("name", [name for name in MODULES if package_of(name) == "stats"])
def test_numerical_modules_import_only_numpy_and_scipy(name: str) -> None:
    imported = imports_of(MODULES[name])
    ours = {module for module in imported if module.startswith("coexpr")}
    assert all(module.startswith("coexpr.stats") for module in ours)
    outside = {module.split(".")[0] for module in imported - ours}
    assert outside <= NUMERICAL | sys.stdlib_module_names


@pytest.mark.parametrize("name", [name for name in MODULES if package_of(name) == "readers"])
def test_readers_do_not_know_the_database(name: str) -> None:
    assert not [module for module in imports_of(MODULES[name]) if module.split(".")[0] == "duckdb"]


@pytest.mark.long
def test_no_test_imports_another_test() -> None:
    tests = Path(__file__).parent
    importing = [path for path in tests.rglob("*.py") if any("test_" in name for name in imports_of(path))]
    assert importing == []


@pytest.mark.long
def test_only_the_command_line_prints_exits_or_imports_typer() -> None:
    for path in MODULES.values():
        if "cli" in path.parts:
            continue
        assert not imports_of(path) & {"typer", "rich"}, path
        calls = [node.func for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        called = {call.id for call in calls if isinstance(call, ast.Name)}
        assert not called & {"print", "exit", "quit", "input"}, path


# What takes long to import: a third of a second to a whole one each.
HEAVY = {
    "pandas",
    "scipy",
    "scipy.stats",
    "matplotlib",
    "pyarrow",
    "openpyxl",
    "fastobo",
    "rich.markdown",
    "distributed",
    "dask",
}
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


@pytest.mark.long
@pytest.mark.parametrize(
    "question",
    [
        ("query", "NTRK2"),
        ("query", "A_23_P216779", "--top", "3", "--format", "csv"),
        ("query", "NTRK2", "--category", "nervous system development"),
        ("query", "NTRK2", "--structure", "Cx", "--method", "spearman"),
        ("query", "NTRK2", "--by-donor"),
        ("pair", "NTRK2", "BDNF"),
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

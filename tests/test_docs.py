"""The documentation says what is so: commands run, outputs agree, tables and modules are all there."""

import re
import shlex
import subprocess
from pathlib import Path

import comments
import duckdb
import pytest
from helpers.folders import TOP
from helpers.shells import SHELLS
from typer.testing import CliRunner

import coexpr
from coexpr.cli import app

PAGES = [TOP / "README.md", *sorted((TOP / "docs").glob("*.md"))]
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.M | re.S)


def sessions(page: Path) -> list[tuple[str, str]]:
    """Return each command of a page's console blocks with the output that the page shows."""
    found = []
    for block in CONSOLE.findall(page.read_text()):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


def agrees(shown: str, printed: str) -> bool:
    """Say whether the output is what the page shows, a line "…" standing for any lines."""
    lines = [re.escape(line.rstrip()) for line in shown.rstrip().splitlines()]
    pattern = "\n".join(lines).replace("\n…\n", "\n(?:.*\n)*?").replace("…", "(?s:.*)")
    return re.fullmatch(pattern, "\n".join(line.rstrip() for line in printed.rstrip().splitlines())) is not None


@pytest.mark.parametrize("page", [page for page in PAGES if sessions(page)], ids=lambda page: page.name)
def test_every_command_prints_what_the_page_shows(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for command, shown in sessions(page):
        first, *arguments = shlex.split(command)
        if first == "export":
            monkeypatch.setenv(*arguments[0].split("="))
            continue
        assert first == "coexpr"
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, done.output
        assert agrees(shown, done.output), f"{command} prints\n{done.output}"


def shell_sessions(page: Path) -> list[tuple[str, str]]:
    """Return each statement of a page's shell blocks with the output that the page shows."""
    found = []
    for block in re.findall(r"^```duckdb\n(.*?)^```$", page.read_text(), re.M | re.S):
        for part in re.split(r"^D ", block, flags=re.M)[1:]:
            statement, end, output = part.partition(";\n")
            found.append((statement + end.strip(), output))
    return found


@pytest.mark.skipif(not SHELLS, reason="no duckdb shell is installed")
def test_the_shell_prints_what_the_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(app, ["demo"]).exit_code == 0
    shown = shell_sessions(TOP / "docs" / "sql.md")
    assert len(shown) >= 6
    for shell in SHELLS:
        for statement, output in shown:
            command = [shell, "-readonly", "coexpr-demo/demo.duckdb", "-c", statement]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.stdout + done.stderr == output, statement


def test_the_python_of_the_page_about_sql_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = re.findall(r"^```python\n(.*?)^```$", (TOP / "docs" / "sql.md").read_text(), re.M | re.S)
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(app, ["demo"]).exit_code == 0
    names: dict[str, object] = {}
    exec(example, names)
    assert len(names["frame"]) == 6
    assert sorted(names["joined"]["r"]) == sorted(names["frame"]["r"])


def test_the_python_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (example,) = re.findall(r"^```python\n(.*?)^```$", (TOP / "README.md").read_text(), re.M | re.S)
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(app, ["demo", "--probes", "60", "--samples", "60"]).exit_code == 0
    names: dict[str, object] = {}
    exec(example, names)
    assert len(names["frame"]) > 10
    assert len(names["by_donor"]) == 6


def test_every_comment_in_the_database_is_the_sentence_of_the_page(empty_database: duckdb.DuckDBPyConnection) -> None:
    page = (TOP / "docs" / "data-model.md").read_text()
    assert comments.definitions(page) == comments.FILE.read_text()
    commented = [comment for *_, comment in comments.objects(empty_database)]
    assert len(commented) > 250
    assert None not in commented
    changed = page.replace("A donor: one brain.", "A donor's brain.")
    assert "comment on table donors is 'A donor''s brain.';" in list(comments.statements(changed, empty_database))
    with pytest.raises(KeyError, match=re.escape("'alias'")):
        list(comments.statements(page.replace("| `alias` |", "| `aliases` |"), empty_database))
    with pytest.raises(LookupError, match="'ages'"):
        list(comments.statements(page.replace("| `age` |", "| `ages` | No. |\n| `age` |"), empty_database))


def test_every_macro_is_described_with_its_parameters(empty_database: duckdb.DuckDBPyConnection) -> None:
    text = (TOP / "docs" / "data-model.md").read_text()
    macros = empty_database.execute(
        "select function_name, parameters from duckdb_functions() where not internal"
    ).fetchall()
    assert len(macros) >= 15
    for name, parameters in macros:
        (said,) = re.findall(rf"^\| `{name}\(([^`]*)\)` \|", text, re.M)
        assert [parameter.split(" ")[0] for parameter in said.split(", ")] == parameters


def test_the_schema_version_is_said() -> None:
    count = len(list((TOP / "migrations").glob("*.sql")))
    assert f"Schema version {count}." in (TOP / "docs" / "data-model.md").read_text()


def test_every_module_has_its_room_in_the_architecture() -> None:
    text = (TOP / "docs" / "architecture.md").read_text()
    missing = [
        path.stem for path in (TOP / "coexpr").glob("*.py") if not path.stem.startswith("__") and path.name not in text
    ]
    assert missing == []


def test_every_command_is_in_the_readme() -> None:
    text = (TOP / "README.md").read_text()
    commands = [command.name for command in app.registered_commands]
    assert len(commands) >= 5
    assert [name for name in commands if f"coexpr {name}" not in text] == []


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_changelog_knows_this_version() -> None:
    text = (TOP / "CHANGELOG.md").read_text()
    released = coexpr.__version__ if "dev" not in coexpr.__version__ else "Unreleased"
    assert f"## {released}" in text or f"## [{released}]" in text

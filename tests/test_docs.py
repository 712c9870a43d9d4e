"""Run the commands, SQL and Python of the documentation, and compare it with the code."""

import re
import shlex
import subprocess
from pathlib import Path

import comments
import duckdb
import pytest
import tutorial
import typer.core
import typer.main
from helpers.folders import TOP
from helpers.shells import SHELLS
from typer.testing import CliRunner

import coexpr
from coexpr.atlas import Atlas
from coexpr.cli import app
from coexpr.cli.commands import Commands

pytestmark = pytest.mark.long

PAGES = [TOP / "README.md", *sorted((TOP / "docs").glob("*.md"))]
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.M | re.S)
DUCKDB = re.compile(r"^```duckdb\n(.*?)^```$", re.M | re.S)
PYTHON = re.compile(r"^```python\n(.*?)^```\n\n```text\n(.*?)^```$", re.M | re.S)
SQL = re.compile(r"^```sql\n(.*?)^```$", re.M | re.S)
FENCED = re.compile(r"^```.*?^```$", re.M | re.S)
COMMAND = re.compile(r"^(?:\$ )?coexpr (.+)$", re.M)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which `coexpr demo` was run; tests only read it."""
    folder = tmp_path_factory.mktemp("demo")
    assert CliRunner().invoke(app, ["demo", str(folder / "coexpr-demo")]).exit_code == 0
    return folder


def sessions(page: Path) -> list[tuple[str, str]]:
    """Return each command of a page's console blocks with the output that the page shows."""
    found = []
    for block in CONSOLE.findall(page.read_text()):
        for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
            command, _, output = part.partition("\n")
            found.append((command, output))
    return found


def agrees(shown: str, printed: str) -> bool:
    """Return whether the output equals what the page shows; a line "…" of the page replaces any number of lines."""
    pattern = "".join("(?:.*\n)*" if line == "…" else f"{re.escape(line.rstrip())}\n" for line in shown.splitlines())
    return re.fullmatch(pattern, "".join(f"{line.rstrip()}\n" for line in printed.rstrip().splitlines())) is not None


def test_output_is_compared_line_by_line() -> None:
    assert agrees("a\nb\n", "a  \nb\n")
    assert agrees("…\nb\n", "a\na\nb\n")
    assert agrees("a\n…\n", "a\n")
    assert not agrees("a\n", "a\nb\n")
    assert not agrees("a…\n", "ab\n")
    assert not agrees("…\nb\n", "ab\n")


@pytest.mark.parametrize("page", [page for page in PAGES if sessions(page)], ids=lambda page: page.name)
def test_every_command_prints_what_the_page_shows(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(tmp_path)
    # Commands on the real download name its gene or its database. They come last, and are skipped where it is absent.
    real = [session for session in sessions(page) if "gabra4" in session[0].lower()]
    run_sessions([session for session in sessions(page) if session not in real], monkeypatch)
    if real:
        shared_data = request.getfixturevalue("shared_data")
        tutorial.put_download(shared_data / "heatmap-gabra4" / "samples_log2intensities", tmp_path)
        run_sessions(real, monkeypatch)


def run_sessions(expected: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Run commands, and compare their output with what a page shows."""
    for command, shown in expected:
        first, *arguments = shlex.split(command)
        if first == "export":
            monkeypatch.setenv(*arguments[0].split("="))
            continue
        assert first == "coexpr"
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, done.output
        assert agrees(shown, done.output), f"{command} prints\n{done.output}"


def test_the_tutorial_needs_ten_commands() -> None:
    page = tutorial.PAGE.read_text()
    in_the_shell = "".join(re.findall(r"^```sh\n(.*?)^```$", page, re.M | re.S)).splitlines()
    assert len(sessions(tutorial.PAGE)) + len(in_the_shell) == 10


@pytest.mark.parametrize("file", tutorial.figures())
def test_the_figures_of_the_tutorial_are_drawn_by_its_commands(
    file: str, demo: Path, gabra4: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = pytest.importorskip("PIL.Image", reason="matplotlib, with which Pillow comes, is not installed")
    monkeypatch.chdir(tmp_path)
    (words,) = [words for words in tutorial.commands() if file in words]
    place = words.index("--db") + 1
    words[place] = str(gabra4 if words[place] == "gabra4.duckdb" else demo / words[place])
    assert CliRunner().invoke(app, words).exit_code == 0
    with image.open(file) as drawn, image.open(tutorial.figures()[file]) as shown:
        assert shown.width == drawn.width // 2
        assert shown.height == pytest.approx(drawn.height / 2, rel=0.05)  # versions of matplotlib set text differently


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_has_the_options_that_the_page_uses(page: Path) -> None:
    for line in commands_of(page):
        arguments = shlex.split(line, comments=True)
        if arguments[0] != "help":
            path = parse(arguments)
            assert path == f"coexpr {' '.join(arguments[: path.count(' ')])}"


def commands_of(page: Path) -> list[str]:
    """Return the arguments of coexpr in every line of a page's code blocks that begins with it."""
    return [line for block in FENCED.findall(page.read_text()) for line in COMMAND.findall(block)]


def parse(arguments: list[str]) -> str:
    """Parse the arguments of coexpr without running the command; return the words that name it."""
    command = typer.main.get_command(app)
    context = command.make_context("coexpr", arguments)
    while isinstance(command, typer.core.TyperGroup):
        name, found, arguments = command.resolve_command(context, arguments)
        assert found is not None
        command, context = found, found.make_context(name, arguments, parent=context)
    return context.command_path


def shell_sessions(page: Path) -> list[tuple[str, str]]:
    """Return each statement of a page's shell blocks with the output that the page shows."""
    found = []
    for block in DUCKDB.findall(page.read_text()):
        for part in re.split(r"^D ", block, flags=re.M)[1:]:
            statement, end, output = part.partition(";\n")
            found.append((statement + end.strip(), output))
    return found


@pytest.mark.skipif(not SHELLS, reason="no duckdb shell is installed")
def test_the_shell_prints_what_the_page_shows(demo: Path) -> None:
    shown = shell_sessions(TOP / "docs" / "sql.md")
    assert len(shown) >= 6
    for shell in SHELLS:
        for statement, output in shown:
            command = [shell, "-readonly", str(demo / "coexpr-demo" / "demo.duckdb"), "-c", statement]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.stdout + done.stderr == output, statement


@pytest.mark.parametrize("page", [page for page in PAGES if SQL.search(page.read_text())], ids=lambda page: page.name)
def test_every_sql_statement_returns_rows(page: Path, demo: Path) -> None:
    with Atlas(demo / "coexpr-demo" / "demo.duckdb") as atlas:
        for block in SQL.findall(page.read_text()):
            for statement in block.strip().removesuffix(";").split(";\n"):
                parameters = {"gene": "NTRK2"} if "$gene" in statement else None
                assert atlas.sql(statement, parameters).fetchall() != [], statement


@pytest.mark.parametrize("name", ["README.md", "docs/probes.md", "docs/sql.md"])
def test_the_python_examples_print_what_the_page_shows(
    name: str, demo: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (TOP / name).read_text()
    examples = PYTHON.findall(page)
    assert len(examples) == page.count("```python\n") > 0
    monkeypatch.chdir(demo)
    for code, output in examples:
        exec(code, {})
        assert capsys.readouterr().out == output


def test_every_comment_in_the_database_is_the_sentence_of_the_page(empty_database: duckdb.DuckDBPyConnection) -> None:
    page = (TOP / "docs" / "data-model.md").read_text()
    assert comments.definitions(page) == comments.FILE.read_text()
    commented = [comment for *_, comment in comments.objects(empty_database)]
    assert len(commented) > 250
    assert None not in commented
    changed = page.replace("One row per donor: a person whose brain was sampled.", "A donor's brain.")
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
        (described,) = re.findall(rf"^\| `{name}\(([^`]*)\)` \|", text, re.M)
        assert [parameter.split(" ")[0] for parameter in described.split(", ")] == parameters


def test_the_schema_version_is_that_of_the_page() -> None:
    versions = re.findall(r"^Schema version (\d+)\.", (TOP / "docs" / "data-model.md").read_text(), re.M)
    assert versions == [str(len(list((TOP / "migrations").glob("*.sql"))))]


def test_every_package_and_module_is_in_the_architecture() -> None:
    cells = re.findall(r"^\| (`[^|]+) \|", (TOP / "docs" / "architecture.md").read_text(), re.M)
    described = {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}
    packages = {f"{path.parent.name}/" for path in (TOP / "coexpr").glob("*/__init__.py")}
    modules = {path.name for path in (TOP / "coexpr").glob("*.py") if not path.stem.startswith("__")}
    assert len(packages) >= 8
    assert described == packages | modules | {"sql/", "sql/schema/", "migrations/", "tests/"}


def test_the_readme_has_every_command_and_no_other() -> None:
    commands = set(Commands())
    lines = [line.split() for line in commands_of(TOP / "README.md")]
    shown = {two if (two := " ".join(words[:2])) in commands else words[0] for words in lines}
    assert shown == commands | {"help"}


def test_links_lead_to_files_and_headings() -> None:
    for page in PAGES:
        for target, heading in re.findall(r"\]\(([^)#:]+)(?:#([^)]*))?\)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
            if heading:
                text = (page.parent / target).read_text()
                headings = [anchor_of(line) for line in re.findall(r"^#+ (.+)$", text, re.M)]
                assert heading in headings, f"{page.name}: {target}#{heading}"


def anchor_of(heading: str) -> str:
    """Return the anchor of a heading, as GitHub and the documentation site make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_the_changelog_has_this_version() -> None:
    first = re.findall(r"^## (.+)$", (TOP / "CHANGELOG.md").read_text(), re.M)[0]
    is_released = "dev" not in coexpr.__version__
    assert re.fullmatch(rf"\[?{re.escape(coexpr.__version__)}\]?( .*)?" if is_released else "Unreleased", first)

"""The documentation site: it is built without warnings, is complete, and needs no other server."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path

import pytest
import typer.core
import typer.main
from helpers.folders import TOP

from coexpr.cli import app
from coexpr.cli.glossary import GLOSSARY
from coexpr.errors import CoexprError

pytestmark = pytest.mark.long

DOCS = TOP / "docs"
# What a browser loads with a page: elements and the attribute that names the file.
_LOADED = {"script": "src", "link": "href", "img": "src", "source": "src", "iframe": "src", "object": "data"}
_REMOTE = re.compile(r"^(?:https?:)?//", re.I)

if find_spec("sphinx") is None:
    pytest.skip("sphinx is not installed", allow_module_level=True)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built from copies: the generated pages are not written to the checkout."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(DOCS, folder / "docs", ignore=shutil.ignore_patterns("reference"))
    for name in ("README.md", "CHANGELOG.md", "CITATION.cff", "LICENSE", "coexpr"):
        (folder / name).symlink_to(TOP / name)
    options = ["-W", "--keep-going", "-n", "-q", "-c", str(DOCS)]
    command = [sys.executable, "-m", "sphinx", *options, str(folder / "docs"), str(folder / "html")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return folder / "html"


class _Loaded(HTMLParser):
    """Collects the files that a browser loads with a page."""

    def __init__(self) -> None:
        super().__init__()
        self.files: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in _LOADED and given.get(_LOADED[tag]):
            self.files.append(str(given[_LOADED[tag]]))


def loaded_with(page: Path) -> list[str]:
    parser = _Loaded()
    parser.feed(page.read_text(encoding="utf-8"))
    return parser.files


def test_every_page_is_built_and_in_the_navigation(site: Path) -> None:
    pages = {path.relative_to(DOCS).with_suffix(".html") for path in DOCS.iterdir() if path.suffix in (".md", ".ipynb")}
    assert len(pages) >= 15
    navigation = (site / "index.html").read_text(encoding="utf-8")
    for page in pages - {Path("index.html")}:
        assert (site / page).exists()
        assert f'href="{page}"' in navigation, page


def test_no_page_loads_anything_from_another_server(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 40
    loaded = {(page.name, file) for page in pages for file in loaded_with(page)}
    assert {file for _, file in loaded if _REMOTE.match(file)} == set()
    assert len({file for _, file in loaded if file.endswith(".png")}) > 10
    for sheet in site.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        assert not re.search(r"(?:url\(\s*['\"]?|@import\s+['\"])(?:https?:)?//", text), sheet.name


def test_every_file_that_a_page_loads_is_part_of_the_site(site: Path) -> None:
    for page in site.rglob("*.html"):
        for file in loaded_with(page):
            path = file.partition("?")[0].partition("#")[0]
            assert path.startswith("data:") or not path or (page.parent / path).exists(), f"{page.name}: {file}"


def test_the_search_works_without_a_server(site: Path) -> None:
    index = (site / "searchindex.js").read_text(encoding="utf-8")
    assert index.startswith("Search.setIndex(")
    assert "faq" in index


def commands() -> Iterator[list[str]]:
    """Yield the words of every command."""
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    shown = {name: command for name, command in group.commands.items() if not command.hidden}
    for name, command in shown.items():
        yield name.split()
        if isinstance(command, typer.core.TyperGroup):
            yield from ([name, below] for below in command.commands)


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_every_command_has_a_page_with_its_options(site: Path, words: list[str]) -> None:
    text = (site / "reference" / "commands" / f"{'-'.join(words)}.html").read_text(encoding="utf-8")
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    command = group.commands.get(" ".join(words)) or group.commands[words[0]].commands[words[1]]
    assert f"<h1>coexpr {' '.join(words)}<" in text
    for parameter in command.params:
        for option in parameter.opts if parameter.param_type_name == "option" else ():
            assert option in text, option


def test_the_reference_has_every_term_and_error(site: Path) -> None:
    glossary = (site / "reference" / "glossary.html").read_text(encoding="utf-8")
    errors = (site / "reference" / "python" / "errors.html").read_text(encoding="utf-8")
    assert all(f'id="term-{name.replace(" ", "-")}"' in glossary.replace("_", "_") for name in GLOSSARY)
    for error in [CoexprError, *CoexprError.__subclasses__()]:
        assert f".{error.__name__}" in errors

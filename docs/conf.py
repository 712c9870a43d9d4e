"""Sphinx settings of the documentation site.

Build it with: python -m sphinx -W --keep-going -n docs site
"""

import re
import sys
from pathlib import Path
from typing import Any, get_origin

from pygments.lexer import inherit
from pygments.lexers.special import TextLexer
from pygments.lexers.sql import SqlLexer
from pygments.token import Name
from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parents[1] / ".ci"))

import reference
from notebook_page import NotebookParser

from coexpr import __version__

project = "coexpr"
version = release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_static"]

smartquotes_action = "D"  # dashes only: quotes stay as they are typed

html_theme = "furo"
html_title = f"coexpr {__version__}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say the types, and signatures stay readable
napoleon_google_docstring = False
napoleon_use_rtype = True
# Words in single backticks are links where they name an object, and else parameters or values.
default_role = "py:obj"
# Types that are described in words, names of dimensions, classes of other packages, and internal ones are no links.
nitpick_ignore_regex = [
    ("py:obj", ".*"),
    ("py:class", r"[^A-Z].*|[A-Z]|.*[^\w.].*"),
    ("py:class", r"AnnData|Axes|DuckDBPyRelation|Expression|RecordBatch|Samples|Schema"),
]

# Pages that show a file of the top folder, so that its text is in one place.
_SHOWN = {"introduction": "README.md", "changelog": "CHANGELOG.md"}


class DuckDBLexer(SqlLexer):
    """SQL with the parameters of prepared statements."""

    tokens = {"root": [(r"\$\w+", Name.Variable), inherit]}  # noqa: RUF012  (as Pygments expects it)


def show_files(app: Sphinx, page: str, source: list[str]) -> None:
    """Replace the text of a page by the file that it shows, and adapt links to files of the top folder."""
    text = source[0]
    if page in _SHOWN:
        path = app.srcdir.parent / _SHOWN[page]
        app.env.note_dependency(path)
        _, _, body = path.read_text(encoding="utf-8").partition("\n")
        heading, _, _ = text.partition("\n")
        body = re.sub(r"\]\((?!\w+:|#|docs/)", "](../", body).replace("](docs/", "](")
        text = f"{heading}\n{body}"
    for other, name in _SHOWN.items():
        text = text.replace(f"](../{name}", f"]({other}.md")
    source[0] = text.replace("](../", "](path:../")  # files that are no pages are downloads


def write_reference(app: Sphinx) -> None:
    """Write the generated pages to reference/, and remove those of earlier builds that have no source anymore."""
    folder = app.srcdir / "reference"
    pages = {folder / name: text for name, text in reference.pages().items()}
    for path in set(folder.rglob("*.md")) - pages.keys():
        path.unlink()
    for path, text in pages.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:  # an unchanged page is not built again
            path.write_text(text, encoding="utf-8")


def plain_bases(_app: Sphinx, _name: str, _found: object, _options: object, bases: list[Any]) -> None:
    """Show Result instead of Result[PairProvenance] as the base of a class."""
    bases[:] = [get_origin(base) or base for base in bases]


def setup(app: Sphinx) -> None:
    """Connect what this site adds to Sphinx."""
    app.add_source_suffix(".ipynb", "notebook")
    app.add_source_parser(NotebookParser)
    app.add_lexer("sql", DuckDBLexer)
    app.add_lexer("duckdb", TextLexer)
    app.connect("builder-inited", write_reference)
    app.connect("autodoc-process-bases", plain_bases)
    app.connect("source-read", show_files)

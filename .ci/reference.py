"""Return the pages of the documentation site that are generated from the code.

docs/conf.py writes them to docs/reference/ when the site is built: a page per command from the typer app, the Python
reference from docstrings, the SQL reference from the comments of an empty database, and the glossary.
"""

import ast
import functools
import importlib
import inspect
import pkgutil
import re
import tempfile
import textwrap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic

import comments
import duckdb
import typer
from typer.core import TyperGroup
from typer.main import get_command

import coexpr
from coexpr.atlas import Atlas
from coexpr.cli import app
from coexpr.cli.glossary import GLOSSARY
from coexpr.database.writing import open_for_writing
from coexpr.fetching.transfer import Patience
from coexpr.result import Provenance, Result

Sections = list[tuple[str, list[tuple[str, str]]]]
_EXAMPLES = re.compile(r"^Examples?:\s*")
_COLUMN = re.compile(r"^(\S+): (.+)$", re.S)
# Packages that define what Python users receive.
_PACKAGES = (
    "analysis", "database", "errors", "fetching", "loading", "network", "options", "question", "readers", "result",
    "stats",
)  # fmt: skip
# Modules whose objects are fields of results, and not for users.
_INTERNAL = ("coexpr.database.expression", "coexpr.database.samples")
_CLASS_NAME = re.compile(r"\b[A-Z]\w*")


def pages() -> dict[str, str]:
    """Return the text of every page by its path in docs/reference/."""
    return {"glossary.md": glossary_page(), "sql.md": sql_page()} | command_pages() | python_pages()


# Commands


class _Recorder:
    """Takes the place of the formatter of --help, and keeps the sections that a command writes."""

    width = 1000  # first sentences of commands are not cut

    def __init__(self) -> None:
        self.sections: Sections = []

    @contextmanager
    def section(self, heading: str) -> Iterator[None]:
        self.sections.append((heading, []))
        yield

    def write_dl(self, records: Iterable[tuple[str, str]]) -> None:
        self.sections[-1][1].extend(records)


def commands() -> Iterator[typer.Context]:
    """Yield the context of every command and group, `coexpr` itself first."""
    pending = [typer.Context(get_command(app), info_name="coexpr")]
    while pending:
        context = pending.pop(0)
        yield context
        pending += _subcommands(context)


def _subcommands(context: typer.Context) -> list[typer.Context]:
    group = context.command
    if not isinstance(group, TyperGroup):
        return []
    found = [(name, group.get_command(context, name)) for name in group.list_commands(context)]
    return [
        typer.Context(command, info_name=name, parent=context)
        for name, command in found
        if command is not None and not command.hidden
    ]


def path_of(context: typer.Context) -> str:
    """Return the path of a command's page: commands/categories-list.md for `coexpr categories list`."""
    words = context.command_path.split()[1:]
    return f"commands/{'-'.join(words) or 'index'}.md"


def command_pages() -> dict[str, str]:
    """Return a page per command."""
    return {path_of(context): command_page(context) for context in commands()}


def command_page(context: typer.Context) -> str:
    """Return what --help prints, as a page."""
    command = context.command
    title = "Commands" if context.parent is None else context.command_path
    pieces = " ".join(command.collect_usage_pieces(context))
    texts, examples = _parts_of_help(command.help or "")
    recorder = _Recorder()
    command.format_options(context, recorder)  # type: ignore[arg-type]  # as much of a formatter as is used
    parts = [f"# {title}", *map(escaped, texts), _fenced("text", f"{context.command_path} {pieces}")]
    subcommands = _subcommands(context)
    if subcommands:
        parts += _list_of(subcommands)
    for heading, records in recorder.sections:
        if heading != "Commands":
            parts += [f"## {heading}", *(_definition(f"`{names}`", text) for names, text in records)]
    parts += _columns(command.epilog or "")
    if examples:
        language = "sh" if examples.startswith("coexpr") else "sql"
        parts += ["## Examples", _fenced(language, examples)]
    if calls := _calls(command.callback):
        parts += ["## In Python", "\n".join(f"- {call}" for call in calls)]
    return "\n\n".join(parts) + "\n"


def _list_of(contexts: list[typer.Context]) -> list[str]:
    """Return a list of commands with their first sentences, and the tree of their pages."""
    names = [Path(path_of(context)).name for context in contexts]
    lines = [
        f"[`{context.command_path}`]({name})\n: {escaped(context.command.get_short_help_str(limit=200))}"
        for context, name in zip(contexts, names, strict=True)
    ]
    entries = "\n".join([":hidden:", "", *(name.removesuffix(".md") for name in names)])
    return ["## Commands", *lines, _fenced("{toctree}", entries)]


def _parts_of_help(text: str) -> tuple[list[str], str]:
    """Return the paragraphs of a command's help, and its examples."""
    texts, examples = [], ""
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        plain = paragraph.removeprefix("\b").strip()
        if _EXAMPLES.match(plain):
            examples = textwrap.dedent(_EXAMPLES.sub("", plain, count=1))
            examples = "\n".join(line.strip() for line in examples.splitlines())
        elif plain:
            texts.append(plain)
    return texts, examples


def _columns(epilog: str) -> list[str]:
    """Return the columns that the end of the help explains, with links to the glossary."""
    if not epilog:
        return []
    heading, *paragraphs = epilog.split("\n\n")
    found = [_COLUMN.match(paragraph) for paragraph in paragraphs]
    if not heading.startswith("Columns") or not all(found):
        return [escaped(epilog)]
    rows = [_definition(f"{{term}}`{row[1]}`", row[2]) for row in found if row]
    return ["## Columns", *rows, "The [glossary](../glossary.md) has more."]


def _calls(callback: Any) -> list[str]:
    """Return links to what a command calls: methods of Atlas that return something, and functions of coexpr."""
    if callback is None:
        return []
    tree = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(callback))))
    functions = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    methods = {func.attr for func in functions if isinstance(func, ast.Attribute) and _is_atlas(func.value)}
    returning = {
        name for name in methods if hasattr(Atlas, name) and getattr(Atlas, name).__annotations__.get("return")
    }
    imports = [alias for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names]
    name_of = {alias.asname: alias.name for alias in imports}
    called = {name_of.get(func.id, func.id) for func in functions if isinstance(func, ast.Name)}
    public = {name for name in called & set(coexpr.__all__) if inspect.isfunction(getattr(coexpr, name))}
    return [
        *(f"{{py:func}}`coexpr.{name}`" for name in sorted(public)),
        *(f"{{py:meth}}`coexpr.Atlas.{name}`" for name in sorted(returning)),
    ]


def _is_atlas(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "atlas"


# Glossary and SQL


def glossary_page() -> str:
    """Return the terms of `coexpr glossary`."""
    terms = "\n\n".join(f"{name}\n  {escaped(GLOSSARY[name])}" for name in sorted(GLOSSARY, key=str.lower))
    head = "# Glossary\n\nThe columns of results, and terms. `coexpr glossary TERM` prints an entry."
    return f"{head}\n\n{_fenced('{glossary}', terms)}\n"


def sql_page() -> str:
    """Return the tables, views and macros of an empty database, with their comments."""
    signatures = dict(re.findall(r"^\| `((\w+)\([^`]*\))` \|", comments.PAGE.read_text(encoding="utf-8"), re.M))
    by_name = {name: signature for signature, name in signatures.items()}
    head = (
        "# SQL\n\nThe tables, views and macros of the database, with the comments that the database itself contains. "
        "Their source is the [data model](../data-model.md), which also explains keys, the storage of expression "
        "values and the definition of r."
    )
    parts = [head]
    with tempfile.TemporaryDirectory() as folder, open_for_writing(Path(folder) / "empty.duckdb") as connection:
        for kind in ("table", "view"):
            parts += [f"## {kind.capitalize()}s", *_relations(connection, kind)]
        macros = [(name, comment) for what, name, _, comment in comments.objects(connection) if what == "macro"]
    parts += ["## Macros", *(_definition(f"`{by_name[name]}`", comment or "") for name, comment in macros)]
    return "\n\n".join(parts) + "\n"


def _relations(connection: duckdb.DuckDBPyConnection, kind: str) -> Iterator[str]:
    """Yield a section per table or view, with its columns."""
    found = connection.execute(f"select {kind}_name, comment from duckdb_{kind}s() where not internal order by all")
    for name, comment in found.fetchall():
        columns = connection.execute(
            "select column_name, data_type, comment from duckdb_columns() where table_name = ? order by column_index",
            [name],
        ).fetchall()
        rows = [f"| `{column}` | {kind_of} | {cell(text)} |" for column, kind_of, text in columns]
        table = "\n".join(["| column | type | meaning |", "|---|---|---|", *rows])
        yield f"### {name}\n\n{escaped(comment)}\n\n{table}"


# Python


def python_pages() -> dict[str, str]:
    """Return the pages of the Python reference, whose texts autodoc takes from the docstrings."""
    options, errors = (_defined_in(name) for name in ("coexpr.options", "coexpr.errors"))
    public = [getattr(coexpr, name) for name in coexpr.__all__]
    functions = [f".. autofunction:: coexpr.{found.__name__}" for found in public if inspect.isfunction(found)]
    answers = [*vars(Atlas).values(), *filter(inspect.isfunction, public)]
    returned = {found for answer in answers for found in _classes_in(_return_of(answer), _module_of(answer))}
    provenances = _reachable({found for found in _all_classes() if issubclass(found, Provenance)})
    provenances -= {found for found in provenances if issubclass(found, Result)}
    results = _reachable({Result, *returned}) - provenances
    contents = {
        "atlas": ("Atlas", _documented([Atlas])),
        "functions": ("Functions", _fenced("{eval-rst}", "\n\n".join(functions))),
        "options": ("Options", _documented(options)),
        "results": ("Results", _documented(_sorted(results - {Atlas, *options, *errors}))),
        "provenance": ("Provenance", _documented(_sorted(provenances - {*options, *errors}))),
        "progress": ("Progress and patience", _documented([*_defined_in("coexpr.progress"), Patience])),
        "errors": ("Errors", _documented(errors)),
    }
    written = {f"python/{name}.md": f"# {title}\n\n{text}\n" for name, (title, text) in contents.items()}
    toctree = _fenced("{toctree}", "\n".join([":maxdepth: 2", "", *contents]))
    return written | {"python/index.md": f"# Python\n\n{coexpr.__doc__}\n{toctree}\n"}


def _defined_in(module: str) -> list[type]:
    """Return the public classes that a module defines, in their order."""
    found = vars(importlib.import_module(module)).items()
    return [one for name, one in found if inspect.isclass(one) and one.__module__ == module and name[0] != "_"]


def _all_classes() -> set[type]:
    """Return the public classes of the library."""
    modules = [module.name for module in pkgutil.walk_packages(coexpr.__path__, "coexpr.")]
    return {found for name in modules if name.split(".")[1] in _PACKAGES for found in _defined_in(name)}


def _reachable(roots: Iterable[type]) -> set[type]:
    """Return classes with their bases and the classes of their public fields."""
    found: set[type] = set()
    pending = list(roots)
    while pending:
        one = pending.pop()
        if one in found or not one.__module__.startswith("coexpr.") or one.__name__.startswith("_"):
            continue
        found.add(one)
        pending += one.__bases__
        for name, annotation in vars(one).get("__annotations__", {}).items():
            pending += [] if name.startswith("_") else _classes_in(annotation, one.__module__)
    return found


def _classes_in(annotation: Any, module: str) -> list[type]:
    """Return the classes that an annotation of a module names, also those imported for type checkers only."""
    names = _CLASS_NAME.findall(annotation if isinstance(annotation, str) else inspect.formatannotation(annotation))
    known = _names_of(module)
    found = [known[name] for name in names if inspect.isclass(known.get(name))]
    return [one for one in found if not one.__module__.startswith(_INTERNAL)]


@functools.cache
def _names_of(module: str) -> dict[str, Any]:
    imported = importlib.import_module(module)
    names: dict[str, Any] = {}
    for node in ast.walk(ast.parse(inspect.getsource(imported))):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("coexpr."):
            source = importlib.import_module(str(node.module))
            names |= {alias.name: getattr(source, alias.name) for alias in node.names if hasattr(source, alias.name)}
    return names | vars(imported)


def _return_of(answer: Any) -> Any:
    return getattr(answer, "__annotations__", {}).get("return", "")


def _module_of(answer: Any) -> str:
    return str(getattr(answer, "__module__", None) or "coexpr")


def _sorted(classes: Iterable[type]) -> list[type]:
    """Return classes in the order of the page: the base first, then by name."""
    return sorted(classes, key=lambda found: (found not in (Result, Provenance), found.__name__))


def _public_name(found: type) -> str:
    return f"coexpr.{found.__name__}" if found.__name__ in coexpr.__all__ else f"{found.__module__}.{found.__name__}"


def _documented(classes: Iterable[type]) -> str:
    """Return the directives that document classes with their methods, and with their bases if they have any."""
    directives = []
    for found in classes:
        kind = "exception" if issubclass(found, Exception) else "class"
        has_bases = not set(found.__bases__) <= {object, Generic}
        options = "\n   :members:" + "\n   :show-inheritance:" * has_bases
        if fields := getattr(found, "_fields", ()):  # of a named tuple: the docstring describes them
            options += f"\n   :exclude-members: {', '.join(fields)}"
        directives.append(f".. auto{kind}:: {_public_name(found)}{options}")
    return _fenced("{eval-rst}", "\n\n".join(directives))


# Markdown


def escaped(text: str) -> str:
    """Return text in which no character has a meaning in Markdown, with links to the pages that it names."""
    plain = re.sub(r"([\\`*_<>\[\]|#])", r"\\\1", text)
    linked = re.sub(r"\bdocs/([a-z-]+\.md)", r"[docs/\1](/\1)", plain)
    # Options are code, in which two hyphens do not become a dash.
    return re.sub(r"(?:\bcoexpr [a-z]+ )?(?<![\w-])--[a-z][a-z-]*", r"`\g<0>`", linked)


def cell(text: str) -> str:
    """Return text for a cell of a table."""
    return escaped(text).replace("\n", " ")


def _definition(term: str, text: str) -> str:
    return f"{term}\n: {escaped(text)}"


def _fenced(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"

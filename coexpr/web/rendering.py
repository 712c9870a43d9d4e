"""Pages from templates. Every name from a file or an address is escaped by the template engine."""

import re
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse

import coexpr
from coexpr.output.columns import is_r, shown
from coexpr.wording import count_of

_IN_BACKTICKS = re.compile(r"`([^`]+)`")


def page(template: str, status: int = 200, headers: dict[str, str] | None = None, **values: Any) -> HTMLResponse:
    """Return a page made from a template of `templates/`."""
    text = _environment().get_template(f"{template}.html").render(values)
    return HTMLResponse(text, status, headers)


@cache
def _environment() -> Environment:
    folder = files("coexpr.web") / "templates"
    templates = {entry.name: entry.read_text(encoding="utf-8") for entry in folder.iterdir()}
    environment = Environment(
        loader=DictLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"version": coexpr.__version__, "count_of": count_of, "address": address, "is_r": is_r}
    environment.filters |= {"shown": _shown, "code": _with_code, "part": _as_part}
    return environment


def address(path: str, *parts: str, **parameters: Any) -> str:
    """Return an address of this server: a path, names that are parts of it, and parameters; None is left out."""
    whole = "/".join([path, *map(_as_part, parts)])
    given = [
        (name, text)
        for name, value in parameters.items()
        for text in (value if isinstance(value, list | tuple) else [value])
        if text not in (None, "")
    ]
    return f"{whole}?{urlencode(given)}" if given else whole


def _as_part(name: str) -> str:
    """Return a name as a part of a path."""
    return quote(str(name), safe="")


def _shown(value: Any, column: str = "") -> str:
    """Return a value as text, with the digits that the command line shows."""
    return shown(column, value)


def _with_code(sentence: str) -> Markup:
    """Return a sentence as HTML, with commands and parameters in backticks as code."""
    pieces = _IN_BACKTICKS.split(sentence)
    return Markup("").join(
        Markup("<code>{}</code>").format(piece) if place % 2 else escape(piece) for place, piece in enumerate(pieces)
    )

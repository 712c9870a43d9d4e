"""The command and the SQL that give the same answer as a page."""

import re
import shlex
from collections.abc import Mapping
from typing import Any

from coexpr.question import Question
from coexpr.web.parameters import parameters_of

# The command of each question, and its arguments without a default.
_COMMANDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "correlates": ("query", ("seed",)),
    "pair": ("pair", ("a", "b")),
    "probes": ("probes", ("gene",)),
    "why": ("why", ("gene",)),
    "members": ("categories show", ("category",)),
    "correlation_matrix": ("matrix", ("items",)),
}


def command_of(question: Question) -> str:
    """Return the command that asks a question, for a POSIX shell."""
    command, arguments = _COMMANDS[question.method]
    names: list[str] = []
    for name in arguments:
        value = question.arguments.get(name, [])
        names += value if isinstance(value, list) else [str(value)]
    options: list[str] = []
    for parameter in parameters_of(question.method):
        value = _value_of(question.arguments, parameter.place)
        if value is None and parameter.name == "top" and "top" in question.arguments:
            options.append("--all")
        if value is None or parameter.place[0] in arguments:
            continue
        option = "--" + parameter.name.replace("_", "-")
        if parameter.name == "genes":
            options += [option, _as_list(value)]
        elif isinstance(value, bool):
            options.append(option if value else option.replace("--", "--no-", 1))
        else:
            for text in value if isinstance(value, list) else [value]:
                options += [option, str(text)]
    # A name that begins like an option must follow them.
    words = [*options, "--", *names] if any(name.startswith("-") for name in names) else [*names, *options]
    return shlex.join(["coexpr", *command.split(), *words])


def sql_of(question: Question) -> str | None:
    """Return the SQL that asks a question; None where the macros of the database do not have its options."""
    arguments = dict(question.arguments)
    if question.method == "pair":
        a, b = arguments.pop("a"), arguments.pop("b")
        arguments.pop("observed_r", None)
        return None if arguments else f"SELECT r({_literal(a)}, {_literal(b)})"
    if question.method == "members" and set(arguments) == {"category"}:
        return f"FROM members({_literal(arguments['category'])})"
    if question.method == "correlates":
        return _correlates(arguments)
    if question.method == "correlation_matrix":
        category = _only(arguments, "gene_filter", "categories")
        return f"FROM correlation_matrix({_literal(category)})" if category and not arguments else None
    return None


def _correlates(arguments: dict[str, Any]) -> str | None:
    seed, top = arguments.pop("seed"), arguments.pop("top", 20)
    arguments.pop("rank_overall", None)  # the macro ranks within the category only
    given = {
        "category": _only(arguments, "gene_filter", "categories"),
        "structure": None,
        "donor": None,
    }
    sample_filter = arguments.get("sample_filter", {})
    for name, field in (("structure", "structures"), ("donor", "donors")):
        if len(sample_filter.get(field, [])) == 1:
            (given[name],) = sample_filter[field]
            sample_filter = {key: value for key, value in sample_filter.items() if key != field}
    if not sample_filter:
        arguments.pop("sample_filter", None)
    if arguments:
        return None
    parts = [_literal(seed), *(f"{name} := {_literal(value)}" for name, value in given.items() if value)]
    parts.append(f"top := {'NULL' if top is None else top}")
    return f"FROM correlates({', '.join(parts)})"


def _only(arguments: dict[str, Any], option: str, field: str) -> str | None:
    """Remove an option that has one value of one field, and return the value."""
    given = arguments.get(option, {})
    if set(given) == {field} and len(given[field]) == 1:
        value: str = arguments.pop(option)[field][0]
        return value
    return None


def _as_list(names: list[str]) -> str:
    """Return names as the text of --genes, which names a file unless it has a comma."""
    return ",".join(names) + ("," if len(names) == 1 and not re.fullmatch(r"\w[\w-]*", names[0]) else "")


def _value_of(arguments: Mapping[str, Any], place: tuple[str, ...]) -> Any:
    value: Any = arguments
    for step in place:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _literal(value: object) -> str:
    """Return a text as an SQL literal."""
    return "'" + str(value).replace("'", "''") + "'"

"""The parameters of an address: which a question has, their values as arguments of `Atlas`.

They are the parameters of the methods of `Atlas`. The fields of an option such as `gene_filter` are parameters of their
own: `?category=synapse+organization&match=all`.
"""

import inspect
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from coexpr.atlas import Atlas
from coexpr.errors import OptionError
from coexpr.options import OPTIONS, split_names

# Fields of options that have another name in an address, which is their name on the command line.
RENAMED = {
    ("gene_filter", "categories"): "category",
    ("sample_filter", "structures"): "structure",
    ("sample_filter", "donors"): "donor",
    ("method", "name"): "method",
}
# Parameters about files and memory of the server.
_LEFT_OUT = ("output", "format", "memory", "max_rows", "max_edges", "path")
# A parameter that may be None for all rows.
_ALL = "all"
# Larger numbers do not fit into those of DuckDB.
MAX_INTEGER = 2**31 - 1
_YES, _NO = ("true", "1", "yes", "on"), ("false", "0", "no", "off")

Kind = Literal["text", "integer", "number", "flag"]


@dataclass(frozen=True)
class Parameter:
    """A parameter of an address.

    Parameters
    ----------
    name : str
    place : tuple of str
        The argument of the method, or the argument and the field of its options.
    kind : "text", "integer", "number" or "flag"
    choices : tuple of str
        The allowed values; empty for any.
    several : bool
        Whether it may be repeated.
    has_all : bool
        Whether "all" is a value: a number of rows that is not limited.
    default : Any
    description : str
    """

    name: str
    place: tuple[str, ...]
    kind: Kind
    choices: tuple[str, ...]
    several: bool
    has_all: bool
    default: Any
    description: str

    def read(self, given: Sequence[str]) -> Any:
        """Return the value of one or several given texts.

        Raises
        ------
        OptionError
            If a text is not such a value, or there are several and one is expected.
        """
        if self.several:
            return tuple(self._names(given))
        if len(given) > 1:
            raise OptionError(f"`{self.name}` is given {len(given)} times, and may be given once.")
        return self._value(given[0].strip())

    def _names(self, given: Sequence[str]) -> list[str]:
        """Return names; a list of genes may also be one text, with commas between the names."""
        if self.name == "genes":
            return [name for text in given for name in split_names(text)]
        return [text.strip() for text in given]

    def _value(self, text: str) -> Any:
        if self.kind == "text":
            return text  # options refuse values that are not among the choices
        if self.kind == "flag":
            if text.lower() not in (*_YES, *_NO):
                raise OptionError(f"`{self.name}` {text!r:.60}: expected true or false.")
            return text.lower() in _YES
        if self.kind == "integer":
            return self._whole_number(text)
        try:
            return float(text)
        except ValueError:
            raise OptionError(f"`{self.name}` {text!r:.60}: expected a number.") from None

    def _whole_number(self, text: str) -> int | None:
        if self.has_all and text.lower() == _ALL:
            return None
        if not (text.isascii() and text.isdecimal() and 1 <= int(text[:20]) <= MAX_INTEGER):
            expected = f"from 1, or {_ALL}" if self.has_all else "from 1"
            raise OptionError(f"`{self.name}` {text!r:.60}: expected a whole number {expected}.")
        return int(text)


@cache
def parameters_of(method: str) -> tuple[Parameter, ...]:
    """Return the parameters of a question: those of a method of `Atlas` that have a default."""
    function = getattr(Atlas, method)
    described = descriptions_in(function)
    found: list[Parameter] = []
    for name, parameter in list(inspect.signature(function).parameters.items())[1:]:
        if name in _LEFT_OUT or parameter.default is parameter.empty:
            continue
        if name in OPTIONS:
            found += _parameters_of_options(name, OPTIONS[name])
        else:
            found.append(_parameter(name, (name,), parameter.annotation, parameter.default, described.get(name, "")))
    return tuple(found)


def unknown_parameter(name: str, known: Iterable[str]) -> OptionError:
    """Return the error about a parameter that an address does not have."""
    return OptionError(f"`{name:.60}`: there is no such parameter. There are {', '.join(known) or 'none'}.")


def arguments_of(method: str, given: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return the arguments of a method of `Atlas` from the parameters of an address. Empty ones are not given.

    Raises
    ------
    OptionError
        If a parameter is unknown, or a value is not one of it.
    """
    known = {parameter.name: parameter for parameter in parameters_of(method)}
    arguments: dict[str, Any] = {}
    for name, texts in given.items():
        if name not in known:
            raise unknown_parameter(name, known)
        filled = [text for text in texts if text.strip()]
        if not filled:
            continue
        parameter = known[name]
        value = parameter.read(filled)
        if len(parameter.place) == 1:
            arguments[parameter.place[0]] = value
        else:
            option, field = parameter.place
            arguments.setdefault(option, {})[field] = value
    return {name: OPTIONS[name](**value) if name in OPTIONS else value for name, value in arguments.items()}


def descriptions_in(function: Callable[..., Any]) -> dict[str, str]:
    """Return the description of each parameter in a docstring of NumPy's style."""
    found: dict[str, list[str]] = {}
    names: list[str] = []
    section = (inspect.getdoc(function) or "").partition("Parameters\n----------\n")[2]
    for line in section.split("\n\n")[0].splitlines():
        if not line.startswith(" "):
            names = [name.strip() for name in line.partition(":")[0].split(",")]
        else:
            for name in names:
                found.setdefault(name, []).append(line.strip())
    return {name: " ".join(lines) for name, lines in found.items()}


def _parameters_of_options(argument: str, options: Any) -> list[Parameter]:
    hints, described = get_type_hints(options), descriptions_in(options)
    summary = (inspect.getdoc(options) or "").partition("\n")[0]
    return [
        _parameter(
            RENAMED.get((argument, field.name), field.name),
            (argument, field.name),
            hints[field.name],
            field.default,
            described.get(field.name, summary),
        )
        for field in fields(options)
    ]


def _parameter(name: str, place: tuple[str, ...], annotation: Any, default: Any, description: str) -> Parameter:
    kinds = [kind for kind in _members(annotation) if kind is not type(None)]
    choices = tuple(value for kind in kinds if get_origin(kind) is Literal for value in get_args(kind))
    several = any(get_origin(kind) in (tuple, Sequence) for kind in kinds)
    plain: Kind = "flag" if bool in kinds else "integer" if int in kinds else "number" if float in kinds else "text"
    has_all = plain == "integer" and type(None) in _members(annotation)
    return Parameter(name, place, plain, choices, several, has_all, default, description)


def _members(annotation: Any) -> tuple[Any, ...]:
    """Return the types of a union, or the type itself."""
    return get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)

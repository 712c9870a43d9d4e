"""What was asked, and of which data: the part of a provenance from which a result can be made again.

A method of `Atlas` that is a question records its arguments and the sources of its database while it runs, and every
`Provenance` that is made meanwhile contains them.
"""

import dataclasses
import functools
import inspect
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from coexpr.options import OPTIONS, as_names, as_options


@dataclass(frozen=True)
class Question:
    """A call of a method of `Atlas`.

    Parameters
    ----------
    method : str
    arguments : dict
        Those that differ from the default; options as dicts of the fields that do.
    """

    method: str
    arguments: dict[str, Any]


@dataclass(frozen=True)
class LoadedDownload:
    """A download in the database of a result."""

    kind: str
    name: str
    sha256: str


@dataclass(frozen=True)
class Sources:
    """The data of a database: its downloads, and the releases of gene names, terms and annotations."""

    downloads: list[LoadedDownload]
    releases: dict[str, str]


class HasSources(Protocol):
    """A database that can be asked."""

    @property
    def sources(self) -> Sources:
        """The data of the database."""

    def read_errors(self) -> AbstractContextManager[None]:
        """Explain errors of DuckDB within the block."""


# Arguments that are one name or several.
_LISTS = ("items", "names", "seeds", "mark", "evidence_not", "source", "vary")
# Arguments that are the name of a gene or probe, or an Entrez id.
_NAMES = ("seed", "gene", "a", "b", "category", "other")
# Where and how an answer is computed and written is not part of the question.
NOT_ASKED = ("output", "format", "memory", "scheduler", "timeout")

_asked: ContextVar[tuple[Question, Sources] | None] = ContextVar("asked", default=None)

P = ParamSpec("P")
R = TypeVar("R")
D = TypeVar("D", bound=HasSources)


def question(method: Callable[Concatenate[D, P], R]) -> Callable[Concatenate[D, P], R]:
    """Record a call of a method in the provenance of its result; a question may ask others."""

    @functools.wraps(method)
    def ask(self: D, /, *arguments: P.args, **named: P.kwargs) -> R:
        if _asked.get() is not None:
            return method(self, *arguments, **named)
        signature = inspect.signature(method)  # here, because one of many questions is asked
        bound = signature.bind(self, *arguments, **named)
        given = bound.arguments
        given |= {name: _canonical(name, value) for name, value in list(given.items())[1:]}
        plain = {
            name: _as_plain(value)
            for name, value in list(given.items())[1:]
            if name not in NOT_ASKED and value != signature.parameters[name].default
        }
        plain = {name: value for name, value in plain.items() if value not in ({}, [])}
        with self.read_errors():
            # The same rows, as Arrow, are the answer to the same question.
            token = _asked.set((Question(method.__name__.removesuffix("_as_arrow"), plain), self.sources))
            try:
                return method(*bound.args, **bound.kwargs)
            finally:
                _asked.reset(token)

    ask.is_question = True  # type: ignore[attr-defined]  # read by `is_question`
    return ask


def is_question(method: object) -> bool:
    """Return whether a method is a question, and not anything else that an object has."""
    return getattr(method, "is_question", False)


def current_question() -> Question | None:
    """Return the question that is being answered."""
    asked = _asked.get()
    return asked[0] if asked else None


def current_sources() -> Sources | None:
    """Return the sources of the database that is being asked."""
    asked = _asked.get()
    return asked[1] if asked else None


def _canonical(name: str, value: Any) -> Any:
    """Return an argument as the one object that all ways to give it mean; names may come from an iterator."""
    if name in OPTIONS:
        return as_options(OPTIONS[name], value)
    if name in _LISTS:
        return as_names(value)
    return str(value) if name in _NAMES and value is not None else value


def _as_plain(value: Any) -> Any:
    """Return an argument as plain values: options as the fields that differ from their defaults."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: _as_plain(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if getattr(value, field.name) != field.default
        }
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): _as_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_as_plain(item) for item in value]
    return value.tolist() if hasattr(value, "tolist") else value  # numbers and arrays of numpy

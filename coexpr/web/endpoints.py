"""The questions of the JSON interface: one address for each command that answers with a table."""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

from coexpr.analysis.matrix import CorrelationMatrix
from coexpr.analysis.pair import Pair
from coexpr.atlas import Atlas
from coexpr.errors import LimitError, OptionError
from coexpr.output import formats
from coexpr.output.text import write_tables
from coexpr.web.parameters import arguments_of, descriptions_in

# The media type of each format, and the ending of the name of its file.
MEDIA = {
    "json": ("application/json", "json"),
    "csv": ("text/csv; charset=utf-8", "csv"),
    "tsv": ("text/tab-separated-values; charset=utf-8", "tsv"),
    "jsonl": ("application/jsonl", "jsonl"),
    "markdown": ("text/markdown; charset=utf-8", "md"),
    "parquet": ("application/vnd.apache.parquet", "parquet"),
    "arrow": ("application/vnd.apache.arrow.file", "arrow"),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
}
_BINARY = ("parquet", "arrow", "xlsx")
DEFAULT_FORMAT = "json"
# Values of an answer; a larger one would take too much memory of the server.
MAX_VALUES = 5_000_000


@dataclass(frozen=True)
class Endpoint:
    """An address that answers a question.

    Parameters
    ----------
    command : str
        The command of the command line that gives the same answer, which is part of the address.
    method : str
        The method of `Atlas`.
    names : sequence of str
        Its arguments without a default, which are parts of the address.
    repeated : str, optional
        An argument of several names without a default, which is a parameter of the address.
    table : callable
        Returns the table that is written, from what the method returns.
    """

    command: str
    method: str
    names: Sequence[str] = ()
    repeated: str | None = None
    table: Callable[[Any], Any] = lambda result: result

    @property
    def path(self) -> str:
        """The address, with its variable parts in braces. Names may contain slashes."""
        parts = [f"{{{name}}}" for name in self.names[:-1]] + [f"{{{name}:path}}" for name in self.names[-1:]]
        return "/".join([f"/api/{self.command}", *parts])

    @property
    def summary(self) -> str:
        """What is answered, in a sentence."""
        return (getattr(Atlas, self.method).__doc__ or "").strip().splitlines()[0]

    @property
    def descriptions(self) -> dict[str, str]:
        """The description of each argument."""
        return descriptions_in(getattr(Atlas, self.method))

    def question(self, names: Mapping[str, str], given: Mapping[str, Sequence[str]]) -> Callable[[Atlas], Any]:
        """Return a function that asks the question of an Atlas.

        Raises
        ------
        OptionError
            If a parameter of the address is wrong.
        """
        if missing := [name for name, text in names.items() if not text.strip()]:
            raise OptionError(f"`{missing[0]}` is missing: expected a name.")
        left = dict(given)
        arguments: dict[str, Any] = dict(names)
        if self.repeated:
            arguments[self.repeated] = [text for text in left.pop(self.repeated, []) if text.strip()]
            if not arguments[self.repeated]:
                raise OptionError(f"`{self.repeated}` is missing: expected at least one name.")
        arguments |= arguments_of(self.method, left)
        return lambda atlas: self.table(getattr(atlas, self.method)(**arguments))


ENDPOINTS = (
    Endpoint("query", "correlates", ["seed"]),
    Endpoint("probes", "probes", ["gene"]),
    Endpoint("why", "why", table=lambda funnel: funnel.steps),
    Endpoint("genes", "resolve", repeated="names"),
    Endpoint("pair", "pair", ["a", "b"]),
    Endpoint("expression", "expression"),
    Endpoint("matrix", "correlation_matrix"),
    Endpoint("structures", "structures"),
    Endpoint("categories", "categories"),
    Endpoint("members", "members", ["category"]),
    Endpoint("info", "contents"),
)


def write(table: Any, format_name: str) -> bytes:
    """Return a result as the bytes of a file, the same as the command line writes.

    Raises
    ------
    OptionError
        If the format is unknown.
    LimitError
        If the result has too many values.
    MissingPackageError
        If it needs a package that is not installed.
    """
    if format_name not in MEDIA:
        raise OptionError(f"`format` {format_name!r:.60}: expected one of {', '.join(MEDIA)}.")
    formats.check_format(format_name)
    _refuse_too_large(table)
    if isinstance(table, Pair):
        if format_name == "xlsx":
            return _bytes(Pair.write_workbook, table)
        table = table.combined()
    if format_name == "json" and isinstance(table, tuple):
        text = io.StringIO()
        write_tables(table, text)
        return text.getvalue().encode()
    if isinstance(table, tuple):
        raise OptionError(f"`format` {format_name}: several tables are written as json only.")
    writers = formats.MATRIX_WRITERS if isinstance(table, CorrelationMatrix) else formats.WRITERS
    return (_bytes if format_name in _BINARY else _text)(writers[format_name], table)


def _refuse_too_large(table: Any) -> None:
    for part in table if isinstance(table, tuple) else [table]:
        values = len(part.rows) * len(part.columns)
        if values > MAX_VALUES:
            raise LimitError(
                f"the answer has {values:,} values, and the limit here is {MAX_VALUES:,}. Ask for fewer rows, or use "
                "the command line."
            )


def _bytes(writer: Callable[[Any, IO[Any]], None], table: Any) -> bytes:
    stream = io.BytesIO()
    writer(table, stream)
    return stream.getvalue()


def _text(writer: Callable[[Any, IO[Any]], None], table: Any) -> bytes:
    stream = io.StringIO(newline="")
    writer(table, stream)
    return stream.getvalue().encode()

"""SQL on the database: a statement, its rows, and what can be named in it."""

from collections.abc import Sized
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from coexpr.atlas import Atlas
from coexpr.database.adhoc_sql import SqlProvenance
from coexpr.database.queries import query
from coexpr.errors import CoexprError, LimitError, OptionError
from coexpr.result import Result
from coexpr.web.answers import answers_of
from coexpr.web.endpoints import write
from coexpr.web.failures import sentence_of, status_of
from coexpr.web.guard import is_link_of_other_site
from coexpr.web.rendering import page as render
from coexpr.web.responses import file, parameter_in

# A statement may return this many rows, and characters of text in them.
MAX_ROWS = 100_000
_MAX_CHARACTERS = 50_000_000
_SHOWN_ROWS = 500
_LONGEST = 20_000


@dataclass(frozen=True)
class _Found:
    """The rows of a statement, or why there are none."""

    result: Result[SqlProvenance] | None = None
    problem: str | None = None
    status: int = 200


async def page(request: Request) -> Response:
    """Show the rows of a statement."""
    statement, format_name = parameter_in(request, "statement"), parameter_in(request, "format")
    answers = answers_of(request)
    # A link of another site shows a statement, and the reader decides whether to run it.
    is_run = bool(statement) and not is_link_of_other_site(request.headers)
    if is_run and format_name:
        content = await answers.ask(
            request, lambda atlas: write(run(atlas, statement, MAX_ROWS), format_name), is_statement=True
        )
        return file(content, format_name, "sql")
    found = await _run(request, statement) if is_run else _Found()
    names = await answers.ask_or_keep(request, "names", _names)
    gene = await answers.ask_or_keep(request, "example", lambda atlas: atlas.example_gene)
    return render(
        "sql",
        found.status,
        statement=statement,
        result=found.result,
        problem=found.problem,
        is_run=is_run,
        names=names,
        gene=gene or "NTRK2",
        shown=_SHOWN_ROWS,
        seconds=answers.seconds,
    )


def run(atlas: Atlas, statement: str, limit: int) -> Result[SqlProvenance]:
    """Return the rows of a statement.

    Raises
    ------
    OptionError
        If there is no statement, or it is too long.
    LimitError
        If it returns more rows than the limit, or too much text.
    QueryError
        If DuckDB cannot run it.
    """
    if not statement.strip():
        raise OptionError("`statement` is missing: expected SQL, such as FROM donors.")
    if len(statement) > _LONGEST:
        raise OptionError(f"`statement`: {len(statement):,} characters; the limit is {_LONGEST:,}.")
    with closing(atlas.stream_sql(statement)) as stream:
        rows = []
        characters = 0
        for row in stream.rows:
            rows.append(row)
            characters += sum(map(_size_of, row))
            if len(rows) > limit:
                raise LimitError(f"the statement returns more than {limit:,} rows. Add LIMIT, or use coexpr sql.")
            if characters > _MAX_CHARACTERS:
                raise LimitError(
                    f"the statement returns more than {_MAX_CHARACTERS:,} characters. Select less, or use coexpr sql."
                )
    return Result(stream.columns, rows, stream.provenance)


def _size_of(value: Any) -> int:
    """Return the size of a value: its characters, or its elements."""
    return len(value) if isinstance(value, Sized) else 1


async def _run(request: Request, statement: str) -> _Found:
    def call(atlas: Atlas) -> Result[SqlProvenance]:
        return run(atlas, statement, MAX_ROWS)

    try:
        return _Found(result=await answers_of(request).ask(request, call, is_statement=True))
    except CoexprError as error:
        return _Found(problem=sentence_of(error), status=status_of(error))


def _names(atlas: Atlas) -> list[dict[str, Any]]:
    """Return the tables, views and macros with their comments."""
    with closing(atlas.stream_sql(query("described_names"))) as found:
        return [dict(zip(found.columns, row, strict=True)) for row in found.rows]

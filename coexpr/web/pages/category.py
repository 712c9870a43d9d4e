"""Categories: a list to search, and the genes of one."""

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from coexpr.analysis.categories import MembersProvenance
from coexpr.analysis.names import ABSENT, CHIP, EXPRESSION
from coexpr.atlas import Atlas
from coexpr.database.queries import query
from coexpr.errors import AmbiguousNameError, OptionError
from coexpr.options import MAX_HEATMAP_ROWS
from coexpr.question import Question
from coexpr.result import Result, rows_by_column
from coexpr.sentences.categories import describe_members
from coexpr.web.answers import answers_of
from coexpr.web.equivalents import command_of, sql_of
from coexpr.web.failures import sentence_of, status_of
from coexpr.web.parameters import arguments_of
from coexpr.web.rendering import page as render
from coexpr.web.responses import parameters_in

# Rows of a table; the CSV has all.
MAX_CATEGORIES = 200
MAX_MEMBERS = 3000
# A heatmap of more genes takes long to draw, and its names cannot be read.
MAX_HEATMAP = 300
STATUSES = (EXPRESSION, CHIP, ABSENT)
_EXAMPLES = ("nervous system development", "synapse", "potassium channel", "GO:0007268")
# Longer texts are compared with no names.
_LONGEST = 300


@dataclass(frozen=True)
class _Part:
    """The members with one status: how many, and where their part of a bar of width 1 begins and how wide it is."""

    status: str
    count: int
    start: float
    width: float


async def listing(request: Request) -> Response:
    """Show categories whose names contain a text, or those that were added."""
    given = parameters_in(request)
    arguments = arguments_of("categories", given)
    search = str(arguments.get("search", "")).strip()
    answers = answers_of(request)
    if search:
        found = await answers.ask(request, lambda atlas: atlas.categories(search))
        rows = rows_by_column(found)
    else:
        found = await answers.ask_method(request, "categories", {})
        # Those that ship with coexpr have an accession as their id.
        rows = [row for row in rows_by_column(found) if row["id"].startswith("id:")]
    near = [] if rows or not search else await answers.ask(request, lambda atlas: _similar(atlas, search))
    return render(
        "categories",
        search=search,
        rows=rows[:MAX_CATEGORIES],
        matching=len(rows),
        total=len(found),
        near=near,
        examples=_EXAMPLES,
    )


async def page(request: Request) -> Response:
    """Show the genes of a category."""
    name = request.path_params["category"].strip()
    status = request.query_params.get("status", "").strip()
    if status and status not in STATUSES:
        raise OptionError(f"`status` {status!r:.60}: expected one of {', '.join(STATUSES)}.")
    given = {key: texts for key, texts in parameters_in(request, "status").items() if any(map(str.strip, texts))}
    arguments = arguments_of("members", given) | {"category": name}
    try:
        result: Result[MembersProvenance] = await answers_of(request).ask_method(request, "members", arguments)
    except AmbiguousNameError as error:
        meanings = await answers_of(request).ask(request, lambda atlas: _meanings(atlas, name))
        return render("category_ambiguous", status_of(error), sentence=sentence_of(error), meanings=meanings)
    members = sorted(rows_by_column(result), key=lambda member: STATUSES.index(member["status"]))
    shown = [member for member in members if status in ("", member["status"])]
    question = result.provenance.question
    with_expression = sum(member["status"] == EXPRESSION for member in members)
    return render(
        "category",
        name=name,
        category=result.provenance.category,
        sentences=describe_members(result),
        given=given,
        chosen=status,
        parts=_parts(members),
        total=len(members),
        members=shown[:MAX_MEMBERS],
        matching=len(shown),
        has_evidence=any(member["evidence"] for member in members),
        with_expression=with_expression,
        is_drawn=1 < with_expression <= MAX_HEATMAP,
        most_drawn=MAX_HEATMAP,
        command_of_heatmap=_command_of_heatmap(name) if with_expression <= MAX_HEATMAP_ROWS else "",
        command=command_of(question) if question else "",
        sql=sql_of(question) if question else None,
    )


def _command_of_heatmap(name: str) -> str:
    """Return the command that draws a heatmap which is too large for the page."""
    question = Question("correlation_matrix", {"gene_filter": {"categories": [name]}})
    return f"{command_of(question)} --plot matrix.pdf"


def _parts(members: Sequence[dict[str, Any]]) -> list[_Part]:
    """Return how the members divide into those with expression data, others on the chip, and others."""
    counts = Counter(member["status"] for member in members)
    parts, before = [], 0
    for status in STATUSES:
        share = len(members) or 1
        parts.append(_Part(status, counts[status], before / share, counts[status] / share))
        before += counts[status]
    return parts


def _similar(atlas: Atlas, text: str) -> list[str]:
    """Return names of categories that are similar to a text."""
    if len(text) > _LONGEST:
        return []
    with closing(atlas.stream_sql(query("categories_near"), {"name": text})) as found:
        return [name for (name,) in found.rows]


def _meanings(atlas: Atlas, name: str) -> list[dict[str, Any]]:
    """Return the categories with a name."""
    with closing(atlas.stream_sql(query("categories_called"), {"name": name})) as found:
        return [dict(zip(found.columns, row, strict=True)) for row in found.rows]

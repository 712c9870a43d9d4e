"""The correlates of a seed: a table of all rows in pages, sorted and filtered as the address says."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from coexpr.analysis.correlates_result import CorrelatesResult
from coexpr.errors import OptionError
from coexpr.sentences.correlates import describe_all_correlates
from coexpr.web.answers import answers_of
from coexpr.web.endpoints import write
from coexpr.web.equivalents import command_of, sql_of
from coexpr.web.parameters import arguments_of, parameters_of
from coexpr.web.rendering import page as render
from coexpr.web.responses import file as as_file
from coexpr.web.responses import parameter_in, parameters_in

ROWS = 100
# Parameters about which rows are shown, which are not part of the question.
_VIEW = ("seed", "page", "sort", "order", "contains")
# Parameters that a figure does not have: it always shows the range over donors.
_NOT_DRAWN = ("by_donor", "stats", "naive_p")
# Columns that are shown first; the ids are in the file only.
_SHOWN = ("rank", "rank_overall", "gene_symbol", "gene_name", "probe_name", "r", "n")
_NOT_SHOWN = ("probe_id", "entrez_id")
# Columns in which a text is searched.
_SEARCHED = ("gene_symbol", "gene_name", "probe_name", "entrez_id")


CHOICES = {parameter.name: parameter.choices for parameter in parameters_of("correlates") if parameter.choices}


@dataclass(frozen=True)
class View:
    """Which rows of a table are shown, and in which order.

    Parameters
    ----------
    page : int
        From 1.
    sort : str
        A column.
    ascending : bool
    contains : str
        Only rows with this text in a name.
    """

    page: int
    sort: str
    ascending: bool
    contains: str

    @property
    def is_by_r(self) -> bool:
        """Whether the rows are those of the question in its own order."""
        return self.sort in ("r", "rank") and not self.contains


@dataclass(frozen=True)
class Shown:
    """The rows of a page of a table.

    Parameters
    ----------
    columns : list of str
    rows : list of dict
        By column.
    matching : int
        How many rows all pages have.
    """

    columns: list[str]
    rows: list[dict[str, Any]]
    matching: int

    def is_number(self, column: str) -> bool:
        """Return whether a column holds numbers that are aligned at their right."""
        values = [row[column] for row in self.rows if row[column] is not None]
        return column != "r" and bool(values) and all(type(value) in (int, float) for value in values)

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return max(1, -(-self.matching // ROWS))


async def page(request: Request) -> Response:
    """Show the correlates of a seed."""
    seed = parameter_in(request, "seed")
    given = {name: texts for name, texts in parameters_in(request, *_VIEW).items() if any(map(str.strip, texts))}
    if not seed:
        return render("correlates_of", given=given, choices=CHOICES)
    view = _view(request)
    result = await _ask(request, seed, given, view)
    shown = _show(result, view)
    question = result.provenance.question
    assert question is not None  # noqa: S101  (an Atlas answered)
    return render(
        "correlates",
        seed=seed,
        given=given,
        given_of_figure={name: texts for name, texts in given.items() if name not in _NOT_DRAWN},
        view=view,
        shown=shown,
        result=result,
        provenance=result.provenance,
        sentences=describe_all_correlates(result.provenance),
        command=command_of(question),
        sql=sql_of(question),
        choices=CHOICES,
    )


async def file(request: Request) -> Response:
    """Return all correlates of a seed as a file."""
    if not (seed := parameter_in(request, "seed")):
        raise OptionError("`seed` is missing: expected the name of a gene or probe.")
    given = parameters_in(request, *_VIEW)
    if "top" in given:
        raise OptionError("`top`: this file has all rows.")
    arguments = arguments_of("correlates", given) | {"seed": seed, "top": None}
    result = await answers_of(request).ask_method(request, "correlates", arguments)
    format_name = request.path_params["ending"]
    return as_file(await as_bytes(request, result, format_name), format_name, f"correlates {seed}")


async def _ask(request: Request, seed: str, given: dict[str, list[str]], view: View) -> CorrelatesResult:
    """Return the correlates that a page needs: those up to its end, or all that are sorted and searched here."""
    if refused := {"top", "ascending"} & set(given):
        raise OptionError(f"`{min(refused)}`: this page shows all rows. Use page, sort and order.")
    arguments = arguments_of("correlates", given) | {"seed": seed}
    if view.is_by_r:
        arguments |= {"top": view.page * ROWS, "ascending": view.ascending}
    else:
        arguments |= {"top": None}
    result: CorrelatesResult = await answers_of(request).ask_method(request, "correlates", arguments)
    return result


def _view(request: Request) -> View:
    number, sort = parameter_in(request, "page") or "1", parameter_in(request, "sort") or "r"
    if not (number.isascii() and number.isdecimal() and int(number[:9]) >= 1 and len(number) < 8):
        raise OptionError(f"`page` {number!r:.60}: expected a whole number from 1.")
    if (order := parameter_in(request, "order")) not in ("", "ascending", "descending"):
        raise OptionError(f"`order` {order!r:.60}: expected ascending or descending.")
    ascending = order == "ascending" if order else sort not in ("r", "n")
    if sort == "rank":  # the first rank has the highest r
        sort, ascending = "r", order == "descending"
    return View(int(number), sort, ascending, parameter_in(request, "contains")[:100])


def _show(result: CorrelatesResult, view: View) -> Shown:
    columns = list(result.columns)
    if view.sort not in columns:
        raise OptionError(f"`sort` {view.sort!r:.60}: expected a column: {', '.join(columns)}.")
    rows: Sequence[Sequence[Any]] = result.rows
    matching = result.provenance.matching
    if not view.is_by_r:
        rows = _sorted(_containing(rows, columns, view.contains), columns.index(view.sort), view.ascending)
        matching = len(rows)
    part = rows[(view.page - 1) * ROWS : view.page * ROWS]
    first = [name for name in _SHOWN if name in columns]
    others = [name for name in columns if name not in (*_SHOWN, *_NOT_SHOWN)]
    return Shown([*first, *others], [dict(zip(columns, row, strict=True)) for row in part], matching)


def _containing(rows: Sequence[Sequence[Any]], columns: list[str], text: str) -> Sequence[Sequence[Any]]:
    """Return the rows that have a text in one of their names, in any case."""
    if not text:
        return rows
    places = [columns.index(name) for name in _SEARCHED]
    wanted = text.casefold()
    return [row for row in rows if any(wanted in str(row[place] or "").casefold() for place in places)]


def _sorted(rows: Sequence[Sequence[Any]], place: int, ascending: bool) -> list[Sequence[Any]]:
    """Return rows sorted by a column, missing values last; rows with equal values stay in the order of r."""
    present = [row for row in rows if row[place] is not None]
    missing = [row for row in rows if row[place] is None]
    return [*sorted(present, key=lambda row: _sort_key(row[place]), reverse=not ascending), *missing]


def _sort_key(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


async def as_bytes(request: Request, result: Any, format_name: str) -> bytes:
    """Return a result as the bytes of a file, written by a worker."""
    return await answers_of(request).ask(request, lambda _: write(result, format_name))

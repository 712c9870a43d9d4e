"""The first page: what is loaded, and a box for a gene, a probe or a category."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from coexpr.analysis.contents import Contents
from coexpr.analysis.names import AMBIGUOUS, UNKNOWN
from coexpr.atlas import Atlas
from coexpr.errors import AmbiguousNameError, NotFoundError
from coexpr.result import rows_by_column
from coexpr.web.answers import answers_of
from coexpr.web.rendering import address
from coexpr.web.rendering import page as render
from coexpr.web.responses import parameter_in

CATEGORY = "nervous system development"
_PARTNER = "BDNF"
# Longer texts are no names.
_LONGEST = 300


@dataclass(frozen=True)
class Examples:
    """What the first page offers: a gene with expression data, another one, and a category."""

    gene: str | None
    partner: str | None
    category: str | None


# The key under which what is loaded is kept.
LOADED = "loaded"


async def page(request: Request) -> Response:
    """Show what is loaded, and the box."""
    answers = answers_of(request)
    contents, examples = await answers.ask_or_keep(request, LOADED, look)
    titles = sorted({row["title"] for row in rows_by_column(contents.downloads) if row["title"]})
    return render("search", contents=contents, totals=contents.provenance, titles=titles, examples=examples)


async def find(request: Request) -> Response:
    """Go to the page of what was typed, or show what it may mean."""
    text, category = parameter_in(request, "q"), parameter_in(request, "category")
    if not text:
        to = address("/category", category) if category else "/"
        return RedirectResponse(to, 303)
    if len(text) > _LONGEST:
        return render("unknown", 404, text=f"{text[:_LONGEST]}…", meanings=[], categories=[])
    meaning = await answers_of(request).ask(request, lambda atlas: _meaning(atlas, text))
    if meaning.is_seed:
        return RedirectResponse(address("/correlates", seed=text, category=category), 303)
    if meaning.is_category:
        return RedirectResponse(address("/category", text), 303)
    return render("unknown", 404, text=text, meanings=meaning.similar, categories=meaning.categories)


@dataclass(frozen=True)
class _Meaning:
    """What a text means: a seed, a category, or neither, with what is similar."""

    is_seed: bool = False
    is_category: bool = False
    similar: Sequence[dict[str, Any]] = ()
    categories: Sequence[str] = ()


def _meaning(atlas: Atlas, text: str) -> _Meaning:
    found = atlas.resolve([text])
    row = dict(zip(found.columns, found.rows[0], strict=True))
    if row["status"] not in (AMBIGUOUS, UNKNOWN):
        return _Meaning(is_seed=True)
    try:
        atlas.members(text)
    except NotFoundError:
        categories = atlas.categories(text).column("name")[:20]
        return _Meaning(similar=[row], categories=categories)
    except AmbiguousNameError:
        pass  # its page says which categories have the name
    return _Meaning(is_category=True)


def look(atlas: Atlas) -> tuple[Contents, Examples]:
    """Return what is loaded, and names that questions can be asked of."""
    return atlas.contents(), find_examples(atlas)


def find_examples(atlas: Atlas) -> Examples:
    """Return names that questions about this database can be asked of."""
    gene = atlas.example_gene
    (of_partner,) = atlas.resolve([_PARTNER]).column("status")
    categories = dict(
        zip(*(atlas.categories(CATEGORY).column(name) for name in ("name", "with_expression")), strict=True)
    )
    has_members = (categories.get(CATEGORY) or 0) > 1
    partner = _PARTNER if of_partner == "with expression data" and gene != _PARTNER else None
    return Examples(gene, partner, CATEGORY if has_members else None)

"""The JSON interface: the answers of the commands with --format json."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from coexpr.atlas import Atlas
from coexpr.errors import OptionError
from coexpr.web.answers import answers_of
from coexpr.web.endpoints import DEFAULT_FORMAT, ENDPOINTS, Endpoint, write
from coexpr.web.guard import is_link_of_other_site
from coexpr.web.names import complete
from coexpr.web.openapi import describe
from coexpr.web.pages.sql import MAX_ROWS, run
from coexpr.web.responses import file, parameter_in, parameters_in, refuse_others

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def routes() -> list[Route]:
    """Return the addresses of the JSON interface."""
    found = [Route(endpoint.path, _answer_of(endpoint), name=endpoint.command) for endpoint in ENDPOINTS]
    return [
        *found,
        Route("/api/sql", answer_sql),
        Route("/api/complete", answer_names),
        Route("/api/openapi.json", answer_description),
    ]


def _answer_of(endpoint: Endpoint) -> Handler:
    async def answer(request: Request) -> Response:
        format_name = parameter_in(request, "format") or DEFAULT_FORMAT
        question = endpoint.question(request.path_params, parameters_in(request, "format"))

        def call(atlas: Atlas) -> bytes:
            return write(question(atlas), format_name)

        return file(await answers_of(request).ask(request, call), format_name)

    return answer


async def answer_sql(request: Request) -> Response:
    """Run an SQL statement."""
    refuse_others(request, "statement", "format")
    if is_link_of_other_site(request.headers):
        raise OptionError("`statement` comes from a link on another site. Open /sql, and read it before you run it.")
    format_name = parameter_in(request, "format") or DEFAULT_FORMAT
    statement = parameter_in(request, "statement")

    def call(atlas: Atlas) -> bytes:
        return write(run(atlas, statement, MAX_ROWS), format_name)

    return file(await answers_of(request).ask(request, call, is_statement=True), format_name)


async def answer_names(request: Request) -> Response:
    """Return the names that a text may be the beginning of."""
    refuse_others(request, "kind", "text")
    kind, text = parameter_in(request, "kind"), parameter_in(request, "text")
    found = await asyncio.to_thread(complete, answers_of(request).path, kind, text)
    return JSONResponse([{"name": name, "description": description} for name, description in found])


async def answer_description(_: Request) -> Response:
    """Return the OpenAPI description."""
    return JSONResponse(describe())

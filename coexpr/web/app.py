"""The application: which address is answered by what, and how errors are answered."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, ExceptionHandler

from coexpr.errors import CoexprError
from coexpr.web import api
from coexpr.web.answers import Answers
from coexpr.web.guard import Guard
from coexpr.web.pages import category, correlates, demo, figures, gene, learn, pair, search, sql
from coexpr.web.pages.problem import answer_error, answer_failure, answer_gone, answer_missing
from coexpr.web.workers import GoneError, Workers

# Smaller answers are sent as they are.
_COMPRESSED_FROM = 2000


def create_app(
    path: Path, *, host: str = "127.0.0.1", token: str | None = None, workers: Workers | None = None
) -> ASGIApp:
    """Return the application for a database.

    Parameters
    ----------
    path : path
        The database; it need not exist yet.
    host : str
        The address at which it will listen, which decides what a request may name as `Host`.
    token : str, optional
        What every request must have.
    workers : Workers, optional
        What computes answers from the database.
    """
    answers = Answers(workers or Workers(path))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with answers.running():
            preparing = asyncio.create_task(answers.prepare(search.LOADED, search.look))
            try:
                yield
            finally:
                preparing.cancel()

    routes = [
        Route("/", search.page),
        Route("/search", search.find),
        Route("/correlates", correlates.page),
        Route("/correlates.{ending}", correlates.file),
        Route("/pair", pair.page),
        Route("/gene/{gene:path}", gene.page),
        Route("/categories", category.listing),
        Route("/category/{category:path}", category.page),
        Route("/figure/{kind}.{ending}", figures.figure),
        Route("/sql", sql.page),
        Route("/learn", learn.page),
        Route("/demo", demo.make, methods=["POST"]),
        *api.routes(),
        Mount("/static", StaticFiles(packages=[("coexpr.web", "static")])),
    ]
    handlers: dict[object, ExceptionHandler] = {
        CoexprError: answer_error,
        GoneError: answer_gone,
        404: answer_missing,
        405: answer_missing,
        Exception: answer_failure,
    }
    app = Starlette(
        routes=routes,
        middleware=[
            Middleware(GZipMiddleware, minimum_size=_COMPRESSED_FROM, compresslevel=4),
        ],
        exception_handlers=handlers,
        lifespan=lifespan,
    )
    app.state.answers = answers
    # Around all of it: starlette answers a failure outside of its middleware.
    return Guard(app, host, token)

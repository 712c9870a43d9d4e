"""What is shown in place of an answer: an error, or how to make a database."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from coexpr.errors import CoexprError, DatabaseInUseError, NoDatabaseError, NotFoundError
from coexpr.web.answers import answers_of
from coexpr.web.failures import RETRY_AFTER, headers_of, sentence_of, status_of
from coexpr.web.rendering import address, page
from coexpr.wording import one_line

# What web servers note for a request that its client gave up; it is not received.
_CLIENT_CLOSED = 499


async def answer_error(request: Request, error: Exception) -> Response:
    """Answer a request that an error ended, as JSON or as a page."""
    assert isinstance(error, CoexprError)  # noqa: S101  (starlette calls it for these only)
    status, sentence, headers = status_of(error), sentence_of(error), headers_of(error)
    if request.url.path.startswith("/api/"):
        kind = type(error).__name__
        return JSONResponse({"error": {"kind": kind, "message": sentence}}, status, headers)
    if isinstance(error, NoDatabaseError):
        return page("no_database", status, headers, database=answers_of(request).path)
    again = RETRY_AFTER if isinstance(error, DatabaseInUseError) else None
    corrections = _corrections(request, error) if isinstance(error, NotFoundError) else {}
    return page(
        "problem", status, headers, sentence=sentence, again=again, given=_given(request), corrections=corrections
    )


async def answer_missing(request: Request, error: Exception) -> Response:
    """Answer a request for an address that does not exist, or does not accept the method."""
    status = getattr(error, "status_code", 404)
    path = one_line(request.url.path[:200])
    sentence = f"{path} does not accept {request.method}." if status == 405 else f"There is no page {path}."
    headers = getattr(error, "headers", None)  # which methods are accepted
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": {"kind": "NotFound", "message": sentence}}, status, headers)
    return page("problem", status, headers, sentence=sentence, again=None, given="", corrections={})


async def answer_failure(request: Request, _: Exception) -> Response:
    """Answer a request that an error of coexpr ended, which the terminal shows."""
    sentence = "This is an error of coexpr itself. The terminal in which coexpr serve runs shows it."
    headers = {"Connection": "close"}  # which the server does after a failure
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": {"kind": "Failure", "message": sentence}}, 500, headers)
    return page("problem", 500, headers, sentence=sentence, again=None, given="", corrections={})


async def answer_gone(_: Request, __: Exception) -> Response:
    """Answer a request whose sender is gone."""
    return Response(status_code=_CLIENT_CLOSED)


def _corrections(request: Request, error: NotFoundError) -> dict[str, str]:
    """Return the address of the same page with each similar name in place of the one that is not known."""
    name = error.name.strip()

    def corrected(similar: str) -> str:
        parts = [similar if part.strip() == name else part for part in request.scope["path"].strip("/").split("/")]
        given = [(key, similar if text.strip() == name else text) for key, text in request.query_params.multi_items()]
        return address("", *parts) + (f"?{urlencode(given)}" if given else "")

    return {similar: corrected(similar) for similar in error.similar}


def _given(request: Request) -> str:
    """Return the seed of a page, for the box in which it can be corrected."""
    return (request.query_params.get("seed") or request.path_params.get("gene") or "")[:100]

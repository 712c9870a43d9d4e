"""What a request asks with, and a file as the answer."""

from starlette.requests import Request
from starlette.responses import Response

from coexpr.errors import OptionError
from coexpr.web.endpoints import MEDIA
from coexpr.web.parameters import unknown_parameter


def parameters_in(request: Request, *without: str) -> dict[str, list[str]]:
    """Return the parameters of an address, each with its values, besides some."""
    given = request.query_params
    return {name: given.getlist(name) for name in given if name not in without}


def parameter_in(request: Request, name: str) -> str:
    """Return a parameter that may be given once, without spaces around it; an empty text if it is not given.

    Raises
    ------
    OptionError
        If it is given several times.
    """
    texts = request.query_params.getlist(name)
    if len(texts) > 1:
        raise OptionError(f"`{name}` is given {len(texts)} times, and may be given once.")
    return texts[0].strip() if texts else ""


def refuse_others(request: Request, *known: str) -> None:
    """Refuse parameters of an address that it does not have.

    Raises
    ------
    OptionError
        If there is one.
    """
    if others := [name for name in request.query_params if name not in known]:
        raise unknown_parameter(others[0], known)


def file(content: bytes, format_name: str, name: str | None = None) -> Response:
    """Return a result as the answer of the server; with a name, as a file to save."""
    media, ending = MEDIA[format_name]
    headers = {}
    if name is not None:
        plain = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name).strip("-")
        headers["Content-Disposition"] = f'attachment; filename="{plain[:100] or "coexpr"}.{ending}"'
    return Response(content, media_type=media, headers=headers)

"""Figures of results as files: the same as those of --plot."""

import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from coexpr.atlas import Atlas
from coexpr.errors import OptionError
from coexpr.extras import require
from coexpr.web.answers import answers_of
from coexpr.web.parameters import arguments_of
from coexpr.web.responses import parameter_in, parameters_in

_MEDIA = {"png": "image/png", "svg": "image/svg+xml", "pdf": "application/pdf"}
# matplotlib's settings belong to the process, so figures are drawn one after the other.
_drawing = threading.Lock()
_TOP = 30
# A heatmap of more genes takes long, and cannot be read.
_MAX_ROWS = 500


def _correlates(atlas: Atlas, names: dict[str, str], arguments: dict[str, Any]) -> Any:
    return atlas.correlates(names["seed"], **{"top": _TOP} | arguments | {"by_donor": True})


def _pair(atlas: Atlas, names: dict[str, str], arguments: dict[str, Any]) -> Any:
    return atlas.pair(names["a"], names["b"], **arguments)


def _probes(atlas: Atlas, names: dict[str, str], arguments: dict[str, Any]) -> Any:
    return atlas.probes(names["gene"], **arguments)


def _matrix(atlas: Atlas, _: dict[str, str], arguments: dict[str, Any]) -> Any:
    return atlas.correlation_matrix(**arguments, max_rows=_MAX_ROWS)


_KINDS: dict[str, tuple[str, tuple[str, ...], Callable[[Atlas, dict[str, str], dict[str, Any]], Any]]] = {
    "correlates": ("correlates", ("seed",), _correlates),
    "pair": ("pair", ("a", "b"), _pair),
    "probes": ("probes", ("gene",), _probes),
    "matrix": ("correlation_matrix", (), _matrix),
}
# Parameters of the figure itself.
_SETTINGS = {"pair": ("color", "facet")}


async def figure(request: Request) -> Response:
    """Return a figure of the answer to a question."""
    kind, ending = request.path_params["kind"], request.path_params["ending"]
    if kind not in _KINDS or ending not in _MEDIA:
        raise OptionError(
            f"There is no figure {kind[:60]}.{ending[:20]}: there are {', '.join(_KINDS)}, as .png, .svg or .pdf."
        )
    require("matplotlib")
    method, needed, ask = _KINDS[kind]
    settings = {name: text for name in _SETTINGS.get(kind, ()) if (text := parameter_in(request, name))}
    names = {name: parameter_in(request, name) for name in needed}
    if missing := [name for name, text in names.items() if not text]:
        raise OptionError(f"`{missing[0]}` is missing: expected the name of a gene or probe.")
    arguments = arguments_of(method, parameters_in(request, *needed, *_SETTINGS.get(kind, ())))

    def draw(atlas: Atlas) -> bytes:
        result = ask(atlas, names, arguments)
        with _drawing, tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"figure.{ending}"
            result.save_figure(path, **settings)
            return path.read_bytes()

    content = await answers_of(request).ask(request, draw)
    return Response(
        content, media_type=_MEDIA[ending], headers={"Content-Disposition": f'inline; filename="{kind}.{ending}"'}
    )

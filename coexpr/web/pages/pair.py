"""Two genes or probes: their samples, r by donor, scale, rule and probe, and which of them a number is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast, get_args

from starlette.requests import Request
from starlette.responses import Response

from coexpr.analysis.pair import Pair
from coexpr.analysis.pair_crossed import probes_crossed, scales_crossed
from coexpr.analysis.pair_samples import Color
from coexpr.atlas import Atlas
from coexpr.errors import OptionError
from coexpr.sentences.pair import describe_pair
from coexpr.web.answers import answers_of
from coexpr.web.equivalents import command_of, sql_of
from coexpr.web.parameters import arguments_of, parameters_of
from coexpr.web.rendering import page as render
from coexpr.web.responses import parameter_in, parameters_in
from coexpr.web.scatter import Scatter, scatter_of

_VIEW = ("a", "b", "color")
# A table of more pairs of probes is in the file only.
MAX_PAIRS = 400
CHOICES = {parameter.name: parameter.choices for parameter in parameters_of("pair") if parameter.choices}


@dataclass(frozen=True)
class _Seen:
    """What is shown of a pair, which needs its Atlas no more."""

    pair: Pair
    scatter: Scatter | None
    sentences: Sequence[str]


async def page(request: Request) -> Response:
    """Show a pair."""
    a, b = parameter_in(request, "a"), parameter_in(request, "b")
    color = parameter_in(request, "color") or "structure"
    given = {name: texts for name, texts in parameters_in(request, *_VIEW).items() if any(map(str.strip, texts))}
    if not (a and b):
        return render("pair_of", a=a, b=b, given=given, choices=CHOICES)
    if color not in get_args(Color):
        raise OptionError(f"`color` {color!r:.60}: expected one of {', '.join(get_args(Color))}.")
    arguments = arguments_of("pair", given) | {"a": a, "b": b}
    seen = await answers_of(request).ask(request, lambda atlas: _see(atlas, arguments, cast(Color, color)))
    provenance = seen.pair.provenance
    question = provenance.question
    return render(
        "pair",
        a=a,
        b=b,
        color=color,
        given=given,
        given_of_figure={name: texts for name, texts in given.items() if name != "observed_r"},
        pair=seen.pair,
        provenance=provenance,
        scatter=seen.scatter,
        sentences=[line for line in seen.sentences if not _is_answer(line, seen.pair)],
        command=command_of(question) if question else "",
        sql=sql_of(question) if question else None,
        scales=scales_crossed(seen.pair),
        probes=probes_crossed(seen.pair) if len(seen.pair.probes) <= MAX_PAIRS else None,
        choices=CHOICES,
    )


def _see(atlas: Atlas, arguments: dict[str, Any], color: Color) -> _Seen:
    pair: Pair = atlas.pair(**arguments)
    return _Seen(pair, scatter_of(pair, color), describe_pair(pair))


def _is_answer(line: str, pair: Pair) -> bool:
    """Return whether a sentence is about the r that was entered, which is shown next to it."""
    observed = pair.provenance.observed_r
    return observed is not None and line == observed.sentence

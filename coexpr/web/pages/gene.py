"""A gene: its probes, which of them represents it, and why it may be missing from a result."""

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from coexpr.analysis.funnel import Funnel
from coexpr.analysis.gene_probes import GeneProbes
from coexpr.analysis.names import AMBIGUOUS
from coexpr.atlas import Atlas
from coexpr.options import BUILDS, RULES, SELECTS
from coexpr.result import rows_by_column
from coexpr.sentences.probes import describe_probes, recommend_probe
from coexpr.web.answers import answers_of
from coexpr.web.equivalents import command_of
from coexpr.web.parameters import arguments_of, parameters_of
from coexpr.web.rendering import page as render
from coexpr.web.responses import parameters_in

CHOICES = {parameter.name: parameter.choices for parameter in parameters_of("probes") if parameter.choices}
# Parameters that have a box in the form; the others stay as they are.
_IN_FORM = ("min_present", "annotation", "scope")
_OF_WHY = tuple(parameter.name for parameter in parameters_of("why"))
# The step of the funnel after which a probe has statistics.
_HAS_DATA = "with expression data"


@dataclass(frozen=True)
class _Seen:
    """What is shown of a gene, which needs its Atlas no more.

    Parameters
    ----------
    symbol : str
        The atlas's symbol, or the name that was given if the database has no such gene.
    meaning : dict
        What the name means, by the columns of `Atlas.resolve`.
    full_name : str
        What the symbol means: the name of the gene, and its current symbol if that is another one.
    funnel : Funnel
    probes : GeneProbes, optional
        None if no probe of it has expression data.
    """

    symbol: str
    meaning: dict[str, Any]
    full_name: str
    funnel: Funnel
    probes: GeneProbes | None


async def page(request: Request) -> Response:
    """Show a gene."""
    name = request.path_params["gene"].strip()
    given = {name: texts for name, texts in parameters_in(request).items() if any(map(str.strip, texts))}
    arguments = arguments_of("probes", given)
    seen = await answers_of(request).ask(request, lambda atlas: _see(atlas, name, arguments))
    questions = [table.provenance.question for table in (seen.probes, seen.funnel.steps) if table is not None]
    steps = rows_by_column(seen.funnel.steps)
    return render(
        "gene",
        name=name,
        symbol=seen.symbol,
        meaning=seen.meaning,
        full_name=seen.full_name,
        given=given,
        given_of_why={name: texts for name, texts in given.items() if name in _OF_WHY},
        kept={name: texts for name, texts in given.items() if name not in _IN_FORM},
        probes=rows_by_column(seen.probes) if seen.probes else [],
        result=seen.probes,
        recommendation=recommend_probe(seen.probes.provenance) if seen.probes else [],
        sentences=describe_probes(seen.probes) if seen.probes else [],
        rules=_probes_by_rule(seen.probes) if seen.probes else [],
        steps=steps,
        most=max((step["probes"] or 0 for step in steps), default=0),
        removed=rows_by_column(seen.funnel.probes),
        conclusions=seen.funnel.provenance.conclusions,
        command="\n".join(command_of(question) for question in questions if question),
        choices=CHOICES,
    )


def _see(atlas: Atlas, name: str, arguments: dict[str, Any]) -> _Seen:
    selection = arguments.get("probe_selection")
    # Refuses an unknown name, and answers for a gene without expression data, which `probes` refuses.
    funnel = atlas.why(name, probe_selection=selection)
    annotation = funnel.provenance.probe_selection.annotation
    symbol = str(funnel.provenance.gene)
    found = atlas.resolve([name, symbol], annotation=annotation)
    meaning, of_symbol = (dict(zip(found.columns, row, strict=True)) for row in found)
    with_data = dict(zip(funnel.steps.column("step"), funnel.steps.column("probes"), strict=True))[_HAS_DATA]
    explained = meaning if of_symbol["status"] == AMBIGUOUS else of_symbol
    return _Seen(
        symbol=symbol,
        meaning=meaning,
        full_name=str(explained["explanation"] or ""),
        funnel=funnel,
        probes=atlas.probes(name, **arguments) if with_data else None,
    )


def _probes_by_rule(probes: GeneProbes) -> list[dict[str, Any]]:
    """Return what each rule does, the probes that it selects, and why it selects none."""
    selected = dict(zip(probes.column("probe_name"), probes.column("selected_by"), strict=True))
    skipped = probes.provenance.rules_skipped
    rows = []
    for rule in RULES:
        does = f"builds the {BUILDS[rule]} of all probes" if rule in BUILDS else f"selects the probe {SELECTS[rule]}"
        names = [name for name, rules in selected.items() if rule in rules]
        rows.append({"rule": rule, "does": does, "probes": names, "why_not": skipped.get(rule, "")})
    return rows

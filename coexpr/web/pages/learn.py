"""Four questions of a student, answered on the data of this database."""

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from coexpr.analysis.correlates_result import CorrelatesResult
from coexpr.analysis.gene_probes import GeneProbes
from coexpr.analysis.names import EXPRESSION
from coexpr.analysis.pair import Pair
from coexpr.analysis.pair_crossed import scales_crossed
from coexpr.atlas import Atlas
from coexpr.result import rows_by_column
from coexpr.sentences.probes import recommend_probe
from coexpr.web.answers import answers_of
from coexpr.web.pages.search import CATEGORY, find_examples
from coexpr.web.rendering import page as render
from coexpr.web.responses import refuse_others

_TOP = 5
# What the views of the site compute r from, or show: scale, resolution, and how donors are combined.
_FIND_CORRELATES = ("log2", "samples", "pooled")
_HEATMAPS = tuple(("z within donor", resolution, "pooled") for resolution in ("structures", "coarse structures"))


@dataclass(frozen=True)
class Averages:
    """What one gets by averaging r over pairs of probes, and by averaging the profiles first.

    Parameters
    ----------
    pairs : int
        Pairs of probes with an r.
    mean_of_r : float
        The mean of their r.
    lowest, highest : float
    of_averages : float
        r of the averaged profiles.
    """

    pairs: int
    mean_of_r: float
    lowest: float
    highest: float
    of_averages: float


@dataclass(frozen=True)
class InCategory:
    """A category, and the correlates of a gene in it.

    Parameters
    ----------
    row : dict
        The category, by the columns of `Atlas.categories`.
    gene : str
    correlates : CorrelatesResult, optional
        None if none of its genes has expression data.
    """

    row: dict[str, Any]
    gene: str
    correlates: CorrelatesResult | None

    @property
    def top(self) -> list[tuple[str, float | None]]:
        """The first correlates, with their r."""
        if self.correlates is None:
            return []
        return list(zip(self.correlates.column("gene_symbol"), self.correlates.column("r"), strict=True))


@dataclass(frozen=True)
class Lesson:
    """What is shown, which needs its Atlas no more."""

    pair: Pair
    genes: list[GeneProbes]
    averages: Averages | None
    category: InCategory | None


async def page(request: Request) -> Response:
    """Answer the four questions for a pair of genes."""
    refuse_others(request, "a", "b")
    a, b = (request.query_params.get(name, "").strip() for name in ("a", "b"))
    lesson = await answers_of(request).ask(request, lambda atlas: _teach(atlas, a, b))
    if lesson is None:
        return render("learn_nothing", a=a, b=b)
    provenance = lesson.pair.provenance
    r_of = {(scale, resolution, donors): r for scale, resolution, donors, r, _ in lesson.pair.scales}
    names = provenance.names
    return render(
        "learn",
        a=a or names[0],
        b=b or names[1],
        names=names,
        are_genes="gene" in provenance.levels,
        pair=lesson.pair,
        provenance=provenance,
        scales=scales_crossed(lesson.pair),
        find_correlates=r_of[_FIND_CORRELATES],
        # In a small database, too few of the finer structures have samples.
        heatmap=next(((key[1], r_of[key]) for key in _HEATMAPS if r_of[key] is not None), None),
        genes=[(probes, recommend_probe(probes.provenance)) for probes in lesson.genes],
        averages=lesson.averages,
        category=lesson.category,
    )


def _teach(atlas: Atlas, a: str, b: str) -> Lesson | None:
    """Return what is shown of a pair; None if the database has no two profiles to compare."""
    names = _choose(atlas, a, b)
    if names is None:
        return None
    pair = atlas.pair(*names)
    found = atlas.resolve(names)
    genes = [symbol for symbol in dict.fromkeys(found.column("gene_symbol")) if symbol]
    by_gene = dict(zip(found.column("gene_symbol"), names, strict=True))
    return Lesson(
        pair=pair,
        genes=[atlas.probes(by_gene[gene]) for gene in genes],
        averages=_averages(pair),
        category=_in_category(atlas, by_gene[genes[0]]) if genes else None,
    )


def _choose(atlas: Atlas, a: str, b: str) -> tuple[str, str] | None:
    """Return the pair to compare: the given names, and for a missing one a gene or probe that suits the other."""
    if a and b:
        return a, b
    examples = find_examples(atlas)
    first = a or b or examples.gene
    if first is None:
        return None
    if second := _partner(atlas, first, examples.partner, examples.gene):
        return (second, first) if b else (first, second)
    return _two_probes(atlas, first)


def _two_probes(atlas: Atlas, name: str) -> tuple[str, str] | None:
    """Return two probes of a gene, or the given probe and another: what a database of one gene can compare."""
    probes = atlas.probes(name)
    names = [str(probe) for probe in probes.column("probe_name")]
    recommended = probes.provenance.recommendation
    if name in names:
        first = name
    elif recommended is None:
        first = names[0]
    else:
        first = recommended.alternative.probe if recommended.alternative else recommended.probe
    # The probe that agrees best with the others.
    agreement = dict(zip(names, probes.column("mean_r"), strict=True))
    others = sorted((other for other in names if other != first), key=lambda other: -(agreement[other] or -1))
    return (first, others[0]) if others else None


def _partner(atlas: Atlas, name: str, *preferred: str | None) -> str | None:
    """Return another gene to compare with: a preferred one, or else the first correlate; None if there is none."""
    found = atlas.resolve([name])
    (symbol,) = found.column("gene_symbol")
    for other in preferred:
        if other and other != symbol:
            return other
    if found.column("status") != [EXPRESSION]:
        return None  # the next question says why
    symbols = atlas.correlates(name, level="gene", top=1).column("gene_symbol")
    return str(symbols[0]) if symbols else None


def _averages(pair: Pair) -> Averages | None:
    """Return averages over the probes of two genes; None where there is only one pair of probes, or one gene."""
    provenance = pair.provenance
    spread = provenance.spread
    by_rule = dict(zip(pair.rules.column("rule"), pair.rules.column("r"), strict=True))
    of_averages = by_rule.get("average")
    defined = [r for one, other, r, _ in pair.probes if r is not None and one != other]
    if spread is None or spread.pairs < 2 or of_averages is None or provenance.names[0] == provenance.names[1]:
        return None
    mean = sum(defined) / len(defined)
    return Averages(len(defined), mean, spread.lowest, spread.highest, of_averages)


def _in_category(atlas: Atlas, gene: str) -> InCategory | None:
    """Return the category of the question, and the correlates of a gene in it."""
    found = atlas.categories(CATEGORY)
    category = next((row for row in rows_by_column(found) if row["name"] == CATEGORY), None)
    if category is None:
        return None
    correlates = None
    if category["with_expression"]:
        correlates = atlas.correlates(gene, level="gene", top=_TOP, gene_filter=category["id"])
    return InCategory(category, gene, correlates)

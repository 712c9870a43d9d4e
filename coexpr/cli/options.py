"""Options that several commands share, each spelt once."""

import re
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from coexpr.choice import Annotation, Choice, Rule, Scope
from coexpr.errors import OptionError
from coexpr.method import Adjust, Method, MethodName
from coexpr.resources import DATABASE_VARIABLE
from coexpr.restriction import Hemisphere, Restriction


class Format(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    CSV = "csv"
    TSV = "tsv"
    JSON = "json"
    JSONL = "jsonl"


Database = Annotated[
    Path | None,
    typer.Option(
        "--db",
        envvar=DATABASE_VARIABLE,
        metavar="FILE",
        help="The database. Without it: your own, in the per-user data folder.",
        show_default=False,
    ),
]
OutputFormat = Annotated[
    Format | None,
    typer.Option(
        "--format",
        help="How to write the answer. Without it: a table, or what -o FILE ends in.",
        show_default=False,
    ),
]
OutputFile = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write the answer to a file: .csv, .tsv, .json, .jsonl.",
        show_default=False,
    ),
]
LevelOption = Annotated[
    Literal["probe", "gene"] | None,
    typer.Option("--level", help="Answer with probes or with genes. Without it: what was named.", show_default=False),
]
CategoryOption = Annotated[
    list[str] | None,
    typer.Option(
        "--category",
        metavar="NAME",
        help="Answer only with genes of this category: a name, an accession such as GO:0007399, or source:name. "
        "Give it several times for several.",
        show_default=False,
    ),
]
GenesOption = Annotated[
    str | None,
    typer.Option(
        "--genes",
        metavar="A,B|FILE|-",
        help="A category given on the spot: names, a file of names, or stdin.",
        show_default=False,
    ),
]
MatchOption = Annotated[
    Literal["any", "all"], typer.Option("--match", help="Genes of any of the categories, or only those in all of them.")
]
RegulatesOption = Annotated[
    bool, typer.Option("--include-regulates", help="Count what regulates a category as its members too.")
]
RuleOption = Annotated[
    Rule | None,
    typer.Option(
        "--rule", help="How a gene gets its one profile (docs/probes.md). Without it: max-mean.", show_default=False
    ),
]
PowerOption = Annotated[
    float | None,
    typer.Option(
        "--power",
        metavar="P",
        help="Of the rule connectivity: what correlations are raised to. 1 unless said.",
        show_default=False,
    ),
]
MinPresentOption = Annotated[
    float | None,
    typer.Option(
        "--min-present",
        metavar="F",
        help="For genes, leave out probes present in a smaller share of samples, such as 0.5.",
        show_default=False,
    ),
]
ScopeOption = Annotated[
    Scope | None,
    typer.Option(
        "--scope",
        help="Choose probes over all samples, in each donor, or as most donors do. Without it: pooled.",
        show_default=False,
    ),
]
AnnotationOption = Annotated[
    Annotation | None,
    typer.Option("--annotation", help="What says which gene a probe measures. Without it: allen.", show_default=False),
]

StructureOption = Annotated[
    list[str] | None,
    typer.Option(
        "--structure",
        metavar="NAME",
        help="Only samples of this structure and what is below it: an acronym, a name or an id. Give it several times "
        "for several.",
        show_default=False,
    ),
]
HemisphereOption = Annotated[
    Hemisphere | None, typer.Option("--hemisphere", help="Only samples of the left or right.", show_default=False)
]
DonorOption = Annotated[
    list[str] | None,
    typer.Option(
        "--donor", metavar="ID", help="Only samples of this donor: an id or a name. Repeatable.", show_default=False
    ),
]
MethodOption = Annotated[
    MethodName | None, typer.Option("--method", help="How r is measured. Without it: pearson.", show_default=False)
]
OutliersOption = Annotated[
    float | None,
    typer.Option(
        "--max-p-outliers",
        metavar="F",
        help="Of bicor: the largest share of outliers on a side, such as 0.05.",
        show_default=False,
    ),
]
AdjustOption = Annotated[
    Adjust | None,
    typer.Option("--adjust", help="Take off first what donors or structures explain: a partial r.", show_default=False),
]


ThreadsOption = Annotated[
    int | None,
    typer.Option(
        "--threads",
        min=1,
        metavar="N",
        help="How many threads work; COEXPR_THREADS says the same for every command. Without it: one per processor.",
        show_default=False,
    ),
]


def as_choice(
    rule: Rule | None,
    power: float | None,
    min_present: float | None,
    scope: Scope | None,
    annotation: Annotation | None,
) -> Choice | None:
    """Return how genes get their profiles, None where nothing was said of it."""
    said = {"rule": rule, "power": power, "min_present": min_present, "scope": scope, "annotation": annotation}
    given: dict[str, Any] = {name: value for name, value in said.items() if value is not None}
    return Choice(**given) if given else None


def listed(given: str | None) -> list[str]:
    """Return the names that --genes gives: of stdin, of a file, or between commas; none where it is not given.

    An empty list is refused: without names nothing would be limited, and every gene would answer.
    """
    if given is None:
        return []
    if given == "-":
        text = sys.stdin.read()
    elif Path(given).is_file():
        text = Path(given).read_text(encoding="utf-8-sig")
    elif "/" in given or given.lower().endswith((".txt", ".csv", ".tsv")):
        raise OptionError(f"--genes {given}: there is no such file.")
    else:
        text = given
    names = [name for name in (cell.strip().strip('"') for cell in re.split(r"[,;\t\n]", text)) if name]
    if not names:
        raise OptionError(f"--genes {given}: there is no name in this list. Give symbols, Entrez ids or probes.")
    return names


def as_restriction(structure: list[str] | None, hemisphere: Hemisphere | None, donor: list[str] | None) -> Restriction:
    """Return what limits the samples."""
    return Restriction(tuple(structure or ()), hemisphere, tuple(donor or ()))


def as_method(method: MethodName | None, max_p_outliers: float | None, adjust: Adjust | None) -> Method:
    """Return how r is measured."""
    return Method(method or "pearson", 1 if max_p_outliers is None else max_p_outliers, adjust)

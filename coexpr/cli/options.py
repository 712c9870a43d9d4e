"""Options that several commands share, each spelt once."""

import re
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from coexpr.choice import Annotation, Choice, Rule, Scope
from coexpr.errors import OptionError
from coexpr.resources import DATABASE_VARIABLE


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
        "-f",
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
    else:
        text = given
    names = [name for name in (cell.strip().strip('"') for cell in re.split(r"[,;\t\n]", text)) if name]
    if not names:
        raise OptionError(f"--genes {given}: there is no name in this list. Give symbols, Entrez ids or probes.")
    return names

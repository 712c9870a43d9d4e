"""Options that several commands share, each spelt once."""

import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from coexpr.choice import Annotation, Choice, Rule, Scope
from coexpr.errors import OptionError
from coexpr.method import Adjust, Method, MethodName
from coexpr.resources import DATABASE_VARIABLE
from coexpr.restriction import Hemisphere, Restriction

if TYPE_CHECKING:
    from coexpr.atlas import Atlas


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
        help="The database. Without it: the one in your data folder (coexpr info --path).",
        show_default=False,
    ),
]
OutputFormat = Annotated[
    Format | None,
    typer.Option(
        "--format",
        help="Output format. Without it: a table, or the format that -o FILE ends in.",
        show_default=False,
    ),
]
OutputFile = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write the result to a file: .csv, .tsv, .json, .jsonl.",
        show_default=False,
    ),
]
ColumnsOption = Annotated[
    str | None,
    typer.Option(
        "--columns", metavar="A,B", help="Only these columns, in this order, in any format.", show_default=False
    ),
]
WideOption = Annotated[bool, typer.Option("--wide", help="Show all columns, although they do not fit the terminal.")]
LevelOption = Annotated[
    Literal["probe", "gene"] | None,
    typer.Option(
        "--level", help="Return probes or genes. Without it: the level of what was named.", show_default=False
    ),
]
CategoryOption = Annotated[
    list[str] | None,
    typer.Option(
        "--category",
        metavar="NAME",
        help="Only genes of this category: a name, an accession such as GO:0007399, source:name, or id:number. "
        "Repeatable.",
        show_default=False,
    ),
]
GenesOption = Annotated[
    str | None,
    typer.Option(
        "--genes",
        metavar="A,B|FILE|-",
        help="Only these genes: names between commas, a file (a list, a table, a GMT of one set), or - for stdin.",
        show_default=False,
    ),
]
GeneColumnOption = Annotated[
    str | None,
    typer.Option(
        "--gene-column",
        "--column",
        metavar="NAME",
        help="The column of genes in the file of --genes: header or number. Without it: found by its contents.",
        show_default=False,
    ),
]
EvidenceNotOption = Annotated[
    list[str] | None,
    typer.Option(
        "--evidence-not",
        metavar="CODE",
        help="Leave out genes that are members of the category only by annotations with this evidence code, such as "
        "IEA. Repeatable.",
        show_default=False,
    ),
]
MatchOption = Annotated[
    Literal["any", "all"], typer.Option("--match", help="With several categories: genes in any of them, or in all.")
]
RegulatesOption = Annotated[
    bool, typer.Option("--include-regulates", help="With the genes of what regulates the category.")
]
RuleOption = Annotated[
    Rule | None,
    typer.Option(
        "--rule",
        help="Rule that selects a gene's probe (docs/probes.md). Without it: max-mean.",
        show_default=False,
    ),
]
PowerOption = Annotated[
    float | None,
    typer.Option(
        "--power",
        metavar="P",
        help="Power of correlations, for the rule connectivity. Without it: 1.",
        show_default=False,
    ),
]
MinPresentOption = Annotated[
    float | None,
    typer.Option(
        "--min-present",
        metavar="F",
        help="For genes, leave out probes that are present in a smaller share of samples, such as 0.5.",
        show_default=False,
    ),
]
ScopeOption = Annotated[
    Scope | None,
    typer.Option(
        "--scope",
        help="Select probes over all samples, in each donor, or by majority of donors. Without it: pooled.",
        show_default=False,
    ),
]
AnnotationOption = Annotated[
    Annotation | None,
    typer.Option("--annotation", help="Annotation of probes with genes. Without it: allen.", show_default=False),
]

StructureOption = Annotated[
    list[str] | None,
    typer.Option(
        "--structure",
        metavar="NAME",
        help="Only samples of this structure and of those below it: an acronym, a name or an id. Repeatable.",
        show_default=False,
    ),
]
HemisphereOption = Annotated[
    Hemisphere | None,
    typer.Option("--hemisphere", help="Only samples of the left or right hemisphere.", show_default=False),
]
DonorOption = Annotated[
    list[str] | None,
    typer.Option(
        "--donor", metavar="ID", help="Only samples of this donor: an id or a name. Repeatable.", show_default=False
    ),
]
MethodOption = Annotated[
    MethodName | None, typer.Option("--method", help="Correlation method. Without it: pearson.", show_default=False)
]
OutliersOption = Annotated[
    float | None,
    typer.Option(
        "--max-p-outliers",
        metavar="F",
        help="For bicor: the largest share of outliers on each side, such as 0.05.",
        show_default=False,
    ),
]
AdjustOption = Annotated[
    Adjust | None,
    typer.Option(
        "--adjust", help="Partial correlation: remove the means of donors or structures first.", show_default=False
    ),
]


ThreadsOption = Annotated[
    int | None,
    typer.Option(
        "--threads",
        min=1,
        metavar="N",
        help="Number of threads. Without it: COEXPR_THREADS, or one per processor.",
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


def listed(atlas: "Atlas", given: str | None, gene_column: str | None) -> list[str]:
    """Return the names that --genes gives: of a file or stdin, or between commas; none where it is not given.

    Raises
    ------
    OptionError
        If there is no name, which would limit nothing, or --gene-column is given without a file.
    """
    from coexpr.cli.screen import say

    if given is None:
        if gene_column is not None:
            raise OptionError("--gene-column names the column of a file, and --genes names none.")
        return []
    if path := _file_of(given):
        found = atlas.read_genes(path, gene_column=gene_column)
        names = list(found.categories[0].members)
        notes = "; ".join(note.rstrip(".") for note in found.notes)
        say(f"Read {len(names):,} names from {path} ({found.what}{f': {notes}' if notes else ''}).")
    elif gene_column is not None:
        raise OptionError(f"--gene-column names the column of a file, and --genes {given:.60} is none.")
    else:
        names = [name for name in (cell.strip().strip("\"'") for cell in re.split(r"[,;\t\r\n]", given)) if name]
    if not names:
        raise OptionError(f"--genes {given!r:.60}: there is no name in this list. Give symbols, Entrez ids or probes.")
    return names


def _file_of(given: str) -> Path | None:
    """Return the file that --genes names; None for a list of names.

    Raises
    ------
    OptionError
        If it has the form of a path, and there is no such file.
    """
    if given == "-":
        return Path(given)
    is_list = any(mark in given for mark in ",;\n")
    try:
        if Path(given).is_file():
            return Path(given)
    except (OSError, ValueError):  # longer than a path may be, or with characters that none may have
        return None
    looks_like_a_path = "/" in given or given.lower().endswith((".txt", ".csv", ".tsv", ".gmt", ".gz"))
    if looks_like_a_path and not is_list:
        raise OptionError(f"--genes {given:.200}: there is no such file.")
    return None


def as_restriction(structure: list[str] | None, hemisphere: Hemisphere | None, donor: list[str] | None) -> Restriction:
    """Return what limits the samples."""
    return Restriction(tuple(structure or ()), hemisphere, tuple(donor or ()))


def as_method(method: MethodName | None, max_p_outliers: float | None, adjust: Adjust | None) -> Method:
    """Return how r is measured."""
    return Method(method or "pearson", 1 if max_p_outliers is None else max_p_outliers, adjust)

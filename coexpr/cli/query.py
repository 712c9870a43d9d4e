"""coexpr query: the correlates of a probe or a gene."""

import re
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from coexpr.cli.options import Database, OutputFile, OutputFormat
from coexpr.errors import OptionError


def query(
    seed: Annotated[
        str,
        typer.Argument(
            metavar="SEED",
            help="Name or id of a probe, or symbol or Entrez id of a gene.",
            show_default=False,
        ),
    ],
    level: Annotated[
        Literal["probe", "gene"] | None,
        typer.Option(help="Answer with probes or with genes. Without it: what SEED is.", show_default=False),
    ] = None,
    probe: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The probe that stands for the seed gene, instead of that with the highest mean.",
        ),
    ] = None,
    top: Annotated[int, typer.Option(min=1, metavar="N", help="Number of rows.")] = 20,
    all_rows: Annotated[bool, typer.Option("--all", help="Every row, not the first ones.")] = False,
    ascending: Annotated[bool, typer.Option("--ascending", help="Lowest r first: the anticorrelates.")] = False,
    min_r: Annotated[
        float | None,
        typer.Option(min=-1, max=1, metavar="R", help="Leave out rows with a lower r.", show_default=False),
    ] = None,
    include_self: Annotated[
        bool, typer.Option("--include-self", help="Keep the seed and, among genes, its own gene.")
    ] = False,
    category: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Answer only with genes of this category: a name, an accession such as GO:0007399, or source:name. "
            "Give it several times for several.",
            show_default=False,
        ),
    ] = None,
    genes: Annotated[
        str | None,
        typer.Option(
            metavar="A,B|FILE|-",
            help="A category given on the spot: names, a file of names, or stdin.",
            show_default=False,
        ),
    ] = None,
    match: Annotated[
        Literal["any", "all"], typer.Option(help="Genes of any of the categories, or only those in all of them.")
    ] = "any",
    include_regulates: Annotated[
        bool, typer.Option("--include-regulates", help="Count what regulates a category as its members too.")
    ] = False,
    rank_overall: Annotated[
        bool,
        typer.Option(
            "--rank-overall/--no-rank-overall",
            help="Beside the rank within the category, tell that among all; without it only the category is read.",
        ),
    ] = True,
    output_format: OutputFormat = None,
    output: OutputFile = None,
    db: Database = None,
) -> None:
    """List the probes or genes whose expression goes with that of SEED, highest r first.

    Examples: coexpr query NTRK2 --category "nervous system development"; coexpr query A_23_P216779 --all -o r.csv
    """
    from coexpr.atlas import Atlas  # loads DuckDB and numpy, which --help need not wait for
    from coexpr.cli.screen import deliver, say

    with Atlas(db) as atlas:
        answer = atlas.correlates(
            seed,
            level=level,
            probe=probe,
            top=None if all_rows else top,
            ascending=ascending,
            min_r=min_r,
            include_self=include_self,
            categories=category or [],
            genes=[] if genes is None else _names(genes),
            match=match,
            include_regulates=include_regulates,
            rank_overall=rank_overall,
        )
    deliver(answer, output, output_format)
    for line in describe(answer.route, len(answer.rows)):
        say(line)


def _names(given: str) -> list[str]:
    """Return the names of a list on the spot: of stdin, of a file, or between commas.

    An empty list is refused: without names nothing would be limited, and every gene would answer.
    """
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


def describe(route: dict[str, Any], shown: int) -> list[str]:
    """Say in words which way led to an answer."""
    seed = f"probe {route['seed_probe']}"
    if route["seed_probe_chosen_by"] == "name":
        chosen = f"Seed: {seed}, of {route['seed_gene'] or 'no known gene'}, as asked for."
    elif route["seed_probe_candidates"] == 1:
        chosen = f"Seed: {route['seed_gene']}, by its only {seed}."
    else:
        chosen = (
            f"Seed: {route['seed_gene']}, by {seed}, the one with the highest mean log2 intensity "
            f"of its {route['seed_probe_candidates']}."
        )
    if route.get("seed_found_as"):
        chosen += f" The atlas calls {route['seed_found_as']} {route['seed_gene']}."
    each = ", each by its probe with the highest mean" if route["level"] == "gene" else ""
    donors = route["donors"]
    lines = [
        chosen,
        f"Pearson r of log2 intensity, sample by sample: {route['n_samples']:,} samples of "
        f"{len(donors)} donor{'s' * (len(donors) != 1)} ({', '.join(donors)}), all structures.",
        f"{shown:,} of {route['answers']:,} {route['level']}s shown{each}.",
        f"Data: {'; '.join(route['source']) or 'unnamed'}. Database: {route['database']}. "
        f"coexpr {route['coexpr_version']}.",
    ]
    for limit in route.get("categories", []):
        origin = " ".join(limit[key] for key in ("source", "accession", "release") if limit[key])
        lines.append(
            f"Category: {limit['name']} ({origin}): {limit['genes']:,} genes, {limit['on_chip']:,} known to be on "
            f"the chip, {limit['loaded']:,} loaded."
        )
        lines += [f"  {problem}." for problem in limit.get("problems", [])]
    if not route["answers"] and "categories" in route:
        lines.append("No gene of this choice is loaded beside the seed itself.")
    elif not route["answers"]:
        lines.append(
            "No other gene is loaded. To compare the probes of this one, add --level probe."
            if route["level"] == "gene"
            else "No other probe is loaded."
        )
    elif route["without_r"] == route["answers"]:
        lines.append("No r is defined: the seed's profile is constant or unknown.")
    elif route["without_r"]:
        lines.append(f"Without r, because their profile is constant or unknown: {route['without_r']:,}.")
    return lines

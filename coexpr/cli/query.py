"""coexpr query: the correlates of a probe or a gene."""

from typing import Annotated, Any

import typer

from coexpr.choice import BUILDING, SELECTING
from coexpr.cli.options import (
    AdjustOption,
    AnnotationOption,
    CategoryOption,
    Database,
    DonorOption,
    GenesOption,
    HemisphereOption,
    LevelOption,
    MatchOption,
    MethodOption,
    MinPresentOption,
    OutliersOption,
    OutputFile,
    OutputFormat,
    PowerOption,
    RegulatesOption,
    RuleOption,
    ScopeOption,
    StructureOption,
    ThreadsOption,
    as_choice,
    as_method,
    as_restriction,
    listed,
)
from coexpr.cli.words import describe_categories, describe_data, describe_disagreement, describe_lost
from coexpr.errors import OptionError

_TOP = 20


def query(
    seed: Annotated[
        str,
        typer.Argument(
            metavar="SEED",
            help="Name or id of a probe, or symbol or Entrez id of a gene.",
            show_default=False,
        ),
    ],
    level: LevelOption = None,
    probe: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="The probe that stands for the seed gene, whatever the rule.",
        ),
    ] = None,
    rule: RuleOption = None,
    power: PowerOption = None,
    min_present: MinPresentOption = None,
    scope: ScopeOption = None,
    annotation: AnnotationOption = None,
    top: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help=f"Number of rows. Without it: {_TOP}.", show_default=False),
    ] = None,
    all_rows: Annotated[bool, typer.Option("--all", help="Every row, not the first ones.")] = False,
    ascending: Annotated[bool, typer.Option("--ascending", help="Lowest r first: the anticorrelates.")] = False,
    min_r: Annotated[
        float | None,
        typer.Option(min=-1, max=1, metavar="R", help="Leave out rows with a lower r.", show_default=False),
    ] = None,
    include_self: Annotated[
        bool, typer.Option("--include-self", help="Keep the seed and, among genes, its own gene.")
    ] = False,
    category: CategoryOption = None,
    genes: GenesOption = None,
    match: MatchOption = "any",
    include_regulates: RegulatesOption = False,
    rank_overall: Annotated[
        bool,
        typer.Option(
            "--rank-overall/--no-rank-overall",
            help="Beside the rank within the category, tell that among all; without it only the category is read.",
        ),
    ] = True,
    structure: StructureOption = None,
    hemisphere: HemisphereOption = None,
    donor: DonorOption = None,
    method: MethodOption = None,
    max_p_outliers: OutliersOption = None,
    adjust: AdjustOption = None,
    by_donor: Annotated[
        bool, typer.Option("--by-donor", help="Columns of r in each donor, and of what the donors say together.")
    ] = False,
    stats: Annotated[
        bool,
        typer.Option("--stats", help="Columns of a 95 % interval and false discovery rates, donors being the unit."),
    ] = False,
    naive_p: Annotated[
        bool,
        typer.Option("--naive-p", help="Columns of R's cor.test, which takes samples for independent: they are not."),
    ] = False,
    output_format: OutputFormat = None,
    output: OutputFile = None,
    threads: ThreadsOption = None,
    db: Database = None,
) -> None:
    """List the probes or genes whose expression goes with that of SEED, highest r first.

    Examples: coexpr query NTRK2 --category "nervous system development"; coexpr query A_23_P216779 --all -o r.csv
    """
    from coexpr.atlas import Atlas  # loads DuckDB and numpy, which --help need not wait for
    from coexpr.cli.screen import deliver, say

    if all_rows and top is not None:
        raise OptionError("--all and --top say different things: give one of them.")
    with Atlas(db, threads=threads) as atlas:
        answer = atlas.correlates(
            seed,
            level=level,
            probe=probe,
            top=None if all_rows else top or _TOP,
            ascending=ascending,
            min_r=min_r,
            include_self=include_self,
            categories=category or [],
            genes=listed(genes),
            match=match,
            include_regulates=include_regulates,
            rank_overall=rank_overall,
            choice=as_choice(rule, power, min_present, scope, annotation),
            restriction=as_restriction(structure, hemisphere, donor),
            method=as_method(method, max_p_outliers, adjust),
            by_donor=by_donor,
            stats=stats,
            naive_p=naive_p,
        )
    deliver(answer, output, output_format)
    for line in describe(answer.route, len(answer.rows)):
        say(line)


def describe(route: dict[str, Any], shown: int) -> list[str]:
    """Say in words which way led to an answer."""
    lines = [_describe_seed(route), *describe_disagreement(route)]
    each = f", each {route['profile_in_words']}" if route["level"] == "gene" else ""
    data, *source = describe_data(route)
    shown_of = f"{shown:,} of {route['answers']:,} {route['level']}s shown{each}."
    lines += [data, shown_of, *source, *describe_categories(route), *describe_lost(route)]
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


def _describe_seed(route: dict[str, Any]) -> str:
    """Say which profile stands for the seed, and why."""
    probe, gene, candidates = route["seed_probe"], route["seed_gene"], route["seed_probe_candidates"]
    rule = route["seed_probe_chosen_by"]
    if rule == "name":
        chosen = f"Seed: probe {probe}, of {gene or 'no known gene'}, as asked for."
    elif route["seed_probe_id"] is None:
        chosen = f"Seed: {gene}, by {'the ' * (rule in BUILDING)}{probe}{route['conditions']}."
    elif candidates == 1:
        chosen = f"Seed: {gene}, by its only probe {probe}{route['conditions']}."
    else:
        total = route["seed_probes"]
        among = (
            f"its {total}" if candidates == total else f"the {candidates} of its {total} probes that may stand for it"
        )
        chosen = f"Seed: {gene}, by probe {probe}, the one {SELECTING[rule]} of {among}{route['conditions']}."
    if route["seed_found_as"]:
        chosen += f" The atlas calls {route['seed_found_as']} {gene}."
    return chosen

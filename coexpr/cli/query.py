"""coexpr query: the correlates of a probe or a gene."""

from typing import Annotated, Any

import typer

from coexpr.choice import SELECTING
from coexpr.cli.options import (
    AdjustOption,
    AnnotationOption,
    CategoryOption,
    ColumnsOption,
    Database,
    DonorOption,
    EvidenceNotOption,
    GeneColumnOption,
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
    WideOption,
    as_choice,
    as_method,
    as_restriction,
    listed,
)
from coexpr.cli.table import Layout
from coexpr.cli.words import (
    describe_categories,
    describe_data,
    describe_disagreement,
    describe_lost,
    describe_other_name,
    number_of,
)
from coexpr.errors import OptionError

_TOP = 20
LAYOUTS = {
    "gene": Layout(
        keys=("rank", "gene_symbol"),
        drop=("probe_id", "entrez_id", "probe_name", "rank_overall"),
        shorten=("gene_name",),
    ),
    "probe": Layout(
        keys=("rank", "probe_name", "gene_symbol"),
        drop=("probe_id", "entrez_id", "gene_name", "rank_overall"),
        shorten=("gene_name",),
    ),
}


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
            help="The probe that represents the seed gene, whatever the rule.",
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
    all_rows: Annotated[bool, typer.Option("--all", help="All rows, not only the first.")] = False,
    ascending: Annotated[bool, typer.Option("--ascending", help="Lowest r first: anticorrelates.")] = False,
    min_r: Annotated[
        float | None,
        typer.Option(min=-1, max=1, metavar="R", help="Only rows with this r or a higher one.", show_default=False),
    ] = None,
    max_r: Annotated[
        float | None,
        typer.Option(min=-1, max=1, metavar="R", help="Only rows with this r or a lower one.", show_default=False),
    ] = None,
    include_self: Annotated[
        bool, typer.Option("--include-self", help="Keep the seed and, among genes, its own gene.")
    ] = False,
    category: CategoryOption = None,
    genes: GenesOption = None,
    gene_column: GeneColumnOption = None,
    match: MatchOption = "any",
    include_regulates: RegulatesOption = False,
    evidence_not: EvidenceNotOption = None,
    rank_overall: Annotated[
        bool,
        typer.Option(
            "--rank-overall/--no-rank-overall",
            help="With a category, show the rank among all genes too; without it only the category is read.",
        ),
    ] = True,
    structure: StructureOption = None,
    hemisphere: HemisphereOption = None,
    donor: DonorOption = None,
    method: MethodOption = None,
    max_p_outliers: OutliersOption = None,
    adjust: AdjustOption = None,
    by_donor: Annotated[
        bool, typer.Option("--by-donor", help="Columns of r in each donor and of a meta-analysis over donors.")
    ] = False,
    stats: Annotated[
        bool,
        typer.Option("--stats", help="Columns of a 95 % interval and false discovery rates over donors."),
    ] = False,
    naive_p: Annotated[
        bool,
        typer.Option("--naive-p", help="Columns of R's cor.test, which assumes independent samples; they are not."),
    ] = False,
    columns: ColumnsOption = None,
    wide: WideOption = False,
    output_format: OutputFormat = None,
    output: OutputFile = None,
    threads: ThreadsOption = None,
    db: Database = None,
) -> None:
    """List the genes or probes with the most similar expression to SEED, highest r first.

    Examples: coexpr query NTRK2 --category "nervous system development"; coexpr query A_23_P216779 --all -o r.csv
    """
    from coexpr.atlas import Atlas  # loads DuckDB and numpy, which --help need not wait for
    from coexpr.cli.screen import Screen, deliver, say

    if all_rows and top is not None:
        raise OptionError("--all and --top contradict each other: give one of them.")
    with Atlas(db, threads=threads) as atlas:
        answer = atlas.correlates(
            seed,
            level=level,
            probe=probe,
            top=None if all_rows else top or _TOP,
            ascending=ascending,
            min_r=min_r,
            max_r=max_r,
            include_self=include_self,
            categories=category or [],
            genes=listed(atlas, genes, gene_column),
            match=match,
            include_regulates=include_regulates,
            evidence_not=evidence_not or [],
            rank_overall=rank_overall,
            choice=as_choice(rule, power, min_present, scope, annotation),
            restriction=as_restriction(structure, hemisphere, donor),
            method=as_method(method, max_p_outliers, adjust),
            by_donor=by_donor,
            stats=stats,
            naive_p=naive_p,
        )
    deliver(answer, output, output_format, Screen(columns, wide), LAYOUTS[answer.route["level"]])
    for line in describe(answer.route, len(answer.rows)):
        say(line)


def describe(route: dict[str, Any], shown: int) -> list[str]:
    """Return the summary of a result in sentences."""
    lines = [_describe_rows(route, shown), _describe_seed(route)]
    lines += describe_other_name(route["seed_found_as"], route["seed_gene"])
    lines += [*describe_categories(route), *describe_disagreement(route), *describe_lost(route), *describe_data(route)]
    if not route["answers"] and "categories" in route:
        lines.append("No gene of these has expression data here, besides the seed.")
    elif not route["answers"]:
        lines.append(
            "No other gene has expression data here. To compare the probes of this one, add --level probe."
            if route["level"] == "gene"
            else "No other probe has expression data here."
        )
    elif route["without_r"] == route["answers"]:
        lines.append("No r is defined: the seed's profile is constant or missing.")
    elif route["without_r"]:
        lines.append(f"Without r: {number_of(route['without_r'], route['level'])} with a constant or missing profile.")
    return lines


def _describe_rows(route: dict[str, Any], shown: int) -> str:
    """Say how many rows are shown of how many, and what represents a gene."""
    level, matching = route["level"], route["matching"]
    limits = [f"r of at least {route['min_r']:g}"] if route["min_r"] is not None else []
    limits += [f"r of at most {route['max_r']:g}"] if route["max_r"] is not None else []
    all_of = number_of(matching, level)
    if limits:
        all_of += f" with {' and '.join(limits)} (of {route['answers']:,})"
    if not matching:
        return f"No {level}s{all_of.removeprefix(f'0 {level}s')}."
    which = "Lowest" if route["ascending"] else "Top"
    rows = f"{which} {shown:,} of {all_of}" if shown < matching else f"All {all_of}"
    return f"{rows}; each gene {route['profile_in_words']}." if level == "gene" else f"{rows}."


def _describe_seed(route: dict[str, Any]) -> str:
    """Say which profile represents the seed, and why."""
    probe, gene, candidates = route["seed_probe"], route["seed_gene"], route["seed_probe_candidates"]
    rule, conditions = route["seed_probe_chosen_by"], route["conditions"] if route["rule"] else ""
    if rule == "name":
        if route["seed"] == probe:
            return f"Seed {probe}, a probe of {gene or 'no known gene'}."
        return f"Seed {gene}, represented by probe {probe}, as requested."
    if route["seed_probe_id"] is None:
        return f"Seed {gene}, represented by the {probe}{conditions}."
    if candidates == 1:
        return (
            f"Seed {gene}, represented by its only {'usable ' * (route['seed_probes'] > 1)}probe {probe}{conditions}."
        )
    total = route["seed_probes"]
    among = f"its {total} probes" if candidates == total else f"{candidates} usable ones of its {total} probes"
    return f"Seed {gene}, represented by probe {probe} (the one {SELECTING[rule]} of {among}{conditions})."

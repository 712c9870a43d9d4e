"""coexpr network: all against all, the strongest edges into a file."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from coexpr.cli.options import (
    AdjustOption,
    AnnotationOption,
    CategoryOption,
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
from coexpr.cli.words import describe_categories, describe_data, describe_lost
from coexpr.resources import INTERRUPTED, MEMORY

_GIGABYTE = 10**9


class NetworkFormat(StrEnum):
    """How a network is written."""

    PARQUET = "parquet"
    CSV = "csv"
    TSV = "tsv"
    GRAPHML = "graphml"
    DUCKDB = "duckdb"


def network(
    items: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ITEM]...",
            help="Probes or genes. Without them and without a category: all.",
            show_default=False,
        ),
    ] = None,
    category: CategoryOption = None,
    genes: GenesOption = None,
    gene_column: GeneColumnOption = None,
    match: MatchOption = "any",
    include_regulates: RegulatesOption = False,
    evidence_not: EvidenceNotOption = None,
    level: LevelOption = None,
    rule: RuleOption = None,
    power: PowerOption = None,
    min_present: MinPresentOption = None,
    scope: ScopeOption = None,
    annotation: AnnotationOption = None,
    structure: StructureOption = None,
    hemisphere: HemisphereOption = None,
    donor: DonorOption = None,
    method: MethodOption = None,
    max_p_outliers: OutliersOption = None,
    adjust: AdjustOption = None,
    top: Annotated[
        int | None, typer.Option(min=1, metavar="K", help="The K strongest edges of each row.", show_default=False)
    ] = None,
    min_abs_r: Annotated[
        float | None,
        typer.Option(
            "--min-abs-r",
            min=0,
            max=1,
            metavar="T",
            help="Only edges of at least this |r|; strongest then means highest |r|.",
            show_default=False,
        ),
    ] = None,
    mutual_rank: Annotated[
        bool, typer.Option("--mutual-rank", help="A column of the mutual rank, where both ends have the edge.")
    ] = False,
    memory: Annotated[
        float, typer.Option(min=0.01, metavar="GB", help="Memory to use beyond the mapped matrix, in gigabytes.")
    ] = MEMORY / _GIGABYTE,
    threads: ThreadsOption = None,
    force: Annotated[bool, typer.Option("--force", help="Lift the limit on the number of edges.")] = False,
    output_format: Annotated[
        NetworkFormat | None,
        typer.Option("--format", help="How to write it. Without it: what FILE ends in.", show_default=False),
    ] = None,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FILE", help="The file: .parquet, .csv, .tsv, .graphml, .duckdb."),
    ] = Path("network.parquet"),
    db: Database = None,
) -> None:
    """Write the network of all against all: source, target, r and rank of the strongest edges of every row.

    An interrupted run is continued by the same command.

    Examples: coexpr network --top 50 -o genes.parquet; coexpr network --category "synapse organization" --min-abs-r 0.7
    """
    from coexpr.analysis.limits import MOST_EDGES
    from coexpr.atlas import Atlas  # loads DuckDB and numpy, which --help need not wait for
    from coexpr.cli.screen import say

    with Atlas(db, threads=threads) as atlas:
        try:
            route = atlas.network(
                output,
                items or [],
                top=top,
                min_abs_r=min_abs_r,
                mutual_rank=mutual_rank,
                categories=category or [],
                genes=listed(atlas, genes, gene_column),
                match=match,
                include_regulates=include_regulates,
                evidence_not=evidence_not or [],
                level=level,
                choice=as_choice(rule, power, min_present, scope, annotation),
                restriction=as_restriction(structure, hemisphere, donor),
                method=as_method(method, max_p_outliers, adjust),
                form=output_format.value if output_format else None,
                memory=int(memory * _GIGABYTE),
                most_edges=None if force else MOST_EDGES,
                progress=say,
            )
        except KeyboardInterrupt:
            say("Interrupted. The same command continues where this one stopped.")
            raise typer.Exit(INTERRUPTED) from None
    for line in _describe(route):
        say(line)


def _describe(route: dict[str, Any]) -> list[str]:
    left_out = route["left_out"]
    lines = [f"Wrote {route['edges']:,} edges of {route['rows']:,} {route['level']}s into {route['output']}."]
    if left_out["unknown"]:
        lines.append(f"Left out: {left_out['unknown']:,} rows that lack a value in one of the samples.")
    if left_out["without_r"]:
        lines.append(f"Left out: {left_out['without_r']:,} rows whose profile is constant.")
    if route["rule"]:
        lines.append(f"Each gene {route['profile_in_words']}.")
    return [*lines, *describe_data(route), *describe_categories(route), *describe_lost(route)]

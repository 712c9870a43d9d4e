"""coexpr matrix: the r of everything asked for with everything else."""

import sys
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

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
from coexpr.errors import OptionError


class MatrixFormat(StrEnum):
    """How a matrix is written."""

    CSV = "csv"
    TSV = "tsv"
    PARQUET = "parquet"
    NPZ = "npz"


def matrix(
    items: Annotated[
        list[str] | None, typer.Argument(metavar="[ITEM]...", help="Probes or genes.", show_default=False)
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
    force: Annotated[bool, typer.Option("--force", help="Lift the limit on the number of rows.")] = False,
    output_format: Annotated[
        MatrixFormat | None,
        typer.Option("--format", help="How to write it. Without it: csv, or what -o FILE ends in.", show_default=False),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write to a file: .csv, .tsv, .parquet, .npz.", show_default=False
        ),
    ] = None,
    threads: ThreadsOption = None,
    db: Database = None,
) -> None:
    """Write the matrix of r of all ITEMs, or of the genes of a category.

    Examples: coexpr matrix NTRK2 BDNF NTF3; coexpr matrix --category "synapse organization" -o r.parquet
    """
    from coexpr.analysis.limits import MOST_ROWS
    from coexpr.atlas import Atlas  # loads DuckDB and numpy, which --help need not wait for
    from coexpr.cli.screen import say
    from coexpr.output import export

    name = output_format or (export.format_of_file(output, export.MATRIX_ENDINGS) if output else MatrixFormat.CSV)
    if name in export.BINARY and output is None:
        raise OptionError(f"{name} is for a file: name it with -o FILE.")
    with Atlas(db, threads=threads) as atlas:
        frame = atlas.correlation_matrix(
            items or [],
            categories=category or [],
            genes=listed(atlas, genes, gene_column),
            match=match,
            include_regulates=include_regulates,
            evidence_not=evidence_not or [],
            level=level,
            choice=as_choice(rule, power, min_present, scope, annotation),
            restriction=as_restriction(structure, hemisphere, donor),
            method=as_method(method, max_p_outliers, adjust),
            most_rows=None if force else MOST_ROWS,
            progress=say,
        )
    if name in export.BINARY and output:
        export.write_binary_file(output, partial(export.BINARY[name], frame))
    elif output:
        export.write_file(output, partial(export.SEPARATED[name], frame))
    else:
        export.SEPARATED[name](frame, sys.stdout)
    if output:
        say(f"Wrote {output}.")
    route = frame.attrs["route"]
    if route["rule"]:
        say(f"Each gene {route['profile_in_words']}.")
    for line in [*describe_data(route), *describe_categories(route), *describe_lost(route)]:
        say(line)
    if route["without_r"]:
        say(f"Rows without r, with a constant or missing profile: {route['without_r']:,}.")
    if route["fewest_samples"] < route["n_samples"]:
        say(f"Some values are missing: two rows share at least {route['fewest_samples']:,} samples.")

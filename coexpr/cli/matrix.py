"""coexpr matrix: r of every item with every other."""

from typing import Annotated

import typer

from coexpr.cli.completion import complete_genes_and_probes
from coexpr.cli.groups import option
from coexpr.cli.options import (
    Database,
    GeneOptions,
    LevelOption,
    Mark,
    MethodOptions,
    ProbeOptions,
    SampleOptions,
    Threads,
)
from coexpr.cli.output_options import MatrixFileOptions, PlotOptions
from coexpr.options import MAX_MATRIX_ROWS


def matrix(
    items: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ITEM]...", help="Probes or genes.", show_default=False, autocompletion=complete_genes_and_probes
        ),
    ] = None,
    level: LevelOption = None,
    *,
    selection: ProbeOptions,
    samples: SampleOptions,
    gene_options: GeneOptions,
    mark: Mark = None,
    correlation: MethodOptions,
    result_file: MatrixFileOptions,
    figure: PlotOptions,
    force: Annotated[bool, option(None, "--force", "Lift the limit on the number of rows.")] = False,
    threads: Threads = None,
    db: Database = None,
) -> None:
    """Write the matrix of r of ITEMs, or of a category.

    \b
    Examples:
      coexpr matrix NTRK2 BDNF NTF3
      coexpr matrix --category "synapse organization" -o r.parquet
    """
    from coexpr.cli.opened import open_atlas  # loads DuckDB and numpy, which --help does not need
    from coexpr.cli.screen import draw_figure, tell, write_as
    from coexpr.output.formats import MATRIX_WRITERS
    from coexpr.sentences.matrix import describe_matrix

    figure.refuse_same_file(result_file.output)
    with open_atlas(db, threads) as atlas:
        result = atlas.correlation_matrix(
            items or [],
            level=level,
            probe_selection=selection.selection(),
            sample_filter=samples.sample_filter(),
            gene_filter=gene_options.gene_filter(atlas),
            method=correlation.correlation_method(),
            mark=mark or [],
            max_rows=None if force else MAX_MATRIX_ROWS,
        )
    write_as(result, result_file.target(), MATRIX_WRITERS)
    tell(describe_matrix(result))
    draw_figure(result, figure, **({"max_rows": None} if force else {}))

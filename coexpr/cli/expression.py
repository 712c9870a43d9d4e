"""coexpr expression: expression values, sample by sample."""

from typing import Annotated

import typer

from coexpr.cli.completion import complete_genes_and_probes
from coexpr.cli.options import Database, GeneOptions, LevelOption, ProbeOptions, SampleOptions, Threads
from coexpr.cli.output_options import OutputOptions, PlotOptions
from coexpr.cli.table import Layout


def expression(
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
    result_options: OutputOptions,
    figure: PlotOptions,
    threads: Threads = None,
    db: Database = None,
) -> None:
    """Write expression values (log2 intensity) of ITEMs by sample.

    One row per sample with its donor, structure and MNI coordinates, one column per probe or gene.

    \b
    Examples:
      coexpr expression NTRK2 BDNF --structure Cx -o values.csv
      coexpr expression --category "synapse organization" -o values.csv
    """
    from coexpr.cli.opened import open_atlas  # loads DuckDB and numpy, which --help does not need
    from coexpr.cli.screen import deliver, draw_figure, tell
    from coexpr.sentences.expression import describe_expression

    figure.refuse_same_file(result_options.output)
    with open_atlas(db, threads) as atlas:
        result = atlas.expression(
            items or [],
            level=level,
            probe_selection=selection.selection(),
            sample_filter=samples.sample_filter(),
            gene_filter=gene_options.gene_filter(atlas),
        )
        values = result.names
        layout = Layout(
            keys=("sample_id", "donor", "acronym"),
            drop=("mni_z", "mni_y", "mni_x", "structure_id", "hemisphere", "structure_name", *reversed(values[1:])),
            shorten=("structure_name",),
        )
        deliver(result, result_options, layout)
        tell(describe_expression(result))
        draw_figure(result, figure)

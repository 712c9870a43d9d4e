"""coexpr expression: expression values, sample by sample."""

from typing import Annotated

import typer

from coexpr.cli.completion import complete_genes_and_probes
from coexpr.cli.options import Database, GeneOptions, LevelOption, ProbeOptions, SampleOptions, Threads
from coexpr.cli.output_options import OutputOptions, PlotOptions
from coexpr.cli.summary import (
    describe_gene_filter,
    describe_genes_without_profile,
    describe_representation,
    describe_source,
)
from coexpr.cli.table import Layout
from coexpr.wording import count_of


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
    from coexpr.analysis.sample_labels import LABELS
    from coexpr.cli.messages import say
    from coexpr.cli.opened import open_atlas  # loads DuckDB and numpy, which --help does not need
    from coexpr.cli.screen import deliver, draw_figure

    figure.refuse_same_file(result_options.output)
    with open_atlas(db, threads) as atlas:
        result = atlas.expression(
            items or [],
            level=level,
            probe_selection=selection.selection(),
            sample_filter=samples.sample_filter(),
            gene_filter=gene_options.gene_filter(atlas),
        )
        values = list(result.columns)[len(LABELS) :]
        layout = Layout(
            keys=("sample_id", "donor", "acronym"),
            drop=("mni_z", "mni_y", "mni_x", "structure_id", "hemisphere", "structure_name", *reversed(values[1:])),
            shorten=("structure_name",),
        )
        deliver(result, result_options, layout)
        provenance = result.provenance
        say(f"log2 intensity of {count_of(len(values), 'profile')} over {provenance.data.description}.")
        for gene, profile in list(provenance.profiles.items())[:10]:
            say(f"{gene}: {profile}.")
        for line in [
            *describe_representation(provenance.probe_selection),
            *describe_gene_filter(provenance.gene_filter),
            *describe_genes_without_profile(provenance.genes_without_profile),
            *describe_source(provenance.data, provenance.database, provenance.coexpr_version),
        ]:
            say(line)
        draw_figure(result, figure)

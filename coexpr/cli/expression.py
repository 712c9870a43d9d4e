"""coexpr expression: expression values, sample by sample."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import typer

from coexpr.cli.completion import complete_genes_and_probes
from coexpr.cli.groups import ROWS, option
from coexpr.cli.options import Database, GeneOptions, LevelOption, ProbeOptions, SampleOptions, Threads
from coexpr.cli.output_options import OutputOptions, PlotOptions
from coexpr.cli.table import Layout
from coexpr.errors import OptionError


def expression(
    items: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ITEM]...", help="Probes or genes.", show_default=False, autocompletion=complete_genes_and_probes
        ),
    ] = None,
    level: LevelOption = None,
    by: Annotated[
        Literal["sample", "structure"],
        option(ROWS, "--by", "One row per sample, or per structure and donor.", show_default=True),
    ] = "sample",
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

    One row per sample with its donor, structure and MNI coordinates, one column per probe or gene. With --by structure:
    one row per structure and donor, and one for all donors, with mean and standard deviation of each probe or gene.

    \b
    Examples:
      coexpr expression NTRK2 BDNF --structure Cx -o values.csv
      coexpr expression --category "synapse organization" -o values.csv
      coexpr expression NTRK2 BDNF --by structure -o means.csv
    """
    from coexpr.cli.opened import open_atlas  # loads DuckDB and numpy, which --help does not need
    from coexpr.cli.screen import deliver, draw_figure, tell
    from coexpr.sentences.expression import describe_expression, describe_structure_expression

    figure.refuse_same_file(result_options.output)
    if by == "structure" and figure.plot is not None:
        raise OptionError("--plot draws the values of samples, grouped by structure. Leave out --by structure.")
    with open_atlas(db, threads) as atlas:
        question: dict[str, Any] = {
            "level": level,
            "probe_selection": selection.selection(),
            "sample_filter": samples.sample_filter(),
            "gene_filter": gene_options.gene_filter(atlas),
        }
        if by == "structure":
            means = atlas.expression_by_structure(items or [], **question)
            deliver(means, result_options, _layout_of_structures(means.columns))
            tell(describe_structure_expression(means))
            return
        result = atlas.expression(items or [], **question)
        values = result.names
        layout = Layout(
            keys=("sample_id", "donor", "acronym"),
            drop=("mni_z", "mni_y", "mni_x", "structure_id", "hemisphere", "structure_name", *reversed(values[1:])),
            shorten=("structure_name",),
        )
        deliver(result, result_options, layout)
        tell(describe_expression(result))
        draw_figure(result, figure)


def _layout_of_structures(columns: Sequence[str]) -> Layout:
    means = columns[columns.index("n") + 1 :]
    return Layout(
        keys=("acronym", "donor", "n"),
        drop=("structure_id", "hemisphere", "structure_name", *reversed(means[2:])),
        shorten=("structure_name",),
    )

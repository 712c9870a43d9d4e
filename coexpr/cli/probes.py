"""coexpr probes: the probes of a gene, and which one to use."""

from typing import Annotated

import typer

from coexpr.cli.completion import complete_genes_and_probes
from coexpr.cli.options import CandidateOptions, Database, SampleOptions
from coexpr.cli.output_options import OutputOptions, PlotOptions
from coexpr.cli.table import Layout

_LAYOUT = Layout(
    keys=("probe_name",),
    drop=(
        "probe_id",
        "rnaseq_q",
        "rnaseq_r",
        "lowest_r_with",
        "variance_log2",
        "diff_stability",
        "lowest_r",
        "present_fraction",
    ),
    wrap=("selected_by",),
)


def probes(
    gene: Annotated[
        str,
        typer.Argument(
            metavar="GENE",
            help="Symbol, alias or Entrez id; or one of the probes.",
            show_default=False,
            autocompletion=complete_genes_and_probes,
        ),
    ],
    *,
    candidates: CandidateOptions,
    samples: SampleOptions,
    result_options: OutputOptions,
    figure: PlotOptions,
    db: Database = None,
) -> None:
    """List the probes of GENE, and recommend one.

    \b
    Example:
      coexpr probes NTRK2
    """
    from coexpr.cli.opened import open_atlas  # loads DuckDB and numpy, which --help does not need
    from coexpr.cli.screen import deliver, draw_figure, tell
    from coexpr.sentences.probes import describe_probes, recommend_probe

    figure.refuse_same_file(result_options.output)
    with open_atlas(db) as atlas:
        result = atlas.probes(gene, probe_selection=candidates.selection(), sample_filter=samples.sample_filter())
        tell(recommend_probe(result.provenance))
        deliver(result, result_options, _LAYOUT)
        tell(describe_probes(result))
        draw_figure(result, figure)

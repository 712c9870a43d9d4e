"""coexpr probes: the probes of a gene, and which one to use."""

from typing import TYPE_CHECKING, Annotated

import typer

from coexpr.cli.completion import complete_genes_and_probes
from coexpr.cli.options import CandidateOptions, Database, SampleOptions
from coexpr.cli.output_options import OutputOptions, PlotOptions
from coexpr.cli.summary import describe_correlation, describe_other_name, describe_skipped_rules
from coexpr.cli.table import Layout
from coexpr.wording import count_of

if TYPE_CHECKING:
    from coexpr.analysis.gene_probes import ProbesProvenance, SignConflict

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
    from coexpr.cli.messages import say
    from coexpr.cli.opened import open_atlas  # loads DuckDB and numpy, which --help does not need
    from coexpr.cli.screen import deliver, draw_figure

    figure.refuse_same_file(result_options.output)
    sample_filter = samples.sample_filter()
    with open_atlas(db) as atlas:
        result = atlas.probes(gene, probe_selection=candidates.selection(), sample_filter=sample_filter)
        provenance = result.provenance
        for line in [*describe_other_name(provenance.other_name, provenance.gene), *_recommend(provenance)]:
            say(line)
        deliver(result, result_options, _LAYOUT)
        say(f"{count_of(len(result), 'probe')} of {provenance.gene}.")
        if sample_filter:
            say(
                "Only r is over these samples; means, variance, stability and the selection by rules are over all "
                "samples."
            )
        for line in [
            *_describe_conflicts(provenance.sign_conflicts),
            *describe_correlation(provenance),
            *describe_skipped_rules(provenance.rules_skipped),
        ]:
            say(line)
        draw_figure(result, figure)


def _recommend(provenance: "ProbesProvenance") -> list[str]:
    """Say which probe to use: what the default rule selects, and whether other rules and probes agree."""
    found = provenance.recommendation
    if found is None:
        return ["The default rule (max-mean) selects none of the probes."]
    if not found.others:
        return [f"Use {found.probe}: it is the only probe of {provenance.gene}."]
    selects = (
        f"The default rule (max-mean) selects {found.probe}; {found.agreeing_rules} of {found.rules} other rules "
        "select it too."
    )
    mean_r = "undefined" if found.mean_r is None else f"{found.mean_r:.2f}"
    with_others = f"its mean r with the other {count_of(found.others, 'probe')} is {mean_r}"
    if found.agrees:
        return [selects, f"{with_others.capitalize()}: use it."]
    if found.alternative is None:
        return [selects, f"Warning: {with_others}, and no probe agrees with the others. Use none without care."]
    other = found.alternative
    return [
        selects,
        f"Warning: {with_others}: it disagrees with them.",
        f"Consider {other.probe} (mean r {other.mean_r:.2f}), selected by {', '.join(other.rules)}: add "
        f"--rule {other.rules[0]} or --probe {other.probe} to a query.",
    ]


def _describe_conflicts(conflicts: "list[SignConflict]") -> list[str]:
    """Warn of probes with opposite profiles."""
    if not conflicts:
        return []
    worst = conflicts[0]
    return [
        f"Warning: {count_of(len(conflicts), 'pair')} of probes have opposite profiles, most of all "
        f"{' and '.join(worst.probes)} (r = {worst.r:.3f}). They hardly measure the same transcript."
    ]

"""coexpr probes: the probes of a gene, and which to use."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from coexpr.cli.options import (
    AnnotationOption,
    ColumnsOption,
    Database,
    DonorOption,
    HemisphereOption,
    MinPresentOption,
    OutputFile,
    OutputFormat,
    PowerOption,
    ScopeOption,
    StructureOption,
    WideOption,
    as_choice,
    as_restriction,
)
from coexpr.cli.table import Layout
from coexpr.cli.words import describe_data, describe_other_name, describe_skipped_rules, number_of

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
    wrap=("chosen_by",),
)


def probes(
    gene: Annotated[
        str,
        typer.Argument(metavar="GENE", help="Symbol, alias or Entrez id; or one of the probes.", show_default=False),
    ],
    power: PowerOption = None,
    min_present: MinPresentOption = None,
    scope: ScopeOption = None,
    annotation: AnnotationOption = None,
    structure: StructureOption = None,
    hemisphere: HemisphereOption = None,
    donor: DonorOption = None,
    columns: ColumnsOption = None,
    wide: WideOption = False,
    output_format: OutputFormat = None,
    output: OutputFile = None,
    db: Database = None,
) -> None:
    """List the probes of GENE with their statistics and the rules that select them, and recommend one.

    Example: coexpr probes NTRK2
    """
    from coexpr.atlas import Atlas  # loads DuckDB and numpy, which --help need not wait for
    from coexpr.cli.screen import Screen, deliver, say

    choice = as_choice("connectivity" if power is not None else None, power, min_present, scope, annotation)
    with Atlas(db) as atlas:
        answer = atlas.probes(gene, choice=choice, restriction=as_restriction(structure, hemisphere, donor))
    route = answer.route
    for line in [*describe_other_name(route["found_as"], route["gene"]), *_recommend(route)]:
        say(line)
    deliver(answer, output, output_format, Screen(columns, wide), _LAYOUT)
    say(f"{number_of(len(answer.rows), 'probe')} of {route['gene']}.")
    if structure or hemisphere or donor:
        say("Only r is over these samples; means, variance, stability and the selection by rules are over all samples.")
    for line in [*_describe_conflicts(route), *describe_data(route), *describe_skipped_rules(route)]:
        say(line)


def _recommend(route: Mapping[str, Any]) -> list[str]:
    """Say which probe to use: what the default rule selects, and whether other rules and probes agree."""
    told = route["recommended"]
    if not told:
        return ["The default rule (max-mean) selects none of the probes."]
    if not told["others"]:
        return [f"Use {told['probe']}: it is the only probe of {route['gene']}."]
    selects = (
        f"The default rule (max-mean) selects {told['probe']}; {told['rules_that_agree']} of {told['rules']} other "
    )
    selects += "rules select it too."
    mean_r = "undefined" if told["mean_r"] is None else f"{told['mean_r']:.2f}"
    with_others = f"Its mean r with the other {number_of(told['others'], 'probe')} is {mean_r}"
    if told["agrees"]:
        return [selects, f"{with_others}: use it."]
    if told["alternative"] is None:
        return [selects, f"Warning: {with_others.lower()}, and no probe agrees with the others. Use none without care."]
    other = told["alternative"]
    return [
        selects,
        f"Warning: {with_others[0].lower()}{with_others[1:]}: it disagrees with them.",
        f"Consider {other['probe']} (mean r {other['mean_r']:.2f}), selected by {', '.join(other['rules'])}: add "
        f"--rule {other['rules'][0]} or --probe {other['probe']} to a query.",
    ]


def _describe_conflicts(route: Mapping[str, Any]) -> list[str]:
    """Warn of probes with opposite profiles."""
    conflicts = route["sign_conflicts"]
    if not conflicts:
        return []
    worst = conflicts[0]
    return [
        f"Warning: {number_of(len(conflicts), 'pair')} of probes have opposite profiles, most of all "
        f"{' and '.join(worst['probes'])} (r = {worst['r']:.3f}). They hardly measure the same transcript."
    ]

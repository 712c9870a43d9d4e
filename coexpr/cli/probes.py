"""coexpr probes: the probes of a gene, and which rules choose them."""

from typing import Annotated

import typer

from coexpr.cli.options import (
    AnnotationOption,
    Database,
    DonorOption,
    HemisphereOption,
    MinPresentOption,
    OutputFile,
    OutputFormat,
    PowerOption,
    ScopeOption,
    StructureOption,
    as_choice,
    as_restriction,
)
from coexpr.cli.words import describe_data, describe_unapplied


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
    output_format: OutputFormat = None,
    output: OutputFile = None,
    db: Database = None,
) -> None:
    """List the probes of GENE: what is known of each, and which rules choose it.

    Example: coexpr probes NTRK2
    """
    from coexpr.atlas import Atlas  # loads DuckDB and numpy, which --help need not wait for
    from coexpr.cli.screen import deliver, say

    choice = as_choice("connectivity" if power is not None else None, power, min_present, scope, annotation)
    with Atlas(db) as atlas:
        answer = atlas.probes(gene, choice=choice, restriction=as_restriction(structure, hemisphere, donor))
    deliver(answer, output, output_format)
    route = answer.route
    called = f" The atlas calls {route['found_as']} {route['gene']}." if route["found_as"] else ""
    say(f"{len(answer.rows):,} probe{'s' * (len(answer.rows) != 1)} of {route['gene']}.{called}")
    for line in describe_data(route):
        say(line)
    if structure or hemisphere or donor:
        say("Only the r are of these samples; mean, variance, stability and what rules choose are of every sample.")
    conflicts = route["sign_conflicts"]
    if conflicts:
        worst = conflicts[0]
        say(
            f"Sign conflicts: {len(conflicts):,} pairs of probes go against each other, most of all "
            f"{' and '.join(worst['probes'])} (r = {worst['r']:.3f}). They hardly measure the same thing."
        )
    for line in describe_unapplied(route):
        say(line)

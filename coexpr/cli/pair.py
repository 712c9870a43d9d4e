"""coexpr pair: two genes or probes."""

from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from coexpr.cli.options import (
    AnnotationOption,
    Database,
    MinPresentOption,
    OutputFile,
    OutputFormat,
    PowerOption,
    ScopeOption,
    as_choice,
)
from coexpr.cli.words import describe_data, describe_unapplied

if TYPE_CHECKING:
    from coexpr.answer import Answer


def pair(
    a: Annotated[str, typer.Argument(metavar="A", help="A probe or a gene.", show_default=False)],
    b: Annotated[str, typer.Argument(metavar="B", help="Another.", show_default=False)],
    power: PowerOption = None,
    min_present: MinPresentOption = None,
    scope: ScopeOption = None,
    annotation: AnnotationOption = None,
    output_format: OutputFormat = None,
    output: OutputFile = None,
    db: Database = None,
) -> None:
    """Show how two genes or probes go together: by single probes, and by every rule for the profile of a gene.

    Example: coexpr pair NTRK2 BDNF
    """
    from coexpr.atlas import Atlas  # loads DuckDB and numpy, which --help need not wait for
    from coexpr.cli.screen import deliver, say

    choice = as_choice("connectivity" if power else None, power, min_present, scope, annotation)
    with Atlas(db) as atlas:
        answer = atlas.pair(a, b, choice=choice)
    deliver(answer, output, output_format, draw=_draw)
    for line in [*_describe(answer.route), *describe_data(answer.route), *describe_unapplied(answer.route)]:
        say(line)


def _draw(answer: "Answer", stream: IO[str]) -> None:
    """Draw the r of single probes as a grid, probes of A down and of B across; below it a line for every rule."""
    from coexpr.answer import Answer
    from coexpr.cli.screen import write_table
    from coexpr.questions.pair import BY_PROBES

    cells = [row for row in answer.rows if row[0] == BY_PROBES]
    by_rule = [row for row in answer.rows if row[0] != BY_PROBES]
    if len(cells) == 1 and not by_rule:
        write_table(Answer(answer.columns[1:], [cells[0][1:]]), stream)
        return
    grid: dict[str, list[Any]] = {}
    for _, probe_a, _, r, _ in cells:
        grid.setdefault(probe_a, []).append(None if r is None else f"{r:.3f}")
    across = list(dict.fromkeys(probe_b for _, _, probe_b, _, _ in cells))
    write_table(Answer(["r", *across], [[probe_a, *values] for probe_a, values in grid.items()]), stream)
    stream.write("\n")
    write_table(Answer(["rule", *answer.columns[1:]], by_rule), stream)


def _describe(route: Mapping[str, Any]) -> list[str]:
    """Say what was compared, and how far the r of single probes lie apart."""
    lines = [f"The atlas calls {found_as} {name}." for name, found_as in route["found_as"].items()]
    spread = route["spread"]
    if not spread:
        return [*lines, "No r is defined: a profile is constant or unknown."]
    if spread["pairs"] > 1:
        low, high = spread["lowest"], spread["highest"]
        lines.append(
            f"{spread['pairs']:,} pairs of probes: r from {low['r']:.3f} ({' and '.join(low['probes'])}) to "
            f"{high['r']:.3f} ({' and '.join(high['probes'])}), median {spread['median']:.3f}."
        )
    if spread["negative"] and spread["negative"] < spread["pairs"]:
        lines.append(
            f"Sign conflict: {spread['negative']:,} of {spread['pairs']:,} pairs have r below 0. The answer depends on "
            "the probes: see `coexpr probes` for each gene."
        )
    if spread["pairs"] > 1:
        lines.append(
            "The r of pairs are not to be averaged: a gene first gets one profile, by a rule, then r is taken."
        )
    return lines

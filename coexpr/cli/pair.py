"""coexpr pair: two genes or probes."""

from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from coexpr.cli.options import (
    AdjustOption,
    AnnotationOption,
    Database,
    DonorOption,
    HemisphereOption,
    MethodOption,
    MinPresentOption,
    OutliersOption,
    OutputFile,
    OutputFormat,
    PowerOption,
    RuleOption,
    ScopeOption,
    StructureOption,
    ThreadsOption,
    as_choice,
    as_method,
    as_restriction,
)
from coexpr.cli.words import describe_data, describe_disagreement, describe_unapplied

if TYPE_CHECKING:
    from coexpr.answer import Answer

# The share of variation between donors past which they are said to differ (Higgins and Thompson 2002).
_MUCH_HETEROGENEITY = 0.5


def pair(
    a: Annotated[str, typer.Argument(metavar="A", help="A probe or a gene.", show_default=False)],
    b: Annotated[str, typer.Argument(metavar="B", help="Another.", show_default=False)],
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
    got: Annotated[
        str | None,
        typer.Option("--got", metavar="R", help="An r from elsewhere: which route gives it?", show_default=False),
    ] = None,
    output_format: OutputFormat = None,
    output: OutputFile = None,
    threads: ThreadsOption = None,
    db: Database = None,
) -> None:
    """Show how two genes or probes go together: by single probes, by every rule, in every donor, on every route.

    Examples: coexpr pair NTRK2 BDNF; coexpr pair A_23_P216779 CUST_1359_PI416573500 --got 0.9676
    """
    from coexpr.atlas import Atlas  # loads DuckDB and numpy, which --help need not wait for
    from coexpr.cli.screen import deliver, say

    with Atlas(db, threads=threads) as atlas:
        answer = atlas.pair(
            a,
            b,
            choice=as_choice(rule, power, min_present, scope, annotation),
            restriction=as_restriction(structure, hemisphere, donor),
            method=as_method(method, max_p_outliers, adjust),
            got=got,
        )
    deliver(answer, output, output_format, draw=_draw)
    route = answer.route
    told = [*_describe_spread(route), *describe_disagreement(route), *_describe_donors(route)]
    told += [*describe_data(route), *describe_unapplied(route)]
    for resolution in dict.fromkeys(cell["resolution"] for cell in route["grid"]):
        if all(cell["r"] is None for cell in route["grid"] if cell["resolution"] == resolution):
            told.append(f"No r of {resolution}: a profile is constant, or too few structures of the site are sampled.")
    if route["adjust"]:
        told.append("The routes at the end of the table are without --adjust.")
    for line in [*told, *([route["got"]["sentence"]] if route["got"] else [])]:
        say(line)


def _draw(answer: "Answer", stream: IO[str]) -> None:
    """Draw r of single probes, then by rule, by donor, and on every route."""
    from coexpr.answer import Answer
    from coexpr.cli.screen import write_table
    from coexpr.questions.pair import BY_PROBES

    by_donor = [row for row in answer.rows if row[3] is not None]
    cells = [row for row in answer.rows if row[0] == BY_PROBES and row[3] is None]
    by_rule = [row for row in answer.rows if row[0] != BY_PROBES and row[3] is None]
    # The longer side goes down: a page is longer than it is wide.
    down, across = (list(dict.fromkeys(row[place] for row in cells)) for place in (1, 2))
    r_of = {(probe_a, probe_b): _three_decimals(r) for _, probe_a, probe_b, _, r, _ in cells}
    if len(across) > len(down):
        down, across = across, down
        r_of = {(probe_b, probe_a): r for (probe_a, probe_b), r in r_of.items()}
    tables = [Answer(["r", *across], [[one, *(r_of[one, other] for other in across)] for one in down])]
    if by_rule:
        tables.append(Answer(["rule", "probe_a", "probe_b", "r", "n"], [(*row[:3], *row[4:]) for row in by_rule]))
    tables.append(Answer(["donor", "r", "n"], [row[3:] for row in by_donor]))
    routes: dict[str, list[Any]] = {}
    for cell in answer.route["grid"]:
        routes.setdefault(cell["scale"], []).append(_three_decimals(cell["r"]))
    first = answer.route["grid"][: len(next(iter(routes.values())))]
    tables.append(
        Answer(
            ["route", *(f"{cell['resolution']}, {cell['over']}" for cell in first)],
            [[scale, *values] for scale, values in routes.items()],
        )
    )
    for place, table in enumerate(tables):
        stream.write("\n" if place else "")
        write_table(table, stream)


def _three_decimals(r: float | None) -> str | None:
    return None if r is None else f"{r:.3f}"


def _describe_spread(route: Mapping[str, Any]) -> list[str]:
    """Say what was compared, and how far the r of single probes lie apart."""
    lines = [f"The atlas calls {found_as} {name}." for name, found_as in route["found_as"].items()]
    spread = route["spread"]
    if not spread:
        return [*lines, "No r is defined: a profile is constant or unknown."]
    if route["is_one_profile"]:
        lines.append("Both come to one and the same profile: its r with itself is 1.")
    if spread["pairs"] == 1:
        return lines
    low, high = spread["lowest"], spread["highest"]
    lines.append(
        f"{spread['pairs']:,} pairs of probes: r from {low['r']:.3f} ({' and '.join(low['probes'])}) to "
        f"{high['r']:.3f} ({' and '.join(high['probes'])}), median {spread['median']:.3f}."
    )
    if spread["conflicts"]:
        lines.append(
            f"Sign conflict: {spread['conflicts']:,} of {spread['pairs']:,} pairs go against the others. The answer "
            "depends on the probes: see `coexpr probes` for each gene."
        )
    return [
        *lines,
        "The r of pairs are not to be averaged: a gene first gets one profile, by a rule, then r is taken.",
    ]


def _describe_donors(route: Mapping[str, Any]) -> list[str]:
    """Say in plain words how the pooled r compares with that in each donor, then in numbers."""
    over, r = route["between_donors"], route["r"]
    if r is None or not over["k"] or over["k"] < 2:
        return []
    names = " and ".join(route["profiles"])
    low, high = over["lowest_r"], over["highest_r"]
    if over["same_sign"] < over["k"]:
        verdict = f"{over['k'] - over['same_sign']:.0f} of {over['k']:.0f} donors have another sign"
    elif abs(r) > max(abs(low), abs(high)):
        verdict = "part of it is differences between donors"
    else:
        verdict = "donors differ in it" if over["i2"] > _MUCH_HETEROGENEITY else "donors agree"
    return [
        f"{names}: pooled r is {r:.3f}, within donors {low:.3f} to {high:.3f}: {verdict}.",
        f"Random-effects mean {over['r']:.3f} (95 % interval {over['low']:.3f} to {over['high']:.3f}) of "
        f"{over['k']:.0f} donors, {over['same_sign']:.0f} of them with its sign; Q {over['q']:.1f}, "
        f"I² {over['i2']:.2f}, τ² {over['tau2']:.3f}. Pooled r without one donor: {over['lowest_without_one']:.3f} to "
        f"{over['highest_without_one']:.3f}.",
    ]

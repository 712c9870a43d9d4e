"""coexpr pair: two genes or probes."""

from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from coexpr.cli.options import (
    AdjustOption,
    AnnotationOption,
    ColumnsOption,
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
    WideOption,
    as_choice,
    as_method,
    as_restriction,
)
from coexpr.cli.table import Layout
from coexpr.cli.words import describe_data, describe_disagreement, describe_other_name, describe_skipped_rules

if TYPE_CHECKING:
    from coexpr.cli.screen import Screen
    from coexpr.result import Answer

# The share of variation between donors past which they are said to differ (Higgins and Thompson 2002).
_MUCH_HETEROGENEITY = 0.5
# Short words for how donors are combined.
_DONORS = {"pooled": "pooled", "mean over donors": "mean"}


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
        typer.Option(
            "--got",
            metavar="R",
            help="An r from elsewhere: say which scale and resolution gives it.",
            show_default=False,
        ),
    ] = None,
    columns: ColumnsOption = None,
    wide: WideOption = False,
    output_format: OutputFormat = None,
    output: OutputFile = None,
    threads: ThreadsOption = None,
    db: Database = None,
) -> None:
    """Compare two genes or probes: r by probe, by selection rule, by donor, and by scale and resolution.

    Examples: coexpr pair NTRK2 BDNF; coexpr pair A_23_P216779 CUST_1359_PI416573500 --got 0.9676
    """
    from coexpr.atlas import Atlas  # loads DuckDB and numpy, which --help need not wait for
    from coexpr.cli.screen import Screen, deliver, say

    with Atlas(db, threads=threads) as atlas:
        answer = atlas.pair(
            a,
            b,
            choice=as_choice(rule, power, min_present, scope, annotation),
            restriction=as_restriction(structure, hemisphere, donor),
            method=as_method(method, max_p_outliers, adjust),
            got=got,
        )
    deliver(answer, output, output_format, Screen(columns, wide), draw=_draw)
    for line in _describe(answer.route):
        say(line)


def _describe(route: Mapping[str, Any]) -> list[str]:
    """Return the summary of a result in sentences."""
    lines = [*_describe_spread(route), *describe_disagreement(route), *_describe_donors(route)]
    lines += [*describe_data(route), *describe_skipped_rules(route)]
    for resolution in dict.fromkeys(cell["resolution"] for cell in route["grid"]):
        if all(cell["r"] is None for cell in route["grid"] if cell["resolution"] == resolution):
            lines.append(f"No r over {resolution}: a profile is constant, or too few structures are sampled.")
    if route["adjust"]:
        lines.append("The comparison of scales is without --adjust.")
    return [*lines, *([route["got"]["sentence"]] if route["got"] else [])]


def _draw(answer: "Answer", stream: IO[str], screen: "Screen") -> None:
    """Draw r of single probes, by rule, by donor, and by scale and resolution."""
    from coexpr.analysis.pair import BY_PROBES
    from coexpr.cli.screen import write_table
    from coexpr.result import Answer

    by_donor = [row for row in answer.rows if row[3] is not None]
    cells = [row for row in answer.rows if row[0] == BY_PROBES and row[3] is None]
    by_rule = [row for row in answer.rows if row[0] != BY_PROBES and row[3] is None]
    # The longer side goes down: a page is longer than it is wide.
    down, across = (list(dict.fromkeys(row[place] for row in cells)) for place in (1, 2))
    r_of = {(probe_a, probe_b): _three_decimals(r) for _, probe_a, probe_b, _, r, _ in cells}
    if len(across) > len(down):
        down, across = across, down
        r_of = {(probe_b, probe_a): r for (probe_a, probe_b), r in r_of.items()}
    tables = [
        (Answer(["r", *across], [[one, *(r_of[one, other] for other in across)] for one in down]), Layout(keys=("r",)))
    ]
    if by_rule:
        columns = ["rule", "probe_a", "probe_b", "r", "n"]
        rows = [(*row[:3], *row[4:]) for row in by_rule]
        tables.append((Answer(columns, rows), Layout(keys=("rule",), shorten=("probe_a", "probe_b"))))
    tables.append((Answer(["donor", "r", "n"], [row[3:] for row in by_donor]), Layout(keys=("donor",))))
    tables.append((_scales(answer.route["grid"]), Layout(keys=("resolution", "donors"))))
    for place, (table, layout) in enumerate(tables):
        stream.write("\n" if place else "")
        write_table(table, stream, screen, layout)


def _scales(grid: list[dict[str, Any]]) -> "Answer":
    """Return r by resolution and way of combining donors in rows, by scale in columns."""
    from coexpr.result import Answer

    scales = list(dict.fromkeys(cell["scale"] for cell in grid))
    ways = list(dict.fromkeys((cell["resolution"], cell["over"]) for cell in grid))
    r_of = {(cell["resolution"], cell["over"], cell["scale"]): _three_decimals(cell["r"]) for cell in grid}
    rows = [
        [resolution, _DONORS[over], *(r_of[resolution, over, scale] for scale in scales)] for resolution, over in ways
    ]
    return Answer(["resolution", "donors", *scales], rows)


def _three_decimals(r: float | None) -> str | None:
    return None if r is None else f"{r:.3f}"


def _describe_spread(route: Mapping[str, Any]) -> list[str]:
    """Say what was compared, and how far the r of single probes are apart."""
    lines = [line for name, found_as in route["found_as"].items() for line in describe_other_name(found_as, name)]
    spread = route["spread"]
    if not spread:
        return [*lines, "No r is defined: a profile is constant or missing."]
    if route["is_one_profile"]:
        lines.append("Both are represented by the same profile, whose r with itself is 1.")
    if spread["pairs"] == 1:
        return lines
    low, high = spread["lowest"], spread["highest"]
    lines.append(
        f"{spread['pairs']:,} pairs of probes: r from {low['r']:.3f} ({' and '.join(low['probes'])}) to "
        f"{high['r']:.3f} ({' and '.join(high['probes'])}), median {spread['median']:.3f}."
    )
    if spread["conflicts"]:
        lines.append(
            f"Warning: {spread['conflicts']:,} of {spread['pairs']:,} pairs have the opposite sign, so the result "
            "depends on the probes; see `coexpr probes` for each gene."
        )
    return [
        *lines,
        "Do not average r over pairs of probes: a gene is first represented by one profile, then r is computed.",
    ]


def _describe_donors(route: Mapping[str, Any]) -> list[str]:
    """Say how the pooled r compares with that in each donor, in words and then in numbers."""
    over, r = route["between_donors"], route["r"]
    if r is None or not over["k"] or over["k"] < 2:
        return []
    names = " and ".join(route["profiles"])
    low, high = over["lowest_r"], over["highest_r"]
    donors = f"{over['k']:.0f} donors"
    if over["same_sign"] < over["k"]:
        verdict = f"Warning: {over['k'] - over['same_sign']:.0f} of {donors} have another sign."
    else:
        verdict = f"All {donors} agree in sign."
    if over["same_sign"] == over["k"] and abs(r) > max(abs(low), abs(high)):
        verdict += " Part of the pooled r comes from differences between donors."
    elif over["i2"] > _MUCH_HETEROGENEITY:
        verdict += " Their r differ by more than sampling explains."
    return [
        f"{names}: pooled r {r:.3f}; within donors {low:.3f} to {high:.3f}. {verdict}",
        f"Random-effects mean over {donors}: {over['r']:.3f} (95 % interval {over['low']:.3f} to {over['high']:.3f}); "
        f"Q {over['q']:.1f}, I² {over['i2']:.2f}, τ² {over['tau2']:.3f}. Pooled r without one donor: "
        f"{over['lowest_without_one']:.3f} to {over['highest_without_one']:.3f}.",
    ]

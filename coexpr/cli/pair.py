"""coexpr pair: two genes or probes."""

from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Annotated

import typer

from coexpr.cli.completion import complete_genes_and_probes
from coexpr.cli.groups import FIGURE, option
from coexpr.cli.options import Database, MethodOptions, ProbeOptions, SampleOptions, Threads
from coexpr.cli.output_options import OutputOptions, PlotOptions
from coexpr.cli.summary import (
    describe_correlation,
    describe_disagreements,
    describe_other_name,
    describe_skipped_rules,
)
from coexpr.cli.table import Layout
from coexpr.errors import OptionError

if TYPE_CHECKING:
    from coexpr.analysis.pair import Pair, PairProvenance
    from coexpr.analysis.pair_samples import Color, Facet
    from coexpr.cli.screen import Screen
    from coexpr.result import Result
else:  # typer reads these at import, and the analysis is slow to load
    from typing import Literal

    Color = Literal["donor", "structure"]
    Facet = Literal["donor"]

# Donors are said to differ past this fraction of heterogeneity (Higgins and Thompson 2002).
_HIGH_HETEROGENEITY = 0.5
# Short words for how donors are combined.
_DONORS = {"pooled": "pooled", "mean over donors": "mean"}


@dataclass(eq=False, repr=False)
class ScatterOptions(PlotOptions):
    """The scatter plot of a pair."""

    color: Annotated[Color | None, option(FIGURE, "--color", "What the color of a point says. Default: donor.")] = None
    facet: Annotated[Facet | None, option(FIGURE, "--facet", "Draw a panel per donor.")] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.plot is None and self.settings():
            raise OptionError("--color and --facet are about a figure, and there is none. Add --plot FILE.")

    def settings(self) -> dict[str, str]:
        """Return the options that are given."""
        return {name: value for name in ("color", "facet") if (value := getattr(self, name)) is not None}


def pair(
    a: Annotated[
        str,
        typer.Argument(
            metavar="A", help="A probe or a gene.", show_default=False, autocompletion=complete_genes_and_probes
        ),
    ],
    b: Annotated[
        str,
        typer.Argument(metavar="B", help="Another.", show_default=False, autocompletion=complete_genes_and_probes),
    ],
    *,
    observed_r: Annotated[
        str | None,
        option(None, "--observed-r", "An r from elsewhere: report which scale and resolution give it.", "R"),
    ] = None,
    selection: ProbeOptions,
    samples: SampleOptions,
    correlation: MethodOptions,
    figure: ScatterOptions,
    result_options: OutputOptions,
    threads: Threads = None,
    db: Database = None,
) -> None:
    """Compare two genes or probes by probe, rule, donor and scale.

    \b
    Examples:
      coexpr pair NTRK2 BDNF
      coexpr pair A_23_P216779 CUST_1359_PI416573500 --observed-r 0.9676
    """
    from coexpr.cli.messages import say
    from coexpr.cli.opened import open_atlas  # loads DuckDB and numpy, which --help does not need
    from coexpr.cli.screen import deliver, draw_figure

    figure.refuse_same_file(result_options.output)
    with open_atlas(db, threads) as atlas:
        tables = atlas.pair(
            a,
            b,
            probe_selection=selection.selection(),
            sample_filter=samples.sample_filter(),
            method=correlation.correlation_method(),
            observed_r=observed_r,
        )
        deliver(
            tables.combined(),
            result_options,
            draw=lambda _, stream, screen: _draw(tables, stream, screen),
            writers={"xlsx": lambda _, stream: tables.write_workbook(stream)},
        )
        for line in _describe(tables):
            say(line)
        draw_figure(tables, figure, **figure.settings())


def _describe(tables: "Pair") -> list[str]:
    """Return the summary of a pair in sentences."""
    provenance = tables.provenance
    lines = _describe_spread(provenance)
    lines += describe_disagreements(provenance.disagreements)
    lines += _describe_donors(provenance)
    lines += describe_correlation(provenance)
    lines += describe_skipped_rules(provenance.rules_skipped)
    by_resolution: dict[str, list[float | None]] = {}
    for _, resolution, _, r, _ in tables.scales:
        by_resolution.setdefault(resolution, []).append(r)
    for resolution, values in by_resolution.items():
        if all(r is None for r in values):
            lines.append(f"No r over {resolution}: a profile is constant, or too few structures are sampled.")
    if provenance.method.adjust:
        lines.append("The comparison of scales is without --adjust.")
    return [*lines, *([provenance.observed_r.sentence] if provenance.observed_r else [])]


def _draw(tables: "Pair", stream: IO[str], screen: "Screen") -> None:
    """Draw r by probes, by rule, by donor, and by scale and resolution."""
    from coexpr.cli.screen import write_table

    drawn = [(_probes_crossed(tables), Layout(keys=("r",)))]
    if len(tables.rules):
        drawn.append((tables.rules, Layout(keys=("rule",), shorten=("probe_a", "probe_b"))))
    drawn.append((tables.donors, Layout(keys=("donor",))))
    drawn.append((_scales_crossed(tables), Layout(keys=("resolution", "donors"))))
    for place, (table, layout) in enumerate(drawn):
        stream.write("\n" if place else "")
        write_table(table, stream, screen, layout)


def _probes_crossed(tables: "Pair") -> "Result[PairProvenance]":
    """Return r with the probes of one side in rows and those of the other in columns; the longer side in rows."""
    from coexpr.result import Result

    down, across = (list(dict.fromkeys(tables.probes.column(name))) for name in ("probe_a", "probe_b"))
    r_of = {(a, b): _three_decimals(r) for a, b, r, _ in tables.probes}
    if len(across) > len(down):
        down, across = across, down
        r_of = {(b, a): r for (a, b), r in r_of.items()}
    rows = [[one, *(r_of[one, other] for other in across)] for one in down]
    return Result(["r", *across], rows, tables.provenance)


def _scales_crossed(tables: "Pair") -> "Result[PairProvenance]":
    """Return r with resolutions and ways of combining donors in rows, and scales in columns."""
    from coexpr.result import Result

    scales = list(dict.fromkeys(tables.scales.column("scale")))
    r_of = {(resolution, donors, scale): r for scale, resolution, donors, r, _ in tables.scales}
    combinations = list(dict.fromkeys((resolution, donors) for resolution, donors, _ in r_of))
    rows = [
        [resolution, _DONORS[donors], *(_three_decimals(r_of[resolution, donors, scale]) for scale in scales)]
        for resolution, donors in combinations
    ]
    return Result(["resolution", "donors", *scales], rows, tables.provenance)


def _three_decimals(r: float | None) -> str | None:
    return None if r is None else f"{r:.3f}"


def _describe_spread(provenance: "PairProvenance") -> list[str]:
    """Say what is compared, and how r of single probes varies."""
    lines = [line for name, other in provenance.other_names.items() for line in describe_other_name(other, name)]
    spread = provenance.spread
    if spread is None:
        return [*lines, "No r is defined: a profile is constant or missing."]
    if provenance.same_profile:
        lines.append("Both are represented by the same profile, whose r with itself is 1.")
    if spread.pairs == 1:
        return lines
    lines.append(
        f"{spread.pairs:,} pairs of probes: r from {spread.lowest:.3f} ({' and '.join(spread.lowest_probes)}) to "
        f"{spread.highest:.3f} ({' and '.join(spread.highest_probes)}), median {spread.median:.3f}."
    )
    if spread.conflicts:
        lines.append(
            f"Warning: {spread.conflicts:,} of {spread.pairs:,} pairs have the opposite sign, so the result "
            "depends on the probes; see `coexpr probes` for each gene."
        )
    return [
        *lines,
        "Do not average r over pairs of probes: a gene is first represented by one profile, then r is computed.",
    ]


def _describe_donors(provenance: "PairProvenance") -> list[str]:
    """Compare the pooled r with r in each donor, in words and then in numbers."""
    over, r = provenance.donors, provenance.r
    low, high, same_sign = over.lowest_r, over.highest_r, over.same_sign
    if r is None or over.k < 2 or low is None or high is None or same_sign is None:
        return []
    donors = f"{over.k:.0f} donors"
    if same_sign < over.k:
        verdict = f"Warning: {over.k - same_sign:.0f} of {donors} have another sign."
    else:
        verdict = f"All {donors} agree in sign."
    if same_sign == over.k and abs(r) > max(abs(low), abs(high)):
        verdict += " Part of the pooled r comes from differences between donors."
    elif (over.i2 or 0) > _HIGH_HETEROGENEITY:
        verdict += " Their r differ by more than sampling explains."
    return [
        f"{' and '.join(provenance.profiles)}: pooled r {r:.3f}; within donors {low:.3f} to {high:.3f}. {verdict}",
        f"Random-effects mean over {donors}: {over.r:.3f} (95 % interval {over.low:.3f} to {over.high:.3f}); "
        f"Q {over.q:.1f}, I² {over.i2:.2f}, τ² {over.tau2:.3f}. Pooled r without one donor: "
        f"{over.lowest_without_one:.3f} to {over.highest_without_one:.3f}.",
    ]

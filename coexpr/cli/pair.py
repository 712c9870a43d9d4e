"""coexpr pair: two genes or probes."""

from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Annotated

import typer

from coexpr.cli.completion import complete_genes_and_probes
from coexpr.cli.groups import FIGURE, option
from coexpr.cli.options import Database, MethodOptions, ProbeOptions, SampleOptions, Threads
from coexpr.cli.output_options import OutputOptions, PlotOptions
from coexpr.cli.table import Layout
from coexpr.errors import OptionError

if TYPE_CHECKING:
    from coexpr.analysis.pair import Pair
    from coexpr.analysis.pair_samples import Color, Facet
    from coexpr.cli.screen import Screen
else:  # typer reads these at import, and the analysis is slow to load
    from typing import Literal

    Color = Literal["donor", "structure"]
    Facet = Literal["donor"]


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
    from coexpr.cli.opened import open_atlas  # loads DuckDB and numpy, which --help does not need
    from coexpr.cli.screen import deliver, draw_figure, tell
    from coexpr.sentences.pair import describe_pair

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
        tell(describe_pair(tables))
        draw_figure(tables, figure, **figure.settings())


def _draw(tables: "Pair", stream: IO[str], screen: "Screen") -> None:
    """Draw r by probes, by rule, by donor, and by scale and resolution."""
    from coexpr.analysis.pair_crossed import probes_crossed, scales_crossed
    from coexpr.cli.screen import write_table

    drawn = [(probes_crossed(tables), Layout(keys=("r",)))]
    if len(tables.rules):
        drawn.append((tables.rules, Layout(keys=("rule",), shorten=("probe_a", "probe_b"))))
    drawn.append((tables.donors, Layout(keys=("donor",))))
    drawn.append((scales_crossed(tables), Layout(keys=("resolution", "donors"))))
    for place, (table, layout) in enumerate(drawn):
        stream.write("\n" if place else "")
        write_table(table, stream, screen, layout)

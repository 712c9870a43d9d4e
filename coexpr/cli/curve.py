"""coexpr curve: r of two genes or probes in every sensible analysis; and the same of the correlates of a seed."""

from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from coexpr.cli.completion import complete_genes_and_probes
from coexpr.cli.groups import METHOD, STATISTICS, option
from coexpr.cli.options import (
    OPTION_OF,
    Database,
    GeneOptions,
    MethodOptions,
    ProbeOptions,
    SampleOptions,
    Threads,
)
from coexpr.cli.output_options import OutputOptions, PlotOptions
from coexpr.cli.table import Layout
from coexpr.errors import OptionError
from coexpr.options import MAX_ANALYSES, Level, split_names

if TYPE_CHECKING:
    from coexpr.analysis.curve_result import CorrelatesCurve, PairCurve
    from coexpr.cli.screen import Screen

_CHOICES = Layout(keys=("choice",))
_HITS = Layout(keys=("rank", "gene_symbol", "probe_name"), drop=("q25_rank", "q75_rank", "min_r", "max_r"))
# What a table on the screen shows of a hit; files have all columns.
_SHOWN = (
    "rank", "gene_symbol", "r", "median_r", "q25_r", "q75_r", "min_r", "max_r", "same_sign_share", "median_rank",
    "best_rank", "worst_rank", "moved_most_by",
)  # fmt: skip


@dataclass(eq=False, repr=False)
class VaryOptions:
    """Which choices vary."""

    vary: Annotated[
        str | None,
        option(
            METHOD,
            "--vary",
            "The choices that vary: rule, min_present, annotation, method, adjust, without_donor. Default: all.",
            "A,B",
        ),
    ] = None
    force: Annotated[bool, option(None, "--force", "Lift the limit on the number of analyses.")] = False

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `Atlas.curve` that these options give."""
        return {
            "vary": split_names(self.vary or ""),
            "max_analyses": None if self.force else MAX_ANALYSES,
        }


@dataclass(eq=False, repr=False)
class CurveOptions(VaryOptions):
    """The specification curve of a query."""

    curve: Annotated[
        bool, option(STATISTICS, "--curve", "Follow the hits over every sensible analysis (docs/curve.md).")
    ] = False

    def __post_init__(self) -> None:
        if not self.curve and (self.vary is not None or self.force):
            raise OptionError("--vary and --force are about a curve, and there is none. Add --curve.")


def curve(
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
    varied: VaryOptions,
    selection: ProbeOptions,
    samples: SampleOptions,
    correlation: MethodOptions,
    figure: PlotOptions,
    result_options: OutputOptions,
    threads: Threads = None,
    db: Database = None,
) -> None:
    """Compute r of two genes or probes in every sensible analysis.

    All selection rules, with and without a threshold of presence, both annotations, all methods and adjustments, and
    without each donor. The other options give the default analysis.

    \b
    Examples:
      coexpr curve NTRK2 BDNF --plot curve.png
      coexpr curve NTRK2 BDNF --vary rule,adjust -o curve.csv
    """
    from coexpr.cli.opened import open_atlas  # loads DuckDB and numpy, which --help does not need
    from coexpr.cli.screen import deliver, draw_figure, tell
    from coexpr.sentences.curve import describe_pair_curve

    figure.refuse_same_file(result_options.output)
    with open_atlas(db, threads) as atlas:
        tables = atlas.curve(
            a,
            b,
            probe_selection=selection.selection(),
            sample_filter=samples.sample_filter(),
            method=correlation.correlation_method(),
            **varied.arguments(),
        )
    deliver(
        tables.analyses,
        result_options,
        draw=lambda _, stream, screen: _draw_choices(tables, stream, screen),
        writers={"json": lambda _, stream: _write_tables(tables, stream)},
    )
    tell(describe_pair_curve(tables))
    draw_figure(tables, figure)


def show_curve_of_correlates(
    seed: str | None,
    varied: CurveOptions,
    *,
    level: Level | None,
    rows: dict[str, Any],
    unused: dict[str, Any],
    selection: ProbeOptions,
    samples: SampleOptions,
    gene_options: GeneOptions,
    correlation: MethodOptions,
    figure: PlotOptions,
    result_options: OutputOptions,
    threads: int | None,
    db: Path | None,
) -> None:
    """Deliver the specification curve of the correlates of a seed, for `coexpr query --curve`.

    Parameters
    ----------
    rows : dict
        Which rows of correlates are returned: arguments of `Atlas.correlates`.
    unused : dict
        Values of options that a curve does not have, by their names.
    others
        The seed and the groups of options of the command.

    Raises
    ------
    OptionError
        For an option that a curve does not have.
    """
    from coexpr.cli.opened import open_atlas  # loads DuckDB and numpy, which --help does not need
    from coexpr.cli.screen import deliver, draw_figure, tell
    from coexpr.sentences.curve import describe_correlates_curve

    top, ascending = _refuse_unused(seed, rows, unused)
    figure.refuse_same_file(result_options.output)
    with open_atlas(db, threads) as atlas:
        tables = atlas.curve_of_correlates(
            str(seed),
            level=level,
            top=top,
            ascending=ascending,
            probe_selection=selection.selection(),
            sample_filter=samples.sample_filter(),
            gene_filter=gene_options.gene_filter(atlas),
            method=correlation.correlation_method(),
            **varied.arguments(),
        )
    deliver(
        tables.hits,
        result_options,
        draw=lambda _, stream, screen: _draw_hits(tables, stream, screen),
        writers={"json": lambda _, stream: _write_tables(tables, stream)},
    )
    tell(describe_correlates_curve(tables))
    draw_figure(tables, figure)


def _refuse_unused(seed: str | None, rows: dict[str, Any], unused: dict[str, Any]) -> tuple[int, bool]:
    """Return how many hits are followed and whether the lowest r comes first; refuse all other options about rows."""
    if seed is None:
        raise OptionError("--curve follows the correlates of one SEED, and none is given.")
    defaults = {"min_r": None, "max_r": None, "include_self": False, "rank_overall": True}
    given = [name for name, default in defaults.items() if rows[name] != default]
    given += [name for name, value in unused.items() if value]
    if given:
        options = ", ".join(OPTION_OF.get(name, f"--{name.replace('_', '-')}") for name in given)
        raise OptionError(f"--curve cannot be combined with {options}. Leave out one of them.")
    if rows["top"] is None:
        raise OptionError("--curve follows some hits, and --all names all. Give their number with --top.")
    return rows["top"], rows["ascending"]


def _draw_choices(tables: "PairCurve", stream: IO[str], screen: "Screen") -> None:
    """Draw the distribution of r, and how far each choice moves it."""
    from coexpr.cli.screen import write_table
    from coexpr.result import Result

    summary = tables.summary
    names = summary.columns[: list(summary.columns).index("moved_most_by")]
    columns = [_with_three_digits(name, summary.column(name)) for name in names]
    write_table(Result(names, list(zip(*columns, strict=True)), summary.provenance), stream, screen)
    if len(tables.choices):
        stream.write("\n")
        write_table(tables.choices, stream, screen, _CHOICES)


def _draw_hits(tables: "CorrelatesCurve", stream: IO[str], screen: "Screen") -> None:
    """Draw the hits with the most important columns."""
    from coexpr.cli.screen import write_table
    from coexpr.result import Result

    hits = tables.hits
    names = [name for name in _SHOWN if hits.provenance.level == "gene" or name != "gene_symbol"]
    if hits.provenance.level == "probe":
        names.insert(1, "probe_name")
    if screen.wide:
        names = list(hits.columns)
    columns = [_with_three_digits(name, hits.column(name)) for name in names]
    write_table(Result(names, list(zip(*columns, strict=True)), hits.provenance), stream, screen, _HITS)


def _with_three_digits(name: str, column: list[Any]) -> list[Any]:
    return [round(cell, 3) if name == "same_sign_share" and cell is not None else cell for cell in column]


def _write_tables(tables: Any, stream: IO[str]) -> None:
    from coexpr.output.text import write_tables

    write_tables(tables, stream)

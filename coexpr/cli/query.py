"""coexpr query: the correlates of a probe or gene."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from coexpr.cli.completion import complete_genes_and_probes
from coexpr.cli.curve import CurveOptions, show_curve_of_correlates
from coexpr.cli.groups import PROBES, ROWS, STATISTICS, option
from coexpr.cli.options import (
    Database,
    GeneOptions,
    LevelOption,
    Mark,
    MethodOptions,
    ProbeOptions,
    SampleOptions,
    Threads,
)
from coexpr.cli.output_options import OutputOptions, PlotOptions
from coexpr.cli.seeds import SeedOptions, query_seeds
from coexpr.cli.table import Layout
from coexpr.errors import OptionError

_TOP = 20
LAYOUTS = {
    "gene": Layout(
        keys=("rank", "gene_symbol"),
        drop=("probe_id", "entrez_id", "probe_name", "rank_overall"),
        shorten=("gene_name",),
    ),
    "probe": Layout(
        keys=("rank", "probe_name", "gene_symbol"),
        drop=("probe_id", "entrez_id", "gene_name", "rank_overall"),
        shorten=("gene_name",),
    ),
}


@dataclass(eq=False, repr=False)
class LimitOptions:
    """How many rows are returned, and within which limits of r."""

    top: Annotated[int | None, option(ROWS, "--top", f"Number of rows. Default: {_TOP}.", "N", min=1)] = None
    all_rows: Annotated[bool, option(ROWS, "--all", "All rows, not only the first.")] = False
    ascending: Annotated[bool, option(ROWS, "--ascending", "List the lowest (most negative) r first.")] = False
    min_r: Annotated[float | None, option(ROWS, "--min-r", "Only rows with at least this r.", "R", min=-1, max=1)] = (
        None
    )
    max_r: Annotated[float | None, option(ROWS, "--max-r", "Only rows with at most this r.", "R", min=-1, max=1)] = None

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of a method of `Atlas` that ranks by r."""
        if self.all_rows and self.top is not None:
            raise OptionError("--all and --top contradict each other: give one of them.")
        given = {name: value for name, value in vars(self).items() if name != "all_rows"}
        return given | {"top": None if self.all_rows else self.top or _TOP}


@dataclass(eq=False, repr=False)
class RowOptions(LimitOptions):
    """Which rows are returned."""

    include_self: Annotated[
        bool, option(ROWS, "--include-self", "Include the seed and, among genes, its own gene.")
    ] = False
    rank_overall: Annotated[
        bool,
        option(
            ROWS,
            "--rank-overall/--no-rank-overall",
            "With a category, show the rank among all genes too. Without it only the category is read.",
            show_default=True,
        ),
    ] = True


@dataclass(eq=False, repr=False)
class StatisticsOptions:
    """Which columns about the reliability of r are added."""

    by_donor: Annotated[
        bool, option(STATISTICS, "--by-donor", "Add r in each donor and a meta-analysis over donors.")
    ] = False
    stats: Annotated[
        bool,
        option(
            STATISTICS,
            "--stats",
            "Add the mean over donors, its 95 % interval, p (donors as the unit) and false discovery rates over genes.",
        ),
    ] = False
    naive_p: Annotated[
        bool, option(STATISTICS, "--naive-p", "Add R's cor.test, which assumes independent samples; they are not.")
    ] = False


def query(
    seed: Annotated[
        str | None,
        typer.Argument(
            metavar="SEED",
            help="Name or id of a probe, or symbol or Entrez id of a gene.",
            autocompletion=complete_genes_and_probes,
            show_default=False,
        ),
    ] = None,
    level: LevelOption = None,
    probe: Annotated[
        str | None,
        option(
            PROBES,
            "--probe",
            "The probe that represents the seed gene, whatever the rule.",
            "NAME",
            autocompletion=complete_genes_and_probes,
        ),
    ] = None,
    *,
    several: SeedOptions,
    rows: RowOptions,
    selection: ProbeOptions,
    samples: SampleOptions,
    gene_options: GeneOptions,
    mark: Mark = None,
    correlation: MethodOptions,
    statistics: StatisticsOptions,
    curve: CurveOptions,
    result_options: OutputOptions,
    figure: PlotOptions,
    threads: Threads = None,
    db: Database = None,
) -> None:
    """List the correlates of SEED: genes or probes ranked by r.

    \b
    Examples:
      coexpr query NTRK2 --category "nervous system development"
      coexpr query A_23_P216779 --all -o r.csv
      coexpr query --seeds NTRK2,BDNF,NTF3 --hub-correction
    """
    if curve.curve:
        show_curve_of_correlates(
            seed,
            curve,
            level=level,
            rows=rows.arguments(),
            unused={"probe": probe, "mark": mark, **vars(statistics)},
            selection=selection,
            samples=samples,
            gene_options=gene_options,
            correlation=correlation,
            figure=figure,
            result_options=result_options,
            threads=threads,
            db=db,
        )
        return
    from coexpr.cli.opened import open_atlas  # loads DuckDB and numpy, which --help does not need
    from coexpr.cli.screen import deliver, draw_figure, tell
    from coexpr.sentences.correlates import describe_correlates

    figure.refuse_same_file(result_options.output)
    of_statistics = {f"--{name.replace('_', '-')}": value for name, value in vars(statistics).items()}
    several.check(seed, {"--probe": probe, **of_statistics})
    of_both = {
        "level": level,
        "probe_selection": selection.selection(),
        "sample_filter": samples.sample_filter(),
        "method": correlation.correlation_method(),
        "mark": mark or [],
        **rows.arguments(),
    }
    with open_atlas(db, threads) as atlas:
        if seed is None:
            of_both["include_seeds"] = of_both.pop("include_self")
            query_seeds(atlas, several, gene_options, of_both, LAYOUTS, result_options, figure)
            return
        result = atlas.correlates(
            seed,
            probe=probe,
            gene_filter=gene_options.gene_filter(atlas),
            **of_both,
            **vars(statistics) | {"by_donor": statistics.by_donor or figure.plot is not None},
        )
    provenance = result.provenance
    # A figure shows the range over donors; the table has it only with --by-donor.
    shown = result if statistics.by_donor else result.without_donors()
    deliver(shown, result_options, LAYOUTS[provenance.level], matching=provenance.matching)
    tell(describe_correlates(result))
    draw_figure(result, figure)

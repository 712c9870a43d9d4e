"""coexpr enrich: the categories that a seed is correlated with, and mean r within and between categories."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coexpr.cli.completion import complete_categories, complete_genes_and_probes
from coexpr.cli.groups import GENES, METHOD, ROWS, SAMPLES, STATISTICS, option
from coexpr.cli.options import Database, ProbeOptions, SampleOptions, Threads
from coexpr.cli.output_options import OutputOptions, PlotOptions
from coexpr.cli.table import Layout
from coexpr.errors import OptionError
from coexpr.options import Alternative, CorrelationMethod, MethodName, Space, SpatialWeights

if TYPE_CHECKING:
    from coexpr.atlas import Atlas

_TOP = 20
_SURROGATES = 10_000
# Each gene of a category has its own surrogates, which takes longer.
_SURROGATES_OF_CATEGORIES = 1000
_LAYOUT = Layout(
    keys=("rank", "name"),
    drop=("source", "accession", "t_camera", "null_low", "null_high", "p_camera", "percentile"),
    shorten=("name",),
    comfortable=24,
)
_LAYOUT_OF_CATEGORIES = Layout(keys=("scope", "name"), drop=("null_low", "null_high"), shorten=("name",))


@dataclass(eq=False, repr=False)
class CategoryOptions:
    """Which categories are tested, and which rows are shown."""

    top: Annotated[int | None, option(ROWS, "--top", f"Number of rows. Default: {_TOP}.", "N", min=1)] = None
    all_rows: Annotated[bool, option(ROWS, "--all", "All categories, not only the first.")] = False
    source: Annotated[
        list[str] | None, option(GENES, "--source", "Only categories from this source. Repeatable.", "NAME")
    ] = None
    min_size: Annotated[
        int | None,
        option(GENES, "--min-size", "Only categories with at least this many genes. Default: 10.", "N", min=1),
    ] = None
    max_size: Annotated[
        int | None,
        option(GENES, "--max-size", "Only categories with at most this many genes. Default: 200.", "N", min=1),
    ] = None
    alternative: Annotated[
        Alternative | None,
        option(STATISTICS, "--alternative", "Which mean r count as extreme in p_spatial. Default: two-sided."),
    ] = None
    naive_p: Annotated[
        bool,
        option(STATISTICS, "--naive-p", "Add p against random genes, which is wrong for genes expressed together."),
    ] = False

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `Atlas.enrich`."""
        if self.all_rows and self.top is not None:
            raise OptionError("--all and --top contradict each other: give one of them.")
        given = {name: value for name, value in vars(self).items() if name != "all_rows" and value not in (None, [])}
        return given | {"top": None if self.all_rows else self.top or _TOP}

    def refuse(self) -> None:
        """Raise OptionError if any is given."""
        for name, value in vars(self).items():
            if value:
                used = "--all" if name == "all_rows" else f"--{name.replace('_', '-')}"
                raise OptionError(
                    f"{used} is about the categories of a seed. Leave it out with --within and --between."
                )


@dataclass(eq=False, repr=False)
class NullModelOptions:
    """How r and its surrogates are computed."""

    method: Annotated[MethodName | None, option(METHOD, "--method", "Correlation method. Default: pearson.")] = None
    max_p_outliers: Annotated[
        float | None,
        option(
            METHOD, "--max-p-outliers", "For bicor: the largest fraction of outliers on each side, such as 0.05.", "F"
        ),
    ] = None
    pooled: Annotated[
        bool,
        option(METHOD, "--pooled", "Do not remove donors' means: differences between donors count as correlation."),
    ] = False
    surrogates: Annotated[
        int | None,
        option(
            STATISTICS,
            "--surrogates",
            f"Number of surrogates. Default: {_SURROGATES:,}; for categories {_SURROGATES_OF_CATEGORIES:,}.",
            "N",
        ),
    ] = None
    seed_random: Annotated[
        int,
        option(STATISTICS, "--seed-random", "Seed of the random signs of surrogates.", "N", show_default=True, min=0),
    ] = 1
    weights: Annotated[
        SpatialWeights,
        option(
            STATISTICS,
            "--weights",
            "Spatial null model: the measured covariance of genes by distance, or 1 / distance.",
            show_default=True,
        ),
    ] = "measured"
    space: Annotated[
        Space | None,
        option(SAMPLES, "--space", "Whose MNI coordinates of samples. Default: corrected, if they are loaded."),
    ] = None

    def arguments(self, surrogates: int) -> dict[str, Any]:
        """Return the arguments of `Atlas.enrich` and `Atlas.coexpression`, given the default number of surrogates."""
        outliers = 1 if self.max_p_outliers is None else self.max_p_outliers
        names = ("pooled", "seed_random", "weights", "space")
        return {
            "method": CorrelationMethod(self.method or "pearson", outliers),
            "surrogates": surrogates if self.surrogates is None else self.surrogates,
            **{name: getattr(self, name) for name in names},
        }


@dataclass(eq=False, repr=False)
class MapOptions:
    """A map as the seed."""

    map: Annotated[
        Path | None, option(None, "--map", "Instead of SEED: a map of the brain, as for coexpr map.", "FILE")
    ] = None
    column: Annotated[
        str | None, option(None, "--column", "With --map: header or number of the column of values.", "NAME")
    ] = None
    radius: Annotated[
        float | None,
        option(None, "--radius", "With --map: the largest distance of a sample, in mm. Default: 5.", "MM"),
    ] = None

    def arguments(self) -> dict[str, Any]:
        """Return the further arguments of `Atlas.enrich_map`."""
        given = {"column": self.column, "radius": self.radius}
        found = {name: value for name, value in given.items() if value is not None}
        if found and self.map is None:
            raise OptionError(f"--{next(iter(found))} is about a map. Give it with --map, or leave it out.")
        return found


def enrich(
    seeds: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SEED]...",
            help="A gene or a probe, or several: mean r is then the mean over them.",
            show_default=False,
            autocompletion=complete_genes_and_probes,
        ),
    ] = None,
    within: Annotated[
        str | None,
        option(
            None,
            "--within",
            "Instead of SEED: mean r between the genes of this category.",
            "NAME",
            autocompletion=complete_categories,
        ),
    ] = None,
    between: Annotated[
        tuple[str, str] | None,
        option(None, "--between", "Instead of SEED: mean r of the genes of two categories.", "NAME NAME"),
    ] = None,
    *,
    given_map: MapOptions,
    categories: CategoryOptions,
    selection: ProbeOptions,
    samples: SampleOptions,
    null_model: NullModelOptions,
    result_options: OutputOptions,
    figure: PlotOptions,
    threads: Threads = None,
    db: Database = None,
) -> None:
    """Test which categories SEED is correlated with.

    The null model is random maps with the same spatial autocorrelation. docs/enrichment.md explains each p, and which
    one to report.

    \b
    Examples:
      coexpr enrich NTRK2
      coexpr enrich NTRK2 BDNF --structure Cx --all -o categories.csv
      coexpr enrich --map receptor_density.csv
      coexpr enrich --within "nervous system development"
    """
    from coexpr.cli.opened import open_atlas  # loads DuckDB and numpy, which --help does not need

    figure.refuse_same_file(result_options.output)
    ways = {"SEED": seeds, "--map": given_map.map, "--within": within, "--between": between}
    chosen = [way for way, value in ways.items() if value]
    if len(chosen) != 1:
        found = f"{' and '.join(chosen)} are given" if chosen else "none is given"
        raise OptionError(f"expected one of {', '.join(ways)}; {found}.")
    shared = {"probe_selection": selection.selection(), "sample_filter": samples.sample_filter()}
    of_map = given_map.arguments()
    with open_atlas(db, threads) as atlas:
        if chosen[0] in ("SEED", "--map"):
            arguments = {**shared, **categories.arguments(), **null_model.arguments(_SURROGATES)}
            if given_map.map is not None:
                arguments |= of_map
            _enrich(atlas, seeds or given_map.map, arguments, result_options, figure)
        else:
            categories.refuse()
            if figure.plot is not None:
                raise OptionError("--plot draws the categories of a seed. Leave it out with --within and --between.")
            names = between or (str(within),)
            _compare(atlas, names, {**shared, **null_model.arguments(_SURROGATES_OF_CATEGORIES)}, result_options)


def _enrich(
    atlas: "Atlas",
    seeds: list[str] | Path | None,
    arguments: dict[str, Any],
    output: OutputOptions,
    figure: PlotOptions,
) -> None:
    """Print the categories of seeds, or of a map."""
    from coexpr.cli.screen import deliver, draw_figure, tell
    from coexpr.sentences.enrichment import describe_enrichment

    ask: Any = atlas.enrich_map if isinstance(seeds, Path) else atlas.enrich
    result = ask(seeds, **arguments)
    deliver(result, output, _LAYOUT, matching=result.provenance.categories)
    tell(describe_enrichment(result))
    draw_figure(result, figure)


def _compare(atlas: "Atlas", names: tuple[str, ...], arguments: dict[str, Any], output: OutputOptions) -> None:
    """Print mean r within a category, or between two."""
    from coexpr.cli.screen import deliver, tell
    from coexpr.sentences.enrichment import describe_coexpression

    result = atlas.coexpression(*names, **arguments)
    deliver(result, output, _LAYOUT_OF_CATEGORIES)
    tell(describe_coexpression(result))

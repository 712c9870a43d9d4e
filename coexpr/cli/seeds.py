"""coexpr query --seeds: the correlates of several genes or probes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Annotated, Any, Literal

from coexpr.cli.groups import METHOD, option
from coexpr.cli.options import GeneOptions, gene_names
from coexpr.cli.output_options import OutputOptions, PlotOptions
from coexpr.cli.table import Layout
from coexpr.errors import OptionError

if TYPE_CHECKING:
    from coexpr.analysis.seed_set_result import SetCorrelates
    from coexpr.atlas import Atlas
    from coexpr.cli.screen import Screen

_LAYOUT_OF_SEEDS = Layout(keys=("seed", "rank"), drop=("probe_id", "gene_symbol", "probe_name"))


@dataclass(eq=False, repr=False)
class SeedOptions:
    """Several seeds, and how r with them becomes one number."""

    seeds: Annotated[
        str | None,
        option(
            None,
            "--seeds",
            "Instead of SEED: several genes or probes, ranked by mean r with them. Names between commas, a file (a "
            "list or a table), or - for stdin.",
            "A,B|FILE|-",
        ),
    ] = None
    hub_correction: Annotated[
        bool,
        option(METHOD, "--hub-correction", "With --seeds: subtract each gene's mean r with all genes (SEEK)."),
    ] = False
    weights: Annotated[
        Literal["donor"] | None,
        option(
            METHOD,
            "--weights",
            "With --seeds: compute r within each donor, and weigh donors by how well the seeds find each other there "
            "(SEEK).",
        ),
    ] = None

    def check(self, seed: str | None, of_one_seed: Mapping[str, Any]) -> None:
        """Raise OptionError for options that contradict each other.

        Parameters
        ----------
        seed : str, optional
        of_one_seed : mapping of str to value
            Options that are about one seed, by their names; a value is false if the option is not given.
        """
        if (seed is None) == (self.seeds is None):
            given = "both are given" if seed is not None else "neither is given"
            raise OptionError(f"expected a gene or probe as SEED, or several with --seeds; {given}.")
        if self.seeds is None:
            if self.hub_correction or self.weights:
                name = "--hub-correction" if self.hub_correction else "--weights"
                raise OptionError(f"{name} is about several seeds. Give them with --seeds, or leave it out.")
        elif unused := [name for name, value in of_one_seed.items() if value]:
            raise OptionError(f"{unused[0]} is about one seed, and has no meaning with --seeds. Leave it out.")

    def names(self, atlas: "Atlas", genes: GeneOptions) -> list[str]:
        """Return the names of the seeds. --gene-column is about their file, unless --genes has one."""
        column = genes.gene_column if genes.genes is None else None
        if column is not None:
            genes.gene_column = None
        return gene_names(atlas, self.seeds, column, "--seeds")


def query_seeds(
    atlas: "Atlas",
    options: SeedOptions,
    genes: GeneOptions,
    arguments: Mapping[str, Any],
    layout: Mapping[str, Layout],
    output: OutputOptions,
    figure: PlotOptions,
) -> None:
    """Print the correlates of several seeds.

    Parameters
    ----------
    atlas : Atlas
    options : SeedOptions
    genes : GeneOptions
    arguments : mapping
        Further arguments of `Atlas.correlates_of_set`.
    layout : mapping of str to Layout
        By level.
    output : OutputOptions
    figure : PlotOptions
    """
    from coexpr.cli.screen import deliver, draw_figure, tell
    from coexpr.output.text import write_tables
    from coexpr.sentences.seeds import describe_set_correlates

    tables = atlas.correlates_of_set(
        options.names(atlas, genes),
        gene_filter=genes.gene_filter(atlas),
        hub_correction=options.hub_correction,
        donor_weights=options.weights == "donor",
        **arguments,
    )
    deliver(
        tables.correlates,
        output,
        draw=lambda _, stream, screen: _draw(tables, layout[tables.provenance.level], stream, screen),
        matching=tables.provenance.matching,
        writers={"json": lambda _, stream: write_tables(tables, stream)},
    )
    tell(describe_set_correlates(tables))
    draw_figure(tables.correlates, figure)


def _draw(tables: "SetCorrelates", layout: Layout, stream: IO[str], screen: "Screen") -> None:
    """Draw the correlates, and then the seeds."""
    from coexpr.cli.screen import write_table

    write_table(tables.correlates, stream, screen, layout)
    stream.write("\n")
    write_table(tables.seeds, stream, screen, _LAYOUT_OF_SEEDS)

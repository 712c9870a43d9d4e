"""coexpr map: the genes whose expression follows a map of the brain."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from coexpr.cli.groups import GENES, ROWS, SAMPLES, option
from coexpr.cli.options import Database, GeneOptions, MethodOptions, ProbeOptions, SampleOptions, Threads
from coexpr.cli.output_options import OutputOptions
from coexpr.cli.query import LAYOUTS, LimitOptions
from coexpr.options import Level, Space


@dataclass(eq=False, repr=False)
class MapRowOptions(LimitOptions):
    """Which rows are returned; a map has no row of its own to leave out."""

    level: Annotated[Level, option(ROWS, "--level", "Return probes or genes.", show_default=True)] = "gene"


@dataclass(eq=False, repr=False)
class MapGeneOptions(GeneOptions):
    """Which genes are returned; --column is that of the map."""

    gene_column: Annotated[
        str | None,
        option(
            GENES,
            "--gene-column",
            "Header or number of the column of genes in a file. Default: found by its contents.",
            "NAME",
        ),
    ] = None


def map(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="A table (.csv, .tsv, .csv.gz) with one number per structure, MNI coordinate or sample.",
            show_default=False,
        ),
    ],
    column: Annotated[
        str | None,
        option(
            None, "--column", "Header or number of the column of values. Default: the only one that can be it.", "NAME"
        ),
    ] = None,
    radius: Annotated[
        float,
        option(
            SAMPLES, "--radius", "For coordinates: the largest distance of a sample, in mm.", "MM", show_default=True
        ),
    ] = 5.0,
    space: Annotated[
        Space | None,
        option(
            SAMPLES, "--space", "For coordinates: whose coordinates of samples. Default: corrected, if they are loaded."
        ),
    ] = None,
    *,
    rows: MapRowOptions,
    selection: ProbeOptions,
    samples: SampleOptions,
    gene_options: MapGeneOptions,
    correlation: MethodOptions,
    result_options: OutputOptions,
    threads: Threads = None,
    db: Database = None,
) -> None:
    """List genes ranked by r with a map of the brain in FILE.

    Columns of FILE are found by their headers: structure_id, acronym or name; x, y, z in mm (MNI); or sample_id; and
    one column of numbers. docs/maps.md has examples.

    \b
    Examples:
      coexpr map receptor_density.csv
      coexpr map t_map.csv --column t --radius 3 --structure Cx -o genes.csv
    """
    from coexpr.cli.opened import open_atlas  # loads DuckDB and numpy, which --help does not need
    from coexpr.cli.screen import deliver, tell
    from coexpr.sentences.brain_map import describe_map_correlates

    with open_atlas(db, threads) as atlas:
        result = atlas.map(
            file,
            column=column,
            radius=radius,
            space=space,
            probe_selection=selection.selection(),
            sample_filter=samples.sample_filter(),
            gene_filter=gene_options.gene_filter(atlas),
            method=correlation.correlation_method(),
            **rows.arguments(),
        )
    deliver(result, result_options, LAYOUTS[result.provenance.level], matching=result.provenance.matching)
    tell(describe_map_correlates(result))

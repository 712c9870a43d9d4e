"""coexpr network: the strongest edges of every row, into a file."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from coexpr.cli.completion import complete_genes_and_probes
from coexpr.cli.groups import OUTPUT, ROWS, option
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
from coexpr.cli.output_options import PlotOptions
from coexpr.errors import OptionError
from coexpr.options import MAX_NETWORK_EDGES
from coexpr.resources import INTERRUPTED, MEMORY

GIGABYTE = 10**9


class NetworkFormat(StrEnum):
    """How a network is written."""

    PARQUET = "parquet"
    ARROW = "arrow"
    CSV = "csv"
    TSV = "tsv"
    XLSX = "xlsx"
    GRAPHML = "graphml"
    DUCKDB = "duckdb"


MemoryOption = Annotated[
    float,
    option(
        None,
        "--memory",
        "Memory to use beyond the mapped matrix, in gigabytes.",
        "GB",
        min=0.01,
        max=1e6,
        show_default=True,
    ),
]
DEFAULT_MEMORY = MEMORY / GIGABYTE


@dataclass(eq=False, repr=False)
class DirectionOptions:
    """How the two directions of a pair are written."""

    mutual_rank: Annotated[
        bool, option(ROWS, "--mutual-rank", "Add the mutual rank, where both ends have the edge.")
    ] = False
    undirected: Annotated[
        bool, option(ROWS, "--undirected", "Write each pair once, with the better rank of the two directions.")
    ] = False


@dataclass(eq=False, repr=False)
class StrengthOptions:
    """How strong the edges of a network are."""

    top: Annotated[int | None, option(ROWS, "--top", "The K strongest edges of each row.", "K", min=1)] = None
    min_abs_r: Annotated[
        float | None,
        option(
            ROWS,
            "--min-abs-r",
            "Only edges of at least this |r|; the strongest are then those with the highest |r|.",
            "T",
            min=0,
            max=1,
        ),
    ] = None


@dataclass(eq=False, repr=False)
class EdgeOptions(DirectionOptions, StrengthOptions):
    """Which edges a network has."""


@dataclass(eq=False, repr=False)
class FileOptions:
    """Where and how a network is written."""

    output_format: Annotated[
        NetworkFormat | None, option(OUTPUT, "--format", "Output format. Default: the format of FILE.")
    ] = None
    output: Annotated[
        Path,
        option(
            OUTPUT,
            "--output -o",
            "The file: .parquet, .arrow, .csv, .tsv, .xlsx, .graphml, .duckdb.",
            "FILE",
            show_default=True,
        ),
    ] = Path("network.parquet")


def network(
    items: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ITEM]...",
            help="Probes or genes. Without them and without a category: all genes.",
            show_default=False,
            autocompletion=complete_genes_and_probes,
        ),
    ] = None,
    level: LevelOption = None,
    *,
    edges: EdgeOptions,
    selection: ProbeOptions,
    samples: SampleOptions,
    gene_options: GeneOptions,
    mark: Mark = None,
    correlation: MethodOptions,
    file: FileOptions,
    figure: PlotOptions,
    part: Annotated[
        str | None,
        option(
            OUTPUT,
            "--part",
            "Compute part K of N into a folder next to FILE, for: coexpr network merge (docs/scale.md).",
            "K/N",
        ),
    ] = None,
    scheduler: Annotated[
        str | None,
        option(
            None,
            "--scheduler",
            "Compute on the workers of a Dask scheduler; local starts them on this computer (docs/scale.md).",
            "ADDRESS",
        ),
    ] = None,
    memory: MemoryOption = DEFAULT_MEMORY,
    force: Annotated[bool, option(None, "--force", "Lift the limit on the number of edges.")] = False,
    threads: Threads = None,
    db: Database = None,
) -> None:
    """Write the strongest correlations (edges) of genes to a file.

    An edge has source, target, r and rank. The same command continues an interrupted run.

    \b
    Examples:
      coexpr network --top 50 -o genes.parquet
      coexpr network --category "synapse organization" --min-abs-r 0.7
      coexpr network --top 10 --undirected --mark "nervous system development" -o genes.graphml
    """
    from coexpr.cli.messages import say
    from coexpr.cli.opened import open_atlas  # loads DuckDB and numpy, which --help does not need
    from coexpr.cli.screen import draw_figure, tell
    from coexpr.sentences.network import describe_network, describe_part

    figure.refuse_same_file(file.output)
    of_file: dict[str, Any] = {
        "mutual_rank": edges.mutual_rank,
        "undirected": edges.undirected,
        "mark": mark or [],
        "format": file.output_format.value if file.output_format else None,
    }
    if part is not None:
        _refuse_options_of_file({**of_file, "plot": figure.plot})
    with open_atlas(db, threads) as atlas:
        of_both: dict[str, Any] = {
            "top": edges.top,
            "min_abs_r": edges.min_abs_r,
            "level": level,
            "probe_selection": selection.selection(),
            "sample_filter": samples.sample_filter(),
            "gene_filter": gene_options.gene_filter(atlas),
            "method": correlation.correlation_method(),
            "memory": int(memory * GIGABYTE),
            "max_edges": None if force else MAX_NETWORK_EDGES,
            "scheduler": scheduler,
        }
        try:
            if part is not None:
                tell(describe_part(atlas.network_part(part, file.output, items or [], **of_both), str(file.output)))
                return
            result = atlas.network(file.output, items or [], **of_both, **of_file)
        except KeyboardInterrupt:
            say("Interrupted. The same command continues where this one stopped.")
            raise typer.Exit(INTERRUPTED) from None
    tell(describe_network(result))
    draw_figure(result, figure)


def _refuse_options_of_file(of_file: dict[str, Any]) -> None:
    """Raise OptionError for options of the file, which merging writes: a part is the same with and without them."""
    given = [f"--{name.replace('_', '-')}" for name, value in of_file.items() if value]
    if given:
        raise OptionError(
            f"{' and '.join(given)} with --part: a part is the same with and without. Give it to "
            "`coexpr network merge` instead."
        )

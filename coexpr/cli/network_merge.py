"""coexpr network merge: the file of a network from its parts."""

from pathlib import Path
from typing import Annotated

import typer

from coexpr.cli.network import DEFAULT_MEMORY, GIGABYTE, DirectionOptions, FileOptions, MemoryOption
from coexpr.cli.options import Database, Mark, Threads
from coexpr.cli.output_options import PlotOptions


def network_merge(
    parts: Annotated[
        list[Path],
        typer.Argument(
            metavar="PART...", help="The folders of all parts, which --part has written.", show_default=False
        ),
    ],
    *,
    directions: DirectionOptions,
    mark: Mark = None,
    file: FileOptions,
    figure: PlotOptions,
    memory: MemoryOption = DEFAULT_MEMORY,
    threads: Threads = None,
    db: Database = None,
) -> None:
    """Write a network from its parts.

    The file is the one that the command writes without --part. The folders remain.

    \b
    Example:
      coexpr network --top 50 -o genes.parquet --part 1/2
      coexpr network --top 50 -o genes.parquet --part 2/2
      coexpr network merge genes.parquet.part-*-of-2 -o genes.parquet
    """
    from coexpr.cli.opened import open_atlas  # loads DuckDB and numpy, which --help does not need
    from coexpr.cli.screen import draw_figure, tell
    from coexpr.sentences.network import describe_network

    figure.refuse_same_file(file.output)
    with open_atlas(db, threads) as atlas:
        result = atlas.merge_network(
            parts,
            file.output,
            **vars(directions),
            mark=mark or [],
            format=file.output_format.value if file.output_format else None,
            memory=int(memory * GIGABYTE),
        )
    tell(describe_network(result))
    draw_figure(result, figure)

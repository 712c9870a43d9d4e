"""coexpr genes: what names of genes mean."""

from pathlib import Path
from typing import Annotated

import typer

from coexpr.cli.options import (
    AnnotationOption,
    ColumnsOption,
    Database,
    GeneColumnOption,
    OutputFile,
    OutputFormat,
    WideOption,
)
from coexpr.cli.table import Layout

_LAYOUT = Layout(
    keys=("name",),
    drop=("probes", "probes_with_expression", "probe_name", "matched_by", "current_symbol", "entrez_id"),
    shorten=("explanation", "name"),
    comfortable=60,
)


def genes(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME...|FILE",
            help="Symbols, aliases, Entrez ids or probes; or one file with them (a list, a table), or - for stdin.",
            show_default=False,
        ),
    ],
    gene_column: GeneColumnOption = None,
    annotation: AnnotationOption = None,
    columns: ColumnsOption = None,
    wide: WideOption = False,
    output_format: OutputFormat = None,
    output: OutputFile = None,
    db: Database = None,
) -> None:
    """Explain each name: the gene it means, by what, its current symbol, and whether it has expression data.

    Example: coexpr genes TRKB trk-B FSIP2 4915 A_23_P216779
    """
    from coexpr.atlas import Atlas  # loads DuckDB, which --help need not wait for
    from coexpr.cli.options import listed
    from coexpr.cli.screen import Screen, deliver, say

    with Atlas(db) as atlas:
        is_file = len(names) == 1 and (names[0] == "-" or Path(names[0]).is_file())
        given = listed(atlas, names[0], gene_column) if is_file else names
        answer = atlas.resolve(given, annotation=annotation or "allen")
    deliver(answer, output, output_format, Screen(columns, wide), _LAYOUT)
    counts: dict[str, int] = {}
    for row in answer.rows:
        counts[row[1]] = counts.get(row[1], 0) + 1
    told = ", ".join(f"{count:,} {status}" for status, count in counts.items())
    say(f"{len(answer.rows):,} name{'s' * (len(answer.rows) != 1)}: {told}.")

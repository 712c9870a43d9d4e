"""coexpr genes: what names of genes mean."""

from pathlib import Path
from typing import Annotated

import typer

from coexpr.cli.options import AnnotationOption, Database, GeneColumn
from coexpr.cli.output_options import OutputOptions
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
    *,
    gene_column: GeneColumn = None,
    annotation: AnnotationOption = None,
    result_options: OutputOptions,
    db: Database = None,
) -> None:
    """Explain what names of genes and probes mean here.

    \b
    Example:
      coexpr genes TRKB trk-B FSIP2 4915 A_23_P216779
    """
    from coexpr.cli.opened import open_atlas  # loads DuckDB, which --help does not need
    from coexpr.cli.options import gene_names
    from coexpr.cli.screen import deliver, tell
    from coexpr.sentences.names import describe_names

    with open_atlas(db) as atlas:
        is_file = len(names) == 1 and (names[0] == "-" or Path(names[0]).is_file())
        given = gene_names(atlas, names[0], gene_column) if is_file else names
        result = atlas.resolve(given, annotation=annotation or "allen")
    deliver(result, result_options, _LAYOUT)
    tell(describe_names(result))

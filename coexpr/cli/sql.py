"""coexpr sql: ad hoc SQL against the database."""

import sys
from typing import Annotated

import typer

from coexpr.cli.options import Database, OutputFile, OutputFormat


def sql(
    statement: Annotated[
        str,
        typer.Argument(
            metavar="STATEMENT",
            help="SQL as DuckDB speaks it, or - to read it from stdin.",
            show_default=False,
        ),
    ],
    output_format: OutputFormat = None,
    output: OutputFile = None,
    db: Database = None,
) -> None:
    """Run SQL against the database, which is open for reading only.

    Example: coexpr sql "FROM representative_probes JOIN genes USING (gene_id) LIMIT 5"
    """
    from coexpr.atlas import Atlas  # loads DuckDB, which --help need not wait for
    from coexpr.cli.screen import deliver

    text = sys.stdin.read() if statement == "-" else statement
    with Atlas(db) as atlas:
        atlas.forbid_other_files()
        deliver(atlas.sql(text), output, output_format)

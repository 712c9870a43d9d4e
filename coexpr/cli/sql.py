"""coexpr sql: ad hoc SQL against the database."""

import re
import sys
from contextlib import closing
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from coexpr.cli.groups import OUTPUT
from coexpr.cli.options import Database
from coexpr.errors import OptionError

_WHOLE = re.compile(r"[+-]?\d+")
_REAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.I)


class SqlFormat(StrEnum):
    """How a result of SQL is written."""

    TABLE = "table"
    CSV = "csv"
    TSV = "tsv"
    JSON = "json"
    JSONL = "jsonl"
    PARQUET = "parquet"


def sql(
    statement: Annotated[
        str | None,
        typer.Argument(
            metavar="STATEMENT",
            help="SQL in DuckDB's dialect, or - to read it from stdin.",
            show_default=False,
        ),
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", "-f", metavar="FILE", help="Read the SQL from a file.", show_default=False)
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "--parameter",
            "-p",
            metavar="NAME=VALUE",
            help="A value for $NAME: a number, NULL, or text; 'quoted' is always text. Repeatable.",
            show_default=False,
        ),
    ] = None,
    wide: Annotated[
        bool,
        typer.Option("--wide", help="Show all columns, even if they do not fit the terminal.", rich_help_panel=OUTPUT),
    ] = False,
    output_format: Annotated[
        SqlFormat | None,
        typer.Option(
            "--format",
            help="Output format. Default: a table, or the format of -o FILE.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write the result to a file: .csv, .tsv, .json, .jsonl, .parquet.",
            show_default=False,
        ),
    ] = None,
    db: Database = None,
) -> None:
    """Run SQL on the database, which is open for reading only.

    Rows are written as they are found. docs/data-model.md describes the tables, views and macros.

    \b
    Examples:
    FROM correlates('NTRK2', category := 'nervous system development', top := 10)
    SELECT donor, r, n FROM r_by_donor('NTRK2', 'BDNF')
    SELECT probe_name, mean_log2, present_fraction FROM probe_summary WHERE gene_symbol = $gene ORDER BY mean_log2 DESC
    SELECT acronym, avg(log2) FROM expression_values JOIN structures USING (structure_id) WHERE probe_name = 'A_23_P216779' GROUP BY ALL
    SELECT gene_symbol, r(gene_symbol, 'NTRK2') AS r FROM members('synapse organization') WHERE status = 'with expression data'
    """  # noqa: D301, E501  (the escape keeps the lines of the queries, which are what they are)
    from coexpr.atlas import Atlas  # loads DuckDB, which --help does not need
    from coexpr.cli.messages import say
    from coexpr.cli.screen import STDOUT, Screen, write_as, write_table
    from coexpr.output import formats
    from coexpr.output.files import write_binary_file

    text = _text(statement, file)
    values = _values(parameter or [])
    name = output_format or SqlFormat(
        formats.format_of_file(output, formats.SQL_ENDINGS) if output else SqlFormat.TABLE
    )
    with Atlas(db) as atlas:
        atlas.forbid_other_files()
        if name is not SqlFormat.PARQUET:
            output = None if output in STDOUT else output
            draw = partial(write_table, screen=Screen(wide))
            write_as(atlas.stream_sql(text, values), output, name, draw)
        elif output in (None, *STDOUT):
            raise OptionError(f"{name} is for a file: name it with -o FILE.")
        else:
            with closing(atlas.stream_sql_as_arrow(text, values)) as found:
                write_binary_file(output, partial(formats.write_batches, found))
            say(f"Wrote {output}.")


def _text(statement: str | None, file: Path | None) -> str:
    """Return the SQL of the argument, of stdin or of the file."""
    if (statement is None) == (file is None):
        raise OptionError("give SQL, - to read it from stdin, or a file of it with -f FILE: one of the three.")
    if file is not None:
        return file.read_text(encoding="utf-8-sig")
    return sys.stdin.read() if statement == "-" else str(statement)


def _values(given: list[str]) -> dict[str, int | float | str | None]:
    """Return the value of each parameter by its name."""
    values: dict[str, int | float | str | None] = {}
    for pair in given:
        name, equals, text = pair.partition("=")
        name = name.removeprefix("$")
        if not (equals and name.isidentifier()):
            raise OptionError(f"-p {pair}: expected NAME=VALUE, such as -p gene=NTRK2 for $gene.")
        if name in values:
            raise OptionError(f"-p {name} is given twice.")
        values[name] = _value(text)
    return values


def _value(text: str) -> int | float | str | None:
    if len(text) >= 2 and text[0] == text[-1] == "'":
        return text[1:-1]
    if _WHOLE.fullmatch(text):
        return int(text)
    if _REAL.fullmatch(text):
        return float(text)
    return None if text == "NULL" else text

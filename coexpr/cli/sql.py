"""coexpr sql: ad hoc SQL against the database."""

import re
import sys
from contextlib import closing
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from coexpr.cli.options import Database, WideOption
from coexpr.errors import OptionError

_WHOLE = re.compile(r"[+-]?\d+")
_REAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.I)


class SqlFormat(StrEnum):
    """How what SQL gives is written."""

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
            help="SQL as DuckDB speaks it, or - to read it from stdin.",
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
            help="A value for $NAME. What reads as a number is one, NULL is null, the rest is text; 'quoted' is text "
            "too. Repeatable.",
            show_default=False,
        ),
    ] = None,
    wide: WideOption = False,
    output_format: Annotated[
        SqlFormat | None,
        typer.Option(
            "--format",
            help="How to write the answer. Without it: a table, or what -o FILE ends in.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="Write the answer to a file: .csv, .tsv, .json, .jsonl, .parquet.",
            show_default=False,
        ),
    ] = None,
    db: Database = None,
) -> None:
    """Run SQL against the database, which is open for reading only. Rows are written as they are found.

    The tables, views and macros are those of docs/data-model.md. Five queries worth having:

    \b
    FROM correlates('NTRK2', category := 'nervous system development', top := 10)
    SELECT donor, r, n FROM r_by_donor('NTRK2', 'BDNF')
    SELECT probe_name, mean_log2, present_fraction FROM probe_summary WHERE gene_symbol = $gene ORDER BY mean_log2 DESC
    SELECT acronym, avg(log2) FROM expression_values JOIN structures USING (structure_id) WHERE probe_name = 'A_23_P216779' GROUP BY ALL
    SELECT gene_symbol, r(gene_symbol, 'NTRK2') AS r FROM members('synapse organization') WHERE status = 'loaded'
    """  # noqa: D301, E501  (the escape keeps the lines of the queries, which are what they are)
    from coexpr.atlas import Atlas  # loads DuckDB, which --help need not wait for
    from coexpr.cli.screen import STDOUT, Screen, deliver, say
    from coexpr.output import export

    text = _text(statement, file)
    values = _values(parameter or [])
    name = output_format or SqlFormat(export.format_of_file(output, export.SQL_ENDINGS) if output else SqlFormat.TABLE)
    with Atlas(db) as atlas:
        atlas.forbid_other_files()
        if name is not SqlFormat.PARQUET:
            deliver(atlas.stream_sql(text, values), output, name, Screen(wide=wide))
        elif output in (None, *STDOUT):
            raise OptionError(f"{name} is for a file: name it with -o FILE.")
        else:
            with closing(atlas.stream_sql_as_arrow(text, values)) as found:
                export.write_binary_file(output, partial(export.write_batches, found))
            say(f"Wrote {output}.")


def _text(statement: str | None, file: Path | None) -> str:
    """Return the SQL that was asked for, in one of the two ways."""
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

"""coexpr sql: run SQL on the database."""

import re
import sys
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from coexpr.cli.groups import option
from coexpr.cli.options import Database
from coexpr.cli.output_options import FileOptions, Format
from coexpr.errors import OptionError

_INTEGER = re.compile(r"[+-]?\d+")
# DuckDB's integers have at most 39 digits, and Python converts no text of thousands.
_MOST_DIGITS = 100
_REAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.I)

_Statement = Annotated[
    str | None,
    typer.Argument(
        metavar="STATEMENT", help="SQL in DuckDB's dialect, or - to read it from stdin.", show_default=False
    ),
]
_File = Annotated[Path | None, option(None, "--file -f", "Read the SQL from a file.", "FILE")]
_Parameters = Annotated[
    list[str] | None,
    option(
        None,
        "--parameter -p",
        "A value for $NAME: a number, NULL, or text; 'quoted' is always text. Repeatable.",
        "NAME=VALUE",
    ),
]
_Timeout = Annotated[
    float | None,
    option(None, "--timeout", "Stop after this many seconds. Default: no limit.", "SECONDS", min=0.001),
]


def sql(
    statement: _Statement = None,
    file: _File = None,
    parameter: _Parameters = None,
    timeout: _Timeout = None,
    *,
    result_file: FileOptions,
    db: Database = None,
) -> None:
    """Run SQL on the database, which is open for reading only.

    Statements cannot read or write other files, nor change settings. Rows are written as they are found.
    docs/data-model.md describes the tables, views and macros.

    \b
    Examples:
    FROM correlates('NTRK2', category := 'nervous system development', top := 10)
    SELECT donor, r, n FROM r_by_donor('NTRK2', 'BDNF')
    SELECT probe_name, mean_log2, present_fraction FROM probe_summary WHERE gene_symbol = $gene ORDER BY mean_log2 DESC
    SELECT acronym, avg(log2) FROM expression_values JOIN structures USING (structure_id) WHERE probe_name = 'A_23_P216779' GROUP BY ALL
    SELECT gene_symbol, r(gene_symbol, 'NTRK2') AS r FROM members('synapse organization') WHERE status = 'with expression data'
    """  # noqa: E501  (queries stay on one line)
    from coexpr.cli.messages import say
    from coexpr.cli.opened import open_atlas  # loads DuckDB, which --help does not need
    from coexpr.cli.screen import Screen, write_as, write_table, write_to
    from coexpr.output import binary

    text = _text(statement, file)
    values = _values(parameter or [])
    target = result_file.target()
    with open_atlas(db) as atlas:
        if target.format in (Format.PARQUET, Format.ARROW):
            is_parquet = target.format == Format.PARQUET
            write = binary.write_batches_as_parquet if is_parquet else binary.write_batches_as_arrow
            with closing(atlas.stream_sql_as_arrow(text, values, timeout=timeout)) as found:
                write_to(target, partial(write, found))
            if target.file:
                say(f"Wrote {target.file}.")
        else:
            draw = partial(write_table, screen=Screen(result_file.wide))
            write_as(atlas.stream_sql(text, values, timeout=timeout), target, {Format.TABLE.value: draw})


def _text(statement: str | None, file: Path | None) -> str:
    """Return the SQL from the argument, stdin or the file."""
    if (statement is None) == (file is None):
        raise OptionError("expected one of the three: SQL, - to read it from stdin, or -f FILE.")
    if file is not None:
        return file.read_text(encoding="utf-8-sig")
    return sys.stdin.read() if statement == "-" else str(statement)


def _values(given: list[str]) -> dict[str, int | float | str | None]:
    """Return the values of parameters by name."""
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
    if _INTEGER.fullmatch(text):
        if len(text) > _MOST_DIGITS:
            raise OptionError(f"-p: an integer of {len(text):,} digits is too large. For a text, write '{text[:9]}…'.")
        return int(text)
    if _REAL.fullmatch(text):
        return float(text)
    return None if text == "NULL" else text

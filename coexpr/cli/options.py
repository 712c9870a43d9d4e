"""Options that several commands share, each spelt once."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from coexpr.resources import DATABASE_VARIABLE


class Format(StrEnum):
    """How an answer is written."""

    TABLE = "table"
    CSV = "csv"
    TSV = "tsv"
    JSON = "json"
    JSONL = "jsonl"


Database = Annotated[
    Path | None,
    typer.Option(
        "--db",
        envvar=DATABASE_VARIABLE,
        metavar="FILE",
        help="The database. Without it: your own, in the per-user data folder.",
        show_default=False,
    ),
]
OutputFormat = Annotated[
    Format | None,
    typer.Option(
        "--format",
        "-f",
        help="How to write the answer. Without it: a table, or what -o FILE ends in.",
        show_default=False,
    ),
]
OutputFile = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        metavar="FILE",
        help="Write the answer to a file: .csv, .tsv, .json, .jsonl.",
        show_default=False,
    ),
]

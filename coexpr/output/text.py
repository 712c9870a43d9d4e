"""Results as text: CSV, TSV, JSON, JSON lines and Markdown.

Numbers are written at full precision, except in Markdown, which is for reading. A missing value is an empty cell, and
null in JSON. JSON includes the provenance.

A text in CSV or TSV that a spreadsheet would take for a formula is written with an apostrophe before it, as OWASP
recommends. Readers of gene lists leave it out again.
"""

import csv
import math
from collections.abc import Sequence
from typing import IO, Any

from coexpr.output.columns import shown
from coexpr.result import MatrixResult, Provenance, Table, json_text, rows_by_column

# What formulas begin with, for one spreadsheet or another.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_csv(result: Table[Provenance], stream: IO[str]) -> None:
    """Write a result as comma-separated values with a header."""
    _write_separated(result, stream, ",")


def write_tsv(result: Table[Provenance], stream: IO[str]) -> None:
    """Write a result as tab-separated values with a header."""
    _write_separated(result, stream, "\t")


def write_json(result: Table[Provenance], stream: IO[str]) -> None:
    """Write a result as one JSON object, its provenance and its rows."""
    stream.write('{"provenance": ')
    stream.write(json_text(result.provenance))
    stream.write(', "rows": [')
    for number, row in enumerate(result.rows):
        stream.write(",\n" if number else "\n")
        stream.write(json_text(dict(zip(result.columns, row, strict=True))))
    stream.write("\n]}\n")


def write_tables(tables: Any, stream: IO[str]) -> None:
    """Write a named tuple of results as one JSON object: their provenance, and the rows of each by its name."""
    rows = {name: rows_by_column(table) for name, table in zip(tables._fields, tables, strict=True)}
    stream.write(json_text({"provenance": tables.provenance, **rows}) + "\n")


def write_jsonl(result: Table[Provenance], stream: IO[str]) -> None:
    """Write a result as one JSON object per row."""
    for row in result.rows:
        stream.write(json_text(dict(zip(result.columns, row, strict=True))) + "\n")


def write_markdown(result: Table[Provenance], stream: IO[str]) -> None:
    """Write a result as a table of GitHub-flavored Markdown, with the digits that the terminal shows."""
    rows = [list(row) for row in result.rows]
    numeric = [
        all(isinstance(row[place], int | float) or row[place] is None for row in rows)
        for place in range(len(result.columns))
    ]
    _write_markdown_row(result.columns, stream)
    _write_markdown_row(["---:" if is_number and rows else "---" for is_number in numeric], stream)
    for row in rows:
        _write_markdown_row([shown(name, value) for name, value in zip(result.columns, row, strict=True)], stream)


def _write_markdown_row(cells: Sequence[str], stream: IO[str]) -> None:
    escaped = (" ".join(cell.replace("\\", "\\\\").replace("|", "\\|").split()) for cell in cells)
    stream.write(f"| {' | '.join(escaped)} |\n")


def write_matrix_csv(result: MatrixResult[Provenance], stream: IO[str]) -> None:
    """Write a matrix of r as comma-separated values, with names in the first row and column."""
    _write_matrix(result, stream, ",")


def write_matrix_tsv(result: MatrixResult[Provenance], stream: IO[str]) -> None:
    """Write a matrix of r as tab-separated values, with names in the first row and column."""
    _write_matrix(result, stream, "\t")


def _write_matrix(result: MatrixResult[Provenance], stream: IO[str], separator: str) -> None:
    writer = csv.writer(_Lines(stream), delimiter=separator)
    names = [as_text(name) for name in result.names]
    writer.writerow(["", *names])
    for name, row in zip(names, result.r, strict=True):
        writer.writerow([name, *("" if math.isnan(value) else value for value in row.tolist())])


def _write_separated(result: Table[Provenance], stream: IO[str], separator: str) -> None:
    writer = csv.writer(_Lines(stream), delimiter=separator)
    if result.columns:
        writer.writerow([as_text(name) for name in result.columns])
    writer.writerows([_cell(value) for value in row] for row in result.rows)


class _Lines:
    r"""Ends lines with \n. A csv.writer that does so itself does not quote cells with \r before Python 3.13."""

    def __init__(self, stream: IO[str]) -> None:
        self._write = stream.write

    def write(self, line: str) -> None:
        self._write(f"{line[:-2]}\n")


def _cell(value: Any) -> Any:
    """Return a value as a cell: lists and structs as JSON, a missing value as nothing."""
    if isinstance(value, str):
        return as_text(value)
    if isinstance(value, list | dict | tuple):
        return json_text(value)
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else value


def as_text(text: str) -> str:
    """Return a text as a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text

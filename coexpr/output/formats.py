"""The formats of files: their names, the endings of file names, and the function that writes each."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any

from coexpr.errors import OptionError
from coexpr.extras import require
from coexpr.output import binary, text
from coexpr.output.spreadsheet import write_xlsx

ENDINGS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".md": "markdown",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".xlsx": "xlsx",
    ".npz": "npz",
    ".txt": "table",
}
WRITERS: dict[str, Callable[[Any, IO[Any]], None]] = {
    "csv": text.write_csv,
    "tsv": text.write_tsv,
    "json": text.write_json,
    "jsonl": text.write_jsonl,
    "markdown": text.write_markdown,
    "parquet": binary.write_parquet,
    "arrow": binary.write_arrow,
    "xlsx": write_xlsx,
}
# A matrix of r has no header above its names, and can be an archive of arrays.
MATRIX_WRITERS = WRITERS | {"csv": text.write_matrix_csv, "tsv": text.write_matrix_tsv, "npz": binary.write_npz}


def format_of_file(path: Path, names: Iterable[str]) -> str:
    """Return which of some formats the ending of a file name means.

    Raises
    ------
    OptionError
        If it means none of them.
    """
    wanted = set(names)
    endings = {ending: name for ending, name in ENDINGS.items() if name in wanted}
    try:
        return endings[path.suffix.lower()]
    except KeyError:
        raise OptionError(f"{path}: unknown file name ending; use one of {', '.join(endings)}, or `format`.") from None


def check_format(name: str) -> None:
    """Raise MissingPackageError if a format needs a package that is not installed."""
    if name == "xlsx":
        require("xlsxwriter")

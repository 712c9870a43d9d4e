"""What every query returns: columns, rows, and the provenance of the numbers."""

import dataclasses
import html
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import coexpr
from coexpr.extras import require
from coexpr.question import Question, Sources, current_question, current_sources

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import polars as pl
    import pyarrow as pa
    from numpy.typing import NDArray

# Fields that only the answers of an Atlas have.
_OF_QUESTIONS = ("question", "sources")
# Rows that a notebook shows.
_SHOWN_ROWS = 20


def _version() -> str:
    return coexpr.__version__


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where a result comes from. Each kind of result adds what determines its numbers.

    Parameters
    ----------
    database : str
        Path of the database.
    coexpr_version : str
    question : Question, optional
        The call of `Atlas` that the result answers.
    sources : Sources, optional
        The downloads and releases in the database.
    """

    database: str
    coexpr_version: str = field(default_factory=_version)
    question: Question | None = field(default_factory=current_question)
    sources: Sources | None = field(default_factory=current_sources)

    @property
    def caption(self) -> str:
        """What a figure of the result says below it, in sentences."""
        return f"coexpr {self.coexpr_version}."

    def as_dict(self) -> dict[str, Any]:
        """Return all of it as plain values, in the order of the fields; question and sources only if there are any."""
        values = dataclasses.asdict(self)
        return {name: value for name, value in values.items() if value is not None or name not in _OF_QUESTIONS}


P_co = TypeVar("P_co", bound=Provenance, covariant=True)


class Table(Protocol[P_co]):
    """Named columns and rows with their provenance. Rows may be a stream that can be read once."""

    @property
    def columns(self) -> Sequence[str]:
        """Names of the columns."""

    @property
    def rows(self) -> Iterable[Sequence[Any]]:
        """One value per column; None where a value is missing."""

    @property
    def provenance(self) -> P_co:
        """What determines the numbers."""


@dataclass(frozen=True, repr=False)
class Result(Generic[P_co]):
    """A table of rows with its provenance.

    Parameters
    ----------
    columns : sequence of str
        Names of the columns.
    rows : sequence of sequences
        One value per column; None where a value is missing.
    provenance : Provenance
        What determines the numbers: database, donors, number of samples, method, probe selection, and so on.

    Examples
    --------
    >>> result = Result(["gene", "r"], [("BDNF", 0.5)], Provenance(database="atlas.duckdb"))
    >>> len(result), list(result)
    (1, [('BDNF', 0.5)])
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    provenance: P_co

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Sequence[Any]]:
        return iter(self.rows)

    def __repr__(self) -> str:
        count = len(self.rows)
        return f"<{type(self).__name__}: {count:,} row{'s' * (count != 1)} of {', '.join(self.columns)}>"

    def _repr_html_(self) -> str:
        """Return the first rows as an HTML table, for notebooks."""
        cells = [[_as_text(cell) for cell in row] for row in self.rows[:_SHOWN_ROWS]]
        lines = [_html_row("th", self.columns), *(_html_row("td", row) for row in cells)]
        more = len(self.rows) - len(cells)
        caption = f"<caption>{more:,} more rows</caption>" if more > 0 else ""
        return f"<table>{caption}{''.join(lines)}</table>"

    def column(self, name: str) -> list[Any]:
        """Return the values of one column.

        Raises
        ------
        KeyError
            If there is no such column.
        """
        if name not in self.columns:
            raise KeyError(name)
        place = list(self.columns).index(name)
        return [row[place] for row in self.rows]

    def to_pandas(self) -> "pd.DataFrame":
        """Return the rows as a DataFrame; `attrs["provenance"]` holds the provenance as a dict."""
        import pandas as pd  # slow to import, and few callers need it

        frame = pd.DataFrame(list(self.rows), columns=list(self.columns))
        for name, cells in zip(self.columns, zip(*self.rows, strict=True), strict=False):
            if all(cell is None or type(cell) is int for cell in cells):
                frame[name] = pd.array(cells, dtype="Int64")  # a missing rank does not turn ranks into floats
        frame.attrs["provenance"] = self.provenance.as_dict()
        return frame

    def to_polars(self) -> "pl.DataFrame":
        """Return the rows as a polars DataFrame, which has no place for the provenance.

        Raises
        ------
        MissingPackageError
            If polars is not installed.
        """
        require("polars")
        import polars as pl

        return pl.DataFrame(self.to_arrow())

    def to_arrow(self) -> "pa.Table":
        """Return the rows as an Arrow table; its schema metadata hold the provenance as JSON."""
        import pyarrow as pa  # slow to import, and few callers need it

        columns = list(zip(*self.rows, strict=True)) or [()] * len(self.columns)
        table = pa.table({name: pa.array(list(cells)) for name, cells in zip(self.columns, columns, strict=True)})
        return table.replace_schema_metadata({"provenance": json_text(self.provenance)})


@dataclass(frozen=True, repr=False, eq=False)
class MatrixResult(Result[P_co]):
    """A symmetric matrix of r with its provenance.

    As a table it has a column of names, and one more column per row.

    Parameters
    ----------
    names : sequence of str
        Symbols of genes and names of probes, the labels of rows and columns.
    r : (N, N) float64
        NaN where r is undefined.
    """

    names: Sequence[str]
    r: "NDArray[np.float64]"

    def to_pandas(self) -> "pd.DataFrame":
        """Return r as a labelled DataFrame over the same memory; `attrs["provenance"]` holds the provenance."""
        import pandas as pd

        frame = pd.DataFrame(self.r, index=list(self.names), columns=list(self.names), copy=False)
        frame.attrs["provenance"] = self.provenance.as_dict()
        return frame

    def to_arrow(self) -> "pa.Table":
        """Return the table of names and r; its schema metadata hold the provenance as JSON."""
        import pyarrow as pa

        columns = [pa.array(self.names), *map(pa.array, self.r.T)]
        table = pa.table(columns, names=list(self.columns))
        return table.replace_schema_metadata({"provenance": json_text(self.provenance)})


class MatrixTable(Sequence[tuple[Any, ...]]):
    """The rows of a matrix as a table, made when they are read: the name of a row, then r with each column."""

    def __init__(self, names: Sequence[str], r: "NDArray[np.float64]") -> None:
        self._names, self._r = names, r

    def __len__(self) -> int:
        return len(self._names)

    def __getitem__(self, row: Any) -> Any:
        if isinstance(row, slice):
            return [self[place] for place in range(*row.indices(len(self)))]
        return (self._names[row], *map(number_or_none, self._r[row]))


class LazyRows(Sequence[tuple[Any, ...]]):
    """Rows that are made when they are first read.

    Parameters
    ----------
    count : int
    make : callable
        Returns the rows.
    """

    def __init__(self, count: int, make: Callable[[], list[tuple[Any, ...]]]) -> None:
        self._count, self._make = count, make
        self._rows: list[tuple[Any, ...]] | None = None

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, row: Any) -> Any:
        if self._rows is None:
            self._rows = self._make()
        return self._rows[row]


def rows_by_column(table: Table[Any]) -> list[dict[str, Any]]:
    """Return the rows of a table as dicts by column."""
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def json_text(value: Any) -> str:
    """Return a value as JSON: provenance as an object, dates and paths as text, non-finite numbers as null."""
    return json.dumps(_as_json(value), ensure_ascii=False, default=str, allow_nan=False)


def number_or_none(value: Any) -> float | int | None:
    """Return a numpy number as a Python one, and NaN as None."""
    number: float | int = value.item() if hasattr(value, "item") else value
    return None if math.isnan(number) else number


def _as_json(value: Any) -> Any:
    if isinstance(value, Provenance):
        value = value.as_dict()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = dataclasses.asdict(value)
    if isinstance(value, Decimal):
        return float(value)
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {str(key): _as_json(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_as_json(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _html_row(tag: str, cells: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{tag}>{html.escape(cell)}</{tag}>' for cell in cells)}</tr>"

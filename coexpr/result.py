"""An answer: named columns, rows, and the route that led to them."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pandas as pd


def number_or_none(value: Any) -> float | int | None:
    """Return a number of numpy as Python's own, None for NaN."""
    number: float | int = value.item() if hasattr(value, "item") else value
    return None if math.isnan(number) else number


class Rows(Protocol):
    """Named columns, rows that can be gone through at least once, and the route that led to them."""

    @property
    def columns(self) -> Sequence[str]:
        """Names of the columns."""

    @property
    def rows(self) -> Iterable[Sequence[Any]]:
        """One value per column each; None where there is no value."""

    @property
    def route(self) -> dict[str, Any]:
        """Everything that decides the numbers."""


@dataclass(frozen=True)
class Answer:
    """A table with its provenance.

    Parameters
    ----------
    columns : sequence of str
        Names of the columns.
    rows : sequence of sequences
        One value per column each; None where there is no value.
    route : dict
        Everything that decides the numbers: database, donors, number of samples, rule, method.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    route: dict[str, Any] = field(default_factory=dict)

    def to_pandas(self) -> "pd.DataFrame":
        """Return the rows as a DataFrame; its `attrs` hold the route."""
        import pandas as pd  # slow to import, and few answers need it

        frame = pd.DataFrame(self.rows, columns=list(self.columns))
        for name, cells in zip(self.columns, zip(*self.rows, strict=True), strict=False):
            if all(cell is None or type(cell) is int for cell in cells):
                frame[name] = pd.array(cells, dtype="Int64")  # a missing rank does not make ranks floats
        frame.attrs["route"] = self.route
        return frame

"""The r of every probe or gene with every other."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from coexpr.analysis.design import find_basis
from coexpr.analysis.items import find_rows, profiles_of_rows, unique_names
from coexpr.analysis.limits import Limits
from coexpr.analysis.provenance import describe_choice, describe_data, labels_of
from coexpr.choice import Choice
from coexpr.database.expression import Expression
from coexpr.database.names import Level
from coexpr.errors import LimitError
from coexpr.method import Method
from coexpr.restriction import Restriction

if TYPE_CHECKING:
    import pandas as pd

# r in double precision, and how many samples each is of.
_BYTES_PER_CELL = 12


def correlation_matrix(
    expression: Expression,
    items: Sequence[str],
    limits: Limits,
    choice: Choice | None,
    restriction: Restriction,
    method: Method | None,
    *,
    level: Level | None,
    most_rows: int | None,
    progress: Callable[[str], None],
) -> "pd.DataFrame":
    """Answer `Atlas.correlation_matrix`."""
    wanted = find_rows(expression, items, limits, level, choice)
    _announce(len(wanted), most_rows, progress)
    basis = find_basis(expression, restriction, method)
    profiles = profiles_of_rows(expression, wanted, basis.samples)
    values = np.asarray(profiles.values)
    r, n = basis.all_with_all(values)
    route = {
        **(describe_choice(wanted.choice) if wanted.gene_ids else {"rule": None}),
        **describe_data(expression, basis, ~np.isnan(values).all(axis=0)),
        **wanted.limited,
        "rows": len(profiles),
        "fewest_samples": int(n.min()),
        "genes_without_profile": profiles.lost,
        "without_r": int(np.count_nonzero(np.isnan(np.diagonal(r)))),
    }
    import pandas as pd  # slow to import, and this is the one question whose answer is a matrix

    labels = labels_of(expression.connection, profiles, np.arange(len(profiles)))
    names = unique_names(labels, profiles, len(wanted.probe_ids))
    frame = pd.DataFrame(r, index=names, columns=names, copy=False)
    frame.attrs["route"] = route
    return frame


def _announce(rows: int, most_rows: int | None, progress: Callable[[str], None]) -> None:
    """Say how large a matrix becomes at most, and refuse one past the limit."""
    size = f"{rows:,} x {rows:,}: {rows * rows:,} values of r, {rows * rows * _BYTES_PER_CELL / 1e6:,.1f} MB of memory"
    if most_rows is not None and rows > most_rows:
        raise LimitError(f"{size}, and the limit is {most_rows:,} rows. --force lifts it.")
    progress(f"{size}.")

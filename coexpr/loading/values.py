"""Write the values of a download as lists: one row per donor and probe, ordered by sample position.

A value is stored by probe, donor and sample, whatever the order of columns in the file. If a heatmap (four decimals)
and a full-donor download (twelve decimals) contain the same value, the more precise one is kept. Two values that cannot
be the same measurement are refused.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, NoReturn

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from coexpr.database.arrow import read_matrices, to_lists
from coexpr.database.queries import query, registered
from coexpr.errors import ConflictError
from coexpr.progress import Advance
from coexpr.readers.download import Download
from coexpr.stats.merge import LARGEST_DIFFERENCE, conflicts_of_calls, conflicts_of_log2, merge_calls, merge_log2

# Rows written at a time: about 15 MB for the donor with the most samples.
_BLOCK_ROWS = 4096
# Rows whose statistics are computed at a time, while they are in the processor's cache.
_CACHED_ROWS = 64


class _Values(NamedTuple):
    """One kind of value: its table and column, how copies are merged, and which statistics are stored with a row."""

    table: str
    column: str
    empty: float
    conflicts: Callable[[Any, Any], NDArray[np.bool_]]
    merge: Callable[[Any, Any], NDArray[Any]]
    rule: str
    summary: Callable[[Any, NDArray[np.bool_] | None], dict[str, NDArray[Any]]]


def write_values(connection: duckdb.DuckDBPyConnection, download: Download, location: str, advance: Advance) -> int:
    """Write the values of a download whose samples and probes are in the database.

    Parameters
    ----------
    connection : DuckDBPyConnection
        In a transaction, with the tables of the download registered as incoming_probes and so on.
    download : Download
    location : str
        Location of the download, for messages.
    advance : callable
        Called with the number of values that were written or compared.

    Returns
    -------
    int
        Number of log2 values that are new or more precise than before.

    Raises
    ------
    ConflictError
        If two values cannot be copies of one measurement.
    """
    positions = dict(connection.execute(query("positions_of_samples")).fetchall())
    samples_of = dict(connection.execute(query("sample_counts")).fetchall())
    sample_ids = download.samples["sample_id"].to_numpy()
    written = 0
    for donor_id in download.donors["donor_id"].to_pylist():
        columns = np.flatnonzero(download.samples["donor_id"].to_numpy() == donor_id)
        layout = _Layout(
            donor_id,
            download.probes["probe_id"].to_numpy(),
            columns,
            np.array([positions[sample_id] for sample_id in sample_ids[columns].tolist()], dtype=np.intp) - 1,
            samples_of[donor_id],
            location,
            advance,
        )
        connection.execute(query("pad_expression"), {"donor_id": donor_id, "samples": layout.samples})
        connection.execute(query("pad_present_calls"), {"donor_id": donor_id, "samples": layout.samples})
        written += _write_donor(connection, _LOG2, download.log2, layout)
        if download.present is not None:
            _write_donor(connection, _CALLS, download.present.view(np.int8), layout)
    return written


@dataclass(frozen=True)
class _Layout:
    """The positions of the values of one donor, in a download and in the stored lists.

    Parameters
    ----------
    probe_ids : (P,) int32, ascending
    columns : (k,) intp
        The donor's columns in the download.
    positions : (k,) intp
        The element of a stored list, from 0, for each of those columns.
    samples : int
        Length of a stored list: number of samples of the donor in the database.
    """

    donor_id: int
    probe_ids: NDArray[np.int32]
    columns: NDArray[np.intp]
    positions: NDArray[np.intp]
    samples: int
    location: str
    advance: Advance

    def arrange(self, values: NDArray[Any], rows: NDArray[np.intp], empty: float) -> NDArray[Any]:
        """Return some rows of a download in the stored order, with `empty` where the download has no value."""
        some = values[rows[0] : rows[-1] + 1] if (np.diff(rows) == 1).all() else values[rows]
        if self._sources is not None:
            return np.take(some, self._sources, axis=1)
        block = np.full((len(rows), self.samples), empty, dtype=values.dtype)
        block[:, self.positions] = some[:, self.columns]
        return block

    @cached_property
    def _sources(self) -> NDArray[np.intp] | None:
        """The column of the download for each element of a stored list; None if some have none."""
        if len(self.positions) < self.samples:
            return None
        sources = np.empty(self.samples, dtype=np.intp)
        sources[self.positions] = self.columns
        return sources


class _Conflict(NamedTuple):
    """A stored and an incoming value that should be copies of one measurement and are not."""

    probe_id: int
    position: int
    stored: float
    incoming: float


def _write_donor(connection: duckdb.DuckDBPyConnection, kind: _Values, values: NDArray[Any], layout: _Layout) -> int:
    """Write the rows of one donor that are new or changed; return the number of values added."""
    donor = {"donor_id": layout.donor_id}
    new = np.ones(len(layout.probe_ids), dtype=np.bool_)
    changed: list[tuple[NDArray[np.int32], NDArray[Any]]] = []
    conflict: _Conflict | None = None
    conflicts = 0
    added = 0
    for probe_ids, stored in read_matrices(connection, query(f"stored_{kind.table}"), donor):
        rows = np.searchsorted(layout.probe_ids, probe_ids)
        new[rows] = False
        incoming = layout.arrange(values, rows, kind.empty)
        layout.advance(incoming.size)
        in_conflict = kind.conflicts(stored, incoming)
        conflicts += int(np.count_nonzero(in_conflict))
        if conflicts:
            if conflict is None:
                row, element = np.argwhere(in_conflict)[0]
                pair = stored[row, element], incoming[row, element]
                conflict = _Conflict(int(probe_ids[row]), int(element) + 1, *pair)
            continue
        merged = kind.merge(stored, incoming)
        differs = (merged != stored) & ~_is_missing(merged)
        some = differs.any(axis=1)
        changed.append((probe_ids[some], merged[some]))
        added += int(np.count_nonzero(differs))
    if conflict:
        _refuse_conflict(connection, kind, conflict, conflicts, layout)
    for probe_ids, block in changed:
        with registered(connection, rewritten_probes=pa.table({"probe_id": probe_ids})):
            connection.execute(query(f"delete_{kind.table}"), donor)
        _insert(connection, kind, donor, probe_ids, block)
    new_rows = np.flatnonzero(new)
    for start in range(0, len(new_rows), _BLOCK_ROWS):
        rows = new_rows[start : start + _BLOCK_ROWS]
        block = layout.arrange(values, rows, kind.empty)
        _insert(connection, kind, donor, layout.probe_ids[rows], block)
        layout.advance(block.size)
        added += block.size - int(np.count_nonzero(_is_missing(block)))
    return added


def _refuse_conflict(
    connection: duckdb.DuckDBPyConnection, kind: _Values, first: _Conflict, conflicts: int, layout: _Layout
) -> NoReturn:
    """Raise ConflictError, naming the first pair of values that cannot be copies of one measurement."""
    names = {"probe_id": first.probe_id, "donor_id": layout.donor_id, "position": first.position}
    probe_name, sample_id = connection.execute(query("name_of_value"), names).fetchall()[0]
    raise ConflictError(
        f"{layout.location}: {kind.column} of probe {probe_name} ({first.probe_id}) in sample {sample_id} of donor "
        f"{layout.donor_id} is {first.incoming:g}, but {first.stored:g} in the database "
        f"({conflicts:,} such values; {kind.rule}). One of the two downloads is damaged or of another release. "
        "Compare both with the site, and load only the right one."
    )


def _insert(
    connection: duckdb.DuckDBPyConnection,
    kind: _Values,
    donor: dict[str, int],
    probe_ids: NDArray[np.int32],
    block: NDArray[Any],
) -> None:
    missing = _is_missing(block)
    has_value = None
    n = np.full(len(block), block.shape[1], dtype=np.int32)
    if missing.any():  # otherwise the count is the same for all rows
        some = ~missing.all(axis=1)  # a probe without any value in this donor has no row
        probe_ids, block, has_value = probe_ids[some], block[some], ~missing[some]
        n = has_value.sum(axis=1, dtype=np.int32)
    columns = {"probe_id": probe_ids, kind.column: to_lists(block), "n": n}
    columns |= kind.summary(block, has_value)
    with registered(connection, **{f"incoming_{kind.table}": pa.table(columns)}):
        connection.execute(query(f"insert_{kind.table}"), donor)


def _is_missing(block: NDArray[Any]) -> NDArray[np.bool_]:
    missing: NDArray[np.bool_] = block == -1 if block.dtype == np.int8 else np.isnan(block)
    return missing


def _statistics(block: NDArray[np.float32], has_value: NDArray[np.bool_] | None) -> dict[str, NDArray[Any]]:
    """Return mean and sum of squared deviations of each row, in double precision.

    Without `has_value`, no value is missing.
    """
    mean, squared_deviations = np.empty((2, len(block)))
    for start in range(0, len(block), _CACHED_ROWS):
        rows = slice(start, start + _CACHED_ROWS)
        deviations = block[rows].astype(np.float64)
        if has_value is None:
            mean[rows] = deviations.mean(axis=1)
            deviations -= mean[rows, None]
        else:
            mean[rows] = np.sum(deviations, axis=1, where=has_value[rows]) / has_value[rows].sum(axis=1)
            deviations = np.where(has_value[rows], deviations - mean[rows, None], 0)
        squared_deviations[rows] = np.einsum("ij,ij->i", deviations, deviations)
    return {"mean_log2": mean, "squared_deviations": squared_deviations}


def _present(block: NDArray[np.int8], has_value: NDArray[np.bool_] | None) -> dict[str, NDArray[Any]]:
    """Return the number of present calls of each row."""
    return {"n_present": (block == 1).sum(axis=1, dtype=np.int32)}


_LOG2 = _Values(
    "expression",
    "log2",
    np.nan,
    conflicts_of_log2,
    merge_log2,
    f"copies differ by at most {LARGEST_DIFFERENCE}",
    _statistics,
)
_CALLS = _Values("present_calls", "present", -1, conflicts_of_calls, merge_calls, "copies do not differ", _present)

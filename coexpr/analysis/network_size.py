"""The size of a network: its edges, what they need, and what identifies its computation."""

import dataclasses
import hashlib
import math
import shutil
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

import coexpr
from coexpr.analysis.design import Design
from coexpr.analysis.network_rows import NetworkRows
from coexpr.database.queries import query
from coexpr.database.sources import find_sources
from coexpr.errors import LimitError
from coexpr.network.plan import EdgeSelection, Plan
from coexpr.network.writers import BYTES_ON_DISK
from coexpr.options import ProbeSelection
from coexpr.output.spreadsheet import MAX_ROWS
from coexpr.progress import Progress
from coexpr.result import json_text
from coexpr.stats.correlate import Rows
from coexpr.stats.measures import unit_rows

# Rows from which the number of edges above an |r| is estimated, and the most values of them.
_SAMPLED_ROWS, _SAMPLED_VALUES = 2000, 1 << 26
# For each edge in a checkpoint, which is written before the previous one is removed.
_CHECKPOINT_BYTES = 24


def estimate_edges(rows: Rows, design: Design, edges: EdgeSelection) -> int:
    """Return the largest possible number of edges, or an estimate where only their strength limits them."""
    count = len(rows)
    if edges.top is not None:
        return count * min(edges.top, count - 1)
    most = min(count, _SAMPLED_ROWS, max(2, _SAMPLED_VALUES // rows.shape[1]))
    sampled = np.unique(np.linspace(0, count - 1, most).astype(np.intp))
    unit = unit_rows(rows[sampled], design.estimator).astype(np.float32)
    strengths = np.abs(unit @ unit.T)
    np.fill_diagonal(strengths, np.nan)
    strong = int(np.count_nonzero(strengths >= np.float32(edges.least)))
    return math.ceil(strong / max(1, len(sampled) * (len(sampled) - 1)) * count * (count - 1))


def check_size(
    plan: Plan,
    selection: EdgeSelection,
    edges: int,
    file_format: str | None,
    folder: Path,
    max_edges: int | None,
    progress: Progress,
    *,
    computed: int | None = None,
) -> None:
    """Report the size of a network of directed edges, and refuse one past the limit or the free space.

    Parameters
    ----------
    plan : Plan
    selection : EdgeSelection
    edges : int
        Number of directed edges.
    file_format : str or None
        None if no file is written.
    folder : path
        What is written is next to it.
    max_edges : int or None
    progress : Progress
    computed : int, optional
        Number of edges in the checkpoint. By default all.
    """
    written = selection.count_written(edges, plan.rows)
    stored = edges if computed is None else computed
    on_disk = written * (BYTES_ON_DISK[file_format] if file_format else 0) + stored * _CHECKPOINT_BYTES
    kind = "undirected edges" if selection.undirected else "edges"
    size = (
        f"{plan.rows:,} rows, {plan.rows * (plan.rows - 1) // 2:,} pairs, about {written:,} {kind}, "
        f"{on_disk / 1e6:,.1f} MB of disk while it runs"
    )
    if file_format == "xlsx" and written > MAX_ROWS:
        raise LimitError(
            f"{size}, and a spreadsheet has at most {MAX_ROWS:,} rows. Use another format, or fewer edges."
        )
    if max_edges is not None and written > max_edges:
        raise LimitError(
            f"{size}, and the limit is {max_edges:,} edges. Choose fewer with `top` or a higher `min_abs_r`; "
            "`max_edges` lifts the limit."
        )
    free = shutil.disk_usage(folder.absolute().parent).free
    if on_disk > free:
        raise LimitError(
            f"{size}, and {folder.absolute().parent} has {free / 1e6:,.1f} MB left. Write to another disk, or choose "
            "fewer edges."
        )
    progress.say(f"{size}.")


def fingerprint(
    database: str, rows: NetworkRows, design: Design, edges: EdgeSelection, plan: Plan, selection: ProbeSelection
) -> dict[str, Any]:
    """Return what identifies a run: only the same run continues from a checkpoint."""
    return {
        "database": database,
        "rows": [rows.profiles.probe_ids.tolist(), rows.profiles.gene_ids.tolist()],
        "samples": [design.samples.donor_ids.tolist(), design.samples.positions.tolist()],
        "method": dataclasses.asdict(design.method),
        "probe_selection": dataclasses.asdict(selection),
        "coexpr_version": coexpr.__version__,
        "edges": dataclasses.asdict(edges),
        "plan": dataclasses.asdict(plan),
    }


def digest_of_data(connection: duckdb.DuckDBPyConnection) -> str:
    """Return a digest of the data of a database, which is the same for each copy of the file.

    It covers the downloads and releases, and the count, mean and squared deviations of every row of expression.
    """
    digest = hashlib.sha256(json_text(find_sources(connection)).encode())
    for values in connection.execute(query("moments_of_expression")).fetchnumpy().values():
        digest.update(np.ascontiguousarray(np.ma.getdata(values)).tobytes())
    return digest.hexdigest()

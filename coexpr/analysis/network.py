"""Networks: the strongest edges of every probe or gene, written to a file."""

import dataclasses
import math
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import coexpr
from coexpr.analysis.design import Design, find_design
from coexpr.analysis.items import Items, find_items, profiles_of_items
from coexpr.analysis.labels import find_labels, unique_names
from coexpr.analysis.profiles import Profiles, profiles_at_level
from coexpr.analysis.provenance import CorrelationProvenance, describe_data
from coexpr.database.expression import NO_GENE, Expression
from coexpr.errors import LimitError, NotFoundError, OptionError
from coexpr.network.checkpoint import Checkpoint
from coexpr.network.driver import Network
from coexpr.network.plan import EdgeSelection, Plan, make_plan
from coexpr.network.writers import BYTES_ON_DISK, ENDINGS, refuse_output, write_network
from coexpr.options import MIN_SAMPLES_FOR_R, CorrelationMethod, GeneFilter, Level, ProbeSelection, SampleFilter
from coexpr.output.formats import format_of_file
from coexpr.result import Result
from coexpr.stats.correlate import Rows
from coexpr.stats.measures import unit_rows

# Rows from which the number of edges above an |r| is estimated.
_SAMPLED_ROWS = 2000
# For each edge in a checkpoint, which is written before the previous one is removed.
_CHECKPOINT_BYTES = 24


@dataclass(frozen=True, kw_only=True)
class NetworkProvenance(CorrelationProvenance):
    """The provenance of a network.

    Parameters
    ----------
    level : "probe" or "gene"
    edges : EdgeSelection
    rows : int
    genes_without_profile : int
        How many genes were left out because they have no usable probe.
    rows_with_missing_values, constant_rows : int
        How many rows have no edge because a value is missing, or the profile is constant.
    """

    level: Level
    edges: EdgeSelection
    rows: int
    genes_without_profile: int
    rows_with_missing_values: int
    constant_rows: int


@dataclass(frozen=True)
class NetworkSettings:
    """How a network is computed and written; see `Atlas.network`."""

    output: Path
    format: str | None
    memory: int
    max_edges: int | None


@dataclass(frozen=True)
class _Rows:
    """The rows of a network."""

    profiles: Profiles
    probes: int
    level: Level
    items: Items | None


def network(
    expression: Expression,
    names: Sequence[str],
    gene_filter: GeneFilter,
    selection: ProbeSelection,
    sample_filter: SampleFilter,
    method: CorrelationMethod,
    edges: EdgeSelection,
    settings: NetworkSettings,
    *,
    level: Level | None,
    progress: Callable[[str], None],
) -> Result[NetworkProvenance]:
    """Write a network; see `Atlas.network`."""
    output = settings.output
    file_format = settings.format or format_of_file(output, ENDINGS)
    _refuse_impossible(edges)
    refuse_output(output)
    design = find_design(expression, sample_filter, method)
    rows = _find_rows(expression, names, gene_filter, selection, level, design)
    profiles = rows.profiles
    if len(design.samples) < MIN_SAMPLES_FOR_R or len(profiles) < 2:
        raise NotFoundError(
            f"a network needs two rows and {MIN_SAMPLES_FOR_R} samples; here are {len(profiles):,} rows."
        )
    count = _estimate_edges(profiles.expression, design, edges)
    plan = make_plan(len(profiles), len(design.samples), edges, count, settings.memory)
    folder = output.with_name(f"{output.name}.partial")
    _check_size(plan, count, file_format, folder, settings.max_edges, progress)
    with Checkpoint(folder, _fingerprint(expression, rows, design, edges, plan, selection)) as checkpoint:
        found = Network(profiles.expression, design.estimator, edges, plan, checkpoint)
        found.find(progress)
        provenance = NetworkProvenance(
            database=str(expression.path),
            data=describe_data(expression, design.samples, design.region, np.ones(len(design.samples), dtype=np.bool_)),
            method=method,
            probe_selection=selection if len(profiles) > rows.probes else None,
            gene_filter=rows.items.gene_filter if rows.items else None,
            cache_problem=expression.cache_problem,
            level=rows.level,
            edges=edges,
            rows=len(profiles),
            genes_without_profile=profiles.genes_without_profile,
            rows_with_missing_values=found.left_out["with_missing_values"],
            constant_rows=found.left_out["constant"],
        )
        nodes = _nodes(expression, profiles, rows.probes)
        written = write_network(output, file_format, found.edges(), nodes, provenance.as_dict())
        checkpoint.remove()
    return Result(("output", "rows", "edges"), [(str(output), len(profiles), written)], provenance)


def _refuse_impossible(edges: EdgeSelection) -> None:
    if edges.top is None and edges.min_abs_r is None:
        raise OptionError("choose edges with `top`, `min_abs_r`, or both.")
    if edges.top is not None and edges.top < 1:
        raise OptionError(f"`top` {edges.top}: expected a whole number of at least 1.")
    if edges.min_abs_r is not None and not 0 <= edges.min_abs_r <= 1:
        raise OptionError(f"`min_abs_r` {edges.min_abs_r}: expected a number from 0 to 1.")
    if edges.mutual_rank and edges.top is None:
        raise OptionError("`mutual_rank` compares the strongest edges of both ends, so `top` must say how many.")


def _find_rows(
    expression: Expression,
    names: Sequence[str],
    gene_filter: GeneFilter,
    selection: ProbeSelection,
    level: Level | None,
    design: Design,
) -> _Rows:
    """Return the rows: items, or everything at a level where no item is given."""
    if names or gene_filter:
        items = find_items(expression, names, gene_filter, level, selection)
        profiles = profiles_of_items(expression, items, selection, design.samples)
        return _Rows(profiles, len(items.probe_ids), "gene" if items.gene_ids else "probe", items)
    if level == "probe" and selection.selects_probes:
        raise OptionError("`rule`, `min_present` and `scope` select the probe of a gene, but the rows are probes.")
    level = level or "gene"
    profiles = profiles_at_level(expression, level, selection, design.samples)
    return _Rows(profiles, len(profiles) if level == "probe" else 0, level, None)


def _estimate_edges(rows: Rows, design: Design, edges: EdgeSelection) -> int:
    """Return the largest possible number of edges, or an estimate where only their strength limits them."""
    count = len(rows)
    if edges.top is not None:
        return count * min(edges.top, count - 1)
    sampled = np.unique(np.linspace(0, count - 1, min(count, _SAMPLED_ROWS)).astype(np.intp))
    unit = unit_rows(rows[sampled], design.estimator).astype(np.float32)
    strengths = np.abs(unit @ unit.T)
    np.fill_diagonal(strengths, np.nan)
    strong = int(np.count_nonzero(strengths >= np.float32(edges.least)))
    return math.ceil(strong / max(1, len(sampled) * (len(sampled) - 1)) * count * (count - 1))


def _check_size(
    plan: Plan,
    edges: int,
    file_format: str,
    folder: Path,
    max_edges: int | None,
    progress: Callable[[str], None],
) -> None:
    """Report the size of a network, and refuse one past the limit or the free space."""
    on_disk = edges * (BYTES_ON_DISK[file_format] + _CHECKPOINT_BYTES)
    size = (
        f"{plan.rows:,} rows, {plan.rows * (plan.rows - 1) // 2:,} pairs, about {edges:,} edges, "
        f"{on_disk / 1e6:,.1f} MB of disk while it runs"
    )
    if max_edges is not None and edges > max_edges:
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
    progress(f"{size}.")


def _nodes(expression: Expression, profiles: Profiles, probes: int) -> list[tuple[Any, ...]]:
    """Return a row of `coexpr.network.writers.NODES` for each profile."""
    labels = find_labels(expression.connection, profiles)
    names = unique_names(labels, profiles, probes)
    return [
        (
            name,
            label.probe_id,
            label.probe_name,
            None if gene_id == NO_GENE else gene_id,
            label.gene_symbol,
            label.gene_name,
            label.entrez_id,
        )
        for name, label, gene_id in zip(names, labels, profiles.gene_ids.tolist(), strict=True)
    ]


def _fingerprint(
    expression: Expression, rows: _Rows, design: Design, edges: EdgeSelection, plan: Plan, selection: ProbeSelection
) -> dict[str, Any]:
    """Return what identifies a run: only the same run continues from a checkpoint."""
    return {
        "database": expression.key,
        "rows": [rows.profiles.probe_ids.tolist(), rows.profiles.gene_ids.tolist()],
        "samples": [design.samples.donor_ids.tolist(), design.samples.positions.tolist()],
        "method": dataclasses.asdict(design.method),
        "probe_selection": dataclasses.asdict(selection),
        "coexpr_version": coexpr.__version__,
        "edges": dataclasses.asdict(edges),
        "plan": dataclasses.asdict(plan),
    }

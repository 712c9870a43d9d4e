"""Networks: the strongest edges of every probe or gene, written to a file."""

import dataclasses
import math
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import coexpr
from coexpr.analysis.design import Design, find_design
from coexpr.analysis.items import Items, find_items, profiles_of_items
from coexpr.analysis.labels import find_labels, unique_names
from coexpr.analysis.network_result import NetworkProvenance, NetworkResult
from coexpr.analysis.profiles import Profiles, profiles_at_level
from coexpr.analysis.provenance import describe_data
from coexpr.database.expression import NO_GENE, Expression
from coexpr.database.marks import Marks, find_marks, marks_of_filter
from coexpr.errors import LimitError, NotFoundError, OptionError
from coexpr.network.checkpoint import Checkpoint
from coexpr.network.driver import Network
from coexpr.network.nodes import Nodes
from coexpr.network.plan import ROWS_AT_A_TIME, EdgeSelection, Plan, make_plan
from coexpr.network.summary import SummaryBuilder
from coexpr.network.writers import BYTES_ON_DISK, WITH_NODES, format_of_network, refuse_output, write_network
from coexpr.options import MIN_SAMPLES_FOR_R, CorrelationMethod, GeneFilter, Level, ProbeSelection, SampleFilter
from coexpr.output.formats import check_format
from coexpr.output.spreadsheet import MAX_ROWS
from coexpr.progress import Progress
from coexpr.stats.correlate import Rows
from coexpr.stats.measures import unit_rows

# Rows from which the number of edges above an |r| is estimated.
_SAMPLED_ROWS = 2000
# For each edge in a checkpoint, which is written before the previous one is removed.
_CHECKPOINT_BYTES = 24


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
    marks: Marks = dataclasses.field(default_factory=dict)


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
    mark: Sequence[str],
) -> NetworkResult:
    """Write a network; see `Atlas.network`."""
    output = settings.output
    file_format = settings.format or format_of_network(output)
    check_format(file_format)
    _refuse_impossible(edges, mark, file_format)
    refuse_output(output)
    design = find_design(expression, sample_filter, method)
    # Before the rows are found: this and the gene filter use the same temporary table.
    marks = find_marks(expression.connection, mark, selection.annotation) if mark else {}
    rows = _find_rows(expression, names, gene_filter, selection, level, design)
    profiles = rows.profiles
    if len(design.samples) < MIN_SAMPLES_FOR_R or len(profiles) < 2:
        raise NotFoundError(
            f"a network needs two rows and {MIN_SAMPLES_FOR_R} samples; here are {len(profiles):,} rows."
        )
    count = _estimate_edges(profiles.expression, design, edges)
    plan = make_plan(len(profiles), len(design.samples), edges, count, settings.memory)
    folder = output.with_name(f"{output.name}.partial")
    _check_size(plan, edges, count, file_format, folder, settings.max_edges, expression.progress)
    with Checkpoint(folder, _fingerprint(expression, rows, design, edges, plan, selection)) as checkpoint:
        found = Network(profiles.expression, design.estimator, edges, plan, checkpoint)
        found.find(expression.progress)
        nodes = _nodes(expression, rows, rows.marks | marks, file_format in WITH_NODES)
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
            marks={category: int(np.count_nonzero(is_in)) for category, is_in in nodes.categories.items()},
        )
        builder = SummaryBuilder(len(profiles))
        parts = builder.pass_on(found.edges())
        written = write_network(output, file_format, parts, nodes, provenance.as_dict(), undirected=edges.undirected)
        checkpoint.remove()
    row = (str(output), len(profiles), written)
    return NetworkResult(("output", "rows", "edges"), [row], provenance, builder.summary(nodes.names))


def _refuse_impossible(edges: EdgeSelection, mark: Sequence[str], file_format: str) -> None:
    if edges.top is None and edges.min_abs_r is None:
        raise OptionError("choose edges with `top`, `min_abs_r`, or both.")
    if edges.top is not None and edges.top < 1:
        raise OptionError(f"`top` {edges.top}: expected a whole number of at least 1.")
    if edges.min_abs_r is not None and not 0 <= edges.min_abs_r <= 1:
        raise OptionError(f"`min_abs_r` {edges.min_abs_r}: expected a number from 0 to 1.")
    if edges.mutual_rank and edges.top is None:
        raise OptionError("`mutual_rank` compares the strongest edges of both ends, so `top` must say how many.")
    if mark and file_format not in WITH_NODES:
        formats = " and ".join(sorted(WITH_NODES))
        raise OptionError(f"`mark` has no effect on a {file_format} file: only {formats} files describe nodes.")


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
        use = items.gene_filter
        marks = marks_of_filter(expression.connection, use, gene_filter.categories) if use else {}
        profiles = profiles_of_items(expression, items, selection, design.samples)
        return _Rows(profiles, len(items.probe_ids), "gene" if items.gene_ids else "probe", items, marks)
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
    selection: EdgeSelection,
    edges: int,
    file_format: str,
    folder: Path,
    max_edges: int | None,
    progress: Progress,
) -> None:
    """Report the size of a network of directed edges, and refuse one past the limit or the free space."""
    written = selection.count_written(edges, plan.rows)
    on_disk = written * BYTES_ON_DISK[file_format] + edges * _CHECKPOINT_BYTES
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


def _nodes(expression: Expression, rows: _Rows, marks: Marks, are_described: bool) -> Nodes:
    """Return the nodes, with mean_log2 and categories only if the file describes nodes."""
    profiles = rows.profiles
    labels = find_labels(expression.connection, profiles)
    names = unique_names(labels, profiles, rows.probes)
    nodes = [
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
    if not are_described:
        return Nodes(nodes)
    categories = {category: np.isin(profiles.gene_ids, gene_ids) for category, gene_ids in marks.items()}
    return Nodes(nodes, _means(profiles.expression), categories)


def _means(rows: Rows) -> NDArray[np.float64]:
    """Return the mean of the values of each row, block by block; NaN for a row without values."""
    means = np.full(len(rows), np.nan)
    for start in range(0, len(rows), ROWS_AT_A_TIME):
        block = rows[start : start + ROWS_AT_A_TIME]
        is_known = ~np.isnan(block)
        total = np.sum(block, axis=1, where=is_known, dtype=np.float64)
        count = np.count_nonzero(is_known, axis=1)
        np.divide(total, count, out=means[start : start + len(block)], where=count > 0)
    return means


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

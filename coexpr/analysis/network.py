"""Networks: the strongest edges of every probe or gene, written to a file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from coexpr.analysis.design import Design, find_design
from coexpr.analysis.network_engine import open_engine, plan_network
from coexpr.analysis.network_result import NetworkProvenance, NetworkResult
from coexpr.analysis.network_rows import NetworkRows, find_rows, nodes_of
from coexpr.analysis.network_size import check_size, estimate_edges, fingerprint
from coexpr.analysis.provenance import describe_data
from coexpr.database.expression import Expression
from coexpr.database.marks import Marks, find_marks
from coexpr.errors import NotFoundError, OptionError
from coexpr.network.checkpoint import Checkpoint
from coexpr.network.driver import Network
from coexpr.network.plan import EdgeSelection, Part, Plan
from coexpr.network.summary import SummaryBuilder
from coexpr.network.writers import WITH_NODES, checkpoint_of, format_of_network, refuse_output, write_network
from coexpr.options import MIN_SAMPLES_FOR_R, CorrelationMethod, GeneFilter, Level, ProbeSelection, SampleFilter
from coexpr.output.formats import check_format
from coexpr.question import Question, Sources, current_question, current_sources


@dataclass(frozen=True)
class NetworkRequest:
    """Which network to compute; see `Atlas.network`."""

    names: Sequence[str]
    gene_filter: GeneFilter
    selection: ProbeSelection
    sample_filter: SampleFilter
    method: CorrelationMethod
    edges: EdgeSelection
    level: Level | None
    mark: Sequence[str]


@dataclass(frozen=True)
class NetworkSettings:
    """How a network is computed and written; see `Atlas.network`."""

    output: Path
    format: str | None
    memory: int
    max_edges: int | None
    scheduler: str | None = None

    def checked_format(self, request: NetworkRequest) -> str:
        """Return the format of the file, after refusing a file or edges that are impossible."""
        file_format = self.format or format_of_network(self.output)
        check_format(file_format)
        refuse_impossible(request.edges)
        if request.mark and file_format not in WITH_NODES:
            formats = " and ".join(sorted(WITH_NODES))
            raise OptionError(f"`mark` has no effect on a {file_format} file: only {formats} files describe nodes.")
        refuse_output(self.output)
        return file_format


@dataclass(frozen=True)
class Prepared:
    """The rows and samples of a network, and the categories to mark."""

    request: NetworkRequest
    design: Design
    rows: NetworkRows
    marks: Marks


def network(expression: Expression, request: NetworkRequest, settings: NetworkSettings) -> NetworkResult:
    """Write a network; see `Atlas.network`."""
    file_format = settings.checked_format(request)
    prepared = prepare(expression, request)
    rows, design, edges = prepared.rows, prepared.design, request.edges
    count = estimate_edges(rows.profiles.expression, design, edges)
    plan = plan_network(len(rows.profiles), design, edges, count, settings.memory)
    folder = checkpoint_of(settings.output)
    check_size(plan, edges, count, file_format, folder, settings.max_edges, expression.progress)
    identity = fingerprint(expression.key, rows, design, edges, plan, request.selection)
    with Checkpoint(folder, identity) as checkpoint:
        found = compute(expression, prepared, plan, checkpoint, settings.scheduler)
        asked = current_question(), current_sources()
        result = write_result(expression, prepared, found.edges(), found.left_out, settings.output, file_format, asked)
        checkpoint.remove()
    return result


def prepare(expression: Expression, request: NetworkRequest) -> Prepared:
    """Return the rows and samples of a network.

    Raises
    ------
    NotFoundError
        If there are too few.
    """
    design = find_design(expression, request.sample_filter, request.method)
    # Before the rows are found: this and the gene filter use the same temporary table.
    selection = request.selection
    marks = find_marks(expression.connection, request.mark, selection.annotation) if request.mark else {}
    rows = find_rows(expression, request.names, request.gene_filter, selection, request.level, design.samples)
    if len(design.samples) < MIN_SAMPLES_FOR_R or len(rows.profiles) < 2:
        raise NotFoundError(
            f"a network needs two rows and {MIN_SAMPLES_FOR_R} samples; here are {len(rows.profiles):,} rows."
        )
    return Prepared(request, design, rows, marks)


def compute(
    expression: Expression,
    prepared: Prepared,
    plan: Plan,
    checkpoint: Checkpoint,
    scheduler: str | None,
    part: Part | None = None,
) -> Network:
    """Return the edges of a network, or of a part of its steps, computed in this process or by a scheduler."""
    profiles, design, edges = prepared.rows.profiles, prepared.design, prepared.request.edges
    with open_engine(expression, profiles, design, edges, plan, scheduler, checkpoint.path) as engine:
        found = Network(profiles.expression, design.estimator, edges, plan, checkpoint, engine, part)
        found.find(expression.progress)
    return found


def write_result(
    expression: Expression,
    prepared: Prepared,
    edges: Iterator[Mapping[str, Any]],
    left_out: Mapping[str, int],
    output: Path,
    file_format: str,
    asked: tuple[Question | None, Sources | None],
) -> NetworkResult:
    """Write edges to a file with their provenance.

    Parameters
    ----------
    expression : Expression
    prepared : Prepared
    edges : iterator
        As `Network.edges` yields them.
    left_out : dict
        As `Network.left_out`.
    output : path
    file_format : str
    asked : tuple
        The question that the network answers, and the sources of the database.
    """
    request, design, rows = prepared.request, prepared.design, prepared.rows
    nodes = nodes_of(expression, rows, prepared.marks, are_described=file_format in WITH_NODES)
    every_sample = np.ones(len(design.samples), dtype=np.bool_)
    provenance = NetworkProvenance(
        database=str(expression.path),
        question=asked[0],
        sources=asked[1],
        data=describe_data(expression, design.samples, design.region, every_sample),
        method=request.method,
        probe_selection=request.selection if len(rows.profiles) > rows.probes else None,
        gene_filter=rows.items.gene_filter if rows.items else None,
        cache_problem=expression.cache_problem,
        level=rows.level,
        edges=request.edges,
        rows=len(rows.profiles),
        genes_without_profile=rows.profiles.genes_without_profile,
        rows_with_missing_values=left_out["with_missing_values"],
        constant_rows=left_out["constant"],
        marks={category: int(np.count_nonzero(is_in)) for category, is_in in nodes.categories.items()},
    )
    builder = SummaryBuilder(len(rows.profiles))
    parts = builder.pass_on(edges)
    is_undirected = request.edges.undirected
    written = write_network(output, file_format, parts, nodes, provenance.as_dict(), undirected=is_undirected)
    row = (str(output), len(rows.profiles), written)
    return NetworkResult(("output", "rows", "edges"), [row], provenance, builder.summary(nodes.names))


def refuse_impossible(edges: EdgeSelection) -> None:
    """Raise OptionError if no network has such edges."""
    if edges.top is None and edges.min_abs_r is None:
        raise OptionError("choose edges with `top`, `min_abs_r`, or both.")
    if edges.top is not None and edges.top < 1:
        raise OptionError(f"`top` {edges.top}: expected a whole number of at least 1.")
    if edges.min_abs_r is not None and not 0 <= edges.min_abs_r <= 1:
        raise OptionError(f"`min_abs_r` {edges.min_abs_r}: expected a number from 0 to 1.")
    if edges.mutual_rank and edges.top is None:
        raise OptionError("`mutual_rank` compares the strongest edges of both ends, so `top` must say how many.")

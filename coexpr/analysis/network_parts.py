"""Networks in parts: the edges of some pairs of blocks in a folder, and the file of all of them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import coexpr
from coexpr.analysis.network import (
    NetworkRequest,
    NetworkSettings,
    Prepared,
    compute,
    prepare,
    refuse_impossible,
    write_result,
)
from coexpr.analysis.network_engine import plan_network
from coexpr.analysis.network_result import NetworkResult
from coexpr.analysis.network_size import check_size, digest_of_data, estimate_edges, fingerprint
from coexpr.database.expression import Expression
from coexpr.database.sources import find_sources
from coexpr.errors import OutputError, ResultFileError
from coexpr.network.checkpoint import Checkpoint
from coexpr.network.parts import ARGUMENTS, PART, MergedNetwork, PartFolder, find_parts
from coexpr.network.plan import EdgeSelection, Part, Plan, memory_to_write, too_little_memory
from coexpr.options import OPTIONS, as_names
from coexpr.question import Question, current_question
from coexpr.result import Provenance, Result

# The arguments of a network that determine its edges or its provenance, in their order in a question.
ASKED = (
    "items", "top", "min_abs_r", "mutual_rank", "undirected", "level", "probe_selection", "sample_filter",
    "gene_filter", "mark", "method", "max_edges",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class PartProvenance(Provenance):
    """The provenance of a part of a network.

    Parameters
    ----------
    part, parts : int
        Which part it is, of how many.
    steps, steps_of_network : int
        How many pairs of blocks of rows the part compares, and how many there are.
    """

    part: int
    parts: int
    steps: int
    steps_of_network: int


@dataclass(frozen=True, repr=False)
class NetworkPart(Result[PartProvenance]):
    """A part of a network that was computed: one row of its folder, the number of rows, and that of compared pairs."""


def network_part(expression: Expression, request: NetworkRequest, settings: NetworkSettings, part: Part) -> NetworkPart:
    """Compute a part of a network into a folder; see `Atlas.network_part`."""
    refuse_impossible(request.edges)
    folder = part_folder(settings.output, part)
    if not folder.absolute().parent.is_dir():
        raise OutputError(f"{folder} cannot be written: there is no folder {folder.parent}.")
    prepared = prepare(expression, request)
    rows, design, edges = prepared.rows, prepared.design, request.edges
    count = estimate_edges(rows.profiles.expression, design, edges)
    plan = plan_network(len(rows.profiles), design, edges, count, settings.memory)
    computed = -(-count // part.count) if edges.top is None else count
    check_size(plan, edges, count, None, folder, settings.max_edges, expression.progress, computed=computed)
    steps, share = plan.steps(), plan.share(part)
    expression.progress.say(f"Part {part}: {len(share):,} of {len(steps):,} pairs of blocks.")
    with Checkpoint(folder, _identity(expression, prepared, plan) | {PART: str(part)}) as checkpoint:
        compute(expression, prepared, plan, checkpoint, settings.scheduler, part).save()
    provenance = PartProvenance(
        database=str(expression.path),
        part=part.number,
        parts=part.count,
        steps=len(share),
        steps_of_network=len(steps),
    )
    pairs = sum(plan.pairs_of(*steps[number]) for number in share)
    return NetworkPart(("folder", "rows", "pairs"), [(str(folder), plan.rows, pairs)], provenance)


def part_folder(output: Path, part: Part) -> Path:
    """Return the folder of a part of a network."""
    return output.with_name(f"{output.name}.part-{part.number}-of-{part.count}")


def merge_network(
    expression: Expression,
    paths: Sequence[Path],
    settings: NetworkSettings,
    *,
    mutual_rank: bool,
    undirected: bool,
    mark: Sequence[str],
) -> NetworkResult:
    """Write the network of all parts; see `Atlas.merge_network`."""
    folders = find_parts(paths, coexpr.__version__)
    arguments = folders[0].arguments
    given = {"mutual_rank": mutual_rank, "undirected": undirected, "mark": list(mark)}
    arguments |= {name: value for name, value in given.items() if value}
    request = _request_of(arguments)
    file_format = settings.checked_format(request)
    if folders[0].network["database"] != digest_of_data(expression.connection):
        raise ResultFileError(f"{folders[0].path} was computed from another database than {expression.path}.")
    prepared = prepare(expression, request)
    plan = _plan_of(folders[0], expression, prepared)
    count = estimate_edges(prepared.rows.profiles.expression, prepared.design, request.edges)
    needed = memory_to_write(plan.rows, plan.block_rows, request.edges, count)
    if needed > settings.memory:
        raise too_little_memory(plan.rows, count, needed, settings.memory)
    check_size(plan, request.edges, count, file_format, settings.output, None, expression.progress, computed=0)
    merged = MergedNetwork(folders, request.edges, plan)
    question = Question("network", {name: arguments[name] for name in ASKED if name in arguments})
    asked = question, find_sources(expression.connection)
    return write_result(expression, prepared, merged.edges(), merged.left_out, settings.output, file_format, asked)


def _request_of(arguments: Mapping[str, Any]) -> NetworkRequest:
    """Return the request that the arguments of a question mean."""
    options = {name: kind(**arguments.get(name, {})) for name, kind in OPTIONS.items()}
    return NetworkRequest(
        as_names(arguments.get("items", ())),
        options["gene_filter"],
        options["probe_selection"],
        options["sample_filter"],
        options["method"],
        EdgeSelection(**{edge.name: arguments[edge.name] for edge in fields(EdgeSelection) if edge.name in arguments}),
        arguments.get("level"),
        arguments.get("mark", ()),
    )


def _plan_of(folder: PartFolder, expression: Expression, prepared: Prepared) -> Plan:
    """Return the plan of the parts, after comparing what identifies them with the database.

    Raises
    ------
    ResultFileError
        If they are not parts of this network.
    """
    plan = Plan(**folder.network["plan"])
    expected = json.loads(json.dumps(_identity(expression, prepared, plan), default=list))
    expected[ARGUMENTS] = folder.network[ARGUMENTS]
    if expected != folder.network or plan.rows != len(prepared.rows.profiles):
        raise ResultFileError(
            f"{folder.path} was computed from another database than {expression.path}: the rows, samples or options "
            "differ."
        )
    return plan


def _identity(expression: Expression, prepared: Prepared, plan: Plan) -> dict[str, Any]:
    """Return what identifies the network of a part, on any machine with a copy of the database."""
    request = prepared.request
    edges = EdgeSelection(request.edges.top, request.edges.min_abs_r)
    database = digest_of_data(expression.connection)
    identity = fingerprint(database, prepared.rows, prepared.design, edges, plan, request.selection)
    question = current_question()
    asked = question.arguments if question else {}
    return identity | {ARGUMENTS: json.dumps({name: asked[name] for name in ASKED if name in asked})}

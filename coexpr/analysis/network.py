"""All against all, into a file: the strongest edges of every probe or gene."""

import math
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import coexpr
from coexpr.analysis.design import Basis, find_basis
from coexpr.analysis.items import find_rows, profiles_of_rows, unique_names
from coexpr.analysis.limits import Limits
from coexpr.analysis.profiles import Profiles, profiles_at
from coexpr.analysis.provenance import describe_choice, describe_data, labels_of
from coexpr.choice import Choice
from coexpr.database.expression import NO_GENE, Expression
from coexpr.database.names import Level
from coexpr.errors import LimitError, NotFoundError, OptionError
from coexpr.method import Method
from coexpr.network.checkpoint import RunFolder
from coexpr.network.driver import Network
from coexpr.network.plan import Plan, Wanted, make_plan
from coexpr.network.writers import BYTES_ON_DISK, ENDINGS, refuse_output, write_network
from coexpr.output.export import format_of_file
from coexpr.restriction import FEWEST_FOR_R, Restriction
from coexpr.stats.correlate import Rows
from coexpr.stats.measures import unit_rows

# Rows from which the number of edges above an |r| is estimated.
_SAMPLED_ROWS = 2000
# Of each edge in the notes of a run, which are written anew before the old ones are removed.
_BYTES_NOTED = 24


def network(
    expression: Expression,
    output: Path,
    items: Sequence[str],
    limits: Limits,
    choice: Choice | None,
    restriction: Restriction,
    method: Method | None,
    wanted: Wanted,
    *,
    level: Level | None,
    form: str | None,
    memory: int,
    most_edges: int | None,
    progress: Callable[[str], None],
) -> dict[str, Any]:
    """Answer `Atlas.network`."""
    form = form or format_of_file(output, ENDINGS)
    _refuse_what_cannot_be(wanted)
    refuse_output(output)
    basis = find_basis(expression, restriction, method)
    profiles, probes, told = _rows(expression, items, limits, choice, level, basis)
    if len(basis.samples) < FEWEST_FOR_R or len(profiles) < 2:
        raise NotFoundError(f"a network needs two rows and {FEWEST_FOR_R} samples; here are {len(profiles):,} rows.")
    edges = _count(profiles.values, basis, wanted)
    plan = make_plan(len(profiles), len(basis.samples), wanted, edges, memory)
    notes = output.with_name(f"{output.name}.partial")
    _announce(plan, edges, form, notes, most_edges, progress)
    with RunFolder(notes, _made_of(expression, profiles, basis, wanted, plan, told)) as folder:
        found = Network(profiles.values, basis.measure, wanted, plan, folder)
        found.find(progress)
        labels = labels_of(expression.connection, profiles, np.arange(len(profiles)))
        names = unique_names(labels, profiles, probes)
        nodes = [
            (name, *label[:2], None if gene_id == NO_GENE else gene_id, *label[2:])
            for name, label, gene_id in zip(names, labels, profiles.gene_ids.tolist(), strict=True)
        ]
        route = {
            **told,
            **describe_data(expression, basis, np.ones(len(basis.samples), dtype=np.bool_)),
            **vars(wanted),
            "rows": len(profiles),
            "genes_without_profile": profiles.lost,
            "left_out": found.left_out,
        }
        written = write_network(output, form, found.edges(), nodes, route)
        folder.remove()
    return route | {"edges": written, "output": str(output)}


def _refuse_what_cannot_be(wanted: Wanted) -> None:
    if wanted.top is None and wanted.min_abs_r is None:
        raise OptionError("say which edges: --top K of each row, --min-abs-r T, or both.")
    if wanted.top is not None and wanted.top < 1:
        raise OptionError(f"top {wanted.top}: expected 1 or more.")
    if wanted.min_abs_r is not None and not 0 <= wanted.min_abs_r <= 1:
        raise OptionError(f"min-abs-r {wanted.min_abs_r}: expected a number from 0 to 1.")
    if wanted.mutual_rank and wanted.top is None:
        raise OptionError("--mutual-rank compares the ranks of --top K: say how many.")


def _rows(
    expression: Expression,
    items: Sequence[str],
    limits: Limits,
    choice: Choice | None,
    level: Level | None,
    basis: Basis,
) -> tuple[Profiles, int, dict[str, Any]]:
    """Return the profiles of the rows, how many of the first are probes, and what the route says of them."""
    if items or limits.categories or limits.genes:
        rows = find_rows(expression, items, limits, level, choice)
        profiles = profiles_of_rows(expression, rows, basis.samples)
        told = {"level": "gene" if rows.gene_ids else "probe", **rows.limited}
        described = describe_choice(rows.choice) if rows.gene_ids else {"rule": None}
        return profiles, len(rows.probe_ids), told | described
    if limits.match != "any" or limits.include_regulates:
        raise OptionError("--match and --include-regulates say which genes of categories count, and there is none.")
    if level == "probe" and choice is not None and choice.is_of_profiles:
        raise OptionError("--rule, --min-present and --scope say which profile a gene gets, but the rows are probes.")
    level, choice = level or "gene", choice or Choice()
    profiles = profiles_at(expression, level, choice, basis.samples)
    described = describe_choice(choice) if level == "gene" else {"rule": None}
    return profiles, len(profiles) if level == "probe" else 0, {"level": level} | described


def _count(values: Rows, basis: Basis, wanted: Wanted) -> int:
    """Return how many edges there are at most, or about how many where only their strength limits them."""
    rows = len(values)
    if wanted.top is not None:
        return rows * min(wanted.top, rows - 1)
    some = np.unique(np.linspace(0, rows - 1, min(rows, _SAMPLED_ROWS)).astype(np.intp))
    unit = unit_rows(values[some], basis.measure).astype(np.float32)
    strengths = np.abs(unit @ unit.T)
    np.fill_diagonal(strengths, np.nan)
    strong = int(np.count_nonzero(strengths >= np.float32(wanted.least)))
    return math.ceil(strong / max(1, len(some) * (len(some) - 1)) * rows * (rows - 1))


def _announce(
    plan: Plan,
    edges: int,
    form: str,
    folder: Path,
    most_edges: int | None,
    progress: Callable[[str], None],
) -> None:
    """Say how large a network becomes, and refuse one past the limit or the free space."""
    on_disk = edges * (BYTES_ON_DISK[form] + _BYTES_NOTED)
    size = (
        f"{plan.rows:,} rows, {plan.rows * (plan.rows - 1) // 2:,} pairs, about {edges:,} edges, "
        f"{on_disk / 1e6:,.1f} MB of disk while it runs"
    )
    if most_edges is not None and edges > most_edges:
        raise LimitError(
            f"{size}, and the limit is {most_edges:,} edges. Ask for fewer with --top or a higher --min-abs-r; "
            "--force lifts the limit."
        )
    free = shutil.disk_usage(folder.absolute().parent).free
    if on_disk > free:
        raise LimitError(
            f"{size}, and {folder.absolute().parent} has {free / 1e6:,.1f} MB left. Write to another disk with -o, or "
            "ask for fewer edges."
        )
    progress(f"{size}.")


def _made_of(
    expression: Expression, profiles: Profiles, basis: Basis, wanted: Wanted, plan: Plan, told: dict[str, Any]
) -> dict[str, Any]:
    """Return what tells one run from another: only the same may continue."""
    return {
        "database": expression.key,
        "rows": [profiles.probe_ids.tolist(), profiles.gene_ids.tolist()],
        "samples": [basis.samples.donor_ids.tolist(), basis.samples.positions.tolist()],
        "method": vars(basis.method),
        "coexpr_version": coexpr.__version__,
        "wanted": vars(wanted),
        "plan": vars(plan),
        "told": told,
    }

"""What `coexpr` alone says: what is loaded, and the next useful step."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from coexpr.resources import database_path

if TYPE_CHECKING:
    from coexpr.atlas import Atlas

# An example of a category.
_CATEGORY = "nervous system development"


def welcome() -> list[str]:
    """Return what the user's database has, and what to type next."""
    from coexpr.cli.messages import program_name
    from coexpr.cli.options import with_options
    from coexpr.errors import CoexprError

    path = database_path()
    program = program_name()
    lines = ["coexpr: which genes are co-expressed with this gene in the human brain?", ""]
    try:
        steps = _with_data(path, program) if os.path.exists(path) else _without_data(path, program)
    except (CoexprError, OSError) as error:
        steps = [f"The database cannot be used: {with_options(str(error))}"]
    return [*lines, *steps, "", f"All commands: {program} --help. Something is wrong? {program} doctor"]


def _without_data(path: Path, program: str) -> list[str]:
    steps = {
        "demo": "try it with a small synthetic atlas",
        "fetch --ingest": "fetch and load the whole atlas",
        "ingest ~/Downloads": "load what you have downloaded",
    }
    return [f"There is no database yet (it will be {path}).", "", *_drawn(program, steps)]


def _with_data(path: Path, program: str) -> list[str]:
    import duckdb  # a first contact without data does not need it

    from coexpr.atlas import Atlas
    from coexpr.cli.screen import counts
    from coexpr.database.engine import reason_of
    from coexpr.errors import DatabaseError

    try:
        with Atlas(path) as atlas:
            totals = atlas.contents().provenance
            gene = atlas.example_gene
            has_category = gene is not None and _has_others(atlas, gene)
    except duckdb.Error as error:
        raise DatabaseError(f"{path} cannot be read: {reason_of(error)}.") from None
    lines = [f"{path} has {counts(vars(totals), 'donors', 'samples', 'probes', 'genes')}."]
    if gene is None:
        return [*lines, "It has no expression data of a gene. Load a download:", "", f"  {program} ingest PATH"]
    name = shlex.quote(gene)
    steps = {f"probes {name}": "its probes, and which one to use"}
    if totals.genes == 1:
        if totals.probes > 1:
            steps[f"query {name} --level probe"] = "its probes ranked by r with the selected one"
        steps["fetch --ingest"] = "load the other genes too"
    else:
        steps = {f"query {name}": f"genes ranked by r with {gene}", **steps}
        if has_category:
            steps[f'query {name} --category "{_CATEGORY}"'] = ""
        steps["categories list"] = "the categories"
    return [*lines, "", *_drawn(program, steps)]


def _has_others(atlas: "Atlas", gene: str) -> bool:
    """Return whether the category has a gene with expression data besides the given one."""
    from coexpr.errors import CoexprError

    try:
        members = atlas.members(_CATEGORY)
    except CoexprError:  # another ontology may not have it
        return False
    statuses = zip(members.column("gene_symbol"), members.column("status"), strict=True)
    return any(symbol != gene and status == "with expression data" for symbol, status in statuses)


def _drawn(program: str, steps: Mapping[str, str]) -> list[str]:
    """Return a line for each command and what it does."""
    width = max(len(command) for command, purpose in steps.items() if purpose)
    return [f"  {program} {command:<{width}}   {purpose}".rstrip() for command, purpose in steps.items()]
